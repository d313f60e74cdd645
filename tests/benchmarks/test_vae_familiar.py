"""The threshold between portraits and other pictures, as it is measured."""

from pathlib import Path

import pytest
from PIL import Image

from benchmarks.vae_familiar import main
from genart_core.arts.vae.portraits import draw_attributes, render


def test_portraits_are_told_from_the_pictures_of_the_examples(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--count", "8"]) == 0

    printed = capsys.readouterr().out
    assert "| 8 new portraits |" in printed
    assert "FAR is 1.6: between the two" in printed


def test_a_portrait_among_the_others_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "portrait.png"
    Image.fromarray(render(draw_attributes(5), 5)).save(file)

    assert main(["--count", "2", str(file)]) == 1
    assert "NOT between" in capsys.readouterr().out
