"""`python -m loadtest`: load of several kinds on a service, and what became of every job.

Without `--url` it starts a service of its own on loopback, with keys and a home of its own. Exits
with 1 when a job that was accepted is lost, doubled or wrong, or when goodput at five times the
capacity falls below 95 % of its peak.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from gevent.pool import Pool
from locust.log import setup_logging

from genart_core.jobs import access
from genart_core.jobs.access import Key
from loadtest import asks, report, scenarios
from loadtest.api import Ask
from loadtest.oracle import Accepted, Oracle, gather, listed
from loadtest.scenarios import Fairness, Round, Size
from loadtest.service import QUEUE_CAP, Running, own_service
from loadtest.stage import Stage

SCENARIOS = ("overload", "burst", "mixed", "hot", "slow")
JUDGES = 12

CROWD = ("crowd 1", "crowd 2", "crowd 3", "crowd 4")
LIGHT = ("light 1", "light 2", "light 3")
HEAVY = {"heavy 1": 1.0, "heavy 2": 1.0, "heavy 3": 2.0}
KEYS = {name: Key(access.new_key_id(), name, 1) for name in (*CROWD, *LIGHT)} | {
    # what one client may have in the line must not fill it
    name: Key(access.new_key_id(), name, 1, weight=weight, active_jobs=30)
    for name, weight in HEAVY.items()
}


def main() -> None:
    """Run the scenarios that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m loadtest", description=__doc__)
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=", ".join(SCENARIOS))
    parser.add_argument("--url", help="a service that runs; else one is started")
    parser.add_argument("--key", action="append", default=[], help="API key; repeat for more")
    parser.add_argument("--rounds", type=int, default=3, help="of peak and overload in turns")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long each load lasts")
    parser.add_argument("--queue-cap", type=int, default=QUEUE_CAP, help="that of the service")
    asked = parser.parse_args()
    chosen = asked.scenarios or SCENARIOS
    if unknown := set(chosen) - set(SCENARIOS):
        parser.error(f"no such scenario: {', '.join(unknown)}")
    setup_logging("WARNING")
    size = Size(asked.rounds, asked.seconds, asked.queue_cap)
    with ExitStack() as stack:
        if asked.url:
            keys = asked.key or [""]
            done = Load(asked.url, keys, keys, dict.fromkeys(keys, 1.0), None)
        else:
            # short, since the path of a unix socket has 100 bytes at most
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="load-", dir="/tmp"))
            own = stack.enter_context(own_service(Path(folder), KEYS))
            heavy = {own.keys[name]: weight for name, weight in HEAVY.items()}
            names = ([own.keys[n] for n in CROWD], [own.keys[n] for n in LIGHT])
            done = Load(own.url, *names, heavy, own)
        sys.exit(0 if done.run(chosen, size) else 1)


class Load:
    """A run: who calls what, and what came of it."""

    def __init__(
        self,
        url: str,
        crowd: Sequence[str],
        light: Sequence[str],
        heavy: dict[str, float],
        own: Running | None,
    ) -> None:
        self._own = own
        self._light, self._heavy = light, heavy
        self._stage = Stage(url, list(crowd), Oracle({}))
        self._keys = {*crowd, *light, *heavy}

    def run(self, chosen: Sequence[str], size: Size) -> bool:
        """Run the scenarios, judge all jobs, print; say whether every bar is reached."""
        began, stage = time.monotonic(), self._stage
        api = stage.api(stage.keys[0])
        earlier = {job_id for key in self._keys for job_id in listed(stage.api(key))}
        stage.oracle.expected = asks.alone(api, _asked_for(chosen))
        earlier |= set(listed(api))
        before = self._own.resident_mb() if self._own else {}
        rounds: Callable[[], list[Round]] | None = None
        fairness: Callable[[], Fairness] | None = None
        for name in chosen:
            _say(f"{name} ...", began)
            if name == "overload":
                rounds = scenarios.overload(stage, size)
            elif name == "hot":
                fairness = scenarios.hot(stage, size, self._light, self._heavy)
            else:
                getattr(scenarios, name)(stage, size)
        after = self._own.resident_mb() if self._own else {}
        _say(f"judging {len(stage.oracle.accepted)} jobs ...", began)
        strays = self._judge(earlier)
        return self._told(rounds and rounds(), fairness and fairness(), (before, after), strays)

    def _judge(self, earlier: set[str]) -> int:
        """Hold each job against what became of it; return how many there are besides."""
        oracle, pool = self._stage.oracle, Pool(JUDGES)
        lines = {key: [self._stage.api(key) for _ in range(JUDGES)] for key in self._keys}

        def judge(accepted: Accepted) -> None:
            api = lines[accepted.key].pop()
            oracle.judge(accepted, gather(api, accepted.id))
            lines[accepted.key].append(api)

        pool.map(judge, oracle.accepted)
        known = [job_id for key in self._keys for job_id in listed(self._stage.api(key))]
        return len(set(oracle.strays(known)) - earlier)

    def _told(
        self,
        rounds: list[Round] | None,
        fairness: Fairness | None,
        memory: tuple[report.Memory, report.Memory],
        strays: int,
    ) -> bool:
        stage, oracle = self._stage, self._stage.oracle
        parts = {
            "Goodput": report.of_rounds(rounds) if rounds else "",
            "Submit to done": report.of_latencies(oracle.accepted),
            "Refusals": report.of_refusals(stage.refusals),
            "Fairness": report.of_fairness(fairness) if fairness else "",
            "Memory": report.of_memory(*memory) if self._own else "",
            "Oracle": report.of_oracle(oracle, strays, stage.problems),
        }
        for name, text in parts.items():
            if text:
                print(f"\n## {name}\n\n{text}")
        is_clean = report.is_clean(oracle, strays, stage.problems)
        return is_clean and (rounds is None or report.holds(rounds))


def _asked_for(chosen: Sequence[str]) -> list[Ask]:
    extra = {"mixed": asks.MIXED, "slow": [*asks.LARGE, *asks.LONG_TEXTS]}
    return list(
        dict.fromkeys(
            [*asks.BUSY, *asks.TEXTS, *(a for name in chosen for a in extra.get(name, []))]
        )
    )


def _say(what: str, since: float) -> None:
    print(f"[{time.monotonic() - since:5.0f} s] {what}", flush=True)


if __name__ == "__main__":
    main()
