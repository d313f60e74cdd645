"""What a gateway process needs, and what it must never bring in."""

import os
import socket
import subprocess
import sys
from pathlib import Path

from httpx2 import Client

from tests.support.gateway import place_model
from tests.support.waiting import wait_for

FORBIDDEN = ("torch", "torchvision", "celery", "kombu", "numpy", "safetensors", "PIL")
MAX_RSS_BYTES = 90_000_000


def python(code: str, timeout: float = 60) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=timeout, check=True
    )
    return done.stdout.strip()


def test_gateway_imports_neither_torch_nor_celery_nor_numpy() -> None:
    code = (
        "import sys, pkgutil, importlib, api\n"
        "for m in pkgutil.walk_packages(api.__path__, 'api.'): importlib.import_module(m.name)\n"
        "from api.main import create_app; create_app().openapi()\n"
        f"print([m for m in {FORBIDDEN!r} if m in sys.modules])"
    )

    assert python(code) == "[]"


def test_gateway_is_imported_and_built_within_a_second() -> None:
    # CPU time, since other tests and programs share this machine
    code = "import time\nfrom api.main import create_app; create_app()\nprint(time.process_time())"

    assert min(float(python(code)) for _ in range(3)) < 1.0


def test_gateway_process_stays_small(redis_url: str, tmp_path: Path) -> None:
    place_model(tmp_path, "tiny")
    code = (
        "import socket, sys\n"
        "from api.server import create_server\n"
        "from api.settings import ApiSettings\n"
        "create_server(ApiSettings()).run([socket.socket(fileno=int(sys.argv[1]))])"
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.set_inheritable(True)
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(listener.fileno())],
            pass_fds=[listener.fileno()],
            env={**os.environ, "REDIS_URL": redis_url, "GENART_HOME": str(tmp_path)},
            stderr=subprocess.DEVNULL,
        )
        port = listener.getsockname()[1]
    try:
        with Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as http:
            assert http.get("/readyz").status_code == 200
            for _ in range(300):
                job = http.post("/v1/text", json={"model": "tiny"}).json()
                http.get(job["urls"]["self"])
            for path in ("/openapi.json", "/metrics", "/v1/jobs?limit=100", "/v1/models"):
                assert http.get(path).status_code == 200
            status = Path(f"/proc/{process.pid}/status").read_text()
        rss = int(status.partition("VmRSS:")[2].split()[0]) * 1024
        assert rss < MAX_RSS_BYTES
    finally:
        process.terminate()
        wait_for(lambda: process.poll() is not None, 30, "it ends on SIGTERM")
    assert process.returncode in (0, -15)
