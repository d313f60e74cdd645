"""A host cut off from the network in mid-job: it goes on working, and nobody hears of it."""

import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from genart_core.jobs import upkeep
from genart_core.jobs.record import JobId
from tests.chaos.ledger import Row
from tests.chaos.verdict import attempts_with_files, judge
from tests.support.arts import executions, workers_of
from tests.support.networks import Host, hosts, why_not
from tests.support.requests import queue_art, wait_for_status
from tests.support.table import Table
from tests.support.valkey import Valkey
from tests.support.waiting import wait_for
from tests.support.workers import WorkerProcess

ROUNDS = 3
BY_LEASE_SECONDS = 10.0
BACK_SECONDS = 10.0

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]


@dataclass
class Network:
    """Two hosts with a worker each; Redis is on a third, which is this one."""

    valkey: Valkey
    home: Path
    workers: dict[int, tuple[Host, WorkerProcess]]

    @property
    def log(self) -> str:
        """What both workers have said."""
        return (self.home / "worker.log").read_text()

    def announced(self, table: Table) -> set[int]:
        """Return the process ids of the workers that are heard of."""
        return {facts["pid"] for facts in table.send(upkeep.survey(())).workers}


@pytest.fixture
def network() -> Iterator[Network]:
    if reason := why_not():
        pytest.skip(f"no network namespaces here: {reason}")
    with ExitStack() as stack:
        made = stack.enter_context(hosts(2))
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="genart-")))
        port = _free_port(made[0].outside)
        valkey = Valkey(place, addresses=[host.outside for host in made], port=port)
        stack.callback(valkey.stop)
        valkey.start()
        home, workers = place / "home", {}
        for host in made:
            url = f"redis://{host.outside}:{port}"
            worker = WorkerProcess(home, url, inside=host.inside, log_level="INFO")
            stack.callback(worker.kill)
            workers[worker.pid] = (host, worker)
        for _, worker in workers.values():
            worker.wait_until_ready(redis_url=valkey.url)
        yield Network(valkey, home, workers)


def test_job_of_a_host_that_is_cut_off_is_made_by_another(
    network: Network, record: Callable[[Row], Row], tmp_path: Path
) -> None:
    row = record(Row("host cut off", "link down in mid-job, up again", "it runs on another"))
    back = record(Row("host is back", "link up again", "it makes jobs again"))
    journal = tmp_path / "journal"

    with network.valkey.client() as redis:
        table = Table(redis)
        for turn in range(ROUNDS):
            name = f"job{turn}"
            job_id = queue_art(
                table, "deaf", steps=240, ms=50, name=name, journal=journal, seed=turn
            )
            host, worker = network.workers[worker_that_began(journal, name)]
            host.unplug()
            try:
                row.recovery.append(seconds_until_it_runs_elsewhere(journal, name))
                wait_for_status(table, job_id, "succeeded", seconds=40)
            finally:
                host.plug_in()
            plugged = time.monotonic()
            wait_until_refused(network, job_id)
            wait_until_it_works_again(network, table, worker, journal, turn)
            back.recovery.append(time.monotonic() - plugged)

            for one in (row, back):
                judge(one, table, [job_id], home=network.home, redis_data=network.valkey.folder)
            assert executions(journal, "finished").count(name) == 2, "it was made twice, unheard"
            assert worker.process.poll() is None, "the one that was cut off went on"

    assert (row.lost, row.twice) == (0, 0)
    assert max(row.recovery) <= BY_LEASE_SECONDS
    assert max(back.recovery) <= BACK_SECONDS


def worker_that_began(journal: Path, name: str) -> int:
    return wait_for(lambda: workers_of(journal, name), 10, "it has begun")[0]


def seconds_until_it_runs_elsewhere(journal: Path, name: str) -> float:
    struck = time.monotonic()
    wait_for(lambda: len(set(workers_of(journal, name))) == 2, 20, "another worker has begun it")
    return time.monotonic() - struck


def wait_until_refused(network: Network, job_id: JobId) -> None:
    """Return when the attempt that was cut off has tried to commit, in vain, and left no files."""
    verdict = f"job_id={job_id} kind=deaf attempt=1 status=lost"
    wait_for(lambda: verdict in network.log, 15, "its commit is refused")
    wait_for(lambda: attempts_with_files(network.home, job_id) == 1, 10, "its files are gone")


def wait_until_it_works_again(
    network: Network, table: Table, worker: WorkerProcess, journal: Path, turn: int
) -> None:
    """Return when the worker is heard of, and has been given a job and made it."""
    wait_for(lambda: worker.pid in network.announced(table), 15, "it is heard of")
    wait_for(lambda: _has_made_one(table, worker, journal, turn), 20, "it has made a job")


def _has_made_one(table: Table, worker: WorkerProcess, journal: Path, turn: int) -> bool:
    """Have two jobs made that can't share a worker's batch, and look who made them."""
    count = len(executions(journal))
    names = [f"after {turn} {count} {n}".replace(" ", "-") for n in range(2)]
    ids = [
        queue_art(table, steps=20, ms=10, name=name, journal=journal, group=name, seed=n)
        for n, name in enumerate(names)
    ]
    for job_id in ids:
        wait_for_status(table, job_id, "succeeded", seconds=20)
    return any(worker.pid in workers_of(journal, name, "finished") for name in names)


def _free_port(address: str) -> int:
    with socket.create_server((address, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
