"""All outputs of a job in one file."""

import io
import zipfile
from collections.abc import Callable

import pytest
from httpx2 import Client

from genart_core.jobs.blobs import BlobStore
from tests.api.player import Player
from tests.support.gateway import RunningGateway
from tests.support.studio import picture
from worker.sweeper import sweep

Queued = Callable[[], str]
FILES = (b"\x89PNG first", b"", b"third" * 200_000)


@pytest.fixture
def job(queued: Queued, worker: Player) -> str:
    """The address of a job with the outputs FILES."""
    url = queued()
    worker.finish(worker.take(), *FILES, media_type="image/png")
    return url


def unzipped(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_archive_holds_all_outputs_under_their_names(http: Client, job: str) -> None:
    answer = http.get(f"{job}/outputs.zip")

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    job_id = job.rpartition("/")[2]
    assert unzipped(answer.content) == {
        f"text-{job_id}-{number}.png": data for number, data in enumerate(FILES)
    }
    assert answer.headers["content-disposition"] == f'attachment; filename="text-{job_id}.zip"'
    for number in range(len(FILES)):
        disposition = http.get(f"{job}/outputs/{number}").headers["content-disposition"]
        assert disposition == f'inline; filename="text-{job_id}-{number}.png"'


def test_archive_says_its_length_beforehand(http: Client, job: str) -> None:
    answer = http.get(f"{job}/outputs.zip")

    assert int(answer.headers["content-length"]) == len(answer.content)
    assert len(answer.content) < sum(map(len, FILES)) + 1000, "nothing is stored twice"


def test_archive_is_the_same_every_time_and_tells_when_it_was_made(
    http: Client, worker: Player, job: str
) -> None:
    first, second = (http.get(f"{job}/outputs.zip") for _ in range(2))

    assert first.content == second.content
    assert first.headers["etag"] == second.headers["etag"]
    with zipfile.ZipFile(io.BytesIO(first.content)) as archive:
        finished = http.get(job).json()["finished_at"]
        for info in archive.infolist():
            assert info.date_time[:5] == (
                *map(int, finished[:10].split("-")),
                *map(int, finished[11:16].split(":")),
            )


def test_archives_of_other_files_have_other_tags(
    http: Client, queued: Queued, worker: Player, job: str
) -> None:
    other = queued()
    worker.finish(worker.take(), *FILES[:2], media_type="image/png")

    tags = {http.get(f"{url}/outputs.zip").headers["etag"] for url in (job, other)}

    assert len(tags) == 2


def test_archive_at_hand_is_answered_304(http: Client, job: str) -> None:
    tag = http.get(f"{job}/outputs.zip").headers["etag"]

    answer = http.get(f"{job}/outputs.zip", headers={"If-None-Match": tag})

    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)


def test_head_answers_like_get_without_the_body(http: Client, job: str) -> None:
    head, get = http.head(f"{job}/outputs.zip"), http.get(f"{job}/outputs.zip")

    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-length", "content-type", "etag", "content-disposition"):
        assert head.headers[name] == get.headers[name]


def test_job_without_outputs_has_no_archive(http: Client, queued: Queued, worker: Player) -> None:
    url = queued()
    assert http.get(f"{url}/outputs.zip").json()["code"] == "job_not_finished"

    worker.table.fail(worker.take())
    answer = http.get(f"{url}/outputs.zip")
    assert (answer.status_code, answer.json()["code"]) == (409, "no_outputs")


def test_archive_of_another_clients_job_is_unknown(
    http: Client, stranger: Client, job: str
) -> None:
    answer = stranger.get(f"{job}/outputs.zip")

    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_job")


def test_archive_with_a_missing_file_is_gone(
    gateway: RunningGateway, http: Client, job: str
) -> None:
    blobs = gateway.settings.home / "blobs"
    next(blobs.rglob(f"{job.rpartition('/')[2]}.*.2")).unlink()

    answer = http.get(f"{job}/outputs.zip")

    assert (answer.status_code, answer.json()["code"]) == (410, "gone")


def test_deleted_job_is_gone_everywhere(
    caller: Client, studio: RunningGateway, painter: Player
) -> None:
    sent = caller.post("/v1/pictured", files={"image": picture()}).json()
    job = painter.take("pictured")
    painter.finish(job, *FILES, media_type="image/png")
    files = set((studio.settings.home / "blobs").rglob(f"{job.id}.*"))
    assert len(files) == len(FILES)

    assert caller.delete(sent["urls"]["self"]).status_code == 204

    for suffix in ("", "/events", "/outputs/0", "/outputs.zip", "/previews/0"):
        answer = caller.get(sent["urls"]["self"] + suffix)
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_job"), suffix
    assert caller.delete(sent["urls"]["self"]).status_code == 404
    assert caller.get("/v1/jobs").json()["jobs"] == []
    sweep(
        painter.table.redis,
        BlobStore(studio.settings.blobs),
        reaper="r1",
        keep=painter.table.keep,
    )
    assert not [path for path in files if path.exists()]
    assert not [name for name in painter.table.names() if job.id in name]
