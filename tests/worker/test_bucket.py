"""Two hosts that share a Redis and a bucket, and no disk: a gateway and a worker each."""

import io
import ssl
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Client
from redis import Redis

from tests.api.sse import following
from tests.support.arts import verse
from tests.support.bucket import Bucket
from tests.support.gateway import RunningGateway
from tests.support.requests import request_of
from tests.support.studio import picture, running_studio
from tests.support.table import Table
from tests.support.waiting import wait_for
from tests.support.workers import WorkerProcess

_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
KEPT_SECONDS = 6


@dataclass
class Hosts:
    """Callers of the one gateway and of the other, and what lies behind both."""

    here: Client
    there: Client
    bucket: Bucket
    homes: tuple[Path, ...]
    gateways: tuple[RunningGateway, ...]

    def finished(self, job: dict[str, Any]) -> dict[str, Any]:
        """Wait at the other gateway."""
        found = self.there.get(job["urls"]["self"], headers={"prefer": "wait=30"}).json()
        assert found["status"] == "succeeded", found
        return dict(found)

    def make(self, kind: str = "steps", **fields: Any) -> dict[str, Any]:
        """Submit here; return the finished job as it is seen there."""
        answer = self.here.post(f"/v1/{kind}", json=fields)
        assert answer.status_code in (200, 202), answer.text
        return self.finished(answer.json())

    def files_of(self, job: dict[str, Any]) -> set[str]:
        return {name for name in self.bucket.names() if job["id"] in name}


@pytest.fixture(scope="module")
def hosts(
    bucket: Bucket, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Hosts]:
    homes = tuple(tmp_path_factory.mktemp(name) for name in ("host1", "host2"))
    facts: dict[str, Any] = {"blob_url": bucket.url, "retention_seconds": KEPT_SECONDS}
    with ExitStack() as stack:
        for home in homes:  # one after the other: each imports torch
            worker = WorkerProcess(home, redis_url, log_level="INFO", **facts)
            stack.callback(worker.kill)
            worker.wait_until_ready()
        gateways = tuple(
            stack.enter_context(running_studio(redis_url, home, **facts)) for home in homes
        )
        here, there = (
            stack.enter_context(Client(base_url=g.url, timeout=40, verify=_NO_TLS))
            for g in gateways
        )
        yield Hosts(here, there, bucket, homes, gateways)


def test_job_is_made_and_fetched_across_hosts(hosts: Hosts) -> None:
    with Redis.from_url(hosts.gateways[0].settings.redis_url) as redis:
        job = hosts.make(seed=5, steps=40)
        text = verse(request_of(Table(redis), job["id"])).encode()
    url = job["outputs"][0]["url"]
    answer = hosts.there.get(url)

    assert answer.content == text
    assert answer.headers["etag"] == f'"{sha256(text).hexdigest()}"'
    again = hosts.here.get(url, headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    part = hosts.here.get(url, headers={"range": "bytes=3-9"})
    assert (part.status_code, part.content) == (206, text[3:10])
    assert part.headers["content-range"] == f"bytes 3-9/{len(text)}"
    assert len(hosts.files_of(job)) == 1


def test_nothing_is_written_to_the_hosts_own_disks(hosts: Hosts) -> None:
    hosts.make(seed=6)

    written = [path.name for home in hosts.homes for path in home.rglob("*") if path.is_file()]
    assert set(written) <= {"worker.log"}


def test_events_are_followed_at_the_other_gateway(hosts: Hosts) -> None:
    job = hosts.here.post("/v1/steps", json={"seed": 7, "steps": 30, "ms": 10}).json()

    with following(hosts.there, job["urls"]["self"]) as reader:
        names = [event.name for event in reader]

    assert names[-2:] == ["result", "done"]


def test_archive_of_all_outputs_is_read_from_the_bucket(hosts: Hosts) -> None:
    job = hosts.make(seed=8, steps=12)

    archive = zipfile.ZipFile(
        io.BytesIO(hosts.there.get(f"{job['urls']['self']}/outputs.zip").content)
    )

    assert archive.testzip() is None
    assert [archive.read(name) for name in archive.namelist()] == [
        hosts.here.get(job["outputs"][0]["url"]).content
    ]


def test_picture_sent_to_one_gateway_is_named_at_the_other(hosts: Hosts) -> None:
    data = picture(shade=77)
    sent = hosts.here.post("/v1/assets", content=data, headers={"content-type": "image/png"})
    assert sent.status_code == 201, sent.text

    job = hosts.there.post("/v1/pictured", json={"image": f"asset:{sent.json()['sha256']}"}).json()

    assert hosts.finished(job)["outputs"][0]["width"] == 8
    again = hosts.there.post("/v1/assets", content=data, headers={"content-type": "image/png"})
    assert again.status_code == 200
    assert hosts.there.get(f"/v1/assets/{sha256(data).hexdigest()}").content == data


def test_output_of_a_job_is_the_picture_of_the_next(hosts: Hosts) -> None:
    sent = hosts.here.post(
        "/v1/assets", content=picture(shade=78), headers={"content-type": "image/png"}
    ).json()
    first = hosts.make("pictured", image=f"asset:{sent['sha256']}")

    second = hosts.make("pictured", image=f"job:{first['id']}/0")

    assert second["outputs"][0]["width"] == first["outputs"][0]["width"]


def test_preview_is_shown_by_the_other_gateway_and_leaves_nothing(hosts: Hosts) -> None:
    sent = hosts.here.post(
        "/v1/assets", content=picture(shade=79), headers={"content-type": "image/png"}
    ).json()
    body = {"image": f"asset:{sent['sha256']}", "steps": 8, "ms": 250}
    job = hosts.here.post("/v1/pictured", json=body).json()

    shown = wait_for(lambda: _preview(hosts, job), 20, "a preview is shown")
    hosts.finished(job)

    assert shown
    wait_for(lambda: len(hosts.files_of(job)) == 1, 30, "nothing but its output is left")


def test_result_is_taken_from_the_cache_by_the_other_gateway(hosts: Hosts) -> None:
    first = hosts.make(seed=9, steps=5)

    second = hosts.there.post("/v1/steps", json={"seed": 9, "steps": 5})

    assert second.status_code == 200
    assert second.json()["cached"]
    outputs = [hosts.here.get(job["outputs"][0]["url"]) for job in (first, second.json())]
    assert outputs[0].content == outputs[1].content


def test_deleted_job_leaves_no_file_in_the_bucket(hosts: Hosts) -> None:
    job = hosts.make(seed=10)
    assert hosts.files_of(job)

    assert hosts.there.delete(job["urls"]["self"]).status_code == 204

    wait_for(lambda: not hosts.files_of(job), 30, "its files are gone")
    assert hosts.here.get(job["urls"]["self"]).status_code == 404


def test_expired_job_leaves_no_file_in_the_bucket(hosts: Hosts) -> None:
    job = hosts.make(seed=11)
    assert hosts.files_of(job)

    wait_for(lambda: not hosts.files_of(job), KEPT_SECONDS + 15, "its files are gone")
    assert hosts.there.get(job["urls"]["self"]).status_code == 410


def _preview(hosts: Hosts, job: dict[str, Any]) -> bytes:
    answer = hosts.there.get(f"{job['urls']['self']}/previews/0")
    return answer.content if answer.status_code == 200 else b""
