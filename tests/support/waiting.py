"""Waiting for something to become true, never for luck."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_PAUSE_SECONDS = 0.01


def wait_for(look: Callable[[], T], seconds: float, what: str) -> T:
    """Return what `look` returns as soon as it is true.

    Raises:
        AssertionError: after `seconds`.
    """
    give_up = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < give_up, f"not within {seconds} s: {what}"
        time.sleep(_PAUSE_SECONDS)
    return found
