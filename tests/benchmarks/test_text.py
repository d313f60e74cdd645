"""The text benchmark at a tiny size: that it measures, not what it measures."""

import json
import re
from pathlib import Path

import pytest
import torch

from benchmarks import text
from benchmarks.rig.figures import Figure
from genart_core.arts.text import cell
from genart_core.arts.text.native.kernel import STEPS
from genart_core.arts.text.stored import load_model, save_model, unpack
from genart_core.native.kernel import Kernel
from tests.arts.text.conftest import random_model


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "tiny.safetensors"
    save_model(path, random_model())
    return path


@pytest.fixture
def size(tiny: Path) -> list[str]:
    return ["--model", str(tiny), "--characters", "20", "--rounds", "2"]


def test_every_figure_stands_beside_its_loop(
    size: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    threads, onednn = torch.get_num_threads(), torch.backends.mkldnn.enabled

    assert text.main(size) in (0, 1)

    printed = capsys.readouterr().out
    loop = r"\d.* /s \(nn\.LSTM, oneDNN off, [12] threads?\)"
    for texts, what in (("1 text", "one"), ("16 texts", "many")):
        bar = min(getattr(bars, what) for bars in text.BARS.values())
        rows = re.findall(rf"^\| characters/s, {texts} +\| .*{loop}.*$", printed, re.M)
        assert re.search(r">= ([\d.]+) *\| (pass|FAIL)", rows[0])
        assert float(re.findall(r">= ([\d.]+)", rows[0])[0]) >= bar
        assert re.search(rf"^\| characters/s, {texts} .*torch's defaults, .*- +\|", printed, re.M)
        assert re.search(rf"^\| a step, {texts} +\| \d\S* ms", printed, re.M)
    assert torch.__version__ in printed
    assert "AVX-512 VNNI" in printed
    assert (torch.get_num_threads(), torch.backends.mkldnn.enabled) == (threads, onednn)


def test_the_way_that_ran_is_named(
    size: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    native = Kernel(STEPS, [tmp_path])
    expected = "native" if native.wait() is not None else "torch"
    for module in (text, cell):
        monkeypatch.setattr(module, "kernel", lambda: native)

    text.main([*size, "--threads", "1"])

    assert f"ours with {expected} steps on one thread" in capsys.readouterr().out


def test_json_says_the_same(size: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    text.main([*size, "--json"])

    printed = json.loads(capsys.readouterr().out)
    assert set(printed["machine"]) == {"cpu", "torch", "avx512_vnni", "steps"}
    assert {figure["figure"] for figure in printed["figures"]} == {
        f"{what}, {texts}"
        for what in ("characters/s", "a step")
        for texts in ("1 text", "16 texts")
    }


@pytest.mark.parametrize(("rate", "code", "verdict"), [(40.0, 0, "pass"), (3.4, 1, "FAIL")])
def test_exit_code_is_the_verdict(
    size: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    rate: float,
    code: int,
    verdict: str,
) -> None:
    def figures(bench: text.Bench, characters: int, rounds: int, bars: text.Bars) -> list[Figure]:
        made = Figure("characters/s, 1 text", "/s", "other", bar=3.5, at_least=True)
        made.add(rate, 1.0)
        return [made]

    monkeypatch.setattr(text, "measured", figures)

    assert text.main(size) == code
    assert verdict in capsys.readouterr().out


def test_the_loop_has_the_models_weights(tiny: Path) -> None:
    model = load_model(tiny)
    plain = text.Plain(model)
    ids = torch.tensor([[1], [5], [2]])

    with torch.no_grad():
        expected, _ = unpack(model.config, model.tensors)(ids)
        x, _ = plain.lstm(plain.embedding(ids))

    assert torch.allclose(torch.nn.functional.linear(x, *plain.head), expected, atol=1e-5)
