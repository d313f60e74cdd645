"""The oracle sees what is lost, doubled or wrong, and nothing in what is right."""

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from loadtest.api import Event
from loadtest.oracle import Accepted, Evidence, Oracle, faults, listed
from tests.api.player import Player
from tests.loadtest.conftest import ASK, TEXT, Client
from tests.support.names import events_key, job_key
from tests.support.table import Table


def test_job_made_as_promised_has_no_fault(client: Client, worker: Player) -> None:
    accepted = client.submit()
    worker.make(TEXT)

    assert client.faults_of(accepted) == []
    assert client.oracle.lost == 0
    assert accepted.is_good


def test_deleted_job_is_lost(client: Client, worker: Player) -> None:
    accepted = client.submit()
    worker.make(TEXT)
    assert client.api.ask("DELETE", f"/v1/jobs/{accepted.id}").status == 204

    assert client.faults_of(accepted) == ["lost: nobody knows it"]
    assert client.oracle.lost == 1


def test_job_that_never_ends_is_lost(client: Client, table: Table) -> None:
    accepted = client.submit()
    table.take()

    assert client.faults_of(accepted) == ["lost: it is still running"]


def test_failed_job_is_no_kept_promise(client: Client, table: Table) -> None:
    accepted = client.submit()
    table.fail(table.take())

    assert client.faults_of(accepted) == ["ended as failed (internal)"]


def test_second_ending_is_seen(client: Client, worker: Player, table: Table) -> None:
    accepted = client.submit()
    worker.make(TEXT)
    version = table.job(accepted.id).version  # type: ignore[arg-type]  # as it came over HTTP
    data = f'{{"status": "succeeded", "version": {version}}}'
    table.redis.xadd(events_key(accepted.id), {"event": "done", "data": data})

    assert client.faults_of(accepted) == ["ended 2 times"]


def test_life_after_the_ending_is_no_second_ending(
    client: Client, worker: Player, table: Table
) -> None:
    accepted = client.submit()
    worker.make(TEXT)
    table.redis.xadd(events_key(accepted.id), {"event": "status", "data": '{"status": "running"}'})

    assert client.faults_of(accepted) == ["begun 2 times, its record says 1"]


def test_beginning_that_the_record_does_not_know_is_seen(
    client: Client, worker: Player, table: Table
) -> None:
    accepted = client.submit()
    worker.make(TEXT)
    table.redis.hset(job_key(accepted.id), "attempt", 2)

    assert client.faults_of(accepted) == ["begun 1 times, its record says 2"]


def test_file_that_changed_since_is_seen(
    client: Client, worker: Player, stored: Callable[[str], str]
) -> None:
    accepted = client.submit()
    worker.make(TEXT)
    Path(stored(accepted.id)).write_text("otherwise"[: len(TEXT)])

    assert "wrong bytes: not those that it announces" in client.faults_of(accepted)


def test_output_of_another_request_is_seen(client: Client, worker: Player) -> None:
    accepted = client.submit()
    worker.make("of another")

    assert client.faults_of(accepted) == ["wrong bytes: not those of the same request run alone"]


def test_submit_that_made_two_jobs_is_seen() -> None:
    oracle = Oracle({})
    oracle.note(Accepted("first", ASK, "mark", "", "group"))
    oracle.note(Accepted("second", ASK, "mark", "", "group"))

    assert oracle.faults["one submit made two jobs"] == 1


def test_job_given_to_two_submits_is_seen() -> None:
    oracle = Oracle({})
    for mark in ("one", "other"):
        oracle.note(Accepted("job", ASK, mark, "", "group"))

    assert oracle.faults["two submits were given one job"] == 1


def test_job_that_nobody_was_told_of_is_a_stray(client: Client, table: Table) -> None:
    told = client.submit()
    untold = client.api.submit(ASK, "unnoted").json["id"]

    assert sorted(listed(client.api)) == sorted([told.id, untold])
    assert client.oracle.strays(listed(client.api)) == [untold]


def png(shade: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (4, 4), (100, 100, shade)).save(file, "PNG")
    return file.getvalue()


def made(data: bytes) -> Evidence:
    """Return what is found of a finished job with this picture."""
    output = {
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "media_type": "image/png",
    }
    job: dict[str, Any] = {
        "status": "succeeded",
        "version": 3,
        "attempt": 1,
        "cached": False,
        "outputs": [output],
    }
    events = (
        Event("1-0", "status", {"status": "running"}),
        Event("2-0", "done", {"status": "succeeded", "version": 3}),
    )
    return Evidence(job, events, (data,))


@pytest.mark.parametrize(("shade", "is_alike"), [(100, True), (101, True), (102, False)])
def test_picture_may_differ_by_one_step(shade: int, is_alike: bool) -> None:
    found = list(faults(made(png(shade)), (png(100),)))

    assert (found == []) is is_alike
