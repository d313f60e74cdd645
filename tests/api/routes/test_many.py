"""Many jobs with one request: listed by what they are, canceled, submitted."""

from dataclasses import replace
from importlib.metadata import version
from typing import Any

import pytest
from httpx2 import Client, Response

from genart_core.jobs.record import new_job_id
from tests.api.player import Player
from tests.support.gateway import RunningGateway
from tests.support.studio import picture, reference
from tests.support.table import Table

TINY = {"model": "tiny"}


def post(http: Client, query: str = "", **fields: object) -> dict[str, Any]:
    answer = http.post(f"/v1/text?{query}", json={**TINY, **fields})
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()
    return job


class TestList:
    def test_jobs_are_found_by_tag_status_and_time(self, http: Client, worker: Player) -> None:
        first = post(http, "tag=a&tag=b")
        worker.make()
        second = post(http, "tag=b")

        def listed(**query: str | list[str]) -> list[str]:
            answer: Response = http.get("/v1/jobs", params=query)
            assert answer.status_code == 200, answer.text
            return [job["id"] for job in answer.json()["jobs"]]

        both = [second["id"], first["id"]]
        assert listed(tag="b") == both
        assert listed(tag="a") == [first["id"]]
        assert listed(status=["queued", "succeeded"]) == both
        assert listed(tag="b", status="queued") == [second["id"]]
        assert listed(created_after=second["created_at"])[0] == second["id"]
        assert listed(created_before=first["created_at"]) == []
        assert listed(created_after="2000-01-01T00:00:00+02:00") == both

    @pytest.mark.parametrize(
        ("query", "name"),
        [
            ("created_after=yesterday", "created_after"),
            ("created_before=2026-01-01T00:00:00", "created_before"),  # in which zone?
            ("created_before=0.5", "created_before"),
            ("created_before=2026-01-01", "created_before"),
            ("kind=", "kind"),
            ("status=done", "status"),
            ("status=queued&status=x", "status"),
            ("stauts=queued", "stauts"),
            ("tags=a", "tags"),
            ("tag=a&tag=b", "tag"),
            ("kind=text&kind=steps", "kind"),
        ],
    )
    def test_a_wrong_filter_is_named(self, http: Client, query: str, name: str) -> None:
        answer = http.get(f"/v1/jobs?{query}")

        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_parameter")
        assert answer.json()["errors"][0]["parameter"] == name

    def test_pages_are_not_disturbed_by_newcomers(self, http: Client) -> None:
        old = [post(http, "tag=a")["id"] for _ in range(6)]
        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            page = http.get("/v1/jobs", params={"tag": "a", "limit": 2, "cursor": cursor}).json()
            seen += [job["id"] for job in page["jobs"]]
            cursor = page["cursor"]
            post(http, "tag=a")

        assert seen == sorted(old, reverse=True)


class TestCancel:
    def cancel(self, http: Client, **body: object) -> dict[str, Any]:
        answer = http.post("/v1/jobs/cancel", json=body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def test_parameters_are_refused_rather_than_left_out(self, http: Client) -> None:
        job = post(http)

        answer = http.post("/v1/jobs/cancel?tag=night", json={"all": True})

        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_parameter")
        assert answer.json()["errors"][0]["parameter"] == "tag"
        assert http.get(job["urls"]["self"]).json()["status"] == "queued"

    def test_kind_that_there_is_not_is_named(self, http: Client) -> None:
        answer = http.post("/v1/jobs/cancel", json={"kind": "txt"})

        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
        assert answer.json()["errors"][0]["pointer"] == "/kind"
        assert "text" in answer.json()["detail"]

    def test_jobs_are_canceled_by_id(self, http: Client, stranger: Client, worker: Player) -> None:
        ended = post(http)["id"]
        worker.make()
        running = post(http)["id"]
        worker.take()
        waiting, foreign = post(http)["id"], post(stranger)["id"]
        unknown = [foreign, new_job_id(), "../jobs", ""]

        found = self.cancel(http, ids=[ended, running, waiting, waiting, *unknown])

        statuses = {job["id"]: job["status"] for job in found["jobs"]}
        assert statuses == {ended: "succeeded", running: "canceling", waiting: "canceled"}
        assert sorted(found["not_found"]) == sorted(unknown)
        assert stranger.get(f"/v1/jobs/{foreign}").json()["status"] == "queued"

    def test_jobs_are_canceled_by_what_they_have_in_common(self, http: Client) -> None:
        tagged = [post(http, "tag=night")["id"] for _ in range(3)]
        other = post(http, "tag=day")

        found = self.cancel(http, tag="night")

        assert sorted(job["id"] for job in found["jobs"]) == sorted(tagged)
        assert {job["status"] for job in found["jobs"]} == {"canceled"}
        assert http.get(other["urls"]["self"]).json()["status"] == "queued"
        assert self.cancel(http, tag="night") == {"jobs": [], "not_found": []}

    def test_all_means_all_of_the_callers_own(
        self, http: Client, stranger: Client, table: Table
    ) -> None:
        for _ in range(230):
            table.queue("127.0.0.1")
        foreign = post(stranger)

        assert len(self.cancel(http, all=True)["jobs"]) == 230
        assert stranger.get(foreign["urls"]["self"]).json()["status"] == "queued"
        assert table.survey().ready["text"][0] == 1

    def test_running_jobs_can_be_spared(self, http: Client, worker: Player) -> None:
        running = post(http)
        worker.take()
        post(http)

        found = self.cancel(http, status="queued")

        assert [job["status"] for job in found["jobs"]] == ["canceled"]
        assert http.get(running["urls"]["self"]).json()["status"] == "running"

    @pytest.mark.parametrize(
        "body",
        [
            *({}, {"all": False}, {"ids": []}, {"ids": ["x"], "tag": "a"}, {"tags": ["a"]}),
            *({"tag": None, "kind": None, "ids": None}, {"tag": ""}, {"created_after": 0.5}),
            *({"ids": ["x"], "all": True}, {"status": "succeeded"}, {"ids": ["x"] * 1001}, []),
        ],
    )
    def test_what_means_nothing_clear_cancels_nothing(
        self, http: Client, table: Table, body: object
    ) -> None:
        post(http, "tag=a")
        answer = http.post("/v1/jobs/cancel", json=body)

        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
        assert table.survey().ready["text"][0] == 1


class TestBatch:
    def submit(self, http: Client, *jobs: object, **headers: str) -> Any:
        answer = http.post("/v1/batch", json={"jobs": jobs}, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def test_each_is_taken_or_refused_for_itself(self, http: Client) -> None:
        text = {"kind": "text"}
        found = self.submit(
            http,
            {**text, "request": {**TINY, "seed": 7}, "priority": "high", "tags": ["a"]},
            {**text, "request": {**TINY, "length": 0}},
            {"kind": "opera", "request": {}},
            {**text, "request": {"model": "nobody"}},
            {**text, "request": TINY, "finish_within": 999_999 // 2},
            {**text, "request": TINY, "idempotency_key": "x" * 256},
            {**text, "request": TINY},
        )

        assert [one["status"] for one in found["results"]] == [202, 422, 404, 422, 422, 422, 202]
        assert (found["accepted"], found["refused"]) == (2, 5)
        job = found["results"][0]["job"]
        assert (job["request"]["seed"], job["priority"], job["tags"]) == (7, "high", ["a"])
        assert http.get(job["urls"]["self"]).json() == {**job, "queue_position": 0}
        codes = [one["problem"]["code"] for one in found["results"] if "problem" in one]
        assert codes[:3] == ["invalid_request", "not_found", "unknown_model"]
        assert codes[3:] == ["invalid_parameter", "invalid_header"]
        complaint = found["results"][1]["problem"]["errors"][0]
        assert complaint["pointer"] == "/jobs/1/request/length"

    @pytest.mark.parametrize("query", ["tag=night", "priority=high"])
    def test_parameters_stand_with_each_submit_alone(
        self, http: Client, table: Table, query: str
    ) -> None:
        answer = http.post(f"/v1/batch?{query}", json={"jobs": [{"kind": "text"}]})

        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_parameter")
        assert table.line() == []

    def test_complaints_do_not_speak_of_pythons_types(self, http: Client) -> None:
        answer = http.post("/v1/batch", json={"jobs": []})

        assert answer.json()["detail"].startswith("jobs: List should have at least 1 item, not 0")

    def test_jobs_stand_in_the_order_of_the_batch(self, http: Client, table: Table) -> None:
        jobs = [{"kind": "text", "request": {**TINY, "seed": n}} for n in range(100)]
        found = self.submit(http, *jobs)

        assert found["accepted"] == 100
        assert [one["job"]["request"]["seed"] for one in found["results"]] == list(range(100))
        assert table.line() == [one["job"]["id"] for one in found["results"]]

    def test_a_batch_sent_again_makes_nothing_twice(self, http: Client, table: Table) -> None:
        jobs = [{"kind": "text", "request": TINY} for _ in range(3)]
        jobs[1]["idempotency_key"] = "own"
        first = self.submit(http, *jobs, **{"Idempotency-Key": "k"})
        again = self.submit(http, *jobs, **{"Idempotency-Key": "k"})

        ids = [[one["job"]["id"] for one in batch["results"]] for batch in (first, again)]
        assert ids[0] == ids[1]
        assert [one["replayed"] for one in again["results"]] == [True] * 3
        assert not any(one["replayed"] for one in first["results"])
        alone = http.post("/v1/text", json=TINY, headers={"Idempotency-Key": "own"})
        assert alone.json()["id"] == ids[0][1]

    def test_what_was_made_before_has_its_results_at_once(
        self, http: Client, worker: Player, table: Table
    ) -> None:
        first, second = ({"kind": "text", "request": {**TINY, "seed": seed}} for seed in (1, 2))
        self.submit(http, first)
        replace(worker, version=version("genart")).make("a text")

        found = self.submit(http, {**first, "tags": ["night"]}, second)["results"]
        anew = self.submit(http, first, **{"Cache-Control": "no-cache"})["results"]

        assert [(one["status"], one["job"]["cached"]) for one in found + anew] == [
            *((200, True), (202, False)),
            (202, False),
        ]
        assert http.get(found[0]["job"]["outputs"][0]["url"]).text == "a text"
        assert table.list_ids("127.0.0.1", tag="night") == [found[0]["job"]["id"]]
        assert table.line() == [one["job"]["id"] for one in (found[1], anew[0])]

    def test_limits_hold_within_a_batch(
        self, http: Client, gateway: RunningGateway, table: Table
    ) -> None:
        most = gateway.settings.active_jobs_per_client
        for _ in range(most - 2):
            table.queue("127.0.0.1")

        answer = http.post("/v1/batch", json={"jobs": [{"kind": "text", "request": TINY}] * 4})

        results = answer.json()["results"]
        assert [one["status"] for one in results] == [202, 202, 429, 429]
        assert results[2]["problem"]["code"] == "quota_exceeded"
        assert results[2]["retry_after"] >= 1
        assert '"jobs";r=0' in answer.headers["ratelimit"]

    def test_pictures_come_by_name_or_inside(self, caller: Client) -> None:
        sent = caller.post("/v1/pictured", files={"image": ("a.png", picture(), "image/png")})
        data = "data:image/png;base64,iVBORw0KGgo="
        found = self.submit(
            caller,
            {"kind": "pictured", "request": {"image": reference(picture())}},
            {"kind": "pictured", "request": {"image": reference(b"unknown")}},
            {"kind": "pictured", "request": {"image": data}},
        )

        assert sent.status_code == 202
        assert [one["status"] for one in found["results"]] == [202, 422, 422]
        codes = [one["problem"]["code"] for one in found["results"][1:]]
        assert codes == ["unknown_asset", "invalid_image"]
        assert found["results"][2]["problem"]["errors"][0]["pointer"] == "/jobs/2/request/image"

    @pytest.mark.parametrize(
        "body",
        [
            *({}, {"jobs": []}, {"jobs": [{}]}, {"jobs": [{"kind": "text"}] * 101}, []),
            {"jobs": [{"kind": "text", "priority": "urgent"}]},
            {"jobs": [{"kind": "text", "request": []}]},
            {"jobs": [{"kind": "text", "webhok": 1}]},
        ],
    )
    def test_what_is_no_batch_enters_nothing(
        self, http: Client, table: Table, body: object
    ) -> None:
        answer = http.post("/v1/batch", json=body)

        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
        assert table.line() == []

    @pytest.mark.parametrize("path", ["/v1/batch", "/v1/jobs/cancel"])
    def test_forms_are_refused_with_the_right_way_to_call(self, http: Client, path: str) -> None:
        answer = http.post(path, data={"jobs": "[]"})

        assert answer.status_code == 415
        assert "curl --json '{" in answer.json()["detail"]
        assert path in answer.json()["detail"]
