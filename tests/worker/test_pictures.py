"""Pictures through gateway and worker: from a form to the output."""

import io
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from httpx2 import Client
from PIL import Image

from genart_core.jobs.blobs import BlobStore
from genart_core.signature import read_signature
from tests.api.sse import following
from tests.support.studio import MAX_PIXELS, picture, reference, running_studio
from tests.support.table import Table
from tests.support.waiting import wait_for
from tests.worker.conftest import MakeEngine
from worker.engine import Engine
from worker.sweeper import sweep


@pytest.fixture
def engine(make_engine: MakeEngine) -> Engine:
    return make_engine()


@pytest.fixture
def http(redis_url: str, home: Path, table: Table) -> Iterator[Client]:
    with (
        running_studio(redis_url, home, retention_seconds=3600) as gateway,
        Client(base_url=gateway.url, timeout=20) as client,
    ):
        yield client


def look(engine: Engine) -> threading.Thread:
    thread = threading.Thread(target=engine.look)
    thread.start()
    return thread


def pixels(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data)) as image:
        return image.tobytes()


def photo(side: int) -> bytes:
    file = io.BytesIO()
    Image.radial_gradient("L").resize((side, side)).convert("RGB").save(file, "JPEG")
    return file.getvalue()


def test_worker_is_given_the_pictures_that_were_sent(http: Client, engine: Engine) -> None:
    files = [("image", picture()), ("style", photo(50)), ("style", photo(20))]
    url = http.post("/v1/pictured", files=files).json()["urls"]["self"]

    engine.look()
    engine.ledger.wait()

    job = http.get(url).json()
    assert job["status"] == "succeeded", job["error"]
    assert job["result"]["bytes"] == [len(data) for _, data in files]
    assert job["result"]["sizes"] == [[8, 4], [50, 50], [20, 20]]
    assert job["outputs"][0]["width"] == 8
    output = http.get(job["outputs"][0]["url"]).content
    assert pixels(output) == pixels(picture())
    assert json.loads(read_signature(output) or b"") == {
        "kind": "pictured",
        "request": job["request"],
        "version": job["provenance"]["version"],
        "weights": {},
    }


def test_picture_is_made_again_from_itself(http: Client, engine: Engine) -> None:
    sent = http.post("/v1/pictured", data={"title": "t"}, files={"image": photo(30)}).json()
    engine.look()
    engine.ledger.wait()
    first = http.get(sent["urls"]["self"]).json()
    output = http.get(first["outputs"][0]["url"]).content

    again = http.post("/v1/reproduce", files={"file": output}).json()
    engine.look()
    engine.ledger.wait()

    second = http.get(again["urls"]["self"]).json()
    assert (again["warnings"], second["request"]) == ([], first["request"])
    assert http.get(second["outputs"][0]["url"]).content == output


def test_damaged_pixels_fail_the_job_for_good(http: Client, engine: Engine) -> None:
    whole = photo(90)
    sent = {"image": whole[: len(whole) // 2]}
    urls = [http.post("/v1/pictured", files=sent).json()["urls"]["self"] for _ in range(2)]
    urls.append(http.post("/v1/pictured", files={"image": whole}).json()["urls"]["self"])

    engine.look()
    engine.ledger.wait()

    damaged, _, good = (http.get(url).json() for url in urls)
    assert (damaged["status"], damaged["attempt"]) == ("failed", 1)
    assert damaged["error"]["code"] == "invalid_image"
    assert damaged["error"]["retryable"] is False
    assert good["status"] == "succeeded"


def test_picture_that_is_gone_fails_the_job(http: Client, engine: Engine, blobs: BlobStore) -> None:
    url = http.post("/v1/pictured", files={"image": picture()}).json()["urls"]["self"]
    blobs.delete_asset(reference(picture()).removeprefix("asset:"))

    engine.look()
    engine.ledger.wait()

    assert http.get(url).json()["error"]["code"] == "input_gone"


def test_previews_are_seen_while_the_job_is_made(http: Client, engine: Engine) -> None:
    sent = {"steps": "100000", "ms": "1"}
    url = http.post("/v1/pictured", data=sent, files={"image": picture()}).json()["urls"]["self"]
    shown: list[tuple[int, int]] = []
    with following(http, url) as reader:
        thread = look(engine)
        for event in reader:
            if event.name == "preview" and len(shown) < 3:
                answer = http.get(event.data["url"])
                shown.append((event.data["number"], answer.status_code))
            elif event.name == "preview":
                http.post(f"{url}/cancel")
    thread.join()

    assert shown == [(0, 200), (1, 200), (2, 200)]
    assert http.get(f"{url}/previews/0").status_code == 404


def test_cancel_is_heard_between_previews(
    http: Client, engine: Engine, home: Path, table: Table
) -> None:
    sent = {"steps": "100000", "ms": "1"}
    url = http.post("/v1/pictured", data=sent, files={"image": picture()}).json()["urls"]["self"]
    thread = look(engine)
    wait_for(lambda: http.get(f"{url}/previews/0").status_code == 200, 30, "a preview")

    http.post(f"{url}/cancel")
    thread.join(10)
    engine.ledger.wait()

    assert not thread.is_alive()
    assert http.get(url).json()["status"] == "canceled"
    assert list((home / "blobs").rglob("*.p*")) == []
    assert table.redis.hgetall("genart:held") == {}


def test_picture_is_swept_when_its_last_job_is_past_its_retention(
    http: Client, engine: Engine, blobs: BlobStore, home: Path, table: Table
) -> None:
    for steps in ("0", "1"):
        http.post("/v1/pictured", data={"steps": steps}, files={"image": picture()})
    digest = reference(picture()).removeprefix("asset:")
    stored = home / "blobs" / "assets" / digest[:2] / digest

    def sweep_later() -> bool:
        """Sweep when the time of every asset that no job holds is over."""
        table.redis.zadd("genart:assets", {digest: 0})
        sweep(table.redis, blobs, reaper="r1", keep=(1000, 1000))
        return stored.exists()

    assert sweep_later()
    engine.look()
    engine.ledger.wait()
    assert not sweep_later()
    refused = http.post("/v1/pictured", json={"image": f"asset:{digest}"})
    assert refused.json()["code"] == "unknown_asset"
    assert http.post("/v1/pictured", files={"image": picture()}).status_code == 202
    assert stored.exists()


def test_caps_are_those_of_the_settings(http: Client) -> None:
    side = int(MAX_PIXELS**0.5) + 1

    assert http.post("/v1/pictured", files={"image": photo(side)}).status_code == 422
