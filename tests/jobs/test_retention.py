from dataclasses import replace

from tests.support.table import Table
from tests.support.waiting import wait_for

BRIEF = (40, 400)  # milliseconds: record, tombstone


def test_record_is_kept_for_its_retention(table: Table) -> None:
    job = table.running()
    table.commit(job)

    done = table.job(job.id)

    assert done.expires_at == done.finished_at + table.keep[0]
    assert 0 < int(table.redis.pttl(f"genart:job:{job.id}")) <= table.keep[0]


def test_past_its_retention_a_job_is_gone_then_missing(table: Table) -> None:
    brief = replace(table, keep=BRIEF)
    job = brief.running("ann")
    brief.commit(job)
    states = [brief.look_up(job.id, "ann").state]

    wait_for(lambda: brief.look_up(job.id, "ann").state != "found", 30, "the record is gone")
    states.append(brief.look_up(job.id, "ann").state)
    wait_for(lambda: brief.look_up(job.id, "ann").state != "gone", 30, "the tombstone is gone")
    states.append(brief.look_up(job.id, "ann").state)

    assert states == ["found", "gone", "missing"]


def test_gone_job_is_gone_for_every_question(table: Table) -> None:
    brief = replace(table, keep=BRIEF)
    job = brief.running()
    brief.commit(job)
    wait_for(lambda: brief.look_up(job.id).state == "gone", 30, "its retention is over")

    assert brief.events(job.id).state == "gone"
    assert brief.snapshot(job.id).state == "gone"
    assert brief.cancel(job.id).state == "gone"
    assert brief.delete(job.id) == "gone"


def test_gone_job_is_missing_for_another_client(table: Table) -> None:
    brief = replace(table, keep=BRIEF)
    job = brief.running("ann")
    brief.commit(job)
    wait_for(lambda: brief.look_up(job.id, "ann").state == "gone", 30, "its retention is over")

    assert brief.look_up(job.id, "ben").state == "missing"


def test_files_are_due_when_the_retention_is_over_and_not_before(table: Table) -> None:
    brief, long = replace(table, keep=BRIEF), table
    old = brief.running()
    brief.commit(old)
    long.commit(long.running())

    assert wait_for(lambda: table.reap().due, 30, "files are due") == (old.id,)


def test_swept_job_leaves_nothing_but_its_tombstone(table: Table) -> None:
    brief = replace(table, keep=(40, 60_000))
    job = brief.running("ann", key="k", fingerprint="f")
    brief.commit(job)
    wait_for(lambda: brief.look_up(job.id).state == "gone", 30, "its retention is over")

    brief.forget(*brief.reap().due)

    assert names_with(table, job.id) == {f"genart:tombstone:{job.id}"}
    assert table.redis.zcard("genart:jobs:ann") == 0
    assert table.redis.zcard("genart:expiring") == 0


def test_dead_letters_leave_the_list_with_their_files(table: Table) -> None:
    brief = replace(table, keep=BRIEF)
    job_id = brief.queue()
    for slot in ("s1", "s2", "s3"):
        brief.take(slot)
        brief.open_slot(slot)
    wait_for(lambda: brief.look_up(job_id).state == "gone", 30, "its retention is over")

    brief.forget(*brief.reap().due)

    assert brief.survey().dead == 0


def test_every_key_of_an_ended_job_has_an_end(table: Table) -> None:
    job = table.running(key="k", fingerprint="f")
    table.report(job, (0, 0, "text"), progress=(1, 2))
    table.commit(job)

    endless = {name for name in table.names() if table.redis.ttl(name) == -1}

    assert not [name for name in endless if job.id in name]


def test_ending_of_a_client_long_forgotten_leaves_no_endless_key(table: Table) -> None:
    job = table.running("ann")
    table.redis.delete("genart:client:ann")  # as its time to live does after a week

    table.commit(job)

    assert not table.redis.exists("genart:client:ann")


def names_with(table: Table, job_id: str) -> set[str]:
    return {name for name in table.names() if job_id in name}
