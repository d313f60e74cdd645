"""`genart up`, whole: what it says, what it survives, and that it leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest
from redis import Redis

from genart_core.jobs.store import run
from genart_core.jobs.upkeep import survey
from tests.cli.processes import children_of, is_alive
from tests.cli.running import STOP_SECONDS, Up, environment, genart, running
from tests.support.waiting import wait_for

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with running(tmp_path_factory.mktemp("up")) as service:
        yield service


def refused(home: Path, *, path: Path | None = None, **settings: object) -> tuple[int, str]:
    """Run `genart up` that can't start; return its exit code and what it said.

    `path` is a folder with modules of the test.
    """
    env = environment(home, **settings)
    if path is not None:
        env["PYTHONPATH"] = f"{env['PYTHONPATH']}{os.pathsep}{path}"
    done = subprocess.run(genart("up"), env=env, capture_output=True, text=True, timeout=60)
    assert "\nTraceback" not in f"\n{done.stderr}"  # those of children have their name before them
    return done.returncode, done.stderr


def test_the_ready_line_says_where_it_is_and_what_to_try(up: Up) -> None:
    ready, try_this = up.lines

    assert ready.startswith(f"ready: {up.url} (device cpu; redis embedded, unix://")
    assert str(up.home) in ready
    assert try_this.strip().startswith("curl ")
    assert f"{up.url}/v1/" in try_this


def test_everything_serves_when_it_says_ready(up: Up) -> None:
    assert up.call("GET", "/readyz") == (200, {"status": "ready", "workers": 1})

    headers = {"Prefer": "wait=10", "Cache-Control": "no-cache"}
    job = up.call("POST", "/v1/steps", {"seed": 1}, **headers)

    assert (job.status, job.body["status"]) == (200, "succeeded")


def test_a_second_one_on_the_same_home_says_who_holds_it(up: Up) -> None:
    code, said = refused(up.home)

    assert code == 1
    assert said == (
        f"genart: genart already runs on {up.home} (process {up.pid}, {up.url}); "
        "stop it, or set another GENART_HOME\n"
    )


def test_a_killed_worker_is_replaced_and_its_job_made_again(up: Up) -> None:
    path = up.submit(steps=40, ms=50)
    up.wait_for_job(path, "running")
    worker = up.child("worker.main")

    os.kill(worker, signal.SIGKILL)

    wait_for(lambda: up.call("GET", path).body["status"] == "queued", 30, "it is queued again")
    job = up.wait_for_job(path, "succeeded")
    assert job["attempt"] == 2
    assert up.child("worker.main") != worker


def test_callers_wait_while_a_killed_gateway_is_replaced(up: Up) -> None:
    gateway = up.child("cli.gateway")

    os.kill(gateway, signal.SIGKILL)
    wait_for(lambda: not is_alive(gateway), 30, "it is dead")

    assert up.call("GET", "/livez").status == 200
    assert up.child("cli.gateway") != gateway


def test_a_killed_redis_comes_back_with_its_data(up: Up) -> None:
    path = up.submit(steps=1)
    up.wait_for_job(path, "succeeded")
    server = up.child("unixsocket")

    os.kill(server, signal.SIGKILL)

    wait_for(lambda: up.call("GET", "/readyz").status == 200, 30, "it is back")
    assert up.call("GET", path).body["status"] == "succeeded"
    assert up.child("unixsocket") != server


def test_sigterm_stops_all_and_the_next_one_goes_on_with_the_jobs(tmp_path: Path) -> None:
    with running(tmp_path, drain_seconds=0.5) as up:
        running_one, waiting_one = up.submit(steps=6000, ms=50), up.submit(steps=1, group="other")
        up.wait_for_job(running_one, "running")

        up.stop()  # long before the job would end
        assert up.process.returncode == 0

    with running(tmp_path) as up:
        up.wait_for_job(running_one, "running", "queued")
        up.call("POST", f"{running_one}/cancel")
        up.wait_for_job(running_one, "canceled")
        up.wait_for_job(waiting_one, "succeeded")

        children = children_of(up.pid)
        assert len(children) == 3
        up.process.kill()
        up.process.wait()
    wait_for(lambda: not any(map(is_alive, children)), 30, "a killed supervisor leaves no child")


def test_gateway_and_workers_run_apart_on_a_redis_of_others(
    home: Path, redis: Redis, redis_url: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    env = environment(home, port=port) | {"REDIS_URL": redis_url}
    with (
        subprocess.Popen(genart("api"), env=env, stderr=subprocess.DEVNULL) as api,
        subprocess.Popen(genart("worker"), env=env, stderr=subprocess.DEVNULL) as worker,
    ):
        wait_for(lambda: run(redis, survey(())).workers, 60, "the worker has announced itself")
        with closing(HTTPConnection("127.0.0.1", port)) as connection:
            connection.request("GET", "/readyz")
            assert b'"workers":1' in connection.getresponse().read()
        api.terminate()
        worker.terminate()
        assert worker.wait(STOP_SECONDS) == 0


def test_a_taken_port_is_told_with_the_setting(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        code, said = refused(tmp_path, port=port)

    assert code == 1
    assert said == (
        f"genart: GENART_HOST=127.0.0.1 with GENART_PORT={port} is taken; "
        "set GENART_PORT to a free port\n"
    )


def test_a_child_that_can_not_start_is_told_with_its_last_lines(tmp_path: Path) -> None:
    module = "import sys\nKINDS = ()\nassert 'gateway' not in sys.argv[0], 'not today'\n"
    (tmp_path / "moody.py").write_text(module)

    code, said = refused(tmp_path / "home", path=tmp_path, extra_arts="moody", kinds="", prot=1)

    assert code == 1
    assert "genart   | GENART_PROT is no setting, so it does nothing; is GENART_PORT meant?" in said
    assert "genart: gateway can't start: it ended with exit code 1" in said
    assert "AssertionError: not today" in said.rpartition("last lines were:")[2]
