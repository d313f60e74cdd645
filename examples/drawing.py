"""A canvas of numbers: colours, coordinates, noise, ramps and light."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Array: TypeAlias = NDArray[np.float64]
RGB: TypeAlias = tuple[float, float, float]

FINE = 2  # pixels drawn per pixel kept, a side: smooth edges


class Canvas:
    """Colours `(H, W, 3)` in [0, 1], with coordinates: x from 0 to W / H, y from 0 (top) to 1."""

    def __init__(self, width: int, height: int, seed: int) -> None:
        self.width, self.height = width * FINE, height * FINE
        self.dice = np.random.default_rng(seed)
        rows, columns = np.mgrid[0 : self.height, 0 : self.width]
        self.x, self.y = (columns + 0.5) / self.height, (rows + 0.5) / self.height
        self.colours = np.zeros((self.height, self.width, 3))

    def paint(self, colour: RGB | Array, share: Array | float = 1.0) -> None:
        """Lay a colour on, as opaque as `share` says."""
        opaque = np.asarray(share, dtype=float)[..., None]
        self.colours += (np.asarray(colour) - self.colours) * opaque

    def edge(self, inside: Array) -> Array:
        """Return 1 where a distance in heights is positive, 0 elsewhere, smooth over a pixel."""
        share: Array = np.clip(inside * self.height + 0.5, 0.0, 1.0)
        return share

    def noise(self, across: float, down: float, octaves: int = 5) -> Array:
        """Return smooth noise of mean 0.5 with so many waves over the canvas."""
        total, weight = np.zeros_like(self.x), 0.0
        for octave in range(octaves):
            size = [max(2, round(waves * 2**octave)) + 3 for waves in (across, down)]
            grid = Image.fromarray(self.dice.random((size[1], size[0]), dtype=np.float32))
            layer = grid.resize((self.width, self.height), Image.Resampling.BICUBIC)
            total += np.asarray(layer) * 0.5**octave
            weight += 0.5**octave
        mean: Array = total / weight
        return mean

    def drawn(self, draw: Callable[[ImageDraw.ImageDraw], None]) -> None:
        """Let `draw` work on the canvas with Pillow's shapes, in fine pixels."""
        image = Image.fromarray(to_bytes(self.colours))
        draw(ImageDraw.Draw(image))
        self.colours = np.asarray(image) / 255.0

    def finished(self) -> Image.Image:
        """Return the picture at its own size."""
        size = self.width // FINE, self.height // FINE
        return Image.fromarray(to_bytes(self.colours)).resize(size, Image.Resampling.LANCZOS)


def to_bytes(colours: Array) -> NDArray[np.uint8]:
    """Return 8-bit samples."""
    samples: NDArray[np.uint8] = (colours.clip(0.0, 1.0) * 255.0).round().astype(np.uint8)
    return samples


def tinted(colour: RGB, light: float = 1.0) -> tuple[int, int, int]:
    """Return a colour as Pillow draws it."""
    red, green, blue = (int(255 * min(1.0, max(0.0, part * light))) for part in colour)
    return red, green, blue


def step(low: float, high: float, x: Array) -> Array:
    """Return 0 below `low`, 1 above `high`, smooth between."""
    t = ((x - low) / (high - low)).clip(0.0, 1.0)
    smooth: Array = t * t * (3.0 - 2.0 * t)
    return smooth


def ramp(stops: list[tuple[float, RGB]], x: Array) -> Array:
    """Return the colours `(…, 3)` of a ramp with stops at rising places."""
    places = [place for place, _ in stops]
    channels = zip(*(colour for _, colour in stops), strict=True)
    return np.stack([np.interp(x, places, channel) for channel in channels], axis=-1)


def glow(canvas: Canvas, x: float, y: float, size: float) -> Array:
    """Return a soft light around a place."""
    light: Array = np.exp(-((canvas.x - x) ** 2 + (canvas.y - y) ** 2) / size**2)
    return light
