"""What temperature does to a distribution, and to texts that are drawn from it."""

import torch
from PIL import Image, ImageDraw

from benchmarks.rig.client import Service
from examples.explained.plate import COLOURS, GREY, INK, Axes, chart, column, drawn, font
from genart_core.arts.text.cell import load_cell
from genart_core.settings import CoreSettings
from genart_core.weights import find_model

PROMPT = "the preface supposing "  # read before a text, and before the bars
SHOWN = (0.2, 0.5, 1.0, 1.2)
TEMPERATURES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.2, 1.5, 2.0)
BARS = 9
LENGTH, SAMPLES = 400, 4


def plate(service: Service) -> Image.Image:
    """Return the next character's distribution at some temperatures, and the entropy at many."""
    bits = {t: entropy(service, t) for t in TEMPERATURES}
    for temperature, found in bits.items():
        print(f"T = {temperature}: {found:.2f} bits per character")
    axes = Axes((0, 2), (0, 4), (0, 0.5, 1, 1.5, 2), range(5), "temperature", "bits per character")
    return column([bars(), chart(axes, {"entropy": list(bits.items())})])


def entropy(service: Service, temperature: float) -> float:
    """Return the mean entropy of what characters were drawn from, over some samples."""
    asked = {"prompt": PROMPT, "length": LENGTH, "num_samples": SAMPLES, "seed": 1}
    job = service.wait(service.post("text", {**asked, "temperature": temperature}))
    found = [sample["entropy_bits"] for sample in job["result"]["samples"]]
    mean: float = sum(found) / len(found)
    return mean


def next_characters(temperature: float) -> list[tuple[str, float]]:
    """Return the most probable characters after the prompt, with their probabilities."""
    cell = load_cell(find_model("text", "nietzsche", CoreSettings().home).path, "cpu")
    desk = cell.seat([cell.zero()])
    size = len(cell.vocabulary)
    for token in [*cell.vocabulary.opening, *cell.vocabulary.encode(PROMPT)[0]]:
        logits = desk.step(torch.tensor([token]))[0, :size]
    order = logits.argsort(descending=True)[:BARS].tolist()
    shares = (logits / temperature).softmax(0)
    return [(cell.vocabulary.decode([i]), float(shares[i])) for i in order]


def bars() -> Image.Image:
    """Return the distribution of the next character at the temperatures shown, as bars."""
    found = {t: next_characters(t) for t in SHOWN}
    width, height, wide = 190, 190, 16

    def paint(draw: ImageDraw.ImageDraw, scale: int) -> None:
        small = font(14 * scale)
        for place, (temperature, shares) in enumerate(found.items()):
            left, base = place * width * scale, (height - 26) * scale
            draw.text((left + 4 * scale, 2 * scale), f"T = {temperature}", INK, small)
            for number, (character, share) in enumerate(shares):
                x = left + (4 + number * (wide + 3)) * scale
                top = base - share * (height - 56) * scale
                draw.rectangle([x, top, x + wide * scale, base], COLOURS[0])
                name = {" ": "␣", "\n": "¶"}.get(character, character)
                draw.text((x + wide * scale / 2, base + 4 * scale), name, GREY, small, anchor="ma")

    return drawn((width * len(found), height), paint)
