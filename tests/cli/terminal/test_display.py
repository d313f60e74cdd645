"""What is shown of a job while it is being made."""

import io

from rich.console import Console

from cli.asking.events import parse
from cli.terminal.display import Display


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def display(out: io.StringIO, err: io.StringIO, *, is_terminal: bool) -> Display:
    console = Console(file=err, force_terminal=is_terminal, width=100, color_system=None)
    return Display("dream", out, console)


def test_a_terminal_has_a_bar_and_a_pipe_has_none() -> None:
    bar, nothing = io.StringIO(), io.StringIO()
    for err, is_terminal in ((bar, True), (nothing, False)):
        with display(io.StringIO(), err, is_terminal=is_terminal) as shown:
            shown.status("running")
            shown.progress(3, 8)

    assert "dream running" in bar.getvalue()
    assert "3/8" in bar.getvalue()
    assert nothing.getvalue() == ""


def test_text_is_written_once_though_it_comes_again() -> None:
    out = io.StringIO()
    with display(out, io.StringIO(), is_terminal=True) as shown:
        for text in ("th", "the n", "", "th", "the night"):
            shown.text(text)
        shown.texts(["the night", "two\n"])

    assert out.getvalue() == "the night\n\ntwo\n"


def test_text_does_not_steer_a_terminal() -> None:
    screen, pipe = Terminal(), io.StringIO()
    for out in (screen, pipe):
        with display(out, io.StringIO(), is_terminal=True) as shown:
            shown.texts(["a\x1b[2Jé\tb\n"])

    assert screen.getvalue() == "a\ufffd[2Jé\tb\n"
    assert pipe.getvalue() == "a\x1b[2Jé\tb\n"


def test_events_are_read_over_comments_and_cut_off_ends() -> None:
    stream = (
        b'retry: 2000\n\n: still here\n\nid: 1-0\nevent: token\ndata: {"text":\n'
        b'data: "a: b"}\n\nevent: done\r\ndata: {}\r\n\r\nid: 2-0\nevent: token\ndata: {"te'
    )
    events = list(parse(io.BytesIO(stream)))

    assert [(e.name, e.data, e.id) for e in events] == [
        ("token", {"text": "a: b"}, "1-0"),
        ("done", {}, ""),
    ]
