"""Makes the pictures that the documentation shows, by asking a running service for them.

    python -m examples.gallery FOLDER... [--url http://127.0.0.1:8000] [--only dreams]

The folders hold the photographs and paintings that are named below (Kodak's test set, paintings in
the public domain); they are needed for `dreams` and `styles` alone.
"""

import argparse
import base64
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks.rig.client import Service
from examples.portraits import lady

OUT = Path(__file__).parents[1] / "docs" / "pictures"
QUALITY = 86
ROW = 320  # pixels, the height of a row
GAP = 8
DREAMS = (
    (("kodim21_lighthouse_on_rocks", "eyes"), ("kodim21_lighthouse_on_rocks", "animals")),
    (("kodim23_two_macaws", "fur"), ("kodim23_two_macaws", "creatures")),
)
STYLES = (
    (
        ("kodim23_two_macaws", "vangogh_starry_night"),
        ("kodim09_sailboats", "vangogh_wheatfield_cypresses"),
    ),
    (
        ("kodim21_lighthouse_on_rocks", "munch_scream"),
        ("kodim04_portrait_woman_red_hat", "kandinsky_composition_vii"),
    ),
)
EDITS: tuple[dict[str, float], ...] = (
    {},
    {"smile": 1.0},
    {"beard": 1.0},
    {"sunglasses": 1.0},
    {"hat": 1.0, "smile": 1.0},
    {"age": 1.0},
    {"long_hair": -1.0},
)
CLASSES, ACROSS = 10, 6  # of `cifar10`, and pictures of each in one sheet
PASSED = ("horse", "automobile", "ship", "bird")


class Studio:
    """Asks a service for pictures; `folders` are searched for the files that it is sent."""

    def __init__(self, service: Service, folders: Sequence[Path]) -> None:
        self.service, self.folders = service, folders

    def make(self, kind: str, **fields: Any) -> Image.Image:
        """Return the first picture of a job."""
        job = self.service.wait(self.service.post(kind, fields))
        return Image.open(io.BytesIO(self.service.output(job))).convert("RGB")

    def file(self, name: str) -> str:
        """Return a picture as a data URI.

        Raises:
            FileNotFoundError: if no folder has it.
        """
        for folder in self.folders:
            if (path := folder / f"{name}.jpg").is_file():
                return uri(path.read_bytes(), "jpeg")
        raise FileNotFoundError(f"{name}.jpg is in none of {', '.join(map(str, self.folders))}")


def dreams(studio: Studio) -> Image.Image:
    """Return dreams on photographs."""
    make = studio.make
    return laid_out(
        [
            [make("dream", image=studio.file(n), preset=p, size=480, seed=1) for n, p in row]
            for row in DREAMS
        ]
    )


def styles(studio: Studio) -> Image.Image:
    """Return photographs in the manner of paintings."""
    make, file = studio.make, studio.file
    return laid_out(
        [
            [make("style", content=file(n), style=file(p), size=480, seed=1) for n, p in row]
            for row in STYLES
        ]
    )


def portraits(studio: Studio) -> Image.Image:
    """Return a sheet of portraits that nobody has drawn."""
    return studio.make("vae-sample", count=24, layout="sheet", scale=2, seed=1)


def edits(studio: Studio) -> Image.Image:
    """Return a drawn portrait, then what an autoencoder makes of it with concepts added."""
    file = io.BytesIO()
    drawn = lady()
    drawn.save(file, "PNG")
    image = uri(file.getvalue(), "png")
    made = [studio.make("vae-edit", image=image, concepts=c, scale=2) for c in EDITS]
    return laid_out([[drawn, *made]], height=made[0].height)


def walk(studio: Studio) -> Image.Image:
    """Return the way from one portrait to another."""
    return studio.make("vae-sample", mode="walk", layout="sheet", scale=2, seed=5)


def digits(studio: Studio) -> Image.Image:
    """Return a sheet of digits that nobody has written."""
    return studio.make("vae-sample", model="digits", count=32, layout="sheet", scale=2, seed=1)


def classes(studio: Studio) -> Image.Image:
    """Return pictures of all classes of a generator, a row for each."""
    fields: dict[str, Any] = {"class": [c for c in range(CLASSES) for _ in range(ACROSS)]}
    count = len(fields["class"])
    sheets = [
        studio.make(
            "gan-sample", count=count, layout="sheet", columns=ACROSS, scale=2, seed=s, **fields
        )
        for s in (1, 2)
    ]
    return laid_out([sheets], height=sheets[0].height)


def changes(studio: Studio) -> Image.Image:
    """Return the way through points of several classes, a row from each to the next."""
    fields: dict[str, Any] = {"class": list(PASSED), "count": len(PASSED)}
    frames = ACROSS * 2
    return studio.make(
        "gan-sample",
        mode="walk",
        layout="sheet",
        frames=frames * len(PASSED),
        columns=frames,
        scale=2,
        seed=5,
        **fields,
    )


PICTURES: dict[str, Callable[[Studio], Image.Image]] = {
    "dreams": dreams,
    "styles": styles,
    "portraits": portraits,
    "portraits_edits": edits,
    "portraits_walk": walk,
    "digits": digits,
    "gan": classes,
    "gan_walk": changes,
}


def uri(data: bytes, name: str) -> str:
    """Return a file of an image format as a data URI."""
    return f"data:image/{name};base64,{base64.b64encode(data).decode()}"


def laid_out(rows: Sequence[Sequence[Image.Image]], height: int = ROW) -> Image.Image:
    """Return pictures in rows of one height on white."""
    scaled = [
        [
            i.resize((round(i.width * height / i.height), height), Image.Resampling.LANCZOS)
            for i in r
        ]
        for r in rows
    ]
    width = max(sum(image.width + GAP for image in row) - GAP for row in scaled)
    whole = Image.new("RGB", (width, len(rows) * (height + GAP) - GAP), "white")
    for number, row in enumerate(scaled):
        left = 0
        for image in row:
            whole.paste(image, (left, number * (height + GAP)))
            left += image.width + GAP
    return whole


def main() -> None:
    """Make the pictures that are asked for, all by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--only", action="append", choices=PICTURES)
    parser.add_argument("--out", type=Path, default=OUT)
    asked = parser.parse_args()
    studio = Studio(Service(asked.url), asked.folders)
    for name in asked.only or PICTURES:
        path = asked.out / f"{name}.jpg"
        PICTURES[name](studio).save(path, quality=QUALITY)
        print(f"{path}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
