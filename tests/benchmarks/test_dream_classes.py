"""What is told of dreams of classes."""

from pathlib import Path

import pytest
from PIL import Image

from benchmarks.dream_classes import main


def test_a_class_that_the_network_sees_is_told_with_its_probability(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["zebra", "--size", "128", "--out", str(tmp_path)])

    row = capsys.readouterr().out.splitlines()[-1].split("|")
    assert (row[1].strip(), code) == ("zebra", 0)
    assert float(row[2]) > 0.9
    with Image.open(tmp_path / "zebra.png") as picture:
        assert picture.size == (128, 128)


def test_a_class_that_is_missed_is_told_with_what_was_seen(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = main(["zebra", "--size", "64", "--steps", "1"])

    assert "(" in capsys.readouterr().out.splitlines()[-1]
    assert code == 1
