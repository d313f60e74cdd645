"""The clients, the scripts and the notebook of `examples`, run against a live service."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from PIL import Image
from playwright._impl._driver import compute_driver_executable

from examples.client import JobError, ProblemError, Service, picture
from tests.docs.blocks import ROOT
from tests.support.up import GenartUp

EXAMPLES = ROOT / "examples"
PICTURE = EXAMPLES / "pictures" / "portrait.png"
NODE = str(compute_driver_executable()[0])  # it reads TypeScript, and comes with Playwright
TEXT = {"prompt": "night ", "length": 40, "seed": 1}


def started(*command: str, service: GenartUp, folder: Path, **more: str) -> str:
    """Run a program beside the service and return what it printed."""
    environment = {**os.environ, "GENART_URL": service.url, "PYTHONPATH": str(ROOT), **more}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=110
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("words", "files"),
    [
        (["text.sh", "night "], []),
        (["dream.sh", str(PICTURE), "lines", "64", "small.png"], ["small.png"]),
        (["style.sh", "64", "painted.png"], ["painted.png"]),
        (["faces.sh"], ["faces.png", "smile.png"]),
        (["follow.sh", "200"], []),
        (["batch.sh", "3"], []),
    ],
    ids=lambda words: words[0] if words else "",
)
def test_a_script_makes_what_it_says(
    service: GenartUp, tmp_path: Path, words: list[str], files: list[str]
) -> None:
    script = str(EXAMPLES / "curl" / words[0])

    printed = started("bash", script, *words[1:], service=service, folder=tmp_path)

    assert {path.name for path in tmp_path.iterdir()} == {*files}
    for name in files:
        with Image.open(tmp_path / name) as image:
            image.verify()
        assert name in printed
    assert files or len(printed) > 100


def test_every_script_is_run_here() -> None:
    (mark,) = test_a_script_makes_what_it_says.pytestmark  # type: ignore[attr-defined]

    assert {row[0][0] for row in mark.args[1]} == {p.name for p in (EXAMPLES / "curl").iterdir()}


def test_the_client_follows_fetches_and_is_refused(service: GenartUp) -> None:
    client = Service(service.url)
    job = client.submit("text", TEXT, tag=["one", "two"])
    names = [event.name for event in client.follow(job)]
    job = client.wait(job)

    assert job["tags"] == ["one", "two"]
    assert (names[0], names[-2:]) == ("snapshot", ["result", "done"])
    assert client.fetch(job).decode() == job["result"]["samples"][0]["text"]
    assert list(client.follow(job))[-1].name == "done"
    with pytest.raises(ProblemError, match="422 invalid_request: length") as refused:
        client.submit("text", {"length": 0})
    assert refused.value.code == "invalid_request"


def test_the_client_sends_pictures_and_says_how_a_job_ended(service: GenartUp) -> None:
    client = Service(service.url)
    edited = client.wait(client.submit("vae-edit", {"image": picture(PICTURE), "seed": 1}))
    long = client.submit("text", {"length": 100_000})

    assert edited["outputs"][0]["media_type"] == "image/png"
    assert client.cancel(long)["status"] in ("canceled", "canceling")
    with pytest.raises(JobError, match="canceled"):
        client.wait(long)


class Breaking(BaseHTTPRequestHandler):
    """Stands before a service: refuses the first submit, loses the answer to the second."""

    url = ""
    keys: list[str] = []
    places: list[str | None] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.keys.append(self.headers["idempotency-key"])
        if len(self.keys) == 1:
            self.send_response(503)
            self.send_header("Retry-After", "0")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        answer = self.passed_on("POST", body)
        if len(self.keys) > 2:
            self.wfile.write(answer)
        self.close_connection = True

    def do_GET(self) -> None:
        answer = self.passed_on("GET", b"")
        if self.path.endswith("/events"):
            self.places.append(self.headers.get("last-event-id"))
            if len(self.places) == 1:  # breaks off behind the first event
                head, _, events = answer.partition(b"\r\n\r\n")
                answer = head + b"\r\n\r\n" + events[: events.index(b"\n\n", 20) + 2]
        self.wfile.write(answer)
        self.close_connection = True

    def passed_on(self, method: str, body: bytes) -> bytes:
        host, port = self.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as there:
            fields = "".join(f"{name}: {said}\r\n" for name, said in self.kept())
            head = f"{method} {self.path} HTTP/1.0\r\nHost: {host}\r\n{fields}\r\n"
            there.sendall(head.encode() + body)
            return b"".join(iter(lambda: there.recv(65536), b""))

    def kept(self) -> list[tuple[str, str]]:
        return [(n, s) for n, s in self.headers.items() if n.lower() not in ("host", "connection")]

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def breaking(service: GenartUp) -> "type[Breaking]":
    class Fresh(Breaking):
        url = service.url
        keys: list[str] = []
        places: list[str | None] = []

    return Fresh


def serving(handler: type[Breaking], use: Callable[[str], None]) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        use(f"http://127.0.0.1:{server.server_address[1]}")
    finally:
        server.shutdown()
        server.server_close()


def test_the_client_makes_one_job_of_a_submit_sent_thrice(
    service: GenartUp, breaking: type[Breaking]
) -> None:
    def use(url: str) -> None:
        client = Service(url)
        tag = f"thrice-{id(breaking)}"
        job = client.submit("text", TEXT | {"length": 3000}, tag=tag)
        names = [event.name for event in client.follow(job)]

        assert len(breaking.keys) == 3
        assert len(set(breaking.keys)) == 1
        assert len(breaking.places) == 2
        assert breaking.places[0] is None
        assert breaking.places[1]
        assert (names[0], names[-1], names.count("done")) == ("snapshot", "done", 1)
        found = Service(service.url)._json("GET", f"/v1/jobs?tag={tag}", None, {})
        assert [one["id"] for one in found["jobs"]] == [job["id"]]

    serving(breaking, use)


def test_the_typescript_client_makes_one_job_of_a_submit_sent_thrice(
    service: GenartUp, breaking: type[Breaking], tmp_path: Path
) -> None:
    def use(url: str) -> None:
        request = json.dumps(TEXT | {"length": 3000})
        program = (NODE, str(EXAMPLES / "client.ts"), "text", request)
        printed = started(*program, service=service, folder=tmp_path, GENART_URL=url)

        expected = Service(service.url).wait(
            Service(service.url).submit("text", TEXT | {"length": 3000})
        )
        assert printed.endswith(expected["result"]["samples"][0]["text"] + "\n")
        assert (len(breaking.keys), len(set(breaking.keys))) == (3, 1)
        assert breaking.places[0] is None

    serving(breaking, use)


def test_the_command_of_the_client_writes_files(service: GenartUp, tmp_path: Path) -> None:
    request = json.dumps({"size": 64, "iterations": 2, "octaves": 1, "seed": 1})
    words = (sys.executable, "-m", "examples.client", "dream", request)

    printed = started(*words, service=service, folder=tmp_path)

    (file,) = tmp_path.iterdir()
    assert file.name in printed
    with Image.open(file) as image:
        assert image.size == (64, 64)


def test_the_notebook_runs_from_its_first_cell_to_its_last(
    service: GenartUp, tmp_path: Path
) -> None:
    cells = json.loads((EXAMPLES / "course.ipynb").read_text())["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    (tmp_path / "examples").symlink_to(EXAMPLES)
    program = "\n\n".join(code)

    printed = started(
        sys.executable, "-c", program, service=service, folder=tmp_path, COURSE_SIZE="64"
    )

    assert [line[:4] for line in printed.splitlines()] == ["T = "] * 4


def test_the_notebook_shows_what_its_cells_gave() -> None:
    path = EXAMPLES / "course.ipynb"
    cells = json.loads(path.read_text())["cells"]
    shown = [cell["outputs"] for cell in cells if cell["cell_type"] == "code"]

    assert path.stat().st_size < 200_000
    assert all(shown[1:])
    assert not any(out["output_type"] == "error" for outputs in shown for out in outputs)
