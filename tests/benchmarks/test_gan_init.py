"""What is told of a generator that goes on with a new discriminator."""

from pathlib import Path

import pytest

from benchmarks.gan_init import main
from genart_core.arts.gan.model import Config
from tests.support.gan import write_archive, write_tiny_generator


def test_both_ways_begin_at_the_same_warmed_up_discriminator(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = Config(size=16, latent=8, width=4, depth=0, classes=2)
    model = write_tiny_generator(tmp_path / "a.safetensors", config=config)
    data = write_archive(tmp_path / "discs.npz")

    code = main([str(model), "--data", str(data), "--warmup", "3", "--steps", "4"])

    printed = capsys.readouterr().out.splitlines()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in printed[2:]]
    assert code == 0
    assert [row[:2] for row in rows] == [["4-7", "eased in"], ["4-7", "at once"]]
    eased, at_once = (float(row[4]) for row in rows)
    assert eased < at_once == 1.0
