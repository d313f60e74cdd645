"""The benchmark of drawing at a tiny size: that it measures, not what it measures."""

import re
from pathlib import Path

import pytest
import torch

from benchmarks import gan
from benchmarks.rig.figures import Figure
from benchmarks.rig.points import FASTER
from tests.support.gan import tiny_generator, write_tiny_generator


def test_ours_stands_beside_the_plain_form(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_tiny_generator(tmp_path / "tiny.safetensors")

    words = ["--model", str(path), "--rounds", "1", "--repeats", "1", "--threads", "1"]
    assert gan.main(words) in (0, 1)

    printed = capsys.readouterr().out
    row = r"^\| pictures/s at batch 16 +\| \S+ /s +\| \S+ /s \(eager fp32 NCHW\) .*$"
    assert len(re.findall(row, printed, re.M)) == 1
    assert re.search(r"PSNR against float32: [\d.]+ dB \(bar: > 45\)", printed)
    assert torch.__version__ in printed


def test_both_sides_draw_the_same() -> None:
    network = tiny_generator()

    assert gan.Drawing(network, "", torch.float32).psnr() > 90.0
    assert 30.0 < gan.Drawing(network, "", torch.bfloat16).psnr() < 90.0


@pytest.mark.parametrize(
    ("ratio", "error", "code"), [(2.5, 50.0, 0), (2.0, 50.0, 1), (2.5, 44.0, 1)]
)
def test_exit_code_is_the_verdict(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ratio: float, error: float, code: int
) -> None:
    def drawing(*told: object, **options: object) -> list[Figure]:
        figure = Figure("pictures/s", "/s", "eager", bar=FASTER, at_least=True)
        figure.add(ratio, 1.0)
        return [figure]

    monkeypatch.setattr(gan.Drawing, "drawing", drawing)
    monkeypatch.setattr(gan.Drawing, "psnr", lambda *told: error)
    path = write_tiny_generator(tmp_path / "tiny.safetensors")

    assert gan.main(["--model", str(path), "--threads", "1"]) == code
