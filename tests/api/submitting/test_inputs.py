"""Pictures of a request: where they may come from, and that they are there when the job is."""

import shutil
from pathlib import Path

import pytest
from httpx2 import Client, Response

from api.submitting import assets, inputs
from tests.api.player import Player
from tests.support.gateway import RunningGateway
from tests.support.problems import is_problem
from tests.support.studio import (
    MAX_IMAGE_BYTES,
    padded,
    picture,
    reference,
    running_studio,
    stored,
    uri,
)
from tests.support.table import Table
from tests.support.waiting import wait_for


def post(http: Client, headers: dict[str, str] | None = None, **fields: object) -> Response:
    return http.post("/v1/pictured", json=fields, headers=headers)


def upload(http: Client, data: bytes) -> Response:
    return http.post("/v1/pictured", files={"image": data})


def test_picture_is_stored_once_however_often_it_is_sent(
    caller: Client, studio: RunningGateway
) -> None:
    data = picture(shade=21)
    upload(caller, data)
    before = stored(studio, data).stat().st_ino

    caller.post("/v1/pictured", files=[("image", data), ("style", data), ("style", data)])
    post(caller, image=uri(data))

    assert stored(studio, data).stat().st_ino == before
    assert [path.name for path in stored(studio, data).parent.iterdir()].count(
        stored(studio, data).name
    ) == 1


def test_stored_picture_can_be_named(caller: Client) -> None:
    data = picture(shade=22)
    upload(caller, data)

    request = post(caller, image=reference(data), style=reference(data)).json()["request"]

    assert (request["image"], request["style"]) == (reference(data), [reference(data)])


def test_unknown_asset_is_refused(caller: Client, table: Table) -> None:
    answer = post(caller, image=f"asset:{'ab' * 32}")

    assert is_problem(answer, 422, "unknown_asset", "/image")
    assert table.stored_ids() == []


def test_asset_whose_file_is_gone_is_unknown(caller: Client, studio: RunningGateway) -> None:
    data = picture(shade=23)
    upload(caller, data)
    stored(studio, data).unlink()

    assert is_problem(post(caller, image=reference(data)), 422, "unknown_asset", "/image")
    assert upload(caller, data).status_code == 202
    assert post(caller, image=reference(data)).status_code == 202


def test_asset_is_waited_for_while_its_file_is_being_removed(
    caller: Client, studio: RunningGateway, table: Table
) -> None:
    data = picture(shade=24)
    digest = reference(data).removeprefix("asset:")
    table.redis.set(f"genart:leaving:{digest}", 1, px=400)

    assert is_problem(post(caller, image=reference(data)), 422, "unknown_asset", "/image")
    assert upload(caller, data).status_code == 202
    assert not table.redis.exists(f"genart:leaving:{digest}")
    assert stored(studio, data).read_bytes() == data


def test_asset_that_is_forever_being_removed_is_a_503(
    caller: Client, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assets, "_LEAVING_SECONDS", 0.2)
    digest = reference(picture(shade=25)).removeprefix("asset:")
    table.redis.set(f"genart:leaving:{digest}", 1)

    answer = upload(caller, picture(shade=25))

    assert (answer.status_code, answer.json()["code"]) == (503, "files_unavailable")
    assert answer.headers["retry-after"]


def test_store_that_cannot_be_written_is_a_503(
    caller: Client, studio: RunningGateway, table: Table
) -> None:
    data = picture(shade=26)
    folder = stored(studio, data).parent
    shutil.rmtree(folder, ignore_errors=True)  # another picture's digest may begin alike
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_bytes(b"in the way")

    answer = upload(caller, data)

    folder.unlink()
    assert (answer.status_code, answer.json()["code"]) == (503, "files_unavailable")
    assert table.stored_ids() == []


def test_output_of_a_job_can_be_the_picture_of_another(
    caller: Client, studio: RunningGateway, painter: Player
) -> None:
    made = picture(shade=27)
    upload(caller, picture())
    job = painter.take("pictured")
    painter.finish(job, b"text", made, media_type="image/png")

    answer = post(caller, image=f"job:{job.id}/1")

    assert answer.status_code == 202, answer.text
    assert answer.json()["request"]["image"] == reference(made)
    assert stored(studio, made).read_bytes() == made
    caller.delete(f"/v1/jobs/{job.id}")
    assert post(caller, image=reference(made)).status_code == 202


def test_output_that_cannot_be_used_is_refused(caller: Client, painter: Player) -> None:
    upload(caller, picture())
    upload(caller, picture())
    job = painter.take("pictured")
    painter.finish(job, b"text", padded(MAX_IMAGE_BYTES + 1))
    waiting = painter.table.queue("127.0.0.1")

    assert is_problem(post(caller, image=f"job:{job.id}/0"), 422, "invalid_image", "/image")
    assert is_problem(post(caller, image=f"job:{job.id}/1"), 413, "image_too_large", "/image")
    assert is_problem(post(caller, image=f"job:{job.id}/2"), 422, "unknown_input", "/image")
    assert is_problem(post(caller, image=f"job:{'0' * 26}/0"), 422, "unknown_input", "/image")
    answer = post(caller, image=f"job:{waiting}/0")
    assert is_problem(answer, 409, "job_not_finished", "/image")
    assert answer.headers["retry-after"]
    painter.table.cancel(waiting)
    assert is_problem(post(caller, image=f"job:{waiting}/0"), 422, "unknown_input", "/image")


def test_output_whose_file_is_gone_is_refused(caller: Client, painter: Player) -> None:
    upload(caller, picture())
    job = painter.take("pictured")
    painter.finish(job, picture(shade=28))
    painter.blobs.delete(job.id)

    assert is_problem(post(caller, image=f"job:{job.id}/0"), 422, "unknown_input", "/image")


def test_job_past_its_retention_is_told_as_such(caller: Client, table: Table) -> None:
    short = Table(table.redis, keep=(1, 60_000))
    table.queue("127.0.0.1")
    job = short.take()
    short.commit(job)
    url = f"/v1/jobs/{job.id}"
    wait_for(lambda: caller.get(url).status_code == 410, 5, "the job expires")

    as_input = post(caller, image=f"job:{job.id}/0")
    again = caller.post("/v1/reproduce", json={"job": job.id})

    for answer in (as_input, again):
        assert (answer.status_code, answer.json()["code"]) == (422, "unknown_input")
        assert "ended long ago" in answer.json()["errors"][0]["detail"]


def test_output_of_another_client_is_unknown(caller: Client, painter: Player) -> None:
    job = painter.table.running("another client")
    painter.finish(job, picture())

    assert is_problem(post(caller, image=f"job:{job.id}/0"), 422, "unknown_input", "/image")


def test_same_upload_under_one_key_is_the_same_job(caller: Client, table: Table) -> None:
    key = {"Idempotency-Key": "k1"}
    data = picture(shade=29)
    first = caller.post("/v1/pictured", files={"image": data}, headers=key)
    again = caller.post("/v1/pictured", files={"image": data}, headers=key)
    in_json = post(caller, key, image=uri(data))
    other = caller.post("/v1/pictured", files={"image": picture(shade=30)}, headers=key)

    assert [again.json()["id"], in_json.json()["id"]] == [first.json()["id"]] * 2
    assert again.headers["idempotency-replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_conflict")
    assert len(table.stored_ids()) == 1


def test_job_holds_its_pictures_until_it_has_ended(
    caller: Client, painter: Player, table: Table
) -> None:
    digest = reference(picture(shade=31)).removeprefix("asset:")
    upload(caller, picture(shade=31))

    table.redis.zadd("genart:assets", {digest: 0})
    assert table.reap().due_assets == ()

    painter.finish(painter.take("pictured"), picture())
    table.redis.zadd("genart:assets", {digest: 0})
    assert table.reap().due_assets == (digest,)


def test_picture_of_a_refused_request_goes_soon(caller: Client, table: Table) -> None:
    key = {"Idempotency-Key": "k1"}
    post(caller, key, image=uri(picture()))
    post(caller, key, image=uri(picture(shade=32)))

    digest = reference(picture(shade=32)).removeprefix("asset:")
    due = table.redis.zscore("genart:assets", digest)
    assert due is not None
    assert 0 < due - table.now() <= inputs.KEEP_MS


def test_upload_survives_a_restart_of_the_gateway(
    redis_url: str, table: Table, tmp_path: Path
) -> None:
    large = padded(3_000_000)  # beyond what is held in memory
    caps = {"max_image_bytes": 20_000_000, "max_pixels": 50_000_000}
    with running_studio(redis_url, tmp_path, **caps) as gateway:
        http = Client(base_url=gateway.url, timeout=20)
        job = http.post("/v1/pictured", files={"image": large}).json()
        http.close()

    with running_studio(redis_url, tmp_path, **caps) as gateway:
        http = Client(base_url=gateway.url, timeout=20)
        assert http.get(job["urls"]["self"]).json()["request"]["image"] == reference(large)
        assert post(http, image=reference(large)).status_code == 202
        http.close()
        assert stored(gateway, large).read_bytes() == large


def test_draining_gateway_takes_no_pictures(redis_url: str, table: Table, tmp_path: Path) -> None:
    with running_studio(redis_url, tmp_path) as gateway:
        gateway.parts.drain()
        with Client(base_url=gateway.url, timeout=20) as http:
            assert upload(http, picture()).json()["code"] == "draining"

    assert table.members("assets") == set()
