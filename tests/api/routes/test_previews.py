"""Pictures of a job that is still being made."""

from collections.abc import Callable
from hashlib import sha256

import pytest
from httpx2 import Client

from genart_core.jobs import owner
from genart_core.jobs.record import Job, StoredOutput
from tests.api.player import Player
from tests.api.sse import following

Queued = Callable[[], str]


def show(worker: Player, job: Job, number: int, data: bytes) -> str:
    """Show a preview, as a worker does; return the path of its file."""
    path = worker.blobs.write_preview(job.id, job.fence, number, data)
    stored = StoredOutput(path, "image/webp", len(data), sha256(data).hexdigest(), 8, 4)
    assert worker.table.send(owner.show(job.id, job.fence, stored)) == "ok"
    return path


def test_previews_are_followed_and_fetched(http: Client, queued: Queued, worker: Player) -> None:
    url = queued()
    with following(http, url) as reader:
        first = reader.next()
        assert first.data["preview"] is None
        job = worker.take()
        reader.next()
        for number, data in enumerate((b"rough", b"finer")):
            path = show(worker, job, number, data)
            event = reader.next()
            assert (event.name, event.id is not None) == ("preview", True)
            assert event.data == {
                **{"number": number, "media_type": "image/webp", "width": 8, "height": 4},
                "url": f"{url}/previews/{number}",
            }
            answer = http.get(event.data["url"])
            assert (answer.status_code, answer.content) == (200, data)
            assert answer.headers["content-type"] == "image/webp"
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["etag"] == f'"{sha256(data).hexdigest()}"'
            if number == 0:
                worker.blobs.delete_file(path)
        worker.finish(job)
        assert [event.name for event in reader] == ["status", "result", "done"]

    assert http.get(f"{url}/previews/1").json()["code"] == "unknown_preview"


def test_snapshot_names_the_latest_preview(http: Client, queued: Queued, worker: Player) -> None:
    url = queued()
    job = worker.take()
    for number in range(3):
        show(worker, job, number, b"%d" % number)

    with following(http, url) as reader:
        assert reader.next().data["preview"] == {
            **{"number": 2, "media_type": "image/webp", "width": 8, "height": 4},
            "url": f"{url}/previews/2",
        }


def test_reader_who_is_late_gets_the_latest(http: Client, queued: Queued, worker: Player) -> None:
    url = queued()
    job = worker.take()
    for number in range(3):
        show(worker, job, number, b"%d" % number)

    for number in range(3):
        answer = http.get(f"{url}/previews/{number}")
        assert (answer.content, answer.headers["content-location"]) == (b"2", f"{url}/previews/2")


def test_preview_that_is_at_hand_is_not_sent_again(
    http: Client, queued: Queued, worker: Player
) -> None:
    url = queued()
    show(worker, worker.take(), 0, b"so far")
    tag = http.get(f"{url}/previews/0").headers["etag"]

    answer = http.get(f"{url}/previews/0", headers={"If-None-Match": tag})

    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    assert http.head(f"{url}/previews/0").headers["content-length"] == "6"


@pytest.mark.parametrize("number", ["1", "00", "-1", "x", "9" * 30, "0.0", "%20"])
def test_number_that_was_not_shown_is_unknown(
    http: Client, queued: Queued, worker: Player, number: str
) -> None:
    url = queued()
    show(worker, worker.take(), 0, b"so far")

    answer = http.get(f"{url}/previews/{number}")

    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_preview")


def test_job_that_shows_nothing_has_no_preview(
    http: Client, stranger: Client, queued: Queued, worker: Player
) -> None:
    url = queued()
    assert http.get(f"{url}/previews/0").json()["code"] == "unknown_preview"
    job = worker.take()
    assert http.get(f"{url}/previews/0").json()["code"] == "unknown_preview"
    show(worker, job, 0, b"so far")

    assert stranger.get(f"{url}/previews/0").json()["code"] == "unknown_job"
    worker.table.open_slot("s1")
    assert http.get(f"{url}/previews/0").json()["code"] == "unknown_preview"


def test_preview_whose_file_is_gone_is_unknown(
    http: Client, queued: Queued, worker: Player
) -> None:
    url = queued()
    job = worker.take()
    show(worker, job, 0, b"so far")
    worker.blobs.delete_attempt(job.id, job.fence)

    assert http.get(f"{url}/previews/0").json()["code"] == "unknown_preview"


def test_preview_goes_with_its_job(http: Client, queued: Queued, worker: Player) -> None:
    url = queued()
    show(worker, worker.take(), 0, b"so far")
    http.delete(url)

    assert http.get(f"{url}/previews/0").json()["code"] == "unknown_job"
