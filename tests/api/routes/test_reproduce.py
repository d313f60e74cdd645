"""Making again what a picture shows or a job made."""

import json
from dataclasses import replace
from importlib.metadata import version
from typing import Any

import pytest
from httpx2 import Client, Response

from genart_core.signature import sign
from tests.api.player import Player
from tests.support.gateway import RunningGateway, place_model
from tests.support.pictures import exif, saved, scene
from tests.support.problems import is_problem
from tests.support.studio import MAX_IMAGE_BYTES, form, part, picture, post_form, reference
from tests.support.table import Table
from tests.support.waiting import wait_for

SENT = picture(shade=60)
REQUEST = {"seed": 9, "model": "none", "image": reference(SENT), "title": "t", "strength": 0.5}
MADE = {"kind": "pictured", "request": REQUEST, "version": version("genart"), "weights": {}}


def signed(format: str = "PNG", **changes: Any) -> bytes:
    """Return a picture that says that it was made so."""
    return sign(saved(scene(), format, exif=exif(1)), json.dumps(MADE | changes).encode())


def send(http: Client, data: bytes, headers: dict[str, str] | None = None) -> Response:
    marked = {"Content-Type": "image/png", **(headers or {})}
    return http.post("/v1/reproduce", content=data, headers=marked)


@pytest.fixture
def owner(caller: Client) -> Client:
    """A client that has the picture which went into the others."""
    caller.post("/v1/assets", content=SENT, headers={"Content-Type": "image/png"})
    return caller


class TestPicture:
    @pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
    def test_request_in_the_picture_is_entered_again(
        self, owner: Client, format: str, painter: Player
    ) -> None:
        answer = send(owner, signed(format))

        assert answer.status_code == 202, answer.text
        job = answer.json()
        assert (job["kind"], job["warnings"], job["cached"]) == ("pictured", [], False)
        assert {name: job["request"][name] for name in REQUEST} == REQUEST
        assert answer.headers["location"] == job["urls"]["self"]
        assert painter.take("pictured").id == job["id"]

    def test_form_with_the_picture_is_the_same(self, owner: Client) -> None:
        answer = post_form(owner, form(part("file", signed(), file="a.png")), kind="reproduce")

        assert answer.status_code == 202
        assert answer.json()["request"]["seed"] == 9

    def test_what_has_changed_since_is_told(self, owner: Client) -> None:
        answer = send(owner, signed(version="0.0.1", weights={"test/small": "0" * 64}))

        told = answer.json()["warnings"]
        assert [warning["code"] for warning in told] == ["version_changed", "weights_changed"]
        assert "0.0.1" in told[0]["detail"]
        assert "test/small" in told[1]["detail"]
        assert "not here" in told[1]["detail"]

    def test_weights_are_compared_by_what_is_in_them(
        self, http: Client, gateway: RunningGateway
    ) -> None:
        now = next(
            facts for facts in gateway.parts.overview.models.all() if facts.name == "tiny"
        ).sha256

        def told(sha256: str) -> list[str]:
            request = {"seed": 1, "model": "tiny"}
            data = signed(kind="text", request=request, weights={"text/tiny": sha256})
            return [warning["detail"] for warning in send(http, data).json()["warnings"]]

        assert told(now) == []
        assert len(told("0" * 64)) == 1
        assert now in told("0" * 64)[0]

    def test_it_is_made_though_results_are_there(self, owner: Client, painter: Player) -> None:
        send(owner, signed())
        replace(painter, version=version("genart")).finish(painter.take("pictured"), b"made")

        assert owner.post("/v1/pictured", json=REQUEST).json()["cached"]
        assert not send(owner, signed()).json()["cached"]

    def test_headers_of_a_submit_mean_the_same(self, owner: Client) -> None:
        headers = {"Idempotency-Key": "k", "Prefer": "wait=0"}
        first, again = (send(owner, signed(), headers) for _ in range(2))

        assert again.json()["id"] == first.json()["id"]
        assert again.headers["idempotency-replayed"] == "true"

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"kind": "nothing"}, "not_reproducible"),
            ({"kind": 7}, "not_reproducible"),
            ({"kind": "k" * 999}, "not_reproducible"),
            ({"kind": "../../etc"}, "not_reproducible"),
            ({"request": "text"}, "not_reproducible"),
            ({"extra": 1}, "not_reproducible"),
            ({"weights": {str(number): "x" for number in range(17)}}, "not_reproducible"),
            ({"request": {}}, "invalid_request"),
            ({"request": REQUEST | {"surprise": 1}}, "invalid_request"),
            ({"request": REQUEST | {"size": 10**9}}, "invalid_request"),
            ({"request": REQUEST | {"style": [reference(SENT)] * 4}}, "invalid_request"),
            ({"request": REQUEST | {"seed": None}}, "invalid_request"),
            ({"request": REQUEST | {"image": "data:image/png;base64,AA=="}}, "invalid_request"),
            ({"request": REQUEST | {"image": f"job:{'0' * 26}/0"}}, "invalid_request"),
            ({"request": REQUEST | {"image": "https://example.org/a.png"}}, "invalid_request"),
        ],
    )
    def test_nothing_in_it_is_trusted(
        self, owner: Client, table: Table, changes: dict[str, Any], code: str
    ) -> None:
        assert is_problem(send(owner, signed(**changes)), 422, code)
        assert table.stored_ids() == []

    def test_picture_that_says_nothing_is_refused(self, owner: Client) -> None:
        for data in (picture(), sign(picture(), b"{"), sign(picture(), b"[" * 100_000)):
            if len(data) <= MAX_IMAGE_BYTES:
                assert is_problem(send(owner, data), 422, "not_reproducible")
        assert is_problem(send(owner, b"no picture"), 422, "invalid_image")

    def test_picture_that_went_into_it_must_be_the_callers(
        self, caller: Client, table: Table
    ) -> None:
        table.keep_assets(60_000, "ann", **{reference(SENT).removeprefix("asset:"): True})

        answer = send(caller, signed())

        assert is_problem(answer, 422, "unknown_asset", "/image")
        assert answer.json()["detail"].startswith("image: you have no picture")

    def test_model_that_is_not_there_is_named(self, http: Client) -> None:
        data = signed(kind="text", request={"seed": 1, "model": "lost"})

        assert is_problem(send(http, data), 422, "unknown_model", "/model")


class TestJob:
    def test_job_is_made_again(self, owner: Client, painter: Player) -> None:
        first = owner.post("/v1/pictured", json={"image": reference(SENT), "title": "t"}).json()
        painter.finish(painter.take("pictured"), b"made")

        answer = owner.post("/v1/reproduce", json={"job": first["id"]})

        again = answer.json()
        assert (answer.status_code, again["request"]) == (202, first["request"])
        assert again["id"] != first["id"]
        assert [warning["code"] for warning in again["warnings"]] == ["version_changed"]

    def test_job_that_was_never_made_is_made(self, owner: Client, painter: Player) -> None:
        first = owner.post("/v1/pictured", json={"image": reference(SENT)}).json()
        owner.post(first["urls"]["cancel"])

        answer = owner.post("/v1/reproduce", json={"job": first["id"]})

        assert answer.status_code == 202
        assert answer.json()["warnings"] == []
        assert painter.take("pictured").id == answer.json()["id"]

    @pytest.mark.parametrize("job", ["0" * 26, "x", "", "../1", "7" * 100])
    def test_job_that_is_not_there_is_named(self, owner: Client, job: str) -> None:
        answer = owner.post("/v1/reproduce", json={"job": job})

        assert is_problem(answer, 422, "unknown_input", "/job")

    def test_job_of_another_is_not_there(self, owner: Client, table: Table) -> None:
        answer = owner.post("/v1/reproduce", json={"job": table.queue("another client")})

        assert is_problem(answer, 422, "unknown_input", "/job")

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            (b"{}", "invalid_request"),
            (b'{"job": 1}', "invalid_request"),
            (b'{"job": "x", "seed": 1}', "invalid_request"),
            (b"[]", "invalid_request"),
            (b"{", "invalid_json"),
        ],
    )
    def test_body_that_names_no_job_is_refused(self, owner: Client, body: bytes, code: str) -> None:
        headers = {"Content-Type": "application/json"}

        answer = owner.post("/v1/reproduce", content=body, headers=headers)

        assert is_problem(answer, 422, code)

    def test_other_bodies_get_415_that_shows_both_ways(self, owner: Client) -> None:
        answer = owner.post("/v1/reproduce", content=b"x", headers={"Content-Type": "text/plain"})

        assert is_problem(answer, 415, "unsupported_media_type")
        for way in ("--data-binary", "-F file=@", "--json"):
            assert way in answer.json()["detail"]

    def test_weights_that_were_trained_anew_since_are_told(
        self, http: Client, gateway: RunningGateway, worker: Player
    ) -> None:
        path = place_model(gateway.settings.home, "renewed")
        known = gateway.parts.overview.models
        wait_for(lambda: "renewed" in known.names("text"), 8, "the model is known")
        first = http.post("/v1/text", json={"model": "renewed"}).json()
        replace(worker, weights={"text/renewed": "0" * 64}).make("a text")

        told = http.post("/v1/reproduce", json={"job": first["id"]}).json()["warnings"]

        path.unlink()
        assert "weights_changed" in [warning["code"] for warning in told]
