"""What lies between two codes, what concepts do, and what a prior is worth."""

import io
from random import Random

from PIL import Image

from benchmarks.rig.client import Service
from examples.explained.plate import captioned, column, labelled, row
from examples.gallery import Studio, uri
from examples.portraits import lady

SHOWN = 7  # pictures in a row
NUMBERS = 64  # of a code of `portraits`
SIDE = 128
STRENGTHS = (-1.0, -0.5, 0.0, 0.5, 1.0, 1.5)
CONCEPTS = ("smile", "age", "sunglasses", "head_turn")


def between(service: Service) -> Image.Image:
    """Return the way from one portrait to another through codes, and by mixing their pixels."""
    way = {"mode": "walk", "count": 2, "frames": SHOWN, "loop": False, "path": "lerp"}
    shown = {"layout": "images", "format": "png", "scale": 2, "seed": 12}
    job = service.wait(service.post("vae-sample", {**way, **shown}))
    files = [service.output(job, number) for number in range(SHOWN)]
    codes = [Image.open(io.BytesIO(file)).convert("RGB") for file in files]
    pixels = [Image.blend(codes[0], codes[-1], i / (SHOWN - 1)) for i in range(SHOWN)]
    return column([labelled(row(codes), "codes", 70), labelled(row(pixels), "pixels", 70)])


def strengths(service: Service) -> Image.Image:
    """Return a drawn portrait moved along concepts, a row for each."""
    studio, file = Studio(service, []), io.BytesIO()
    lady().save(file, "PNG")
    image = uri(file.getvalue(), "png")
    rows = []
    for concept in CONCEPTS:
        made = [
            studio.make("vae-edit", image=image, concepts={concept: s}, scale=2) for s in STRENGTHS
        ]
        if concept == CONCEPTS[-1]:
            made = [captioned(i, f"{s:g}") for i, s in zip(made, STRENGTHS, strict=True)]
        rows.append(labelled(row(made), concept))
    return column(rows)


def sources(service: Service) -> Image.Image:
    """Return draws from the mixture and the Gaussian fitted to codes, and from N(0, 1)."""
    studio, normal = Studio(service, []), Random(3).gauss
    sheet = {"layout": "sheet", "columns": SHOWN, "scale": 2, "seed": 3}
    latents = [[round(normal(0.0, 1.0), 4) for _ in range(NUMBERS)] for _ in range(SHOWN)]
    made = {
        "mixture": studio.make("vae-sample", source="mixture", count=SHOWN, **sheet),
        "one Gaussian": studio.make("vae-sample", source="prior", count=SHOWN, **sheet),
        "N(0, 1)": studio.make("vae-sample", mode="point", latents=latents, **sheet),
    }
    return column([labelled(pictures, name, 115) for name, pictures in made.items()])
