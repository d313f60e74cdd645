"""The pictures of the tutorial's steps, by the same requests."""

from pathlib import Path

from PIL import Image

from benchmarks.rig.client import Service
from examples.explained.plate import row
from examples.gallery import Studio, uri

FOLDER = Path(__file__).parents[1] / "pictures"
HEIGHT = 176


def plate(service: Service) -> Image.Image:
    """Return the dream, the painting, the portrait, and the portrait with a smile."""
    studio = Studio(service, [])
    town, lake, strokes = (
        uri((FOLDER / f"{name}.jpg").read_bytes(), "jpeg") for name in ("town", "lake", "strokes")
    )
    portrait = FOLDER / "portrait.png"
    dream = studio.make("dream", image=town, size=256, seed=1)
    painted = studio.make("style", content=lake, style=strokes, preset="draft", size=256, seed=1)
    smile = studio.make(
        "vae-edit",
        image=uri(portrait.read_bytes(), "png"),
        concepts={"smile": 1.0, "sunglasses": 1.0},
        scale=4,
        seed=1,
    )
    with Image.open(portrait) as drawn:
        before = drawn.convert("RGB")
    return row([_high(image) for image in (dream, painted, before, smile)])


def _high(image: Image.Image) -> Image.Image:
    size = round(image.width * HEIGHT / image.height), HEIGHT
    return image.resize(size, Image.Resampling.LANCZOS)
