import hashlib
from collections.abc import Callable

import pytest
from httpx2 import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.player import Player
from tests.support.gateway import RunningGateway

Queued = Callable[[], str]
TEXT = "Größe: " + "0123456789" * 10 + "\n"
DATA = TEXT.encode()


@pytest.fixture
def url(queued: Queued, worker: Player) -> str:
    """The address of an output that holds TEXT."""
    job = queued()
    worker.make(TEXT, "second")
    return f"{job}/outputs/0"


def test_output_is_the_committed_file(http: Client, url: str) -> None:
    answer = http.get(url)

    assert (answer.status_code, answer.content) == (200, DATA)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["content-length"] == str(len(DATA))
    assert answer.headers["etag"] == f'"{hashlib.sha256(DATA).hexdigest()}"'
    assert answer.headers["accept-ranges"] == "bytes"
    assert "immutable" in answer.headers["cache-control"]


def test_output_has_a_file_name(http: Client, url: str) -> None:
    job_id = url.split("/")[3]

    disposition = http.get(url).headers["content-disposition"]

    assert disposition == f'inline; filename="text-{job_id}-0.txt"'


def test_outputs_keep_their_order(http: Client, url: str) -> None:
    assert http.get(url.removesuffix("0") + "1").text == "second"


def test_media_type_is_kept_as_it_was_stored(http: Client, queued: Queued, worker: Player) -> None:
    job = queued()
    worker.finish(worker.take(), "x", media_type="image/png")

    answer = http.get(f"{job}/outputs/0")

    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"].endswith('-0.png"')


def test_head_answers_like_get_without_the_body(http: Client, url: str) -> None:
    head, get = http.head(url), http.get(url)

    assert head.content == b""
    for name in ("content-length", "content-type", "etag", "content-disposition"):
        assert head.headers[name] == get.headers[name]


def test_file_at_hand_is_answered_304(http: Client, url: str) -> None:
    tag = http.get(url).headers["etag"]

    answer = http.get(url, headers={"If-None-Match": tag})

    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)


@pytest.mark.parametrize(
    ("range_", "part"),
    [
        ("bytes=0-9", slice(0, 10)),
        ("bytes=5-", slice(5, None)),
        ("bytes=-4", slice(-4, None)),
        ("bytes=0-99999", slice(None)),
        ("bytes=-99999", slice(None)),
        ("Bytes = 3 - 3", slice(3, 4)),
    ],
)
def test_range_is_answered_with_that_part(http: Client, url: str, range_: str, part: slice) -> None:
    answer = http.get(url, headers={"Range": range_})

    start, stop, _ = part.indices(len(DATA))
    assert (answer.status_code, answer.content) == (206, DATA[part])
    assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/{len(DATA)}"


@pytest.mark.parametrize(
    "range_",
    [
        *("bytes=9-5", "bytes=0-1,3-4", "bytes=x-1", "bytes=-", "bytes", "lines=0-1", "=", ""),
        *("bytes=--5", "bytes=1-2-3", "bytes=" + "9" * 50 + "-", "bytes=0x1-2", "bytes=²-"),
    ],
)
def test_range_that_cannot_be_read_is_answered_with_the_whole(
    http: Client, url: str, range_: str
) -> None:
    answer = http.get(url, headers={b"Range": range_.encode("latin-1")})

    assert (answer.status_code, answer.content) == (200, DATA)


@pytest.mark.parametrize("range_", ["bytes=99999-", "bytes=99999-999999", "bytes=-0"])
def test_range_behind_the_end_gets_416(http: Client, url: str, range_: str) -> None:
    answer = http.get(url, headers={"Range": range_})

    assert (answer.status_code, answer.json()["code"]) == (416, "range_not_satisfiable")
    assert answer.headers["content-range"] == f"bytes */{len(DATA)}"


def test_range_of_another_version_is_answered_with_the_whole(http: Client, url: str) -> None:
    tag = http.get(url).headers["etag"]

    same = http.get(url, headers={"Range": "bytes=0-3", "If-Range": tag})
    other = http.get(url, headers={"Range": "bytes=0-3", "If-Range": '"other"'})

    assert (same.status_code, other.status_code) == (206, 200)


@given(start=st.integers(0, 150), length=st.integers(0, 150))
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_parts_are_what_slicing_gives(http: Client, url: str, start: int, length: int) -> None:
    answer = http.get(url, headers={"Range": f"bytes={start}-{start + length}"})

    if start < len(DATA):
        assert answer.content == DATA[start : start + length + 1]
    else:
        assert answer.status_code == 416


def test_large_output_is_streamed_whole(http: Client, queued: Queued, worker: Player) -> None:
    large = "0123456789abcdef" * 100_000  # several chunks
    job = queued()
    worker.make(large)

    assert http.get(f"{job}/outputs/0").text == large
    part = http.get(f"{job}/outputs/0", headers={"Range": "bytes=1000000-1000015"})
    assert part.text == "0123456789abcdef"


def test_empty_output_is_answered_empty(http: Client, queued: Queued, worker: Player) -> None:
    job = queued()
    worker.make("")

    answer = http.get(f"{job}/outputs/0")
    assert (answer.status_code, answer.content) == (200, b"")
    assert http.get(f"{job}/outputs/0", headers={"Range": "bytes=0-"}).status_code == 416


@pytest.mark.parametrize("number", ["2", "-1", "x", "00", "1.0", "9" * 40, "٠", "%00", "1e0"])
def test_output_that_is_not_there_gets_404(http: Client, url: str, number: str) -> None:
    answer = http.get(url.removesuffix("0") + number)

    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_output")


def test_output_of_an_unfinished_job_gets_409(http: Client, queued: Queued) -> None:
    answer = http.get(f"{queued()}/outputs/0")

    assert (answer.status_code, answer.json()["code"]) == (409, "job_not_finished")
    assert int(answer.headers["retry-after"]) >= 1


def test_output_of_a_failed_job_gets_409(http: Client, queued: Queued, worker: Player) -> None:
    job = queued()
    worker.table.fail(worker.take())

    answer = http.get(f"{job}/outputs/0")

    assert (answer.status_code, answer.json()["code"]) == (409, "no_outputs")


def test_file_that_has_vanished_is_gone(gateway: RunningGateway, http: Client, url: str) -> None:
    for path in (gateway.settings.home / "blobs").rglob(f"{url.split('/')[3]}.*"):
        path.unlink()

    answer = http.get(url)

    assert (answer.status_code, answer.json()["code"]) == (410, "gone")


def test_store_of_files_that_fails_is_a_problem_that_passes(
    gateway: RunningGateway, http: Client, url: str
) -> None:
    folder = (gateway.settings.home / "blobs") / url.split("/")[3][-2:]
    moved = folder.rename(folder.with_suffix(".away"))
    folder.symlink_to(folder.name)  # to itself: whoever follows it fails, as root too

    try:
        answer = http.get(url)
    finally:
        folder.unlink()
        moved.rename(folder)

    assert (answer.status_code, answer.json()["code"]) == (503, "files_unavailable")
    assert answer.headers["retry-after"]
