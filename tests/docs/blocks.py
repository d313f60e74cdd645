"""The fenced blocks of the documentation, and what a comment before one says of it.

A comment on the line before a fence says what is done with the block here:

- `<!-- run -->`: it is run against a live service. All such blocks of a page are one session of
  one shell, in the page's order.
- `<!-- run refused -->`: likewise, and it has to end with an error.
- `<!-- prints -->`: what the block run last has printed contains this; `…` stands for anything, and
  line breaks for any space.
- `<!-- file: PATH -->`: it is that file of the repository, or a part of it.
- `<!-- write: PATH -->`: it is written to that file of the session's folder.

All other blocks of commands and of JSON are checked without being run.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^ *```(\w*)\s*$")
_MARK = re.compile(r"^ *<!-- (run refused|run|prints|file|write)(?:: (\S+))? -->$")


@dataclass(frozen=True)
class Block:
    """One block: where it stands, its language, its text, and what its comment says."""

    page: Path
    line: int
    language: str
    text: str
    mark: str = ""
    path: str = ""

    @property
    def place(self) -> str:
        """Where to look for it."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


@cache
def pages() -> list[Path]:
    """Return all pages of the documentation."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


@cache
def blocks() -> list[Block]:
    """Return the blocks of all pages."""
    return [block for page in pages() for block in blocks_of(page)]


def blocks_of(page: Path) -> Iterator[Block]:
    """Yield the blocks of a page in order."""
    before, language, inside = "", "", None
    for number, line in enumerate(page.read_text().splitlines(), 1):
        fence = _FENCE.match(line)
        if inside is None and fence:
            language, start, inside = fence[1], number, list[str]()
            mark = _MARK.match(before)
        elif inside is not None and fence:
            said = (mark[1], mark[2] or "") if mark else ("", "")
            text = dedent("\n".join(inside) + "\n")  # those in lists are indented
            yield Block(page, start, language, text, *said)
            inside = None
        elif inside is not None:
            inside.append(line)
        before = line
    assert inside is None, f"{page}: a block is not closed"
