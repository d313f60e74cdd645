"""The dream benchmark at a tiny size: that it measures, not what it measures."""

import json
import re

import pytest
import torch

from benchmarks import dream
from benchmarks.rig.figures import Figure, Memory

SIZE = ["--size", "64", "--rounds", "1", "--iterations", "1", "--threads", "1"]


def test_every_network_stands_beside_its_bare_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert dream.main(SIZE) in (0, 1)

    printed = capsys.readouterr().out
    for name, layer in dream.LAYERS.items():
        row = rf"^\| a step at 64 px, {name} to {layer} +\| \d\S* ms +\| \d\S* ms \(bare\) .*$"
        (found,) = re.findall(row, printed, re.M)
        (bar,) = re.findall(r"<= ([\d.]+) *\| (?:pass|FAIL)", found)
        assert float(bar) <= max(dream.BARS.values())
        assert re.search(rf"^\| peak memory at 64 px, {name} +\| .* MB \(promised\)", printed, re.M)
    assert torch.__version__ in printed
    assert "1 thread each" in printed


@pytest.mark.parametrize("name", dream.LAYERS)
def test_both_sides_compute_the_same(name: str) -> None:
    bare, _ = dream.torchvision_of(name)
    ours = dream.ours(name, "cpu")
    extractor = ours.cut([dream.LAYERS[name]], dtype=torch.float32)
    image = dream.picture(64)
    mean, std = (torch.tensor(x).view(1, 3, 1, 1) for x in (ours.stages.mean, ours.stages.std))

    with torch.no_grad():
        wanted = bare((image - mean) / std)
        got = extractor(image)[dream.LAYERS[name]]

    torch.testing.assert_close(got, wanted, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("ratio", "code", "verdict"), [(0.4, 0, "pass"), (0.95, 1, "FAIL")])
def test_exit_code_is_the_verdict(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    ratio: float,
    code: int,
    verdict: str,
) -> None:
    def steps(size: int, iterations: int, rounds: int, bar: float) -> list[Figure]:
        made = Figure("a step", "ms", "bare", bar=bar)
        made.add(ratio, 1.0)
        return [made]

    def memory(size: int, threads: int, dtype: str | None) -> list[Memory]:
        return [Memory("peak memory", 100.0, 80_000_000, 100_000_000, "promised")]

    monkeypatch.setattr(dream, "step_figures", steps)
    monkeypatch.setattr(dream, "memory_figures", memory)

    assert dream.main([*SIZE, "--json"]) == code

    printed = json.loads(capsys.readouterr().out)
    assert set(printed["machine"]) == {"cpu", "torch", "bf16", "dtype", "threads"}
    assert [figure["verdict"] for figure in printed["figures"]] == [verdict, "pass"]
