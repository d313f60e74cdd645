"""Addresses and methods that lead nowhere, and parameters that say nothing."""

from urllib.parse import quote

import pytest
from httpx2 import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.problems import is_problem


@pytest.mark.parametrize(
    "path",
    [
        *("/v1", "/v1/nope", "/v1/text/", "/v2/text", "/v1/jobs/", "/v1/jobs//events"),
        *("/%00", "/v1/%2e%2e/%2e%2e/etc/passwd", "/" + "x" * 5000, "/%ff%fe", "/v1/jobs/a/b/c/d"),
    ],
)
def test_unknown_address_gets_404(http: Client, path: str) -> None:
    assert is_problem(http.get(path), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/text", {"POST"}),
        ("DELETE", "/v1/jobs", {"GET", "HEAD"}),
        ("PATCH", "/v1/jobs/" + "0" * 26, {"GET", "HEAD", "DELETE"}),
        ("PUT", "/livez", {"GET", "HEAD"}),
    ],
)
def test_wrong_method_gets_405_with_the_right_ones(
    http: Client, method: str, path: str, allowed: set[str]
) -> None:
    answer = http.request(method, path)

    assert is_problem(answer, 405, "method_not_allowed")
    assert allowed == {name.strip() for name in answer.headers["allow"].split(",")}


@pytest.mark.parametrize(
    "job_id",
    ["x", "0" * 25, "0" * 27, "8" + "0" * 25, "0" * 25 + "U", "%00", "a%2Fb", "'", "*", "é" * 26],
)
@pytest.mark.parametrize(
    ("method", "suffix"),
    [("GET", ""), ("DELETE", ""), ("POST", "/cancel"), ("GET", "/events"), ("GET", "/outputs/0")],
)
def test_malformed_job_id_gets_404(http: Client, job_id: str, method: str, suffix: str) -> None:
    answer = http.request(method, f"/v1/jobs/{job_id}{suffix}")

    assert answer.status_code == 404
    assert answer.json()["code"] in ("unknown_job", "not_found")


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        *(("limit=0", "limit"), ("limit=101", "limit"), ("limit=x", "limit"), ("limit=", "limit")),
        *(("limit=" + "9" * 5000, "limit"), ("status=done", "status"), ("kind=nope", "kind")),
        *(("cursor=x", "cursor"), ("cursor=%00", "cursor"), ("cursor=" + "0" * 200, "cursor")),
    ],
)
def test_wrong_parameter_is_named(http: Client, query: str, parameter: str) -> None:
    answer = http.get(f"/v1/jobs?{query}")

    assert is_problem(answer, 422, "invalid_parameter")
    assert answer.json()["errors"][0]["parameter"] == parameter


PARTS = st.text(min_size=1, max_size=20)


@given(
    path=st.lists(
        PARTS | st.sampled_from(["v1", "jobs", "outputs", "events", "0" * 26]), max_size=5
    ),
    query=st.dictionaries(
        st.sampled_from(["limit", "cursor", "kind", "status", "after"]), PARTS, max_size=3
    ),
    headers=st.dictionaries(
        st.sampled_from(["If-None-Match", "Range", "Last-Event-ID", "If-Range", "Origin"]),
        st.binary(max_size=30).map(lambda raw: bytes(b for b in raw if b >= 32 and b != 127)),
    ),
    method=st.sampled_from(["GET", "POST", "DELETE", "HEAD", "PUT", "OPTIONS"]),
)
@settings(
    max_examples=200,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_generated_addresses_never_make_a_server_error(
    http: Client, path: list[str], query: dict[str, str], headers: dict[str, bytes], method: str
) -> None:
    address = "/" + "/".join(quote(part, safe="") for part in path)
    sent = {name.encode(): value.strip() for name, value in headers.items()}
    answer = http.request(method, address, params=query, headers=sent)

    assert answer.status_code < 500, answer.text


def test_no_other_method_takes_the_address_of_a_bulk_cancel_for_a_job(http: Client) -> None:
    for method in ("GET", "DELETE", "PUT", "OPTIONS"):
        answer = http.request(method, "/v1/jobs/cancel")

        assert is_problem(answer, 405, "method_not_allowed")
        assert answer.headers["allow"] == "POST"
