"""Forms that are none, or not for here: what is said of them, and that nothing stays behind."""

import socket

import pytest
from httpx2 import Client, Response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.incoming.forms import MAX_HEADER_BYTES, MAX_HEADERS, MAX_PARTS
from tests.support.gateway import RunningGateway
from tests.support.problems import is_problem
from tests.support.studio import BOUNDARY, form, part, picture, post_form, reference
from tests.support.table import Table

IMAGE = part("image", picture(), file="a.png")


def pointer_of(answer: Response) -> str:
    pointer: str = answer.json()["errors"][0]["pointer"]
    return pointer


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
