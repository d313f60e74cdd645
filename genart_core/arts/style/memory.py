"""How much memory a picture takes, known before it is begun."""

import math
from dataclasses import dataclass

from genart_core.arts.style.layers import Layers

HISTORY = 10  # steps that L-BFGS remembers

FLOAT = 4
PICTURE = 3 * FLOAT  # bytes per pixel
# The picture, its gradient, the content picture, a step, its spectrum, and what forms them.
COPIES = 18
# An activation is held by autograd as a layer's output, and again by what pools or follows it.
KEPT = 2.0
# The largest activation and its gradient, as input and output of the layer at work.
AT_WORK = 4
SLACK = 1.25

# Pixels on each side that are painted and cut off: a network sees nothing beyond a border and
# paints a frame there, two or three pixels wide.
MARGIN = 6
SMALLEST_TILE = 256  # pixels without the halo
FIELD = 12  # a VGG sees some ten times the stride of its deepest layer
OVERHEAD = 256 << 20  # weights, Gram matrices, libraries' own


@dataclass(frozen=True)
class Needs:
    """What one picture takes, all in bytes.

    `per_pixel` of the picture, however it is made; `per_tile_pixel` of what runs through the
    network at a time; `halo` is the width in pixels that a tile needs around it.
    """

    per_pixel: float
    per_tile_pixel: float
    halo: int
    stride: int

    @classmethod
    def of(
        cls,
        layers: Layers,
        *,
        lbfgs: bool,
        pictures: float = 1.0,
        per_tile_pixel: float | None = None,
        field: int | None = None,
    ) -> "Needs":
        """Return the needs of a request.

        `pictures` is the area of all styles and masks, in units of the result's. `per_tile_pixel`
        and `field` (the receptive field in pixels) are what the network says of itself; left out,
        they are estimated from its layers, rather too high than too low.
        """
        network = SLACK * FLOAT * (KEPT * sum(layers.run) + AT_WORK * max(layers.run))
        copies = COPIES + (2 * HISTORY if lbfgs else 0) + 2 * pictures
        reach = (field or FIELD * layers.stride) // 2
        return cls(
            per_pixel=PICTURE * copies + FLOAT * layers.kept,
            per_tile_pixel=per_tile_pixel or network,
            halo=-(-reach // layers.stride) * layers.stride,
            stride=layers.stride,
        )

    def whole(self, pixels: int) -> int:
        """Return what it takes in one piece."""
        return round(OVERHEAD + pixels * (self.per_pixel + self.per_tile_pixel))

    def tiled(self, pixels: int, tile: int) -> int:
        """Return what it takes in tiles of `tile` pixels each way, halo not counted."""
        side = tile + 2 * self.halo
        return round(
            OVERHEAD + pixels * self.per_pixel + min(pixels, side * side) * self.per_tile_pixel
        )

    def least(self, size: int) -> int:
        """Return the least that a square picture of `size` pixels a side can be made in."""
        return self.tiled((size + 2 * MARGIN) ** 2, SMALLEST_TILE)

    def tile_for(self, pixels: int, available: int) -> int | None:
        """Return the side of the largest tile that fits, or the smallest; None for one piece."""
        if self.whole(pixels) <= available:
            return None
        room = available - OVERHEAD - pixels * self.per_pixel
        side = math.isqrt(max(0, int(room / self.per_tile_pixel))) - 2 * self.halo
        return max(SMALLEST_TILE // self.stride, side // self.stride) * self.stride

    def largest_size(self, available: int) -> int:
        """Return the largest side of a square picture that fits."""
        low, high = 0, 1 << 20
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.least(middle) <= available else (low, middle - 1)
        return low
