"""How much one job may ask for, told without torch."""

import math

from genart_core.errors import RefusedError

MAX_PIXELS = 2**25  # of all pictures of a job, enlarged
PIXEL_BYTES = 48  # of memory: 28 were measured for a film, 47 for a sheet of noise


def check_pixels(pictures: int, size: int, scale: int, memory: int | None) -> None:
    """Refuse more pictures of `size` pixels a side than fit into memory, so many times enlarged.

    Raises:
        RefusedError: naming the scale that would fit.
    """
    room = MAX_PIXELS if memory is None else min(MAX_PIXELS, memory // PIXEL_BYTES)
    least = pictures * size**2
    if least * scale**2 <= room:
        return
    fitting = math.isqrt(room // least)
    advice = f"scale {fitting} would fit" if fitting else "not even scale 1 would fit"
    told = f"{pictures} pictures of {size} px at scale {scale} are too large"
    raise RefusedError("scale", f"{told}; {advice}", "too_large")
