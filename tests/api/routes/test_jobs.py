import socket
import time
from collections.abc import Callable

import pytest
from httpx2 import Client, Response

from genart_core.jobs.record import JobId
from tests.api.conftest import Post
from tests.api.player import Player, when_somebody_waits
from tests.support.gateway import RunningGateway
from tests.support.table import Table
from tests.support.waiting import wait_for

Queued = Callable[[], str]


def id_of(url: str) -> JobId:
    return JobId(url.rpartition("/")[2])


class TestGet:
    def test_ended_job_shows_outputs_result_and_times(
        self, http: Client, queued: Queued, worker: Player
    ) -> None:
        url = queued()
        worker.make("ab", "cde")

        answer = http.get(url)
        job = answer.json()

        assert (job["status"], job["attempt"], job["eta"]) == ("succeeded", 1, None)
        assert job["progress"]["fraction"] == 1.0
        assert [output["bytes"] for output in job["outputs"]] == [2, 3]
        assert job["outputs"][1]["url"] == f"{url}/outputs/1"
        assert job["outputs"][0]["width"] is None
        assert job["result"]["samples"][0]["text"] == "ab"
        assert job["provenance"] == {"version": "0", "device": "cpu", "weights": {}}
        assert job["created_at"] <= job["started_at"] <= job["finished_at"] < job["expires_at"]
        assert job["metrics"]["queue_ms"] >= 0
        assert job["metrics"]["execution_ms"] >= 0
        assert job["queue_position"] is None
        assert "retry-after" not in answer.headers

    def test_running_job_shows_its_progress(
        self, http: Client, queued: Queued, worker: Player
    ) -> None:
        url = queued()
        worker.table.report(worker.take(), progress=(1, 3))

        job = http.get(url).json()

        assert (job["status"], job["queue_position"]) == ("running", None)
        assert job["progress"] == {"step": 1, "total": 3, "fraction": 0.3333}

    def test_failed_job_says_why(self, http: Client, queued: Queued, worker: Player) -> None:
        url = queued()
        worker.table.fail(worker.take())

        job = http.get(url).json()

        assert (job["status"], job["outputs"]) == ("failed", [])
        assert job["error"] == {"code": "internal", "detail": "broke", "retryable": True}

    def test_eta_appears_once_a_run_was_measured(
        self, http: Client, queued: Queued, worker: Player
    ) -> None:
        assert http.get(queued()).json()["eta"] is None
        worker.make()

        answer = http.get(queued())

        eta = answer.json()["eta"]
        assert 0 <= eta["low"] <= eta["high"]
        assert int(answer.headers["retry-after"]) >= 1

    def test_job_of_another_client_is_unknown(self, queued: Queued, stranger: Client) -> None:
        url = queued()

        answers = [
            stranger.get(url),
            stranger.post(f"{url}/cancel"),
            stranger.delete(url),
            stranger.get(f"{url}/events"),
            stranger.get(f"{url}/outputs/0"),
        ]

        assert {answer.status_code for answer in answers} == {404}
        assert {answer.json()["code"] for answer in answers} == {"unknown_job"}

    def test_job_past_its_retention_is_gone(
        self, http: Client, queued: Queued, table: Table
    ) -> None:
        url = queued()
        short = Table(table.redis, keep=(1, 60_000))
        short.commit(short.take())
        wait_for(lambda: http.get(url).status_code != 200, 30, "the job expires")

        answers = [
            http.get(url),
            http.post(f"{url}/cancel"),
            http.delete(url),
            http.get(f"{url}/events"),
            http.get(f"{url}/outputs/0"),
            http.get(f"{url}/outputs.zip"),
        ]

        assert {answer.status_code for answer in answers} == {410}
        assert {answer.json()["code"] for answer in answers} == {"gone"}


class TestEntityTag:
    @pytest.mark.parametrize("tag", ['"v1"', 'W/"v1"', '"x", "v1"', "*"])
    def test_known_version_is_answered_304(self, http: Client, queued: Queued, tag: str) -> None:
        answer = http.get(queued(), headers={"If-None-Match": tag})

        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == '"v1"'
        assert int(answer.headers["retry-after"]) >= 1

    @pytest.mark.parametrize("tag", ['"v2"', "v1", '"V1"', "", ",,,", '"', "W/", b"\xff"])
    def test_other_version_is_answered_200(self, http: Client, queued: Queued, tag: str) -> None:
        assert http.get(queued(), headers={"If-None-Match": tag}).status_code == 200

    def test_each_change_makes_a_new_version(
        self, http: Client, queued: Queued, worker: Player
    ) -> None:
        url = queued()
        versions = [http.get(url).json()["version"]]
        job = worker.take()
        versions.append(http.get(url).json()["version"])
        worker.table.report(job, progress=(1, 2))
        versions.append(http.get(url).json()["version"])
        worker.finish(job)
        versions.append(http.get(url).json()["version"])

        assert versions == [1, 2, 3, 4]


class TestWait:
    def test_wait_returns_when_the_job_has_ended(
        self, gateway: RunningGateway, http: Client, queued: Queued, worker: Player
    ) -> None:
        url = queued()
        thread = when_somebody_waits(gateway, worker.make)
        answer = http.get(url, headers={"Prefer": "wait=30"})
        thread.join()

        assert answer.json()["status"] == "succeeded"
        assert answer.headers["preference-applied"] == "wait=30"

    def test_wait_sleeps_through_progress(
        self, gateway: RunningGateway, http: Client, queued: Queued, worker: Player
    ) -> None:
        url = queued()

        def work() -> None:
            job = worker.take()
            for step in range(5):
                worker.table.report(job, progress=(step, 5))
            worker.finish(job)

        thread = when_somebody_waits(gateway, work)
        answer = http.get(url, headers={"Prefer": "wait=30"})
        thread.join()

        assert answer.json()["status"] == "succeeded"

    def test_wait_with_known_version_returns_at_the_next_one(
        self, gateway: RunningGateway, http: Client, queued: Queued, worker: Player
    ) -> None:
        url = queued()
        thread = when_somebody_waits(gateway, worker.take)
        headers = {"Prefer": "wait=30", "If-None-Match": '"v1"'}
        answer = http.get(url, headers=headers)
        thread.join()

        assert (answer.status_code, answer.json()["status"]) == (200, "running")

    def test_wait_with_an_old_version_returns_at_once(self, http: Client, queued: Queued) -> None:
        headers = {"Prefer": "wait=30", "If-None-Match": '"v0"'}

        assert http.get(queued(), headers=headers).status_code == 200

    def test_wait_in_vain_returns_what_there_is(self, http: Client, queued: Queued) -> None:
        url = queued()
        began = time.monotonic()

        assert http.get(url, headers={"Prefer": "wait=1"}).json()["status"] == "queued"
        headers = {"Prefer": "wait=1", "If-None-Match": '"v1"'}
        assert http.get(url, headers=headers).status_code == 304
        assert time.monotonic() - began > 1.9

    def test_wait_for_an_ended_job_returns_at_once(
        self, http: Client, queued: Queued, worker: Player
    ) -> None:
        url = queued()
        worker.make()

        assert http.get(url, headers={"Prefer": "wait=30"}).json()["status"] == "succeeded"

    def test_wait_for_a_job_that_is_deleted_ends_with_404(
        self, gateway: RunningGateway, http: Client, queued: Queued, table: Table
    ) -> None:
        url = queued()
        thread = when_somebody_waits(gateway, lambda: table.delete(id_of(url)))
        answer = http.get(url, headers={"Prefer": "wait=30"})
        thread.join()

        assert answer.status_code == 404

    def test_caller_who_hangs_up_leaves_nothing_waiting(
        self, gateway: RunningGateway, http: Client, queued: Queued
    ) -> None:
        url = queued()
        with socket.create_connection((gateway.host, gateway.port)) as peer:
            peer.sendall(
                f"GET {url} HTTP/1.1\r\nHost: localhost\r\nPrefer: wait=60\r\n\r\n".encode()
            )
            wait_for(lambda: gateway.parts.wakeups.waiting == 1, 30, "it waits")

        gateway.rest()


class TestCancel:
    def test_queued_job_is_canceled_at_once(self, http: Client, queued: Queued) -> None:
        url = queued()
        answer = http.post(f"{url}/cancel")

        assert (answer.status_code, answer.json()["status"]) == (200, "canceled")
        assert answer.json()["metrics"]["queue_ms"] >= 0
        assert answer.json()["metrics"]["execution_ms"] is None

    def test_running_job_is_being_canceled(
        self, http: Client, queued: Queued, worker: Player
    ) -> None:
        url = queued()
        job = worker.take()
        answer = http.post(f"{url}/cancel")

        assert answer.json()["status"] == "canceling"
        assert "retry-after" in answer.headers
        assert worker.table.renew(job) == "cancel"

    def test_cancel_can_be_repeated(self, http: Client, queued: Queued) -> None:
        url = queued()
        first, second = http.post(f"{url}/cancel"), http.post(f"{url}/cancel")

        assert first.status_code == second.status_code == 200
        assert second.json() == first.json()

    def test_ended_job_stays_as_it_is(self, http: Client, queued: Queued, worker: Player) -> None:
        url = queued()
        worker.make()

        assert http.post(f"{url}/cancel").json()["status"] == "succeeded"


class TestDelete:
    @pytest.mark.parametrize("state", ["queued", "running", "succeeded"])
    def test_deleted_job_is_unknown_afterwards(
        self, http: Client, queued: Queued, worker: Player, state: str
    ) -> None:
        url = queued()
        if state == "running":
            worker.take()
        if state == "succeeded":
            worker.make()

        answer = http.delete(url)

        assert (answer.status_code, answer.content) == (204, b"")
        for again in (http.get(url), http.delete(url), http.get(f"{url}/outputs/0")):
            assert again.status_code == 404
        assert http.get("/v1/jobs").json()["jobs"] == []

    def test_worker_of_a_deleted_job_loses_it(
        self, http: Client, queued: Queued, worker: Player
    ) -> None:
        url = queued()
        job = worker.take()
        http.delete(url)

        assert worker.table.renew(job) == "lost"
        assert worker.table.commit(job) == "lost"


class TestList:
    def test_jobs_come_newest_first_in_pages(self, http: Client, queued: Queued) -> None:
        urls = [queued() for _ in range(7)]
        seen: list[str] = []
        query = {"limit": "3"}
        while True:
            page = http.get("/v1/jobs", params=query).json()
            seen += [job["urls"]["self"] for job in page["jobs"]]
            if page["cursor"] is None:
                break
            query["cursor"] = page["cursor"]

        assert seen == sorted(urls, reverse=True)

    def test_list_is_filtered_by_status_and_kind(
        self, http: Client, queued: Queued, worker: Player
    ) -> None:
        done, waiting = queued(), queued()
        worker.make()

        def listed(**query: str) -> list[str]:
            answer: Response = http.get("/v1/jobs", params=query)
            return [job["urls"]["self"] for job in answer.json()["jobs"]]

        assert listed(status="succeeded") == [done]
        assert listed(status="queued", kind="text") == [waiting]
        assert listed(status="failed") == []

    def test_each_client_sees_its_own(self, http: Client, stranger: Client, queued: Queued) -> None:
        queued()

        assert stranger.get("/v1/jobs").json() == {"jobs": [], "cursor": None}

    def test_listed_job_is_the_job_that_is_read(self, http: Client, post: Post) -> None:
        url = post().headers["location"]

        assert http.get("/v1/jobs").json()["jobs"] == [http.get(url).json()]
