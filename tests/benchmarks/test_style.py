"""The style benchmark at a tiny size: that it measures, not what it measures."""

import json
import re
from collections.abc import Iterator

import pytest
import torch

from benchmarks import style
from benchmarks.rig.figures import Figure, Memory

SIZE = ["--size", "64", "--steps", "1", "--rounds", "1", "--race", "32"]


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Narrow the network, so that this takes seconds, and leave other processes out."""
    monkeypatch.setattr(style, "BLOCKS", ((4, 2), (4, 2), (8, 4), (8, 4), (8, 1)))
    monkeypatch.setattr(style, "ADAM_STEPS", 10)
    monkeypatch.setattr(style, "memory_figures", lambda size, threads, dtype: [])
    style.vgg19.cache_clear()
    style.ours.cache_clear()
    yield
    style.vgg19.cache_clear()
    style.ours.cache_clear()


def test_every_figure_is_printed_with_its_bar(capsys: pytest.CaptureFixture[str]) -> None:
    assert style.main(SIZE) in (0, 1)

    printed = capsys.readouterr().out
    assert re.search(r"^\| a step at 64 px, L-BFGS .* ms \(bare\) .*<= 0\.\d+ +\|", printed, re.M)
    assert re.search(r"^\| a step at 64 px, Adam .* ms \(bare\) .*\| - +\|", printed, re.M)
    for start in ("content", "noise"):
        assert re.search(rf"^\| evaluations for one loss, from {start} .*<= ", printed, re.M)
    assert torch.__version__ in printed
    assert "bfloat16" in printed


def test_bfloat16_can_be_forbidden_and_then_the_bar_is_that_of_processors_without(
    capsys: pytest.CaptureFixture[str],
) -> None:
    style.main([*SIZE, "--dtype", "float32"])

    printed = capsys.readouterr().out
    assert "computes in float32" in printed
    assert re.search(r"^\| a step at 64 px, L-BFGS .*<= 0\.9 +\|", printed, re.M)


def test_json_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    style.main([*SIZE, "--json"])

    printed = json.loads(capsys.readouterr().out)
    assert set(printed["machine"]) == {"cpu", "torch", "bf16", "dtype", "threads"}
    assert [figure["verdict"] in ("pass", "FAIL", "-") for figure in printed["figures"]] == [
        True
    ] * 4


def test_ours_computes_what_the_bare_network_does() -> None:
    image = style.picture(64)
    bare = (image - torch.tensor(style.MEAN).view(1, 3, 1, 1)) / torch.tensor(style.STD).view(
        1, 3, 1, 1
    )

    found = style.ours("cpu").cut(["relu5_1"], dtype=torch.float32)(image)["relu5_1"]

    torch.testing.assert_close(found, style.vgg19()(bare), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("way", ["whole", "tiled"])
def test_peak_memory_stands_beside_its_promise(
    way: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert style.main(["--peak", way, "--size", "96"]) == 0

    told = json.loads(capsys.readouterr().out)
    assert told["promised"] > 0
    assert told["peak"] >= 0


@pytest.mark.parametrize(("peak", "code"), [(90, 0), (110, 1)])
def test_exit_code_is_the_verdict(monkeypatch: pytest.MonkeyPatch, peak: int, code: int) -> None:
    met = Figure("a step", "ms", "bare", bar=0.9)
    met.add(0.8, 1.0)
    monkeypatch.setattr(style, "step_figures", lambda *size: [met])
    monkeypatch.setattr(style, "evaluation_figure", lambda *size: met)
    memory = Memory("peak", 1e-4, peak, 100, "promised")
    monkeypatch.setattr(style, "memory_figures", lambda size, threads, dtype: [memory])

    assert style.main(SIZE) == code
