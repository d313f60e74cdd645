import threading
import time

from tests.support.waiting import wait_for
from worker.heartbeat import STUCK_EXIT_CODE, Heartbeat, watch


def test_resting_heart_is_never_silent() -> None:
    heartbeat = Heartbeat()
    silences = [heartbeat.silence]
    heartbeat.beat()
    heartbeat.rest()
    silences.append(heartbeat.silence)

    assert silences == [0.0, 0.0]


def test_silence_grows_until_the_next_beat() -> None:
    heartbeat = Heartbeat()
    heartbeat.beat()
    before = wait_for(lambda: heartbeat.silence > 0.1 and heartbeat.silence, 30, "it is silent")

    heartbeat.beat()

    assert heartbeat.silence < before


def test_watchdog_ends_a_process_that_shows_no_life() -> None:
    heartbeat, ended = Heartbeat(), threading.Event()
    codes: list[int] = []

    def end(code: int) -> None:
        codes.append(code)
        ended.set()

    heartbeat.beat()
    watch(heartbeat, 0.05, end=end, interval_seconds=0.01)

    assert ended.wait(2)
    assert codes == [STUCK_EXIT_CODE]


def test_watchdog_leaves_a_living_process_alone() -> None:
    heartbeat, ended = Heartbeat(), threading.Event()
    began = time.monotonic()
    thread = watch(heartbeat, 0.5, end=lambda code: ended.set(), interval_seconds=0.01)

    while time.monotonic() < began + 1:
        heartbeat.beat()
    lived = not ended.is_set()
    thread.join(2)  # no beat any more: it ends too

    assert lived
    assert ended.is_set()


def test_watchdog_leaves_an_idle_process_alone() -> None:
    heartbeat, ended = Heartbeat(), threading.Event()
    thread = watch(heartbeat, 0.02, end=lambda code: ended.set(), interval_seconds=0.005)

    is_idle_alive = not ended.wait(0.1)
    heartbeat.beat()
    thread.join(2)

    assert is_idle_alive
