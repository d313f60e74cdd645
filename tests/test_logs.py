"""How log lines look."""

import io
import json
import logging
import subprocess
import sys
from contextvars import copy_context
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genart_core import logs
from genart_core.jobs.record import Job, decode_job

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
JOB = {
    b"id": b"01k9tsm5v4n8m3c7qh2d6x0zpa",
    b"kind": b"text",
    b"client": b"192.0.2.7",
    b"attempt": b"2",
    b"request": b"{}",
}


def job(**fields: bytes) -> Job:
    return decode_job(JOB | {name.encode(): value for name, value in fields.items()})


class Written:
    """A logger of its own, and what it has written."""

    def __init__(self, form: logs.Format) -> None:
        self.stream = io.StringIO()
        self.log = logging.Logger("tests.log")
        handler = logging.StreamHandler(self.stream)
        handler.setFormatter(logs.formatter(form))
        self.log.addHandler(handler)

    @property
    def lines(self) -> list[str]:
        return self.stream.getvalue().splitlines()

    @property
    def objects(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]


@pytest.fixture
def as_json() -> Written:
    return Written("json")


@pytest.fixture
def as_text() -> Written:
    return Written("text")


def test_line_about_a_job_says_which_and_for_whom(as_json: Written) -> None:
    told = job(request_id=b"r-1", trace=TRACE.encode())
    as_json.log.info("ended", extra=logs.about(told, status="succeeded", duration_ms=12.345))

    (line,) = as_json.objects
    assert line.pop("timestamp")[10::13] == "TZ"
    assert line == {
        "level": "INFO",
        "logger": "tests.log",
        "message": "ended",
        "job_id": "01k9tsm5v4n8m3c7qh2d6x0zpa",
        "kind": "text",
        "attempt": 2,
        "status": "succeeded",
        "duration_ms": 12.3,
        "request_id": "r-1",
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "client": logs.pseudonym("192.0.2.7"),
    }


def test_line_for_people_has_the_fields_behind_the_message(as_text: Written) -> None:
    as_text.log.info("ended", extra=logs.about(job(), status="failed"))

    (line,) = as_text.lines
    told = "job_id=01k9tsm5v4n8m3c7qh2d6x0zpa kind=text attempt=2 status=failed client=ip-"
    assert f" INFO tests.log ended {told}" in line


def test_what_a_task_is_bound_to_stands_in_its_lines_alone(as_json: Written) -> None:
    def answer(request_id: str) -> None:
        logs.bind({"request_id": request_id, "job_id": "j"})
        as_json.log.info("inside")

    for request_id in ("a", "b"):
        copy_context().run(answer, request_id)
    as_json.log.info("outside")

    assert [line.get("request_id") for line in as_json.objects] == ["a", "b", None]
    assert [line.get("job_id") for line in as_json.objects] == ["j", "j", None]


def test_traceback_is_part_of_its_line(as_json: Written, as_text: Written) -> None:
    for written in (as_json, as_text):
        try:
            raise ValueError("two\nlines")
        except ValueError:
            written.log.exception("a generator broke", extra=logs.about(job()))

    (line,) = as_json.objects
    assert line["exception"].endswith("ValueError: two\nlines")
    assert as_text.lines[0].split(" client=")[0].endswith("attempt=2")
    assert as_text.lines[-2:] == ["ValueError: two", "lines"]


@given(st.text(), st.dictionaries(st.text(min_size=1), st.text() | st.integers() | st.none()))
def test_whatever_is_logged_is_one_object_on_one_line(message: str, fields: dict[str, Any]) -> None:
    written = Written("json")
    written.log.info("%s", message, extra={"fields": fields})

    (line,) = written.stream.getvalue().split("\n")[:-1]
    found = json.loads(line)
    assert fields.items() <= found.items()
    assert found["message"] == fields.get("message", message)


@given(st.text(min_size=1))
def test_value_of_a_field_never_breaks_a_line_for_people(value: str) -> None:
    written = Written("text")
    written.log.info("seen", extra={"fields": {"path": value}})

    assert len(written.lines) == 1


@given(st.ip_addresses().map(str))
def test_address_of_a_client_is_not_written(address: str) -> None:
    name = logs.pseudonym(address)

    assert name == logs.pseudonym(address)
    assert address not in name
    assert len(name) == 15


def test_key_of_a_client_is_known_by_its_id() -> None:
    assert logs.pseudonym("key-k3xv09ab") == "key-k3xv09ab"


def test_what_ends_a_process_is_an_object_too() -> None:
    code = (
        "import threading, warnings\n"
        "from genart_core import logs\n"
        "logs.configure('INFO', 'json')\n"
        "warnings.warn('odd')\n"
        "thread = threading.Thread(target=lambda: 1 / 0)\n"
        "thread.start(), thread.join()\n"
        "raise KeyError('gone')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["logger"] for line in lines] == ["py.warnings", "genart", "genart"]
    assert "ZeroDivisionError" in lines[1]["exception"]
    assert lines[2]["exception"].endswith("KeyError: 'gone'")
    assert done.returncode == 1
