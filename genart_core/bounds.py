"""How much one job may ask for, and what would be little enough; told without torch."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel

from genart_core.errors import RefusedError

MAX_PIXELS = 2**25  # of all pictures of a job, enlarged
PIXEL_BYTES = 48  # of memory: 28 were measured for a film, 47 for a sheet of noise

R = TypeVar("R", bound=BaseModel)


def fitting(
    request: R, levers: Sequence[str], weigh: Callable[[R], float], most: float
) -> dict[str, int]:
    """Return values of fields that bring a request's weight down to `most`; {} if none do.

    `levers` are whole numbers that weigh less the lower they are, the one to change first in front.
    One is changed if that will do, else as many as it takes; the values are as high as can be.
    """
    for attempt in (*((lever,) for lever in levers), tuple(levers)):
        found: dict[str, int] = {}
        for lever in attempt:
            least = _bound(type(request), lever, "ge")
            lowered = request.model_copy(update={**found, lever: least})
            if weigh(lowered) > most:
                if weigh(lowered) < weigh(request.model_copy(update=found)):
                    found[lever] = least
                continue
            found[lever] = _largest(request, found, lever, weigh, most)
            return found
    return {}


def advice(fits: Mapping[str, int]) -> str:
    """Say in words what would fit."""
    if not fits:
        return "nothing of this kind would fit"
    return " with ".join(f"{field} {value}" for field, value in fits.items()) + " would fit"


def check_pixels(request: Any, size: int, memory: int | None, levers: Sequence[str]) -> None:
    """Refuse more enlarged pictures, each of `size` pixels a side, than fit into memory.

    Raises:
        RefusedError: naming what would fit.
    """
    room = MAX_PIXELS if memory is None else min(MAX_PIXELS, memory // PIXEL_BYTES)

    def pixels(asked: Any) -> float:
        return float(asked.pictures * (size * asked.scale) ** 2)

    if pixels(request) <= room:
        return
    fits = fitting(request, levers, pixels, room)
    told = f"{request.pictures} pictures of {size} px at scale {request.scale} are too large"
    raise RefusedError("scale", f"{told}; {advice(fits)}", "too_large", fits)


def _largest(
    request: R, found: Mapping[str, int], lever: str, weigh: Callable[[R], float], most: float
) -> int:
    """Return the highest value of a lever, whose lowest one does, at which `most` is kept."""
    present = getattr(request, lever)
    low = _bound(type(request), lever, "ge")
    high = _bound(type(request), lever, "le") if present is None else present
    while low < high:
        middle = (low + high + 1) // 2
        fits = weigh(request.model_copy(update={**found, lever: middle})) <= most
        low, high = (middle, high) if fits else (low, middle - 1)
    return int(low)


def _bound(request_class: type[BaseModel], field: str, side: str) -> int:
    for rule in request_class.model_fields[field].metadata:
        if hasattr(rule, side):
            return int(getattr(rule, side))
    raise TypeError(f"{request_class.__name__}.{field} has no bound {side!r}")
