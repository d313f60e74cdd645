"""The generated page of settings."""

import subprocess
import sys
from pathlib import Path

import pytest

from cli import reference
from cli.reference import PAGE, SECTIONS, main, render


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == render()


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
    page = tmp_path / "reference" / "settings.md"
    monkeypatch.setattr(reference, "PAGE", page)

    monkeypatch.setattr(sys, "argv", ["reference", "--check"])
    with pytest.raises(SystemExit, match="stale; run: make docs"):
        main()
    monkeypatch.setattr(sys, "argv", ["reference", "--write"])
    main()
    monkeypatch.setattr(sys, "argv", ["reference", "--check"])
    main()
