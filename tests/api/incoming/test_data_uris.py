"""Pictures within a request's own body: what is taken, up to which size, and what is no picture."""

import json
import struct
import time
import zlib
from urllib.parse import quote

import pytest
from httpx2 import Client, Response

from tests.support.gateway import RunningGateway
from tests.support.pictures import chunk
from tests.support.problems import is_problem
from tests.support.studio import (
    MAX_IMAGE_BYTES,
    MAX_PIXELS,
    MAX_TEXT_BYTES,
    padded,
    picture,
    reference,
    stored,
    uri,
)
from tests.support.table import Table


def post(http: Client, headers: dict[str, str] | None = None, **fields: object) -> Response:
    return http.post("/v1/pictured", json=fields, headers=headers)


def upload(http: Client, data: bytes) -> Response:
    return http.post("/v1/pictured", files={"image": data})


def header_only(width: int, height: int) -> bytes:
    """Return a PNG that says how large it is and has hardly any pixels."""

    size = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 100)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    "text",
    [
        uri(picture(shade=20)),
        uri(picture(shade=20)).rstrip("="),
        "DATA:Image/PNG;BASE64," + uri(picture(shade=20)).partition(",")[2],
        uri(picture(shade=20), "image/png;name=a.png"),
        uri(picture(shade=20), "image/jpeg"),  # what it is said to be doesn't matter
        "data:image/png;base64," + quote(uri(picture(shade=20)).partition(",")[2], safe=""),
        "data:image/png;base64,\n " + "\n".join(uri(picture(shade=20)).partition(",")[2]),
    ],
    ids=lambda text: text[:40],
)
def test_data_uri_becomes_the_asset_of_its_bytes(
    caller: Client, studio: RunningGateway, text: str
) -> None:
    answer = post(caller, image=text)

    assert answer.status_code == 202, answer.text
    assert answer.json()["request"]["image"] == reference(picture(shade=20))
    assert stored(studio, picture(shade=20)).read_bytes() == picture(shade=20)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("data:image/png;base64,!!!!", "invalid_image"),
        ("data:image/png;base64,A", "invalid_image"),
        ("data:image/png;base64,AA=A", "invalid_image"),
        ("data:image/png;base64,é", "invalid_image"),
        ("data:image/png;base64,", "invalid_image"),
        (uri(b"no picture"), "invalid_image"),
        (uri(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"), "invalid_image"),
    ],
)
def test_data_uri_without_a_picture_is_refused(
    caller: Client, table: Table, text: str, code: str
) -> None:
    answer = post(caller, image=uri(picture()), style=[uri(picture()), text])

    assert is_problem(answer, 422, code, "/style/1")
    assert (table.stored_ids(), table.members("assets")) == ([], set())


def test_picture_of_the_largest_size_is_taken_in_json_too(caller: Client) -> None:
    assert post(caller, image=uri(padded(MAX_IMAGE_BYTES))).status_code == 202
    assert is_problem(
        post(caller, image=uri(padded(MAX_IMAGE_BYTES + 1))), 413, "image_too_large", "/image"
    )


def test_json_body_has_room_for_two_pictures(caller: Client) -> None:
    room = MAX_TEXT_BYTES + 2 * -(-MAX_IMAGE_BYTES * 4 // 3)
    body = json.dumps({"image": uri(picture())}).encode()

    def send(size: int) -> Response:
        filled = body + b" " * (size - len(body))
        headers = {"Content-Type": "application/json"}
        return caller.post("/v1/pictured", content=filled, headers=headers)

    assert send(room).status_code == 202
    assert send(room + 1).json()["code"] == "body_too_large"


def test_picture_of_the_most_pixels_is_taken_and_one_more_is_not(caller: Client) -> None:
    side = int(MAX_PIXELS**0.5)

    assert upload(caller, picture(side, side)).status_code == 202
    answer = upload(caller, picture(side, side + 1))
    assert is_problem(answer, 422, "invalid_image", "/image")
    assert f"{MAX_PIXELS:,}" in answer.json()["detail"]


@pytest.mark.parametrize("side", [20_000, 2**31 - 1])
def test_bomb_is_refused_by_its_header(caller: Client, studio: RunningGateway, side: int) -> None:
    bomb = header_only(side, side)
    began = time.monotonic()

    assert is_problem(upload(caller, bomb), 422, "invalid_image", "/image")
    assert is_problem(post(caller, image=uri(bomb)), 422, "invalid_image", "/image")
    assert time.monotonic() - began < 10
    assert not stored(studio, bomb).exists()


@pytest.mark.parametrize(
    "data", [b"", b"x", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"%PDF-1.7", b"\xff\xd8\xff", bytes(1000)]
)
def test_file_that_is_no_picture_is_refused(caller: Client, table: Table, data: bytes) -> None:
    answer = caller.post("/v1/pictured", files={"image": picture(), "guide": ("a.png", data)})

    assert is_problem(answer, 422, "invalid_image", "/guide")
    assert (table.stored_ids(), table.members("assets")) == ([], set())
