"""What a job takes of Redis, of the disk and of connections: `python -m benchmarks.sizing`.

Jobs are submitted to a gateway with nobody at work, then made by one worker, and the server's own
figures are read before and after. What follows from them for a thousand workers is worked out at
the end, and told in docs/sizing.md. Needs Linux.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from redis import Redis

from benchmarks.rig.client import Service
from benchmarks.rig.crowd import Crowd, measure_crowd
from benchmarks.rig.figures import table
from benchmarks.rig.load_process import load_process
from benchmarks.rig.processes import Process, gateway, redis_server, wait_for
from benchmarks.rig.systems import System
from genart_core.jobs import upkeep
from genart_core.jobs.connection import connect
from genart_core.jobs.store import run as send

KINDS = ("noop", "text")
IDLE_SECONDS = 6.0
TEXT = {"prompt": "The ", "length": 400}


@dataclass(frozen=True, slots=True)
class Reading:
    """Redis' figures at a moment; each but the first two only rises."""

    memory: float
    clients: float
    cpu_us: float
    calls: float
    commands: float
    published: float
    sent: float
    received: float
    log: float

    def __sub__(self, earlier: "Reading") -> "Reading":
        names = [field.name for field in fields(self)]
        return Reading(**{name: getattr(self, name) - getattr(earlier, name) for name in names})

    def per(self, jobs: float) -> "Reading":
        """Return the share of one job, or of one second."""
        return Reading(**{f.name: getattr(self, f.name) / jobs for f in fields(self)})


@dataclass(frozen=True)
class Bench:
    """A gateway, its Redis, and the means to read both."""

    system: System
    redis: Redis
    server: Process

    def read(self) -> Reading:
        """Read Redis' own figures."""
        info = self.redis.info("everything")
        stats = {k.removeprefix("cmdstat_"): v["calls"] for k, v in info.items() if "cmdstat_" in k}
        scripts = sum(calls for name, calls in stats.items() if name.startswith("eval"))
        asked = scripts + sum(stats.get(name, 0) for name in ("brpop", "lpop", "rpop", "subscribe"))
        return Reading(
            memory=info["used_memory"],
            clients=info["connected_clients"],
            cpu_us=self.server.cpu_seconds * 1e6,
            calls=asked,
            commands=sum(stats.values()) - scripts,
            published=stats.get("publish", 0),
            sent=info["total_net_output_bytes"],
            received=info["total_net_input_bytes"],
            log=info["aof_current_size"],
        )

    def ended(self) -> int:
        """Return how many jobs have ended."""
        outcomes = send(self.redis, upkeep.survey(KINDS)).outcomes
        return sum(count for (_, status), count in outcomes.items() if status == "succeeded")


def measure(bench: Bench, jobs: int, texts: int, folder: Path) -> dict[str, Reading]:
    """Return what a job takes, by what it is."""
    found = {}
    with ExitStack() as stack:
        load = stack.enter_context(load_process(folder))
        load.put(bench.system, "post", concurrency=8, count=50, seconds=30)  # warm up
        empty = bench.read()
        load.put(bench.system, "post", concurrency=8, count=jobs, seconds=120)
        found["queued"] = (bench.read() - empty).per(jobs)
        queued = bench.read()
        stack.enter_context(bench.system.working())
        wait_for(lambda: bench.ended() >= jobs + 50, list(bench.system.parts.values()))
        found["made"] = (bench.read() - queued).per(jobs)
        service, before = Service(f"http://127.0.0.1:{bench.system.port}"), bench.read()
        addresses = [service.post("text", {**TEXT, "seed": n}) for n in range(texts)]
        runs = [service.wait(address)["metrics"]["execution_ms"] / 1000 for address in addresses]
        taken = bench.read() - before
        found["text of 400 characters"] = taken.per(texts)
        found["a second of its run"] = taken.per(sum(runs))
    if bench.system.problems:
        raise RuntimeError(str(bench.system.problems))
    return found


@dataclass(frozen=True)
class Rest:
    """What processes take that have nothing to do: connections, and a worker's second."""

    gateway_clients: float
    worker_clients: float
    worker_second: Reading
    crowd: Crowd


def at_rest(bench: Bench) -> Rest:
    """Watch a gateway that has served, then a worker beside it that finds nothing to do."""
    alone = bench.read().clients
    began, before = time.monotonic(), bench.read()
    time.sleep(IDLE_SECONDS)
    gateway_second = (bench.read() - before).per(time.monotonic() - began)
    with bench.system.working():
        wait_for(lambda: bool(send(bench.redis, upkeep.survey(KINDS)).workers), [bench.server])
        facts = send(bench.redis, upkeep.survey(KINDS)).workers[0]
        began, before = time.monotonic(), bench.read()
        time.sleep(IDLE_SECONDS)
        both = (bench.read() - before).per(time.monotonic() - began)
        clients = bench.read().clients
    Service(f"http://127.0.0.1:{bench.system.port}").post("noop", {})
    found = measure_crowd(bench.redis, bench.server, facts)
    # one of them is our own
    return Rest(alone - 1, clients - alone, both - gateway_second, found)


def run(jobs: int, texts: int, folder: Path) -> None:
    """Measure and print."""
    with ExitStack() as stack:
        server, url = stack.enter_context(redis_server("redis", folder))
        settings = {
            "REDIS_URL": url,
            "GENART_HOME": str(folder),
            "GENART_EXTRA_ARTS": "benchmarks.noop",
            "GENART_KINDS": ",".join(KINDS),
            "GENART_DEVICE": "cpu",
            "GENART_NATIVE": "false",
            "GENART_LOG_LEVEL": "WARNING",
            "GENART_ACTIVE_JOBS_PER_CLIENT": "1000000",
            "GENART_QUEUE_CAP": "1000000",
        }
        front, port = stack.enter_context(
            gateway("gateway", "api.main:create_app", folder, settings=settings)
        )
        redis = stack.enter_context(connect(url))
        system = System(
            name="ours",
            port=port,
            parts={"gateway": front, "redis": server},
            worker=[sys.executable, "-m", "worker.main"],
            settings=settings,
            folder=folder,
            outputs=folder / "blobs",
            count_done=lambda: 0,
        )
        bench = Bench(system, redis, server)
        system.count_done = bench.ended
        found = measure(bench, jobs, texts, folder)
        rest = at_rest(bench)
    print(_table(found))
    print(f"\n{_files(folder / 'blobs')}")
    idle, crowd = rest.worker_second, rest.crowd
    print(
        f"a gateway keeps {rest.gateway_clients:.0f} connections, a worker "
        f"{rest.worker_clients:.0f}; one with nothing to do calls {idle.calls:.1f} times a second, "
        f"{idle.cpu_us:.0f} µs of Redis' CPU by itself"
    )
    costs = ", ".join(f"{name} {cost:.0f} µs" for name, cost in asdict(crowd).items())
    print(f"in a crowd: {costs}")
    print(f"\n{_carried(found, rest)}")


def _table(found: Mapping[str, Reading]) -> str:
    rows = {
        "memory of Redis": ("memory", "B"),
        "its append-only file": ("log", "B"),
        "CPU of Redis": ("cpu_us", "µs"),
        "calls to Redis": ("calls", ""),
        "commands within them": ("commands", ""),
        "changes told to gateways": ("published", ""),
        "received by Redis": ("received", "B"),
        "sent by Redis": ("sent", "B"),
    }
    cells = [
        [name, *(f"{getattr(one, field):.4g} {unit}".strip() for one in found.values())]
        for name, (field, unit) in rows.items()
    ]
    return table(["each job", *found], cells)


def _files(blobs: Path) -> str:
    files = [path.stat() for path in blobs.rglob("*") if path.is_file()]
    size, taken = sum(f.st_size for f in files), sum(f.st_blocks * 512 for f in files)
    return (
        f"files: {len(files)}, {size / len(files):.0f} B each, "
        f"{taken / len(files):.0f} B of the disk"
    )


def _carried(found: Mapping[str, Reading], rest: Rest) -> str:
    """Work out what one Redis carries, by what was measured."""
    queued, made = found["queued"], found["made"]
    cpu, memory = queued.cpu_us + made.cpu_us, queued.memory + made.memory
    half, told = 0.5e6 / cpu, queued.published + made.published
    crowd = rest.crowd
    rows = {
        "CPU of Redis for a job that tells nothing of itself": f"{cpu:.0f} µs",
        "such jobs a second, at half of Redis' one core": f"{half:.0f} /s",
        "a second of a job that tells how far it is": f"{crowd.running_second:.0f} µs",
        "a second of a job that streams text": f"{crowd.streaming_second:.0f} µs",
        "texts streamed at once, at half of its core": f"{0.5e6 / crowd.streaming_second:.0f}",
        "1,000 workers with nothing to do, of its core": f"{crowd.idle_second / 1e3:.1%}",
        "connections of 1,000 workers and 20 gateways": (
            f"{1000 * rest.worker_clients + 20 * rest.gateway_clients:.0f}"
        ),
        "memory for a day of 100 such jobs/s": f"{memory * 8.64e6 / 1e9:.0f} GB",
        "changes told to 20 gateways by 100 such jobs/s": f"{told * 2000:.0f} /s",
    }
    return table(["carried on", ""], [list(row) for row in rows.items()])


def main() -> None:
    """Measure as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sizing", description=__doc__)
    parser.add_argument("--jobs", type=int, default=2000, help="that make nothing")
    parser.add_argument("--texts", type=int, default=20, help="of 400 characters")
    asked = parser.parse_args()
    # short, since the path of a unix socket has 100 bytes at most
    with tempfile.TemporaryDirectory(prefix="size-", dir="/tmp") as folder:
        run(asked.jobs, asked.texts, Path(folder))


if __name__ == "__main__":
    main()
