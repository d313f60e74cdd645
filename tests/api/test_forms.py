"""Forms with files: what is read, what is refused, and that nothing of either stays behind."""

import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Client, Response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.forms import MAX_HEADER_BYTES, MAX_HEADERS, MAX_PARTS
from tests.support.gateway import RunningGateway
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
from tests.support.table import Table

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


def is_problem(answer: Response, status: int, code: str) -> bool:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    return True


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


@pytest.mark.parametrize(
    ("parts", "pointer"),
    [
        ([part("image", picture(), file="a"), part("image", picture(), file="b")], "/image"),
        ([IMAGE, part("image", reference(picture()))], "/image"),
        ([IMAGE, part("size", "1"), part("size", "2")], "/size"),
        ([IMAGE, part("title", "1"), part("title", "2")], "/title"),
        ([IMAGE, part("title", picture(), file="a.png")], "/title"),
        ([IMAGE, part("colour", "red")], "/colour"),
        ([IMAGE, part("colour", picture(), file="a.png")], "/colour"),
        ([IMAGE, part("x" * 3000, "red")], "/" + "x" * 80),
        ([IMAGE, part("size", "big")], "/size"),
        ([IMAGE, part("size", "9" * 5000)], "/size"),
        ([IMAGE, part("size", "5000")], "/size"),
        ([IMAGE, part("weights", "{")], "/weights"),
        ([IMAGE, part("weights", '{"a": "b"}')], "/weights/a"),
        ([IMAGE, part("guide", "photo.jpg")], "/guide"),
        ([IMAGE, part("layers", "[[1]]")], "/layers/0"),
        ([part("title", "no picture")], "/image"),
        ([part("image", b"", file="")], "/image"),
        ([], "/image"),
    ],
)
def test_wrong_field_is_named(
    caller: Client, table: Table, parts: list[bytes], pointer: str
) -> None:
    answer = post_form(caller, form(*parts))

    assert is_problem(answer, 422, "invalid_request")
    assert pointer_of(answer) == pointer
    assert len(answer.content) < 8000
    assert table.stored_ids() == []


def test_nesting_beyond_reason_is_a_problem(caller: Client) -> None:
    body = form(IMAGE, part("weights", "[" * 9000 + "]" * 9000))

    assert post_form(caller, body).status_code == 422


DISPOSITION = 'Content-Disposition: form-data; name="image"; filename="a.png"\r\n'
START = f"--{BOUNDARY}\r\n"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"image=x",
        b"{}",
        IMAGE,
        form(IMAGE)[: -1 - len("--\r\n")],
        form(IMAGE)[:60],
        form(IMAGE)[: len(IMAGE) - 10],
        form(IMAGE).replace(BOUNDARY.encode(), b"other"),
        form(IMAGE).replace(b"\r\n", b"\n"),
        (START + "\r\n").encode() + form(),
        (START + "Content-Type: image/png\r\n\r\nx\r\n").encode() + form(),
        (START + "Content-Disposition: attachment; name=image\r\n\r\nx\r\n").encode() + form(),
        (START + "Content-Disposition: form-data\r\n\r\nx\r\n").encode() + form(),
        (START + 'Content-Disposition: form-data; name=""\r\n\r\nx\r\n').encode() + form(),
        (START + 'Content-Disposition: form-data; name="\u00ff"\r\n\r\nx\r\n').encode("latin-1")
        + form(),
        (START + "Content-Disposition form-data\r\n\r\nx\r\n").encode() + form(),
        (START + DISPOSITION + "X: y\r\n" * MAX_HEADERS + "\r\nx\r\n").encode() + form(),
        (START + DISPOSITION + f"X: {'y' * MAX_HEADER_BYTES}\r\n\r\nx\r\n").encode() + form(),
        form(IMAGE, part("title", b"\xff")),
        form(part("image", picture(), file="a", headers="Content-Transfer-Encoding: base64\r\n")),
        form(IMAGE, *[part("title", "x")] * MAX_PARTS),
        form(*[part(f"x{n}", "") for n in range(1000)]),
    ],
    ids=lambda body: repr(body[:40]),
)
def test_body_that_is_no_form_is_said_to_be_none(caller: Client, table: Table, body: bytes) -> None:
    assert is_problem(post_form(caller, body), 422, "invalid_form")
    assert table.stored_ids() == []


@pytest.mark.parametrize("parameter", ["", "; boundary=", "; boundary=" + "x" * 300, "; charset=x"])
def test_form_without_a_boundary_of_its_own_is_none(caller: Client, parameter: str) -> None:
    headers = {"Content-Type": f"multipart/form-data{parameter}"}
    answer = caller.post("/v1/pictured", content=form(IMAGE), headers=headers)

    assert is_problem(answer, 422, "invalid_form")


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "image/png"},
        {"Content-Type": f"multipart/mixed; boundary={BOUNDARY}"},
        {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", "Content-Encoding": "gzip"},
    ],
)
def test_other_types_get_415_with_both_right_ways(caller: Client, headers: dict[str, str]) -> None:
    answer = caller.post("/v1/pictured", content=form(IMAGE), headers=headers)

    assert is_problem(answer, 415, "unsupported_media_type")
    assert "curl --json" in answer.json()["detail"]
    assert "curl -F image=@photo.jpg" in answer.json()["detail"]
    assert "multipart/form-data" in answer.headers["accept"]


def test_kind_without_pictures_takes_no_forms(caller: Client) -> None:
    assert is_problem(post_form(caller, form(), kind="text"), 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Host": "evil.example"},
    ],
)
def test_form_of_a_page_elsewhere_is_refused(
    caller: Client, table: Table, headers: dict[str, str]
) -> None:
    answer = post_form(caller, form(IMAGE), headers=headers)

    assert answer.status_code == 403
    assert answer.json()["code"] in ("forbidden_origin", "forbidden_host")
    assert table.stored_ids() == []
    assert table.members("assets") == set()


def test_caller_who_hangs_up_in_the_middle_of_a_picture_does_no_harm(
    studio: RunningGateway, caller: Client, table: Table
) -> None:
    for _ in range(3):
        with socket.create_connection((studio.host, studio.port), timeout=10) as peer:
            head = (
                "POST /v1/pictured HTTP/1.1\r\nHost: localhost\r\nContent-Length: 39000\r\n"
                f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n"
            )
            peer.sendall(head.encode() + form(IMAGE)[:100])

    assert caller.get("/livez").status_code == 200
    assert (table.stored_ids(), table.members("assets")) == ([], set())


CHUNKS = st.sampled_from(
    [
        *(BOUNDARY.encode(), b"--", b"\r\n", b"\n", b"\r", b":", b";", b'"', b"\x00", b"\xff"),
        b"Content-Disposition: form-data; name=",
        *(b'"image"', b'"style"', b'"title"', b'; filename="a"', picture(), IMAGE),
    ]
)


@given(chunks=st.lists(CHUNKS | st.binary(max_size=20), max_size=20))
@settings(
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_generated_forms_never_make_a_server_error(caller: Client, chunks: list[bytes]) -> None:
    answer = post_form(caller, b"".join(chunks))

    assert answer.status_code in (202, 413, 422), answer.text
