"""Whose a stored picture is, and when it goes."""

from pathlib import Path

from httpx2 import Client

from tests.api.keeping import DIGEST, PICTURE, URL, is_missing, send, sweep_up
from tests.api.player import Player
from tests.support.gateway import RunningGateway
from tests.support.problems import is_problem
from tests.support.studio import reference, running_studio, stored
from tests.support.table import Table
from tests.support.waiting import wait_for


class TestOwning:
    def test_picture_of_another_is_as_one_that_nobody_sent(
        self, caller: Client, other: Client
    ) -> None:
        send(caller)
        nobodys = f"/v1/assets/{'0' * 64}"

        for url in (URL, f"{URL}/metadata"):
            answer, unknown = other.get(url), other.get(url.replace(URL, nobodys))
            assert is_missing(answer)
            told = answer.json()
            assert told["detail"].replace(DIGEST, "0" * 64) == unknown.json()["detail"]
        assert is_missing(other.delete(URL))
        assert other.get("/v1/assets").json()["assets"] == []
        assert caller.get(URL).status_code == 200

    def test_picture_of_another_can_not_be_named_though_it_is_stored(
        self, caller: Client, other: Client, table: Table
    ) -> None:
        send(caller)

        answer = other.post("/v1/pictured", json={"image": reference(PICTURE)})

        assert is_problem(answer, 422, "unknown_asset")
        assert table.stored_ids() == []
        assert caller.post("/v1/pictured", json={"image": reference(PICTURE)}).status_code == 202

    def test_who_sends_it_too_owns_it_too(
        self, caller: Client, other: Client, studio: RunningGateway
    ) -> None:
        send(caller)
        before = stored(studio, PICTURE).stat().st_ino

        assert send(other).status_code == 201, "that another has it is not told"
        assert other.get(URL).content == PICTURE
        assert stored(studio, PICTURE).stat().st_ino == before, "it is stored once"


class TestRemoving:
    def test_removed_picture_is_gone_everywhere(
        self, caller: Client, studio: RunningGateway, table: Table
    ) -> None:
        send(caller)

        assert caller.delete(URL).status_code == 204

        assert is_missing(caller.get(URL))
        assert is_missing(caller.delete(URL))
        assert caller.get("/v1/assets").json()["assets"] == []
        answer = caller.post("/v1/pictured", json={"image": reference(PICTURE)})
        assert is_problem(answer, 422, "unknown_asset")
        sweep_up(studio, table)
        assert not stored(studio, PICTURE).exists()

    def test_what_one_removes_another_keeps(
        self, caller: Client, other: Client, studio: RunningGateway, table: Table
    ) -> None:
        send(caller)
        send(other)
        caller.delete(URL)
        sweep_up(studio, table)

        assert other.get(URL).content == PICTURE

    def test_job_is_made_though_its_picture_was_removed(
        self, caller: Client, studio: RunningGateway, painter: Player, table: Table
    ) -> None:
        send(caller)
        caller.post("/v1/pictured", json={"image": reference(PICTURE)})
        caller.delete(URL)
        sweep_up(studio, table)

        painter.take("pictured")
        assert stored(studio, PICTURE).read_bytes() == PICTURE

    def test_picture_goes_when_its_time_is_over(
        self, redis_url: str, table: Table, tmp_path: Path
    ) -> None:
        with running_studio(redis_url, tmp_path, asset_seconds=1) as gateway:
            with Client(base_url=gateway.url, timeout=20) as http:
                send(http)
                wait_for(lambda: http.get(URL).status_code == 404, 30, "its time is over")
                assert is_missing(http.get(URL))
                assert http.get("/v1/assets").json()["assets"] == []
                sweep_up(gateway, table)
            assert not stored(gateway, PICTURE).exists()
