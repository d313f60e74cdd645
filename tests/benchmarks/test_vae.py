"""The benchmarks of the autoencoder at a tiny size: that they measure, not what they measure."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import vae, vae_concepts
from benchmarks.rig.judge import BINARY, EYEWEAR, NUMBERS, Judge, Reading, trained_judge
from benchmarks.rig.points import PSNR_DB
from genart_core.arts.vae.model import Config
from genart_core.arts.vae.painter import Painter
from genart_core.arts.vae.portraits import ATTRIBUTES
from tests.support.codes import write_tiny_model

SMALL = Config(size=64, channels=3, latent=6, widths=(2, 4, 4, 4, 4))


def test_decoding_stands_beside_both_plain_forms(capsys: pytest.CaptureFixture[str]) -> None:
    code = vae.main(["--model", "random", "--rounds", "1", "--repeats", "1", "--threads", "1"])

    assert code in (0, 1)
    printed = capsys.readouterr().out
    assert len(re.findall(r"^\| pictures/s at batch 16 +\| \d\S* /s", printed, re.M)) == 2
    (decibels,) = re.findall(r"PSNR against float32: ([\d.]+) dB", printed)
    assert float(decibels) > PSNR_DB


def test_both_plain_forms_compute_what_ours_does() -> None:
    model = vae.random_model()
    points = torch.randn(3, 64, generator=torch.Generator().manual_seed(0))
    ours = Painter(model, "cpu", torch.float32).decode(points)

    for transposed in (True, False):
        with torch.inference_mode():
            wanted = vae.plain(model.network, transposed=transposed)(points)
        torch.testing.assert_close(ours, wanted, atol=1e-4, rtol=0)


def test_an_untrained_model_fails_the_judge(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_tiny_model(tmp_path / "tiny.safetensors", SMALL)
    words = [str(tmp_path / "judge"), "--local", "--model", str(path), "--renders", "8"]

    with pytest.raises(RuntimeError, match="Unknown concepts beard"):
        vae_concepts.main([*words, "--judge-renders", "64", "--judge-epochs", "1"])

    kept = trained_judge(tmp_path / "judge", renders=64, epochs=1)
    again = trained_judge(tmp_path / "judge", renders=64, epochs=1)
    for name, tensor in kept.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[name])
    assert "judge on plain reconstructions" in capsys.readouterr().out


def test_flips_and_moves_are_counted_on_the_renders_that_lack_the_attribute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    truth = [
        {**{name: each.default for name, each in ATTRIBUTES.items()}, "smile": n < 4, "age": n / 10}
        for n in range(10)
    ]
    pictures = np.zeros((10, 64, 64, 3), dtype=np.uint8)
    pictures[:, 0, 0, 0] = np.arange(10)

    def read(self: Judge, given: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Reading:
        """Read from the first pixel: number, whether it smiles by now, whether a hat came."""
        number, smiles, hats = given[:, 0, 0].T
        flags = {name: np.zeros(len(given), dtype=bool) for name in BINARY}
        flags["smile"], flags["hat"] = (number < 4) | (smiles > 0), hats > 0
        numbers = {name: np.zeros(len(given)) for name in NUMBERS}
        numbers["age"] = number / 10 + 0.6 * (smiles > 0)
        return Reading(flags, np.zeros(len(given), dtype=np.int64), numbers)

    def change(given: object, concepts: object) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        moved = np.stack(list(given))  # type: ignore[call-overload]  # pictures
        moved[:, 0, 0, 1] = 1
        moved[-1, 0, 0, 2] = 1  # the last one gets a hat too
        return moved

    monkeypatch.setattr(Judge, "read", read)
    judge = Judge()
    plain = judge.read(pictures)

    row = vae_concepts.flip(judge, change, pictures, truth, plain, "smile", "smile", "")
    moved = vae_concepts.move(judge, change, pictures, truth, plain, "age")

    assert row.cells[:3] == ["smile", "6", "100.0%"]
    assert row.cells[3 + BINARY.index("hat")] == f"{1 / 6:.1%}"
    assert row.cells[3] == "-"
    assert not row.is_met
    # ages 0 to 0.3 moved by 0.6; the outer thirds lie 0.6 apart
    assert moved.cells[1] == "1.00"
    assert moved.is_met
    assert EYEWEAR[0] == "none"
