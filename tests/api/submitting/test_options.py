"""What a submit says of the job: priority, tags and deadlines, the same for every form of body."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from importlib.metadata import version
from typing import Any

import hypothesis.strategies as st
import pytest
from httpx2 import Client
from hypothesis import given

from api.http.errors import ProblemError
from api.settings import ApiSettings
from api.submitting.options import MAX_TAGS, options_of
from tests.api.conftest import Post
from tests.api.player import Player
from tests.support.gateway import RunningGateway
from tests.support.studio import form, part, picture, post_form
from tests.support.table import Table
from tests.support.waiting import wait_for

ALL = "priority=high&tag=a&tag=b:c/d&start_within=60&finish_within=600"


def seconds_between(job: dict[str, Any], later: str) -> float:
    times = [datetime.fromisoformat(job[name]) for name in ("created_at", later)]
    return (times[1] - times[0]).total_seconds()


def test_options_are_the_same_for_json_and_forms(caller: Client) -> None:
    as_json = caller.post(f"/v1/steps?{ALL}", json={})
    body = form(part("image", picture(), file="a.png"))
    as_form = post_form(caller, body, kind=f"pictured?{ALL}")

    for answer in (as_json, as_form):
        job = answer.json()
        assert answer.status_code == 202, answer.text
        assert (job["priority"], job["tags"]) == ("high", ["a", "b:c/d"])
        assert seconds_between(job, "start_by") == 60
        assert seconds_between(job, "finish_by") == 600


def test_a_tag_that_comes_twice_is_one(http: Client) -> None:
    answer = http.post("/v1/text?tag=a&tag=b&tag=a", json={"model": "tiny"})

    assert answer.json()["tags"] == ["a", "b"]


def test_job_with_earlier_results_has_them_too(
    http: Client, post: Post, worker: Player, table: Table
) -> None:
    post(seed=7)
    replace(worker, version=version("genart")).make()

    answer = http.post(f"/v1/text?{ALL}", json={"model": "tiny", "seed": 7})

    job = answer.json()
    assert (answer.status_code, job["status"], job["cached"]) == (200, "succeeded", True)
    assert (job["priority"], job["tags"]) == ("high", ["a", "b:c/d"])
    assert seconds_between(job, "start_by") == 60
    assert seconds_between(job, "finish_by") == 600
    assert table.line() == []


def test_what_is_made_again_is_treated_as_its_own_address_says(http: Client, post: Post) -> None:
    first = http.post("/v1/text?priority=low&tag=old", json={"model": "tiny", "seed": 7}).json()

    again = http.post(f"/v1/reproduce?{ALL}", json={"job": first["id"]})
    plain = http.post("/v1/reproduce", json={"job": first["id"]})
    wrong = http.post("/v1/reproduce?priority=urgent", json={"job": first["id"]})

    assert (again.json()["priority"], again.json()["tags"]) == ("high", ["a", "b:c/d"])
    assert again.json()["request"] == first["request"]
    assert (plain.json()["priority"], plain.json()["tags"]) == ("normal", [])
    assert (wrong.status_code, wrong.json()["errors"][0]["parameter"]) == (422, "priority")


def test_job_without_options_is_a_normal_one(http: Client, gateway: RunningGateway) -> None:
    job = http.post("/v1/text", json={"model": "tiny"}).json()

    assert (job["priority"], job["tags"], job["start_by"]) == ("normal", [], None)
    assert seconds_between(job, "finish_by") == gateway.settings.job_deadline_seconds


def test_urgent_job_stands_before_the_callers_other_ones(http: Client, stranger: Client) -> None:
    def post(client: Client, priority: str) -> dict[str, Any]:
        answer = client.post(f"/v1/text?priority={priority}", json={"model": "tiny"})
        job: dict[str, Any] = answer.json()
        return job

    foreign = [post(stranger, "normal") for _ in range(2)]
    low, normal, high = (post(http, p) for p in ("low", "normal", "high"))

    def position(client: Client, job: dict[str, Any]) -> int:
        return int(client.get(job["urls"]["self"]).json()["queue_position"])

    own = [position(http, job) for job in (high, normal, low)]
    assert own == sorted(own)
    assert max(position(stranger, job) for job in foreign) < own[2]


def test_job_that_nobody_begins_in_time_is_expired(http: Client, table: Table) -> None:
    answer = http.post("/v1/text?start_within=1", json={"model": "tiny"})
    url = answer.headers["location"]

    def has_expired() -> bool:
        table.reap()
        return bool(http.get(url).json()["status"] == "expired")

    wait_for(has_expired, 30, "it expired")
    job = http.get(url).json()
    assert (job["error"]["code"], job["error"]["retryable"]) == ("deadline_missed", True)


@pytest.mark.parametrize(
    ("query", "parameter", "said"),
    [
        ("priority=urgent", "priority", "'low', 'normal' or 'high'"),
        ("priority=low&priority=high", "priority", "more than once"),
        ("priorty=high", "priorty", "the parameters are priority, tag, start_within, "),
        ("tags=a", "tags", "each tag is a `tag`"),
        ("tag=", "tag", "pattern"),
        ("tag=a%20b", "tag", "pattern"),
        ("tag=%C3%A9", "tag", "pattern"),
        ("tag=a%0A", "tag", "pattern"),
        (f"tag={'x' * 65}", "tag", "pattern"),
        ("&".join(f"tag={n}" for n in range(MAX_TAGS + 1)), "tag", "at most 16 items"),
        ("start_within=0", "start_within", "greater than or equal to 1"),
        ("start_within=soon", "start_within", "valid integer"),
        ("start_within=6&finish_within=5", "start_within", "`finish_within`, 5 seconds"),
        ("finish_within=1&start_within=2", "start_within", "`finish_within`, 1 second"),
        ("finish_within=3601", "finish_within", "No job lives longer than 3600 seconds"),
        ("finish_within=99999999999999999999", "finish_within", "less than or equal"),
        ("finish_within=nan", "finish_within", "valid integer"),
        ("=", "", "no such parameter"),
    ],
)
def test_a_wrong_option_is_named(http: Client, query: str, parameter: str, said: str) -> None:
    answer = http.post(f"/v1/text?{query}", json={"model": "tiny"})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_parameter")
    assert answer.json()["errors"][0]["parameter"] == parameter
    assert said in answer.json()["errors"][0]["detail"]


def test_job_may_begin_as_late_as_it_must_end(http: Client) -> None:
    answer = http.post("/v1/text?start_within=5&finish_within=5", json={"model": "tiny"})

    assert answer.status_code == 202
    assert answer.json()["start_by"] == answer.json()["finish_by"]


@given(st.binary(max_size=200))
def test_any_query_is_options_or_a_problem(query: bytes) -> None:
    with suppress(ProblemError):
        options = options_of({"query_string": query}, ApiSettings(job_deadline_seconds=3600))
        assert len(options.tags) <= MAX_TAGS
        assert options.finish_within is None or 1 <= options.finish_within <= 3600


def test_the_same_options_have_one_fingerprint() -> None:
    one = options_of({"query_string": b"priority=high&tag=a"}, ApiSettings())
    other = options_of({"query_string": b"tag=a&priority=high"}, ApiSettings())

    assert one.fingerprint == other.fingerprint != ""
    assert options_of({"query_string": b"priority=normal"}, ApiSettings()).fingerprint == ""


def test_every_kinds_document_has_the_options(http: Client) -> None:
    paths = http.get("/openapi.json").json()["paths"]
    for kind in ("text", "dream", "style"):
        said = {p["name"]: p for p in paths[f"/v1/{kind}"]["post"]["parameters"]}
        assert said.keys() >= {"priority", "tag", "start_within", "finish_within", "webhook"}
        assert said["priority"]["schema"]["enum"] == ["low", "normal", "high"]
        assert said["tag"]["schema"]["maxItems"] == MAX_TAGS
        assert said["start_within"]["schema"]["minimum"] == 1
        assert all(p["description"] for p in said.values())
