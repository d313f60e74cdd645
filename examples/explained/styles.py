"""What of a painting is in the Gram matrix of each layer, and of a picture in its activations."""

import io
from pathlib import Path

from PIL import Image

from benchmarks.rig.client import Service
from examples.explained.plate import captioned, column, labelled, row
from examples.gallery import Studio, uri

FOLDER = Path(__file__).parents[1] / "pictures"
STYLES = ("strokes", "glass")
LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
WEIGHTS = (0.3, 3.0, 30.0, 300.0)
SIZE = 144


def layers(service: Service) -> Image.Image:
    """Return styles, and noise that was given the Gram matrix of one layer of each."""
    studio = Studio(service, [])
    rows = []
    for name in STYLES:
        made = [
            textured(studio, name, layer) if layer else cropped(FOLDER / f"{name}.jpg")
            for layer in ("", *LAYERS)
        ]
        words = ["the style", *LAYERS]
        is_last = name == STYLES[-1]
        rows.append(
            row([captioned(i, w) if is_last else i for i, w in zip(made, words, strict=True)])
        )
    return column(rows)


def textured(studio: Studio, name: str, layer: str) -> Image.Image:
    """Return noise that has come to have a style's Gram matrix at one layer, and nothing else."""
    style = cropped(FOLDER / f"{name}.jpg")
    return studio.make(
        "style",
        content=uri((FOLDER / "lake.jpg").read_bytes(), "jpeg"),
        style=png(style),
        style_layers=[layer],
        content_weight=0.0,
        tv_weight=0.5,
        style_weight=100.0,
        init="noise",
        iterations=60,
        scales=1,
        size=SIZE,
        seed=1,
    ).crop((0, 0, SIZE, round(SIZE * 0.66)))


def contents(service: Service) -> Image.Image:
    """Return a picture, and noise that was given its activations at one layer."""
    studio = Studio(service, [])
    content = uri((FOLDER / "town.jpg").read_bytes(), "jpeg")
    made = [
        captioned(
            studio.make(
                "style",
                content=content,
                style=uri((FOLDER / "strokes.jpg").read_bytes(), "jpeg"),
                content_layers=[layer],
                style_weight=0.0,
                init="noise",
                iterations=60,
                scales=1,
                size=SIZE,
                seed=1,
            ),
            layer,
        )
        for layer in LAYERS
    ]
    whole = Image.open(FOLDER / "town.jpg")
    small = whole.resize(made[0].crop((0, 0, SIZE, made[0].height - 25)).size)
    return row([captioned(small, "the picture"), *made])


def weights(service: Service) -> Image.Image:
    """Return a picture painted in two styles at growing style weights."""
    studio = Studio(service, [])
    content = uri((FOLDER / "lake.jpg").read_bytes(), "jpeg")
    rows = []
    for name in STYLES:
        style = uri((FOLDER / f"{name}.jpg").read_bytes(), "jpeg")
        made = [
            captioned(
                studio.make(
                    "style",
                    content=content,
                    style=style,
                    style_weight=weight,
                    preset="draft",
                    size=192,
                    seed=1,
                ),
                f"{weight:g}",
            )
            for weight in WEIGHTS
        ]
        rows.append(labelled(row(made), name, 70))
    return column(rows)


def cropped(path: Path) -> Image.Image:
    """Return the middle of a picture at the size of a texture."""
    with Image.open(path) as image:
        small = image.convert("RGB").resize((SIZE, round(SIZE * image.height / image.width)))
    height = round(SIZE * 0.66)
    top = max(0, (small.height - height) // 2)
    return small.crop((0, top, SIZE, top + height))


def png(image: Image.Image) -> str:
    """Return a picture as a data URI."""
    file = io.BytesIO()
    image.save(file, "PNG")
    return uri(file.getvalue(), "png")
