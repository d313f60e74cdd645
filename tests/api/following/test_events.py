import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Client

from api.documented.events import DATA
from genart_core.jobs.record import JobId
from tests.api.player import Player
from tests.api.sse import Event, Reader, following
from tests.support.gateway import RunningGateway, place_model, running_gateway
from tests.support.table import Table
from tests.support.waiting import wait_for

Queued = Callable[[], str]


def id_of(url: str) -> JobId:
    return JobId(url.rpartition("/")[2])


def texts_of(events: list[Event]) -> list[str]:
    """Return the texts that a reader has put together."""
    texts: list[str] = []
    for event in events:
        if event.name == "snapshot":
            texts = list(event.data["partial"])
        if event.name == "status" and event.data["status"] == "queued":
            texts = []
        if event.name == "token":
            sample, offset = event.data["sample"], event.data["offset"]
            texts += [""] * (sample + 1 - len(texts))
            texts[sample] = texts[sample][:offset] + event.data["text"]
    return texts


def test_fresh_reader_sees_the_whole_life_of_a_job(
    http: Client, queued: Queued, worker: Player
) -> None:
    url = queued()
    with following(http, url) as reader:
        first = reader.next()
        job = worker.take()
        worker.table.report(job, (0, 0, "héllo "), progress=(1, 2))
        worker.table.report(job, (0, 6, "wörld\n"))
        worker.finish(job, "héllo wörld\n")
        events = [first, *reader]

        names = [event.name for event in events]
        assert names == [
            *("snapshot", "status", "token", "progress", "token", "status", "result", "done"),
        ]
        assert reader.answer.headers["content-type"].startswith("text/event-stream")
        assert reader.answer.headers["cache-control"] == "no-store"
        assert reader.retry == 2000
    for event in events:
        DATA[event.name].model_validate(event.data)
    assert first.data["job"]["status"] == "queued"
    assert texts_of(events) == ["héllo wörld\n"]
    assert events[-2].data["job"] == http.get(url).json()
    assert events[-1].data == {"status": "succeeded", "version": events[-2].data["job"]["version"]}


def test_event_ids_rise_and_result_has_none(http: Client, queued: Queued, worker: Player) -> None:
    url = queued()
    with following(http, url) as reader:
        events = [reader.next()]
        worker.make()
        events += reader

    ids = [tuple(map(int, event.id.split("-"))) for event in events if event.id is not None]
    assert ids == sorted(set(ids))
    assert [event.name for event in events if event.id is None] == ["result"]


def test_reader_of_an_ended_job_gets_snapshot_result_and_done(
    http: Client, queued: Queued, worker: Player
) -> None:
    url = queued()
    worker.make()

    with following(http, url) as reader:
        events = list(reader)

    assert [event.name for event in events] == ["snapshot", "result", "done"]
    assert events[1].data["job"] == http.get(url).json()


@pytest.mark.parametrize("how", ["header", "query"])
def test_reader_goes_on_where_it_left_off(
    http: Client, queued: Queued, worker: Player, how: str
) -> None:
    url = queued()
    job = worker.take()
    with following(http, url) as reader:
        seen = [reader.next()]
        worker.table.report(job, (0, 0, "one "))
        seen.append(reader.next())
    worker.table.report(job, (0, 4, "two "))
    worker.finish(job, "one two ")

    last = seen[-1].id
    place: dict[str, Any] = {"last": last} if how == "header" else {"query": f"?after={last}"}
    with following(http, url, **place) as reader:
        rest = list(reader)

    assert [event.name for event in rest] == ["token", "status", "result", "done"]
    assert texts_of([*seen, *rest]) == ["one two "]


def test_header_counts_more_than_the_query(http: Client, queued: Queued, worker: Player) -> None:
    url = queued()
    with following(http, url) as reader:
        first = reader.next()
    worker.make()

    with following(http, url, last=first.id, query="?after=0-0") as reader:
        assert [event.name for event in reader] == ["status", "status", "result", "done"]


def test_reader_that_has_seen_all_gets_204(http: Client, queued: Queued, worker: Player) -> None:
    url = queued()
    worker.make()
    with following(http, url) as reader:
        last = list(reader)[-1].id

    with following(http, url, last=last) as reader:
        assert reader.answer.status_code == 204


def test_reader_lost_between_result_and_done_gets_both_again(
    http: Client, queued: Queued, worker: Player
) -> None:
    url = queued()
    with following(http, url) as reader:
        events = [reader.next()]
        worker.make()
        events += reader
    before_result = events[-3].id

    with following(http, url, last=before_result) as reader:
        assert [event.name for event in reader] == ["result", "done"]


def test_trimmed_events_are_replaced_by_a_snapshot(
    http: Client, queued: Queued, worker: Player
) -> None:
    url = queued()
    job = worker.take()
    with following(http, url) as reader:
        first = reader.next()
    expected = ""
    for number in range(1500):
        text = f"{number} "
        worker.table.report(job, (0, len(expected), text))
        expected += text

    with following(http, url, last=first.id) as reader:
        events = [reader.next()]
        worker.finish(job, expected)
        events += reader

    assert events[0].name == "snapshot"
    assert texts_of(events) == [expected]
    assert events[-1].name == "done"


def test_reader_that_lags_behind_gets_more_than_one_page(
    http: Client, queued: Queued, worker: Player
) -> None:
    url = queued()
    with following(http, url) as reader:
        first = reader.next()
    job = worker.take()
    for number in range(350):
        worker.table.report(job, (0, number, "x"))
    worker.finish(job)

    with following(http, url, last=first.id) as reader:
        events = list(reader)

    assert texts_of(events) == ["x" * 350]
    assert [event.name for event in events].count("token") == 350


def test_job_that_loses_its_worker_starts_over(
    http: Client, queued: Queued, worker: Player
) -> None:
    url = queued()
    with following(http, url) as reader:
        events = [reader.next()]
        worker.table.report(worker.take(), (0, 0, "lost"))
        worker.table.open_slot("s1")
        worker.table.open_slot("s1")
        job = worker.table.take(epoch=2)
        worker.table.report(job, (0, 0, "found"))
        worker.finish(job)
        events += reader

    assert texts_of(events) == ["found"]
    assert events[-2].data["job"]["attempt"] == 2


def test_reader_goes_on_at_the_gateway_that_replaces_its_own(
    redis_url: str, worker: Player, tmp_path: Path
) -> None:
    place_model(tmp_path, "tiny")
    with (
        running_gateway(redis_url, tmp_path, shutdown_seconds=0.1) as old,
        Client(base_url=old.url, timeout=20) as http,
    ):
        url = http.post("/v1/text", json={"model": "tiny"}).headers["location"]
        job = worker.take()
        with following(http, url) as reader:
            seen = [reader.next()]
            worker.table.report(job, (0, 0, "one "), progress=(1, 3))
            seen += [reader.next(), reader.next()]
            old.stop()
            assert list(reader) == []
    worker.table.report(job, (0, 4, "two "), progress=(2, 3))

    with (
        running_gateway(redis_url, tmp_path) as new,
        Client(base_url=new.url, timeout=20) as http,
        following(http, url, last=seen[-1].id) as reader,
        following(http, url) as fresh,
    ):
        seen += [reader.next(), reader.next()]
        (shown,) = [fresh.next()]
        assert texts_of(seen) == shown.data["partial"] == ["one two "]
        steps = [event.data["step"] for event in seen if event.name == "progress"]
        assert steps[-1] == shown.data["job"]["progress"]["step"] == 2
        worker.finish(job, "one two ")
        rest = list(reader)

    assert [event.name for event in rest] == ["status", "result", "done"]


@pytest.mark.parametrize("last", ["x", "-", "1", "1-", "-1", "1-x", "²-1", "9" * 40 + "-1", "*"])
def test_impossible_last_event_id_is_answered_with_a_snapshot(
    http: Client, queued: Queued, last: str
) -> None:
    sent = last.encode("latin-1")
    with http.stream("GET", f"{queued()}/events", headers={b"Last-Event-ID": sent}) as answer:
        assert Reader(answer).next().name == "snapshot"


def test_place_in_the_future_is_answered_with_a_snapshot(http: Client, queued: Queued) -> None:
    with following(http, queued(), last="99999999999999-0") as reader:
        assert reader.next().name == "snapshot"


@pytest.mark.parametrize("after", ["x", "1-x", "9" * 40 + "-1", "%00"])
def test_impossible_after_is_refused(http: Client, queued: Queued, after: str) -> None:
    answer = http.get(f"{queued()}/events?after={after}")

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_parameter")


def test_silent_stream_says_that_it_is_alive(http: Client, queued: Queued, worker: Player) -> None:
    url = queued()
    with following(http, url) as reader:
        reader.next()
        began = time.monotonic()
        for line in reader.lines:
            if line.startswith(":"):
                break

    assert time.monotonic() - began < 12  # the fixture's gateway does so every 0.3 s


def test_stream_ends_when_the_job_is_deleted(
    http: Client, queued: Queued, worker: Player, table: Table
) -> None:
    url = queued()
    worker.take()
    with following(http, url) as reader:
        reader.next()
        table.delete(id_of(url))
        rest = [event.name for event in reader]

    assert rest == []


def test_canceled_job_ends_its_stream(http: Client, queued: Queued) -> None:
    url = queued()
    with following(http, url) as reader:
        reader.next()
        http.post(f"{url}/cancel")
        events = list(reader)

    assert events[-1].data["status"] == "canceled"
    assert events[-2].data["job"]["status"] == "canceled"


def test_reader_who_hangs_up_leaves_nothing_behind(
    gateway: RunningGateway, http: Client, queued: Queued
) -> None:
    url = queued()
    with following(http, url) as reader:
        reader.next()
        assert gateway.parts.wakeups.waiting == 1

    gateway.rest()


def test_many_readers_of_one_job_see_the_same(
    gateway: RunningGateway, http: Client, queued: Queued, worker: Player
) -> None:
    url = queued()

    def read(_: int) -> list[str]:
        with Client(base_url=gateway.url, timeout=20) as own, following(own, url) as reader:
            return [event.name for event in reader]

    with ThreadPoolExecutor(10) as pool:
        reading = [pool.submit(read, n) for n in range(10)]
        wait_for(lambda: gateway.sleepers == 10, 30, "all follow")
        worker.make()
        seen = [future.result() for future in reading]

    assert {names[-1] for names in seen} == {"done"}
    assert len({tuple(names) for names in seen}) == 1
