import pytest

from genart_core.jobs import upkeep
from tests.support.table import Table


def test_survey_counts_waiting_running_and_ended_jobs(table: Table) -> None:
    table.commit(table.running(kind="text"))
    table.fail(table.running(kind="text"))
    table.running(kind="text")
    table.queue(kind="text")
    table.queue(kind="dream")

    survey = table.survey("text", "dream", "style")

    assert {kind: waiting for kind, (waiting, _) in survey.ready.items()} == {
        "text": 1,
        "dream": 1,
        "style": 0,
    }
    assert survey.leases == 1
    assert survey.outcomes == {
        ("text", "submitted"): 4,
        ("text", "succeeded"): 1,
        ("text", "failed"): 1,
        ("dream", "submitted"): 1,
    }


def test_announced_worker_is_seen_until_it_departs(table: Table) -> None:
    facts = {"id": "w1", "models": {"text/nietzsche": "abc"}}
    table.send(upkeep.announce("w1", facts))
    seen = table.survey().workers

    table.send(upkeep.depart("w1"))

    assert seen == (facts | {"seen_at": pytest.approx(table.now(), abs=5000)},)
    assert table.survey().workers == ()


def test_silent_worker_is_forgotten_after_ten_seconds(table: Table) -> None:
    table.send(upkeep.announce("w1", {}))

    assert 9000 < int(table.redis.pttl("genart:worker:w1")) <= 10_000


def test_silent_workers_are_swept(table: Table) -> None:
    table.redis.zadd("genart:workers", {"dead": table.now() - 10_001})

    table.reap()

    assert table.redis.zcard("genart:workers") == 0
