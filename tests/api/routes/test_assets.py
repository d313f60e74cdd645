"""Pictures that are sent once and named in requests."""

import time
from pathlib import Path

import pytest
from httpx2 import Client

from tests.api.keeping import DIGEST, PICTURE, URL, is_missing, send
from tests.support.gateway import RunningGateway
from tests.support.pictures import exif, files, saved, scene
from tests.support.problems import is_problem
from tests.support.studio import (
    MAX_IMAGE_BYTES,
    MAX_PIXELS,
    form,
    padded,
    part,
    picture,
    post_form,
    reference,
    running_studio,
    stored,
)
from tests.support.table import Table


class TestSending:
    def test_new_picture_is_created_and_a_known_one_found(
        self, caller: Client, studio: RunningGateway
    ) -> None:
        new, known = send(caller), send(caller)

        assert (new.status_code, known.status_code) == (201, 200)
        assert new.headers["location"] == known.headers["location"] == URL
        assert stored(studio, PICTURE).read_bytes() == PICTURE

    def test_answer_says_what_the_picture_is(self, caller: Client) -> None:
        asset = send(caller).json()

        expires, created = asset.pop("expires_at"), asset.pop("created_at")
        assert created < expires
        assert asset == {
            "sha256": DIGEST,
            "reference": f"asset:{DIGEST}",
            "media_type": "image/png",
            "bytes": len(PICTURE),
            "width": 8,
            "height": 4,
            "url": URL,
        }

    def test_form_with_a_file_is_the_same_as_the_picture_itself(self, caller: Client) -> None:
        answer = caller.post("/v1/assets", files={"file": ("a.png", PICTURE)})

        assert (answer.status_code, answer.json()["sha256"]) == (201, DIGEST)
        assert send(caller).status_code == 200

    @pytest.mark.parametrize("name", ["JPEG rgb", "WEBP lossy", "GIF film", "BMP rgb", "TIFF lzw"])
    def test_type_is_told_by_the_picture(self, caller: Client, name: str) -> None:
        data = files()[name]

        asset = send(caller, data, "image/x-anything").json()

        assert asset["media_type"] == f"image/{name.split()[0].lower()}"
        answer = caller.get(asset["url"])
        assert answer.headers["content-type"] == asset["media_type"]
        assert answer.content == data

    def test_size_is_as_the_picture_is_shown(self, caller: Client) -> None:
        turned = saved(scene(24, 16), "JPEG", exif=exif(6))

        asset = send(caller, turned, "image/jpeg").json()

        assert (asset["width"], asset["height"]) == (16, 24)

    def test_sending_again_begins_its_time_anew(self, caller: Client) -> None:
        before = send(caller).json()["expires_at"]
        time.sleep(0.002)

        assert send(caller).json()["expires_at"] > before

    @pytest.mark.parametrize("data", [b"", b"x", b"GIF89a", b"<svg/>", bytes(1000)])
    def test_body_that_is_no_picture_is_refused(
        self, caller: Client, table: Table, data: bytes
    ) -> None:
        assert is_problem(send(caller, data), 422, "invalid_image")
        answer = caller.post("/v1/assets", files={"file": ("a.png", data)})
        assert is_problem(answer, 422, "invalid_image")
        assert answer.json()["errors"][0]["pointer"] == "/file"
        assert table.members("assets") == set()

    def test_most_bytes_and_pixels_are_taken_and_one_more_is_not(self, caller: Client) -> None:
        side = int(MAX_PIXELS**0.5)

        assert send(caller, padded(MAX_IMAGE_BYTES)).status_code == 201
        assert is_problem(send(caller, padded(MAX_IMAGE_BYTES + 1)), 413, "image_too_large")
        assert send(caller, picture(side, side)).status_code == 201
        assert is_problem(send(caller, picture(side, side + 1)), 422, "invalid_image")

    def test_length_that_is_not_told_is_bounded_too(self, caller: Client) -> None:
        pieces = (padded(20_000) for _ in range(3))
        headers = {"Content-Type": "image/png"}

        answer = caller.post("/v1/assets", content=pieces, headers=headers)

        assert is_problem(answer, 413, "image_too_large")

    @pytest.mark.parametrize(
        "content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded", ""]
    )
    def test_other_bodies_get_415_with_a_line_that_works(
        self, caller: Client, content_type: str
    ) -> None:
        answer = send(caller, content_type=content_type)

        assert is_problem(answer, 415, "unsupported_media_type")
        assert "--data-binary @photo.png http://127.0.0.1" in answer.json()["detail"]

    @pytest.mark.parametrize(
        ("parts", "code"),
        [
            ((part("image", PICTURE, file="a.png"),), "invalid_request"),
            ((part("file", "asset:" + "0" * 64),), "invalid_request"),
            ((part("file", PICTURE, file="a"), part("seed", "1")), "invalid_request"),
            ((part("file", PICTURE, file="a"), part("file", PICTURE, file="b")), "invalid_request"),
            ((), "invalid_request"),
        ],
    )
    def test_form_without_just_one_file_is_refused(
        self, caller: Client, table: Table, parts: tuple[bytes, ...], code: str
    ) -> None:
        answer = post_form(caller, form(*parts), kind="assets")

        assert is_problem(answer, 422, code)
        assert table.members("assets") == set()

    def test_draining_gateway_takes_none(
        self, redis_url: str, table: Table, tmp_path: Path
    ) -> None:
        with running_studio(redis_url, tmp_path) as gateway:
            gateway.parts.drain()
            with Client(base_url=gateway.url, timeout=20) as http:
                assert is_problem(send(http), 503, "draining")


class TestReading:
    def test_picture_comes_back_byte_for_byte(self, caller: Client) -> None:
        send(caller)

        answer = caller.get(URL)

        assert (answer.status_code, answer.content) == (200, PICTURE)
        assert answer.headers["content-type"] == "image/png"
        assert answer.headers["etag"] == f'"{DIGEST}"'
        disposition = answer.headers["content-disposition"]
        assert disposition == f'inline; filename="{DIGEST[:16]}.png"'
        assert "immutable" in answer.headers["cache-control"]

    def test_head_range_and_entity_tag_work_as_for_outputs(self, caller: Client) -> None:
        send(caller)

        head = caller.head(URL)
        part_ = caller.get(URL, headers={"Range": "bytes=1-3"})
        known = caller.get(URL, headers={"If-None-Match": f'"{DIGEST}"'})

        assert (head.content, head.headers["content-length"]) == (b"", str(len(PICTURE)))
        assert (part_.status_code, part_.content) == (206, b"PNG")
        assert known.status_code == 304

    def test_metadata_are_those_of_the_first_answer(self, caller: Client) -> None:
        assert send(caller).json() == caller.get(f"{URL}/metadata").json()

    def test_list_has_what_was_sent_and_what_came_with_requests(self, caller: Client) -> None:
        send(caller)
        other = picture(shade=71)
        caller.post("/v1/pictured", files={"image": other})

        listed = caller.get("/v1/assets").json()

        assert [asset["reference"] for asset in listed["assets"]] == [
            reference(other),
            reference(PICTURE),
        ]
        assert listed["cursor"] is None
        assert listed["assets"][0]["expires_at"] is None, "its job has not ended"

    def test_pages_of_the_list_follow_each_other(self, caller: Client) -> None:
        sent = [send(caller, picture(shade=shade)).json()["sha256"] for shade in range(80, 85)]
        found: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            page = caller.get("/v1/assets", params={"limit": 2, "cursor": cursor}).json()
            found += [asset["sha256"] for asset in page["assets"]]
            cursor = page["cursor"]

        assert found == sent[::-1]

    @pytest.mark.parametrize(
        "query", ["cursor=x", "cursor=" + "0" * 12, "limit=0", "limit=101", "tag=a"]
    )
    def test_wrong_parameters_are_named(self, caller: Client, query: str) -> None:
        answer = caller.get(f"/v1/assets?{query}")

        assert is_problem(answer, 422, "invalid_parameter")
        assert answer.json()["errors"][0]["parameter"] == query.partition("=")[0]

    @pytest.mark.parametrize(
        "name", ["0" * 64, "x", "0" * 63, DIGEST.upper(), "..%5c..", "%00", "٠" * 64]
    )
    def test_what_is_not_there_is_missing(self, caller: Client, name: str) -> None:
        send(caller)

        assert is_missing(caller.get(f"/v1/assets/{name}"))
        assert is_missing(caller.get(f"/v1/assets/{name}/metadata"))
        assert is_missing(caller.delete(f"/v1/assets/{name}"))

    def test_picture_whose_file_is_gone_is_missing_until_it_is_sent_again(
        self, caller: Client, studio: RunningGateway
    ) -> None:
        send(caller)
        stored(studio, PICTURE).unlink()

        assert is_missing(caller.get(URL))
        assert send(caller).status_code == 200
        assert caller.get(URL).content == PICTURE
