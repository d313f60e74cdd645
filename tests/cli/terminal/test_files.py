"""Where outputs are written."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.errors import CommandError
from cli.terminal.files import Output, Target, ending_of


def test_names_have_kind_id_number_and_ending(tmp_path: Path) -> None:
    outputs = [Output("image/png", [b"a", b"b"]), Output("text/plain; charset=utf-8", [b"c"])]
    first, second = Target(tmp_path / "new").save("dream-1", outputs)

    assert (first.name, first.read_bytes()) == ("dream-1-0.png", b"ab")
    assert (second.name, second.read_bytes()) == ("dream-1-1.txt", b"c")


def test_a_name_of_the_users_gets_a_number_where_there_are_several(tmp_path: Path) -> None:
    target = Target(tmp_path / "a.png")

    assert target.save("x", [Output("image/png", [b""])]) == [tmp_path / "a.png"]
    two = target.save("x", [Output("image/png", [b""])] * 2)
    assert [path.name for path in two] == ["a-0.png", "a-1.png"]


@pytest.mark.parametrize("is_replacing", [False, True])
def test_nothing_is_left_of_what_came_half(tmp_path: Path, is_replacing: bool) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise CommandError("the line broke")

    path = tmp_path / "a.png"
    if is_replacing:
        path.write_bytes(b"old")
    with pytest.raises(CommandError, match="the line broke"):
        Target(path, is_replacing).save("x", [Output("image/png", broken())])

    assert [p.read_bytes() for p in tmp_path.iterdir()] == ([b"old"] if is_replacing else [])


def test_a_file_that_has_come_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    target = Target(tmp_path / "a.png")
    target.require_free()
    (tmp_path / "a.png").write_bytes(b"other")

    with pytest.raises(CommandError, match="exists already; --force replaces it"):
        target.save("x", [Output("image/png", [b""])])
    assert (tmp_path / "a.png").read_bytes() == b"other"


@pytest.mark.parametrize(
    ("media_type", "ending"),
    [("image/jpeg", ".jpg"), ("image/gif", ".gif"), ("image/webp", ".webp"), ("x/y", ".bin")],
)
def test_endings_are_the_usual_ones(media_type: str, ending: str) -> None:
    assert ending_of(media_type) == ending
