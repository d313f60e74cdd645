"""Forms with files: what is read, what is refused, and that nothing of either stays behind."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Client, Response

from tests.support.gateway import RunningGateway
from tests.support.problems import is_problem
from tests.support.studio import (
    BOUNDARY,
    MAX_IMAGE_BYTES,
    MAX_TEXT_BYTES,
    form,
    padded,
    part,
    picture,
    post_form,
    reference,
)

IMAGE = part("image", picture(), file="a.png")


@pytest.fixture(autouse=True)
def no_files_left_open(session_studio: RunningGateway) -> Iterator[None]:
    """No request leaves a temporary file behind."""
    before = open_files()
    yield
    assert open_files() <= before


def open_files() -> int:
    """Return how many files this process has open that have no name any more."""
    targets = []
    for entry in Path("/proc/self/fd").glob("*"):
        with suppress(OSError):  # closed meanwhile
            targets.append(str(entry.readlink()))
    return sum("(deleted)" in target for target in targets)


def request_of(answer: Response) -> dict[str, Any]:
    assert answer.status_code == 202, answer.text
    request: dict[str, Any] = answer.json()["request"]
    return request


def pointer_of(answer: Response) -> str:
    pointer: str = answer.json()["errors"][0]["pointer"]
    return pointer


def test_file_becomes_the_asset_of_its_bytes(caller: Client, studio: RunningGateway) -> None:
    data = picture(shade=1)

    request = request_of(caller.post("/v1/pictured", files={"image": data}))

    assert request["image"] == reference(data)
    digest = reference(data).removeprefix("asset:")
    stored = studio.settings.home / "blobs" / "assets" / digest[:2] / digest
    assert stored.read_bytes() == data


def test_text_of_a_form_has_the_types_of_its_fields(caller: Client) -> None:
    data = {
        **{"seed": "7", "size": "64", "strength": "0.5", "mirrored": "true", "title": "7"},
        **{"weights": '{"a": 1.5}', "layers": '["x", "y"]', "steps": ""},
    }

    request = request_of(caller.post("/v1/pictured", data=data, files={"image": picture()}))

    assert {name: request[name] for name in data} == {
        **{"seed": 7, "size": 64, "strength": 0.5, "mirrored": True, "title": "7"},
        **{"weights": {"a": 1.5}, "layers": ["x", "y"], "steps": 0},
    }


def test_form_and_json_are_the_same_request(caller: Client) -> None:
    data = picture(shade=2)
    by_form = request_of(
        caller.post("/v1/pictured", data={"seed": "1", "size": "9"}, files={"image": data})
    )
    by_json = request_of(
        caller.post("/v1/pictured", json={"seed": 1, "size": 9, "image": reference(data)})
    )

    assert by_form == by_json


def test_repeated_file_field_is_a_list_in_its_order(caller: Client) -> None:
    styles = [picture(shade=shade) for shade in (3, 4, 5)]
    files = [("image", picture()), *(("style", data) for data in styles)]

    request = request_of(caller.post("/v1/pictured", files=files))

    assert request["style"] == [reference(data) for data in styles]


def test_files_and_references_mix_in_a_list(caller: Client) -> None:
    first, second, third = (picture(shade=shade) for shade in (6, 7, 8))
    caller.post("/v1/pictured", files={"image": first})
    body = form(
        part("style", second, file="b.png"),
        part("style", reference(first)),
        part("image", third, file=""),  # no name, but bytes
        part("style", third, headers="Content-Type: image/png\r\n"),
    )

    request = request_of(post_form(caller, body))

    assert request["style"] == [reference(data) for data in (second, first, third)]
    assert request["image"] == reference(third)


def test_list_of_references_may_be_json_text(caller: Client) -> None:
    first = picture(shade=9)
    caller.post("/v1/pictured", files={"image": first})
    body = form(IMAGE, part("style", f'["{reference(first)}", "{reference(first)}"]'))

    assert request_of(post_form(caller, body))["style"] == [reference(first)] * 2


def test_inputs_of_a_page_that_were_not_filled_in_are_left_out(caller: Client) -> None:
    body = form(IMAGE, part("guide", b"", file=""), part("size", ""), part("style", b"", file=""))

    request = request_of(post_form(caller, body))

    assert (request["guide"], request["size"], request["style"]) == (None, None, [])


@pytest.mark.parametrize("name", ["ф.png", "../../etc/passwd", 'a\\"b.png', "C:\\x.png", "x" * 300])
def test_name_of_a_file_means_nothing(caller: Client, name: str) -> None:
    body = form(part("image", picture(), file=name))

    assert request_of(post_form(caller, body))["image"] == reference(picture())


@pytest.mark.parametrize("boundary", [BOUNDARY, f'"{BOUNDARY}"', f"{BOUNDARY}; charset=utf-8"])
def test_boundary_may_be_spelt_as_the_rfc_allows(caller: Client, boundary: str) -> None:
    assert post_form(caller, form(IMAGE), boundary=boundary).status_code == 202


def test_form_may_come_in_any_pieces(caller: Client) -> None:
    body = form(IMAGE, part("title", "ünïcödé"), part("size", "12"))

    for size in (1, 7, 1000):
        pieces = (body[at : at + size] for at in range(0, len(body), size))
        content_type = f"multipart/form-data; boundary={BOUNDARY}"
        answer = caller.post("/v1/pictured", content=pieces, headers={"Content-Type": content_type})
        request = request_of(answer)
        assert (request["title"], request["size"]) == ("ünïcödé", 12)


def test_picture_of_the_largest_size_is_taken_and_one_byte_more_is_not(caller: Client) -> None:
    largest = padded(MAX_IMAGE_BYTES)

    assert request_of(caller.post("/v1/pictured", files={"image": largest}))["image"] == reference(
        largest
    )
    files = [("image", picture()), ("style", picture()), ("style", largest + b"x")]
    answer = caller.post("/v1/pictured", files=files)
    assert is_problem(answer, 413, "image_too_large")
    assert pointer_of(answer) == "/style/1"
    assert f"{MAX_IMAGE_BYTES:,}" in answer.json()["detail"]


def test_text_of_the_largest_size_is_taken_and_one_byte_more_is_not(caller: Client) -> None:
    title = "x" * MAX_TEXT_BYTES

    assert request_of(post_form(caller, form(IMAGE, part("title", title))))["title"] == title
    assert is_problem(
        post_form(caller, form(IMAGE, part("title", title), part("size", "1"))),
        *(413, "body_too_large"),
    )


@pytest.mark.parametrize("is_declared", [True, False])
def test_body_beyond_all_pictures_is_refused(caller: Client, is_declared: bool) -> None:
    # image, guide and three styles
    largest = 5 * MAX_IMAGE_BYTES + MAX_TEXT_BYTES
    whole = form(IMAGE)
    filled = whole + bytes(largest - len(whole))  # what follows the end is ignored
    content_type = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}

    def post(body: bytes) -> Response:
        content = (
            body if is_declared else (body[at : at + 9999] for at in range(0, len(body), 9999))
        )
        return caller.post("/v1/pictured", content=content, headers=content_type)

    assert post(filled).status_code == 202
    assert is_problem(post(filled + b"x"), 413, "body_too_large")


def test_more_files_than_a_field_takes_are_refused(caller: Client) -> None:
    files = [("image", picture()), *[("style", picture())] * 4]

    answer = caller.post("/v1/pictured", files=files)

    assert is_problem(answer, 422, "invalid_request")
    assert pointer_of(answer) == "/style"
    assert "at most 3" in answer.json()["detail"]
