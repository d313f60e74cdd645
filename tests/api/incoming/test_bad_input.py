"""Every wrong request is a problem that helps to mend it; nothing is half-written; never a 500."""

import json
import socket
from typing import Any

import pytest
from httpx2 import Client, Response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.gateway import RunningGateway
from tests.support.problems import is_problem
from tests.support.table import Table

JSON = {"Content-Type": "application/json"}
GREY = "data:image/png;base64,AA=="  # never opened: the fields are refused before


def send(http: Client, body: bytes, **headers: str) -> Response:
    return http.post("/v1/text", content=body, headers={**JSON, **headers})


@pytest.mark.parametrize(
    ("field", "value", "got", "allowed"),
    [
        ("length", 0, "0", {"ge": 1}),
        ("length", 100_001, "100001", {"le": 100_000}),
        ("length", "400", '"400"', None),
        ("length", 1.5, "1.5", None),
        ("length", True, "true", None),
        ("length", None, "null", None),
        ("length", 10**400, "an integer of 1329 bits", {"le": 100_000}),
        ("seed", -1, "-1", {"ge": 0}),
        ("seed", 2**53, str(2**53), {"le": 2**53 - 1}),
        ("temperature", -0.1, "-0.1", {"ge": 0.0}),
        ("temperature", [], "an array of 0 items", None),
        ("strategy", "beam", '"beam"', {"expected": "'sample', 'greedy' or 'uniform'"}),
        ("top_k", 0, "0", {"ge": 1}),
        ("top_p", 0.0, "0.0", {"gt": 0.0}),
        ("top_p", 1.5, "1.5", {"le": 1.0}),
        ("min_p", -1.0, "-1.0", {"ge": 0.0}),
        ("repetition_penalty", 0.5, "0.5", {"ge": 1.0}),
        ("stop", ["x"] * 9, "an array of 9 items", {"max_length": 8}),
        ("prompt", 7, "7", None),
        ("prompt", "x" * 20_001, '"' + "x" * 80 + '"…', {"max_length": 20_000}),
        ("model", {"name": "x"}, "an object with 1 members", None),
        ("format", "text/html", '"text/html"', {"expected": "'text/plain'"}),
    ],
)
def test_wrong_field_is_named_with_what_came_and_what_is_allowed(
    http: Client, table: Table, field: str, value: object, got: str, allowed: object
) -> None:
    answer = send(http, json.dumps({field: value}).encode())

    assert is_problem(answer, 422, "invalid_request")
    (complaint,) = answer.json()["errors"]
    assert complaint["pointer"] == f"/{field}"
    assert complaint["got"] == got
    assert complaint.get("allowed") == allowed
    assert answer.json()["detail"].startswith(f"{field}: ")
    assert table.redis.keys("genart:job:*") == []


def test_unknown_field_is_told_the_known_ones(http: Client) -> None:
    answer = send(http, b'{"promt": "x", "a/b~c": 1}')

    assert is_problem(answer, 422, "invalid_request")
    first, second = answer.json()["errors"]
    assert first["pointer"] == "/promt"
    assert "prompt" in first["allowed"]["fields"]
    assert second["pointer"] == "/a~1b~0c"


def test_every_wrong_field_is_listed_up_to_twenty(http: Client) -> None:
    answer = send(http, json.dumps({f"x{n}": n for n in range(50)}).encode())

    assert is_problem(answer, 422, "invalid_request", most_bytes=8000)
    assert len(answer.json()["errors"]) == 20
    assert answer.json()["error_count"] == 50


def test_body_with_a_hundred_thousand_errors_is_answered_briefly(http: Client) -> None:
    body = b"{" + b",".join(b'"%05d":0' % n for n in range(90_000)) + b"}"

    assert is_problem(send(http, body), 422, "invalid_request")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
@pytest.mark.parametrize("field", ["temperature", "length", "seed"])
def test_numbers_that_are_none_are_refused(http: Client, field: str, number: str) -> None:
    answer = send(http, f'{{"{field}": {number}}}'.encode())

    assert is_problem(answer, 422, "invalid_request")
    assert answer.json()["errors"][0]["pointer"] == f"/{field}"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"length": 400}x',
        b"{'length': 400}",
        b'{"prompt": "\\ud800"}',
        b'{"prompt": "\\udc00\\ud800"}',
        b'{"\\ud800": 1}',
        b'{"prompt": "\xff"}',
        b"\xef\xbb\xbf{}",
        '{"prompt": "x"}'.encode("utf-16"),
        b'{"prompt": "a\nb"}',
        b'{"length": ' + b"9" * 5000 + b"}",
        b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a":' * 100_000,
        b"\x00",
    ],
    ids=repr,
)
def test_body_that_is_no_json_is_said_to_be_none(http: Client, body: bytes) -> None:
    assert is_problem(send(http, body), 422, "invalid_json")


@pytest.mark.parametrize("body", [b"[]", b"null", b'"x"', b"7", b"true", b"[{}]"])
def test_json_that_is_no_object_is_refused(http: Client, body: bytes) -> None:
    assert is_problem(send(http, body), 422, "invalid_request")


@pytest.mark.parametrize(
    "content_type",
    [
        *("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"),
        *("", "application/jsonp", "application/json; charset=utf-16", "json", "\\;;=,"),
        "application/json; charset=latin-1",
    ],
)
def test_other_content_types_get_415_with_the_right_curl_line(
    http: Client, gateway: RunningGateway, content_type: str
) -> None:
    answer = send(http, b"prompt=x", **{"Content-Type": content_type})

    assert is_problem(answer, 415, "unsupported_media_type")
    assert "curl --json '{" in answer.json()["detail"]
    assert f"{gateway.url}/v1/text" in answer.json()["detail"]


def test_curl_line_of_the_415_works(http: Client) -> None:
    detail = send(http, b"a=b", **{"Content-Type": "text/plain"}).json()["detail"]
    body = detail.partition("--json '")[2].partition("'")[0]

    assert send(http, body.encode()).status_code == 202


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json; charset=utf-8", 'APPLICATION/JSON;charset="UTF-8"'],
)
def test_json_in_utf8_is_taken_however_it_is_spelt(http: Client, content_type: str) -> None:
    assert send(http, b'{"model":"tiny"}', **{"Content-Type": content_type}).status_code == 202


def test_compressed_body_gets_415(http: Client) -> None:
    answer = send(http, b"\x1f\x8b", **{"Content-Encoding": "gzip"})

    assert is_problem(answer, 415, "unsupported_media_type")


def test_body_just_within_the_limit_is_read(gateway: RunningGateway, http: Client) -> None:
    padding = b" " * (gateway.settings.max_body_bytes - len(b'{"model":"tiny"}'))

    assert send(http, b'{"model":"tiny"}' + padding).status_code == 202
    assert is_problem(send(http, b'{"model":"tiny"} ' + padding), 413, "body_too_large")


def test_caller_who_hangs_up_in_the_middle_of_a_body_does_no_harm(
    gateway: RunningGateway, http: Client, table: Table
) -> None:
    for _ in range(5):
        with socket.create_connection((gateway.host, gateway.port), timeout=10) as peer:
            peer.sendall(
                b"POST /v1/text HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                b"Content-Length: 100\r\n\r\n{"
            )

    assert http.get("/livez").status_code == 200
    assert table.redis.keys("genart:job:*") == []


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    ["prompt", "length", "seed", "temperature", "strategy", "num_samples", "model", "format", "?"]
)
BODIES = (
    st.binary(max_size=200)
    | JUNK.map(lambda value: json.dumps(value).encode())
    | st.dictionaries(FIELDS, JUNK, max_size=6).map(lambda value: json.dumps(value).encode())
)
HEADERS = st.dictionaries(
    st.sampled_from(["Prefer", "Idempotency-Key", "Content-Type", "X-Request-Id", "Accept"]),
    st.binary(max_size=40).map(lambda raw: bytes(b for b in raw if b >= 32 and b != 127).strip()),
)


@given(body=BODIES, headers=HEADERS, is_json=st.booleans())
@settings(
    max_examples=300,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_generated_junk_never_makes_a_server_error(
    http: Client, body: bytes, headers: dict[str, bytes], is_json: bool
) -> None:
    sent: dict[str, Any] = {name.lower(): value for name, value in headers.items()}
    if b"wait" in sent.get("prefer", b"").lower():
        sent.pop("prefer")
    if is_json:
        sent["content-type"] = b"application/json"
    answer = http.post("/v1/text", content=body, headers=sent)

    assert answer.status_code in (202, 413, 415, 422), answer.text


@pytest.mark.parametrize(
    ("request_body", "pointer", "detail"),
    [
        ({"style_weights": [1.0, 2.0]}, "/style_weights", "2 for 1 styles"),
        ({"masks": [GREY] * 2}, "/masks", "2 for 1 styles; one each, or none"),
        (
            {"content_weight": 0.0, "style_weight": 0.0},
            "",
            "content_weight and style_weight: at least one must be above 0",
        ),
    ],
)
def test_fields_that_contradict_each_other_are_named_in_plain_words(
    http: Client, request_body: dict[str, Any], pointer: str, detail: str
) -> None:
    body = {"content": GREY, "style": [GREY], **request_body}

    answer = http.post("/v1/style", json=body)

    assert is_problem(answer, 422, "invalid_request")
    assert answer.json()["errors"] == [{"pointer": pointer, "detail": detail}]
