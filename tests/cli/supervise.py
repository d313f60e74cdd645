"""A supervisor for tests to kill: `supervise.py HOME JOURNAL`; real Redis and a stand-in."""

import asyncio
import os
import sys
from pathlib import Path

from cli.host.embedded import embed
from cli.supervising.child import Child
from cli.supervising.supervisor import Supervisor, Tier
from tests.cli.journal import Journal


async def _main(home: Path, journal: Journal) -> None:
    redis = Child("redis", embed(home).command, environment=dict(os.environ))
    tiers = [Tier((redis,), 1.0, 1.0), Tier((journal.child("worker", "stubborn"),), 1.0, 1.0)]

    async def ready() -> None:
        sys.stdout.write("ready\n")
        sys.stdout.flush()

    await Supervisor(tiers, lambda who, line: None).run(ready)


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1]), Journal(Path(sys.argv[2]))))
