"""Tests a running service by its document: `python -m tests.clients.fuzz` (make schemathesis).

Jobs of kinds that are cheap are made by a real worker; the others wait, so that they can be
followed and canceled.
"""

import shutil
import subprocess
import sys

from tests.clients.places import BUILD, PROGRAMS, SOURCES
from tests.clients.service import running_service

CONFIG = SOURCES / "schemathesis.toml"
SETTINGS = {
    "extra_arts": "benchmarks.noop",
    "kinds": "noop,vae-sample,gan-sample",
    "job_deadline_seconds": 0,
    "active_jobs_per_client": 100_000,
    "queue_cap": 100_000,
    "max_wait_seconds": 1,
}


def main() -> None:
    """Run schemathesis with the arguments that this was given; end as it does."""
    shutil.copy(SOURCES / "hooks.py", BUILD)  # it is looked for where schemathesis runs
    with running_service(**SETTINGS) as service:
        program = [str(PROGRAMS / "schemathesis"), "--config-file", str(CONFIG)]
        key = ["--header", f"Authorization: Bearer {service.key}"]
        command = [*program, "run", f"{service.url}/openapi.json", *key, *sys.argv[1:]]
        sys.exit(subprocess.run(command, cwd=BUILD, check=False).returncode)


if __name__ == "__main__":
    main()
