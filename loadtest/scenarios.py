"""What is done to the service, and what is read off it afterwards.

Each scenario runs at once and returns a report of itself, which is only read when the oracle has
judged all jobs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from loadtest import asks
from loadtest.api import Ask
from loadtest.figures import Window, jain, percentile
from loadtest.oracle import Accepted
from loadtest.stage import Stage
from loadtest.users import Arriving, Caller, Pushing, Returning, SlowEvents, SlowFiles, Waiting, run

OVERLOAD = 5.0
BAR = 0.95  # of peak goodput, at OVERLOAD
USEFUL_SECONDS = 10.0  # what comes later than that is of no use to anybody
RAMP_SECONDS = 1.0
LIGHT_RATE = 0.7  # of a light caller: well below its share
PEAK_CALLERS, FLOOD_CALLERS = 24, 40


@dataclass(frozen=True)
class Size:
    """How long and how often: `seconds` for each load, `rounds` of peak and overload in turns.

    `queue_cap` is how many jobs the service lets wait.
    """

    rounds: int = 3
    seconds: float = 10.0
    queue_cap: int = 100


@dataclass(frozen=True)
class Round:
    """Goodput of one round, in jobs a second: at peak and while far more was `offered`."""

    peak: float
    offered: float
    goodput: float

    @property
    def ratio(self) -> float:
        """Goodput under overload as a part of the peak."""
        return self.goodput / self.peak


def of_group(stage: Stage, group: str) -> list[Accepted]:
    """Return the jobs of one group."""
    return [accepted for accepted in stage.oracle.accepted if accepted.group == group]


def overload(stage: Stage, size: Size) -> Callable[[], list[Round]]:
    """Measure peak goodput and offer five times as much, in turns."""
    pairs = []
    for turn in range(size.rounds):
        peak, flood = f"peak {turn + 1}", f"overload {turn + 1}"
        rate = _peak(stage, peak, size.seconds)
        offered = _flood(stage, flood, OVERLOAD * rate, size.seconds)
        stage.catch_up()
        pairs.append((peak, flood, offered))

    def goodput(group: str) -> float:
        jobs = of_group(stage, group)
        return Window.of(jobs, RAMP_SECONDS).goodput(jobs, USEFUL_SECONDS)

    return lambda: [Round(goodput(peak), offered, goodput(flood)) for peak, flood, offered in pairs]


def burst(stage: Stage, size: Size) -> None:
    """Five times as many callers as there is room for come at one moment, and back when told to."""
    count = int(OVERLOAD * size.queue_cap / len(stage.keys))
    run(
        stage,
        [
            Returning.of(stage, "burst", count, key=k, asks=stage.known(asks.BUSY))
            for k in stage.keys
        ],
        60,
    )
    stage.catch_up()


def mixed(stage: Stage, size: Size) -> None:
    """Callers of all kinds, each with one job at a time."""
    callers = [
        Waiting.of(stage, "mixed", 2, key=key, asks=kind)
        for key, kind in zip(
            stage.keys * 4, _by_kind(stage.known(asks.MIXED)).values(), strict=False
        )
    ]
    run(stage, callers, size.seconds)
    stage.catch_up()


@dataclass(frozen=True)
class Fairness:
    """Light callers' seconds from submit to done, and what the heavy ones got per weight."""

    alone: tuple[float, float]
    beside: tuple[float, float]
    shares: Mapping[str, float]
    index: float


def hot(
    stage: Stage, size: Size, light: Sequence[str], heavy: Mapping[str, float]
) -> Callable[[], Fairness]:
    """Light callers alone, then beside heavy ones, who submit as fast as they are let."""
    names = dict(zip(heavy, (f"heavy {n + 1}" for n in range(len(heavy))), strict=True))
    run(stage, _light(stage, "light alone", light), size.seconds)
    crowd = [Pushing.of(stage, names[k], 1, key=k, asks=stage.known(asks.BUSY)) for k in heavy]
    run(stage, [*_light(stage, "light beside", light), *crowd], size.seconds)
    stage.catch_up()

    def latencies(group: str) -> tuple[float, float]:
        seconds = [accepted.seconds for accepted in of_group(stage, group) if accepted.is_good]
        return percentile(seconds, 0.5), percentile(seconds, 0.95)

    def report() -> Fairness:
        window = Window.of(of_group(stage, "light beside"), RAMP_SECONDS)
        shares = {
            f"{names[key]}, weight {weight:g}": window.goodput(of_group(stage, names[key]), 60)
            for key, weight in heavy.items()
        }
        index = jain([s / w for s, w in zip(shares.values(), heavy.values(), strict=True)])
        return Fairness(latencies("light alone"), latencies("light beside"), shares, index)

    return report


def slow(stage: Stage, size: Size) -> None:
    """Readers at a trickle, beside callers who are in a hurry."""
    first, last = stage.keys[0], stage.keys[-1]
    readers = [
        SlowEvents.of(stage, "slow readers", 8, key=first, asks=stage.known(asks.LONG_TEXTS)),
        SlowFiles.of(stage, "slow readers", 4, key=first, asks=stage.known(asks.LARGE)),
        Waiting.of(stage, "beside slow readers", 2, key=last, asks=stage.known(asks.BUSY)),
    ]
    run(stage, readers, size.seconds)
    stage.catch_up()


def _peak(stage: Stage, group: str, seconds: float) -> float:
    """Keep the line filled, but short; return how many jobs a second came of it."""
    each = PEAK_CALLERS // len(stage.keys)
    callers = [
        Waiting.of(stage, group, each, key=key, asks=stage.known(asks.BUSY)) for key in stage.keys
    ]
    lasted = run(stage, callers, seconds)
    return len(of_group(stage, group)) / lasted


def _flood(stage: Stage, group: str, rate: float, seconds: float) -> float:
    """Come so many times a second, whatever the answers; return how many times a second it was."""
    each = FLOOD_CALLERS // len(stage.keys)
    facts = {
        "asks": stage.known(asks.BUSY),
        "rate": rate / (each * len(stage.keys)),
        "patience": 0.05,
    }
    callers = [Arriving.of(stage, group, each, key=key, **facts) for key in stage.keys]
    lasted = run(stage, callers, seconds)
    return stage.submits[group] / lasted


def _light(stage: Stage, group: str, keys: Sequence[str]) -> list[type[Caller]]:
    facts = {"asks": stage.known(asks.BUSY), "rate": LIGHT_RATE}
    return [Arriving.of(stage, group, 1, key=key, **facts) for key in keys]


def _by_kind(every: Sequence[Ask]) -> dict[str, list[Ask]]:
    found: dict[str, list[Ask]] = {}
    for ask in every:
        found.setdefault(ask.kind, []).append(ask)
    return found
