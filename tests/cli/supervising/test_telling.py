"""What the supervisor passes on to programs."""

import json

import pytest

from cli.supervising.telling import teller
from genart_core.logs import json_line

LINE = json_line(created=0.0, level="ERROR", logger="api.x", message="m", fields={"a": 1})


@pytest.mark.parametrize("line", ["ready", "{", LINE[:-3], '{"timestamp": }', "\x1b[1m"])
def test_what_is_no_object_is_put_into_one(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    teller("json")("redis", line)

    found = json.loads(capsys.readouterr().err)
    assert (found["message"], found["process"], found["logger"]) == (line, "redis", "redis")


def test_empty_lines_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    teller("json")("worker-0", "  ")

    assert capsys.readouterr().err == ""


def test_object_of_a_child_is_passed_on_under_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    teller("json")("worker-0", LINE)

    found = json.loads(capsys.readouterr().err)
    assert found == {**json.loads(LINE), "process": "worker-0"}


def test_people_see_who_speaks(capsys: pytest.CaptureFixture[str]) -> None:
    teller("text")("redis", "hello")

    assert capsys.readouterr().err == "redis    | hello\n"
