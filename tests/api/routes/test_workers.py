"""The workers, as callers see them."""

from httpx2 import Client

from api.answers.schemas import WorkersView
from genart_core.jobs import upkeep
from tests.api.conftest import Post
from tests.support.gateway import RunningGateway
from tests.support.table import Table
from tests.support.waiting import wait_for

FACTS = {
    "id": "w.1",
    "slot": "w",
    "epoch": 1,
    "pid": 4711,
    "device": "cuda:0",
    "device_name": "A card",
    "dtypes": ["float32", "bfloat16"],
    "free_memory": 5_000,
    "total_memory": 8_000,
    "kinds": ["dream", "text"],
    "models": {"text/tiny": "ab" * 32},
    "available": {},
    "jobs": {},
    "draining": False,
    "version": "0.1.0",
    "started_at": 1_700_000_000_000,
}


def test_worker_is_as_it_announced_itself(http: Client, table: Table) -> None:
    table.send(upkeep.announce("w.1", FACTS))

    answer = http.get("/v1/workers")

    (worker,) = WorkersView.model_validate(answer.json()).workers
    assert (worker.id, worker.device, worker.device_name) == ("w.1", "cuda:0", "A card")
    assert worker.dtypes == ["float32", "bfloat16"]
    assert (worker.memory.free, worker.memory.total) == (5_000, 8_000)
    assert (worker.kinds, worker.models) == (["dream", "text"], {"text/tiny": "ab" * 32})
    assert worker.started_at.timestamp() == 1_700_000_000
    assert abs(worker.seen_at.timestamp() * 1000 - table.now()) < 5_000
    assert not worker.draining
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["workers"][0].keys() == type(worker).model_fields.keys()


def test_caller_sees_no_job_of_another(http: Client, stranger: Client, table: Table) -> None:
    mine = http.post("/v1/text", json={"model": "tiny"}).json()["id"]
    theirs = stranger.post("/v1/text", json={"model": "tiny"}).json()["id"]
    owners = {mine: table.job(mine).client, theirs: table.job(theirs).client}
    table.send(upkeep.announce("w.1", FACTS | {"jobs": owners}))

    (seen,) = http.get("/v1/workers").json()["workers"]
    (seen_by_other,) = stranger.get("/v1/workers").json()["workers"]

    assert (seen["jobs"], seen["jobs_in_hand"]) == ([mine], 2)
    assert (seen_by_other["jobs"], seen_by_other["jobs_in_hand"]) == ([theirs], 2)


def test_workers_are_listed_by_id_until_they_leave(http: Client, table: Table) -> None:
    for name in ("w.2", "w.1", "w.3"):
        table.send(upkeep.announce(name, FACTS | {"id": name, "draining": name == "w.3"}))
    table.send(upkeep.depart("w.2"))

    workers = http.get("/v1/workers").json()["workers"]

    assert [(worker["id"], worker["draining"]) for worker in workers] == [
        ("w.1", False),
        ("w.3", True),
    ]


def test_a_worker_of_an_earlier_test_is_forgotten(
    gateway: RunningGateway, http: Client, post: Post, table: Table
) -> None:
    table.send(upkeep.announce("w.1", FACTS))
    overview = gateway.parts.overview
    wait_for(lambda: overview.survey and overview.survey.workers, 30, "it is seen")
    assert post().json()["code"] == "too_large"  # for its little memory

    table.send(upkeep.depart("w.1"))
    gateway.rest()

    assert post().status_code == 202


def test_without_workers_the_list_is_empty_and_jobs_are_taken(http: Client, post: Post) -> None:
    assert http.get("/v1/workers").json() == {"workers": []}
    assert http.get("/readyz").json() == {"status": "ready", "workers": 0}
    assert post().status_code == 202
