"""`--dtype` of the benchmarks of dream and style reaches whatever is computed there."""

from collections.abc import Callable, Iterator

import pytest
import torch

from benchmarks import dream, style
from genart_core.nn.features import Extractor, Network

DREAM = ["--size", "64", "--rounds", "1", "--iterations", "1", "--threads", "1"]
STYLE = ["--size", "64", "--steps", "1", "--rounds", "1", "--race", "32", "--threads", "1"]


@pytest.fixture
def cuts(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Extractor]]:
    """All that networks are cut to, of new and narrow networks."""
    found: list[Extractor] = []
    cut: Callable[..., Extractor] = Network.cut

    def noted(network: Network, *layers: object, **facts: object) -> Extractor:
        found.append(cut(network, *layers, **facts))
        return found[-1]

    monkeypatch.setattr(Network, "cut", noted)
    monkeypatch.setattr(style, "BLOCKS", ((4, 2), (4, 2), (8, 4), (8, 4), (8, 1)))
    monkeypatch.setattr(style, "ADAM_STEPS", 10)
    for benchmark in (dream, style):
        monkeypatch.setattr(benchmark, "memory_figures", lambda size, threads, dtype: [])
    caches = (dream.ours, dream.torchvision_of, style.ours, style.vgg19)
    for cache in caches:
        cache.cache_clear()
    yield found
    for cache in caches:
        cache.cache_clear()


@pytest.mark.parametrize("dtype", style.DTYPES)
def test_style_computes_in_the_type_asked_for_alone(dtype: str, cuts: list[Extractor]) -> None:
    style.main([*STYLE, "--dtype", dtype])

    assert {extractor.dtype for extractor in cuts} == {getattr(torch, dtype)}


@pytest.mark.parametrize("dtype", dream.DTYPES)
def test_dream_computes_in_the_type_asked_for_alone(dtype: str, cuts: list[Extractor]) -> None:
    dream.main([*DREAM, "--dtype", dtype])

    assert {extractor.dtype for extractor in cuts} == {getattr(torch, dtype)}
