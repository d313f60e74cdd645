"""An S3 server of our own, moto's, on a free port of 127.0.0.1: a process that holds one bucket.

`python -m tests.support.bucket` is that process; it prints its port and ends with its parent.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, cast

import fsspec
import pytest

from tests.support.workers import ROOT

NAME = "artworks"
_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


@dataclass(frozen=True)
class Bucket:
    """A bucket, and the environment by which it is found."""

    url: str
    environment: dict[str, str]
    process: "subprocess.Popen[bytes]"

    def names(self) -> set[str]:
        """Return the keys that it holds, without its own name."""
        found = fsspec.filesystem("s3", use_listings_cache=False).find(NAME)
        return {path.removeprefix(f"{NAME}/") for path in found}


@contextmanager
def running_bucket() -> Iterator[Bucket]:
    """Serve an empty bucket, and let this process find it, too."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.bucket"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        port = cast(IO[bytes], process.stdout).readline().decode().strip()
        environment = {
            **_CREDENTIALS,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            fsspec.filesystem("s3", use_listings_cache=False).mkdir(NAME)
            yield Bucket(f"s3://{NAME}/jobs", environment, process)
    finally:
        process.kill()
        process.communicate()


def main() -> None:
    """Serve until standard input is closed."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    sys.stdout.write(f"{server.get_host_and_port()[1]}\n")
    sys.stdout.flush()
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
