"""The generated pages of settings and commands."""

import subprocess
import sys
from pathlib import Path

import pytest

from cli import reference
from cli.reference import FOLDER, SECTIONS, main, pages, render
from genart_core.catalogue import TRAINERS, kinds


@pytest.mark.parametrize("name", ["settings.md", "cli.md", "http-api.md", "errors.md"])
def test_a_page_is_current(name: str) -> None:
    assert (FOLDER / name).read_text() == pages()[name]


def test_every_command_is_on_its_page_once() -> None:
    lines = pages()["cli.md"].splitlines()

    words = [*(f"run {kind}" for kind in kinds()), *(f"train {art}" for art in TRAINERS)]
    for word in (*words, "up", "models list", "models eval features", "keys create"):
        assert [line.lstrip("#") for line in lines].count(f" `genart {word}`") == 1


def test_every_setting_is_on_it_once() -> None:
    page = render()

    for _, settings in SECTIONS:
        for name in settings.model_fields:
            variable = "REDIS_URL" if name == "redis_url" else f"GENART_{name.upper()}"
            assert page.count(f"| `{variable}` |") == 1


def test_it_reads_the_same_for_every_user() -> None:
    command = [sys.executable, "-c", "from cli.reference import render; print(render(), end='')"]
    elsewhere = subprocess.run(
        command, env={"HOME": "/home/ann"}, capture_output=True, text=True, check=True
    )

    assert elsewhere.stdout == render()


def test_a_stale_page_is_noticed_and_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reference, "FOLDER", tmp_path / "reference")

    monkeypatch.setattr(sys, "argv", ["reference", "--check"])
    with pytest.raises(SystemExit, match="stale; run: make docs"):
        main()
    monkeypatch.setattr(sys, "argv", ["reference", "--write"])
    main()
    monkeypatch.setattr(sys, "argv", ["reference", "--check"])
    main()
