"""A small canvas of smooth shapes: distances to an edge in, shares of a pixel out.

Coordinates have x to the right and y downwards; the canvas is `2 * REACH` wide and high. A shape is
an array of distances, positive inside, so that edges are smooth without drawing them much finer.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.floating]
RGB: TypeAlias = tuple[float, float, float]
Stops: TypeAlias = tuple[RGB, ...]

SIZE = 64
FINE = 2  # pixels drawn per pixel kept, a side
REACH = 0.89
PIXEL = 2.0 * REACH / (SIZE * FINE)
HEAD_ROOM = 0.045  # how far the canvas reaches up more than down
WARM = np.array([0.85, 1.0, 1.1], dtype=np.float32)[:, None, None]  # shadows keep their red
AXIS = ((np.arange(SIZE * FINE) + 0.5) * PIXEL - REACH).astype(np.float32)


@dataclass(frozen=True)
class Patch:
    """A part of the canvas: colours `(3, H, W)` in [0, 1], x `(1, W)` and y `(H, 1)`."""

    colours: Array
    x: Array
    y: Array

    def near(self, x: float, y: float, half_width: float, half_height: float) -> "Patch":
        """Return the part around a place; what is painted there is painted here."""
        columns, rows = _range(self.x[0], x, half_width), _range(self.y[:, 0], y, half_height)
        return Patch(self.colours[:, rows, columns], self.x[:, columns], self.y[rows])

    def paint(self, share: Array, colour: RGB, shade: Array | float = 0.0) -> None:
        """Lay a colour on, as opaque as `share` says, brightened or darkened by `shade`."""
        full = np.asarray(colour, dtype=np.float32)[:, None, None]
        self._mix(share, full * (1.0 + WARM * shade))

    def lay(self, share: Array, other: "Patch") -> None:
        """Lay another canvas on, as opaque as `share` says."""
        self._mix(share, other.colours)

    def darken(self, share: Array) -> None:
        """Let a shadow fall, or light where `share` is negative."""
        self.colours[...] *= 1.0 - WARM * share

    def _mix(self, share: Array, colours: Array) -> None:
        """Mix colours in; where they are opaque nothing is left of what was there."""
        self.colours[...] *= 1.0 - share
        self.colours[...] += colours * share


def blank() -> Patch:
    """Return an empty canvas."""
    colours = np.zeros((3, AXIS.size, AXIS.size), dtype=np.float32)
    return Patch(colours, AXIS[None, :], (AXIS - np.float32(HEAD_ROOM))[:, None])


def finished(canvas: Patch) -> NDArray[np.uint8]:
    """Return the picture `(SIZE, SIZE, 3)` in 8 bits."""
    fine = canvas.colours.reshape(3, SIZE, FINE, SIZE, FINE)
    mean = (fine[:, :, 0] + fine[:, :, 1]).sum(axis=-1) / FINE**2
    samples = np.clip(mean, 0.0, 1.0) * 255.0 + 0.5
    return np.ascontiguousarray(samples.astype(np.uint8).transpose(1, 2, 0))


def cover(distance: Array, blur: float = PIXEL) -> Array:
    """Return 1 inside, 0 outside, and between over the width of `blur`."""
    share: Array = np.clip(distance * np.float32(1.0 / blur) + np.float32(0.5), 0.0, 1.0)
    return share if blur <= PIXEL else share * share * (3.0 - 2.0 * share)


def ellipse(patch: Patch, x: float, y: float, half_width: float, half_height: float) -> Array:
    """Return about the distance to an ellipse's edge."""
    across, down = (patch.x - x) / half_width, (patch.y - y) / half_height
    inside: Array = (1.0 - np.sqrt(across * across + down * down)) * min(half_width, half_height)
    return inside


def rounded(
    patch: Patch, x: float, y: float, half_width: float, half_height: float, *, radius: float
) -> Array:
    """Return the distance to the edge of a box with round corners."""
    across = np.abs(patch.x - x) - (half_width - radius)
    down = np.abs(patch.y - y) - (half_height - radius)
    corner = np.sqrt(np.maximum(across, 0.0) ** 2 + np.maximum(down, 0.0) ** 2)
    inside: Array = radius - corner - np.minimum(np.maximum(across, down), 0.0)
    return inside


def stroke(
    patch: Patch, x: float, y: float, *, reach: float, thick: float, bend: float, lean: float = 0.0
) -> Array:
    """Return the distance to a pointed stroke: its ends are `bend` higher than its middle.

    It reaches so far to each side; `lean` turns it clockwise, in radians.
    """
    cos, sin = np.float32(np.cos(lean)), np.float32(np.sin(lean))
    dx, dy = patch.x - x, patch.y - y
    along, across = (dx * cos + dy * sin) / reach, dy * cos - dx * sin
    square = along * along
    inside: Array = thick * (1.0 - square) - np.abs(across + bend * (square - 0.5))
    return inside


def glow(patch: Patch, x: float, y: float, half_width: float, half_height: float) -> Array:
    """Return a soft blob: 1 in its middle, 0 outside."""
    across, down = (patch.x - x) / half_width, (patch.y - y) / half_height
    share = np.maximum(1.0 - across * across - down * down, 0.0)
    soft: Array = share * share
    return soft


def ramp(stops: Stops, place: float) -> RGB:
    """Return the colour at a place in [0, 1] of evenly spaced colours."""
    at = place * (len(stops) - 1)
    first = min(int(at), len(stops) - 2)
    red, green, blue = (
        low + (high - low) * (at - first)
        for low, high in zip(stops[first], stops[first + 1], strict=True)
    )
    return red, green, blue


def scaled(colour: RGB, factor: float) -> RGB:
    """Return a colour made darker or brighter."""
    red, green, blue = (min(1.0, part * factor) for part in colour)
    return red, green, blue


def mixed(one: RGB, other: RGB, share: float) -> RGB:
    """Return a colour between two."""
    red, green, blue = (a + (b - a) * share for a, b in zip(one, other, strict=True))
    return red, green, blue


def _range(axis: Array, middle: float, reach: float) -> slice:
    first, last = float(axis[0]), float(axis[-1])
    count = axis.size - 1
    low = int((middle - reach - first) / (last - first) * count)
    high = int((middle + reach - first) / (last - first) * count) + 2
    return slice(min(max(low, 0), count), max(min(high, count + 1), 1))
