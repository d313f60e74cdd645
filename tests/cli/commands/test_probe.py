"""`genart probe`: what a container's health check is told of the workers in it."""

import os
import signal
import subprocess
from pathlib import Path

import pytest
from redis import Redis

from cli.host.lock import hold_number
from cli.supervising.plan import instance
from genart_core.jobs import upkeep
from genart_core.jobs.store import run
from tests.cli.running import genart
from tests.support.waiting import wait_for
from tests.support.workers import START_SECONDS, environment_for


class Probe:
    """Runs `genart probe` beside the workers of a home folder."""

    def __init__(self, home: Path, redis_url: str) -> None:
        self.environment = environment_for(home, redis_url, workers=2, kinds="steps")

    def __call__(self) -> tuple[int, str]:
        done = subprocess.run(
            genart("probe"), env=self.environment, capture_output=True, text=True, timeout=30
        )
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
def probe(home: Path, redis: Redis, redis_url: str) -> Probe:
    return Probe(home, redis_url)


def test_where_no_worker_was_started_the_probe_says_so(probe: Probe, home: Path) -> None:
    assert probe() == (
        1,
        f"genart: No workers were started on GENART_HOME={home} on this machine\n",
    )


def test_the_probe_follows_the_life_of_the_workers(probe: Probe, home: Path, redis: Redis) -> None:
    home.mkdir()
    with (home / "log").open("ab") as log:
        workers = subprocess.Popen(
            genart("worker"), env=probe.environment, stdout=log, stderr=log, text=True
        )
    try:
        wait_for(lambda: probe() == (0, "2 workers take jobs\n"), START_SECONDS, "both take jobs")
        workers.send_signal(signal.SIGSTOP)  # so that nobody starts it anew
        silent = end_one(redis)
        assert probe() == (1, f"genart: 1 of 2 workers are silent: {silent}\n")
    finally:
        workers.send_signal(signal.SIGCONT)
        workers.terminate()
        workers.wait(20)
    assert probe()[0] == 1, "they have left"


def test_a_redis_that_is_away_is_told(probe: Probe, home: Path, tmp_path: Path) -> None:
    home.mkdir()
    with hold_number(home) as held:
        held.note(slots=[f"{instance(home)}-0-0"])
        probe.environment["REDIS_URL"] = f"unix://{tmp_path}/none.sock"
        code, said = probe()

    assert (code, said.count("\n")) == (1, 1)
    assert said.startswith("genart: No use of REDIS_URL=")


def end_one(redis: Redis) -> str:
    """Kill a worker and do what Redis does after 10 s of its silence; return its slot."""
    facts = run(redis, upkeep.survey(())).workers[0]
    os.kill(facts["pid"], signal.SIGKILL)
    run(redis, upkeep.depart(facts["id"]))
    return str(facts["slot"])
