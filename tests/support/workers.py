"""A real worker process."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from genart_core.jobs import upkeep
from genart_core.jobs.connection import connect
from genart_core.jobs.store import run
from tests.support.waiting import wait_for

ROOT = Path(__file__).parents[2]
START_SECONDS = 100.0  # it imports torch, maybe beside others that do


def environment_for(home: Path, redis_url: str, **settings: object) -> dict[str, str]:
    """Return the environment of processes that serve the kinds of `tests.support.arts`."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GENART_")}
    environment |= {
        "PYTHONPATH": str(ROOT),
        "REDIS_URL": redis_url,
        "GENART_HOME": str(home),
        "GENART_DEVICE": "cpu",
        "GENART_NATIVE": "false",  # nothing is to compile beside what is tested
        "GENART_EXTRA_ARTS": "tests.support.arts",
        "GENART_KINDS": "steps,batched,stuck,deaf,broken,refused,forgetful,unwritable,modelled,"
        "pictured",
    }
    return environment | {f"GENART_{name.upper()}": str(value) for name, value in settings.items()}


class WorkerProcess:
    """`python -m worker.main`; its log lies in the home folder."""

    def __init__(
        self, home: Path, redis_url: str, *, inside: Sequence[str] = (), **settings: object
    ) -> None:
        """Start it; `settings` are those of `WorkerSettings`.

        `inside` is a command that runs another in its own place, such as `ip netns exec`.
        """
        home.mkdir(parents=True, exist_ok=True)
        self._redis_url = redis_url
        self._log: IO[bytes] = (home / "worker.log").open("ab")
        self.log_path = home / "worker.log"
        self.process = subprocess.Popen(
            [*inside, sys.executable, "-m", "worker.main"],
            cwd=ROOT,
            env=environment_for(home, redis_url, **settings),
            stdout=self._log,
            stderr=self._log,
        )

    @property
    def pid(self) -> int:
        return self.process.pid

    def wait_until_ready(self, *, redis_url: str = "") -> None:
        """Return when it has announced itself; `redis_url` is the Redis as it is reached here."""
        with connect(redis_url or self._redis_url) as redis:

            def is_settled() -> bool:
                announced = {facts["pid"] for facts in run(redis, upkeep.survey(())).workers}
                return self.pid in announced or self.process.poll() is not None

            try:
                wait_for(is_settled, START_SECONDS, "the worker is ready")
            except AssertionError as error:
                raise AssertionError(f"{error}; its log:\n{self.log_path.read_text()}") from error
        assert self.process.poll() is None, self.log_path.read_text()

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def wait(self, seconds: float) -> int:
        """Return its exit code."""
        return self.process.wait(seconds)

    def kill(self) -> None:
        """End it as a crash would, if it still runs."""
        self.process.kill()
        self.process.wait()
        self._log.close()
