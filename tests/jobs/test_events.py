import json

from genart_core.jobs.caller import Event
from genart_core.jobs.record import JobId
from tests.support.listening import listening
from tests.support.replay import replay, state_of
from tests.support.table import Table


def test_every_step_of_a_life_is_an_event(table: Table) -> None:
    job = table.running()
    table.report(job, (0, 0, "ab"), progress=(1, 2))
    table.commit(job)

    events = table.events(job.id).events

    assert [(event.name, json.loads(event.data)) for event in events] == [
        ("status", {"status": "queued", "attempt": 0, "version": 1}),
        ("status", {"status": "running", "attempt": 1, "version": 2}),
        ("token", {"sample": 0, "offset": 0, "text": "ab"}),
        ("progress", {"step": 1, "total": 2, "version": 3}),
        ("status", {"status": "succeeded", "attempt": 1, "version": 4}),
        ("done", {"status": "succeeded", "version": 4}),
    ]


def test_reader_that_comes_back_gets_exactly_what_came_since(table: Table) -> None:
    job = table.running()
    whole = table.events(job.id).events
    table.commit(job)

    rest = table.events(job.id, after=whole[-1].id).events

    assert whole + rest == table.events(job.id).events
    assert [event.name for event in rest] == ["status", "done"]


def test_events_come_in_pages(table: Table) -> None:
    job = table.running()
    for step in range(10):
        table.report(job, progress=(step, 10))

    read: list[Event] = []
    after = "0-0"
    while page := table.events(job.id, after, count=5).events:
        assert len(page) <= 5
        read += page
        after = page[-1].id

    assert tuple(read) == table.events(job.id).events


def test_text_is_kept_as_it_was_sent(table: Table) -> None:
    job = table.running()
    table.report(job, (0, 0, 'né "quoted"\n'), (1, 0, "日本"))
    table.report(job, (0, 12, "\u2028x"), (1, 2, "語"))

    assert table.snapshot(job.id).partial == ('né "quoted"\n\u2028x', "日本語")
    assert replay(table.events(job.id).events).partial == table.snapshot(job.id).partial


def test_report_sent_again_after_a_lost_reply_adds_no_text_twice(table: Table) -> None:
    job = table.running()
    table.report(job, (0, 0, "né"))

    table.report(job, (0, 0, "né"))
    table.report(job, (0, 0, "nées"), (1, 0, "x"))

    assert table.snapshot(job.id).partial == ("nées", "x")
    assert replay(table.events(job.id).events).partial == ("nées", "x")


def test_events_add_up_to_the_snapshot_at_every_moment(table: Table) -> None:
    job_id = table.queue()
    for slot in ("s1", "s2"):
        job = table.take(slot)
        for step in range(3):
            table.report(job, (step % 2, step // 2 * 2, "ab"), progress=(step, 3))
            assert replay(table.events(job_id).events) == state_of(table.snapshot(job_id))
        table.open_slot(slot)
        assert replay(table.events(job_id).events) == state_of(table.snapshot(job_id))
    table.commit(table.take("s3"))
    assert replay(table.events(job_id).events) == state_of(table.snapshot(job_id))


def test_trimmed_events_are_reported_as_a_gap(table: Table) -> None:
    job_id, first = flood(table)

    behind = table.events(job_id, after=first)

    assert (behind.gap, behind.events) == (True, ())
    assert table.events(job_id, after="0-0").gap


def test_stream_of_a_long_job_stays_short(table: Table) -> None:
    job_id, _ = flood(table)

    assert int(table.redis.xlen(f"genart:events:{job_id}")) < 700


def test_snapshot_stands_for_the_events_that_were_trimmed(table: Table) -> None:
    job_id, _ = flood(table)
    snapshot = table.snapshot(job_id)
    job = table.job(job_id)
    table.report(job, (0, 800, "end"), progress=(1, 1))
    table.commit(job)

    later = table.events(job_id, after=snapshot.last_event)

    assert not later.gap
    assert snapshot.partial == ("x" * 800,)
    assert replay(later.events, since=snapshot) == state_of(table.snapshot(job_id))


def test_reader_within_the_stream_sees_no_gap(table: Table) -> None:
    job_id, _ = flood(table)
    known = table.snapshot(job_id).last_event

    caught_up = table.events(job_id, after=known)

    assert (caught_up.gap, caught_up.events) == (False, ())


def test_progress_of_a_succeeded_job_is_complete(table: Table) -> None:
    job = table.running()
    table.report(job, progress=(396, 400))

    table.commit(job)

    assert (table.job(job.id).step, table.job(job.id).total) == (400, 400)


def test_each_change_is_published_with_its_version(table: Table) -> None:
    with listening(table.redis, "genart:changed") as channel:
        job = table.running()
        table.report(job, (0, 0, "text"), progress=(1, 2))
        table.report(job, (0, 4, "more"))
        table.commit(job)
        heard = [channel.get_message(timeout=1) for _ in range(4)]

    said = [message["data"].decode() for message in heard if message]
    assert said == [
        f"{job.id} 2 running",
        f"{job.id} 3 running",
        f"{job.id} 3 running",
        f"{job.id} 4 succeeded",
    ]


def flood(table: Table) -> tuple[JobId, str]:
    """Run a job that writes far more events than are kept; return it and its first event's id."""
    job = table.running()
    first = table.events(job.id).events[0].id
    for count in range(800):
        table.report(job, (0, count, "x"))
    return job.id, first
