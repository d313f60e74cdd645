"""Signs of life of the thread that computes, and the watchdog that waits for them."""

import logging
import os
import threading
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

STUCK_EXIT_CODE = 70


class Heartbeat:
    """When the computing thread last showed life; no sign is expected while it is idle."""

    def __init__(self) -> None:
        self._last: float | None = None

    def beat(self) -> None:
        """Note a sign of life."""
        self._last = time.monotonic()

    def rest(self) -> None:
        """Note that nothing is being computed."""
        self._last = None

    @property
    def silence(self) -> float:
        """Seconds since the last sign of life; 0 when resting."""
        last = self._last
        return 0.0 if last is None else time.monotonic() - last


def watch(
    heartbeat: Heartbeat,
    timeout_seconds: float,
    *,
    end: Callable[[int], object] = os._exit,
    interval_seconds: float = 0.5,
) -> threading.Thread:
    """Start the watchdog: a stuck kernel can't be interrupted, so the whole process has to go.

    The supervisor sees it die, releases its leases and starts it anew.
    """

    def wait() -> None:
        while heartbeat.silence < timeout_seconds:
            time.sleep(interval_seconds)
        log.critical("no sign of life for %.0f s: giving the process up", heartbeat.silence)
        end(STUCK_EXIT_CODE)

    thread = threading.Thread(target=wait, name="watchdog", daemon=True)
    thread.start()
    return thread
