"""What tests ask a running service, and commands that run beside a test."""

import json
import subprocess
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from tests.cli.running import genart
from tests.support.up import GenartUp
from tests.support.workers import environment_for


def started(service: GenartUp, *words: str, folder: Path, **env: str) -> "subprocess.Popen[str]":
    """Start the command beside the test."""
    return subprocess.Popen(
        genart(*words),
        env=environment_for(folder, "", url=service.url) | env,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ask(service: GenartUp, path: str) -> Any:
    """Return the JSON at an address of the service."""
    with urlopen(f"{service.url}{path}", timeout=10) as answer:
        return json.load(answer)


def status_of(service: GenartUp, job_id: str) -> str:
    """Return the status of a job."""
    return str(ask(service, f"/v1/jobs/{job_id}")["status"])


def steps_done(service: GenartUp, job_id: str) -> int:
    """Return how far a job is."""
    return int(ask(service, f"/v1/jobs/{job_id}")["progress"]["step"])


def latest(service: GenartUp) -> str:
    """Return the id of the newest job."""
    return str(ask(service, "/v1/jobs?limit=1")["jobs"][0]["id"])
