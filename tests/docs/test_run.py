"""The code that the documentation shows, run against a live service."""

import socket
from pathlib import Path

import pytest

from tests.docs import session
from tests.docs.blocks import ROOT, Block, blocks
from tests.support.receiver import SECRET
from tests.support.up import GenartUp

RUNNABLE = {block.page for block in blocks() if block.mark.startswith("run")}


@pytest.mark.timeout(240)  # a busy machine
@pytest.mark.parametrize("page", sorted(RUNNABLE), ids=lambda p: str(p.relative_to(ROOT)))
def test_the_code_of_a_page_runs_and_prints_what_it_shows(
    service: GenartUp, page: Path, tmp_path: Path
) -> None:
    chosen = [block for block in blocks() if block.page == page]

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    session.run(chosen, tmp_path, url=service.url, hook_port=port, secret=SECRET)


FILED = [block for block in blocks() if block.mark == "file"]


@pytest.mark.parametrize("block", FILED, ids=lambda block: block.place)
def test_a_file_that_is_shown_is_the_one_in_the_repository(block: Block) -> None:
    assert block.text in (ROOT / block.path).read_text()


def test_a_page_that_shows_something_else_is_noticed() -> None:
    assert session.contains("one\n two three four", "one two … four")
    assert not session.contains("one two three", "one … four")


def test_a_block_that_fails_ends_its_session(service: GenartUp, tmp_path: Path) -> None:
    page = ROOT / "README.md"
    wrong = "curl -s --json '{\"length\":0}' http://127.0.0.1:8000/v1/text"
    fails = [Block(page, 1, "sh", f"{wrong}\n", "run"), Block(page, 2, "sh", "true\n", "run")]

    with pytest.raises(AssertionError, match="README.md:1 ended with 22"):
        session.run(fails, tmp_path, url=service.url, hook_port=1)
