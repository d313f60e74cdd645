"""Octaves, steps and stops on a tiny network."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from genart_core.arts.dream.ascent import LAG, Ascent, Meter, noise, octave_sizes
from genart_core.arts.dream.gradients import Tiling
from genart_core.arts.dream.losses import Objective
from genart_core.arts.dream.request import DreamRequest
from genart_core.nn.features import Network
from genart_core.nn.graph import Recorder
from genart_core.nn.image import resize

from .conftest import QUICK, distance, photo


class Looker:
    """Who looks on: notes steps and pictures."""

    def __init__(self) -> None:
        self.looks = 0
        self.steps: list[tuple[int, int]] = []
        self.pictures: list[Tensor] = []

    def before_work(self) -> None:
        self.looks += 1

    def after_step(self, step: int, total: int, picture: Callable[[], Tensor]) -> None:
        self.steps.append((step, total))
        self.pictures.append(picture().clone())


def ascent(network: Network, *, window: int = 512, record: Any = None, **fields: Any) -> Ascent:
    request = DreamRequest(**{**QUICK, **fields})
    objective = Objective({"relu3_2": 1.0})
    extractor = network.cut(objective.layers, dtype=torch.float32)
    return Ascent(
        extractor,
        objective,
        request,
        tiling=Tiling.of(extractor, window),
        recorder=Recorder("cpu" if record is None else "cuda:0", record),
        watch=Looker(),
    )


def dream(
    network: Network, image: Tensor | None = None, **fields: Any
) -> tuple[Tensor, list[float]]:
    return ascent(network, **fields).dream(photo() if image is None else image)


def test_octaves_grow_by_their_scale_to_the_size_of_the_picture() -> None:
    request = DreamRequest(octaves=4, octave_scale=1.5)

    assert octave_sizes((300, 600), request, least=32) == [
        (89, 178),
        (133, 267),
        (200, 400),
        (300, 600),
    ]
    assert octave_sizes((300, 600), request, least=150) == [(200, 400), (300, 600)]
    assert octave_sizes((20, 30), request, least=32) == [(20, 30)]


def test_the_loss_grows_in_every_octave(network: Network) -> None:
    _, losses = dream(network, iterations=8)

    assert len(losses) == 16
    assert losses[7] > 1.1 * losses[0]
    assert losses[15] > 1.1 * losses[8]


def test_values_stay_within_the_picture_s_range(network: Network) -> None:
    image, _ = dream(network, step_size=0.5)

    assert float(image.min()) == 0.0
    assert float(image.max()) == 1.0


@pytest.mark.parametrize("detail", [0.0, 0.5, 1.0])
def test_detail_is_what_comes_back_of_the_original(network: Network, detail: float) -> None:
    original = photo()
    small = resize(original, 24, 32)
    enlarged = resize(small.clamp(0, 1), 48, 64)
    wanted = enlarged + detail * (original - resize(small, 48, 64))

    image, _ = dream(network, step_size=1e-9, octave_scale=2.0, detail=detail)

    assert distance(image, wanted.clamp(0, 1)) < 1e-4
    assert distance(image, original) < 1e-4 or detail < 1.0
    assert distance(image, original) > 0.003 or detail == 1.0


def test_jitter_moves_the_networks_grid_and_not_the_picture(network: Network) -> None:
    still, _ = dream(network, jitter=0, octaves=1)
    moved, _ = dream(network, jitter=5, octaves=1)
    unmoved, _ = dream(network, jitter=5, octaves=1, step_size=1e-9)

    assert distance(moved, still) > 1e-3
    assert distance(unmoved, photo()) < 1e-6


def test_every_step_is_told_and_looked_before(network: Network) -> None:
    climb = ascent(network)
    climb.dream(photo())

    looker = climb.watch
    assert isinstance(looker, Looker)
    assert looker.steps == [(i, 6) for i in range(1, 7)]
    assert looker.looks == 6
    assert {tuple(p.shape[-2:]) for p in looker.pictures} == {(34, 46), (48, 64)}


def test_pictures_shown_on_the_way_lead_to_the_last(network: Network) -> None:
    climb = ascent(network)
    image, _ = climb.dream(photo())

    looker = climb.watch
    assert isinstance(looker, Looker)
    assert torch.equal(looker.pictures[-1], image)
    ways = [distance(picture, image) for picture in looker.pictures[3:]]
    assert ways == sorted(ways, reverse=True)


def test_the_maximal_loss_ends_an_octave(network: Network) -> None:
    whole = ascent(network, iterations=10, octaves=1)
    _, losses = whole.dream(photo())
    limit = (losses[4] + losses[5]) / 2

    climb = ascent(network, iterations=10, octaves=1, max_loss=limit)
    image, found = climb.dream(photo())

    looker = whole.watch
    assert isinstance(looker, Looker)
    assert found == losses[:6]
    assert torch.equal(image, looker.pictures[4])  # the loss of step 6 was too large to take it
    assert isinstance(climb.watch, Looker)
    assert climb.watch.steps[-1] == (10, 10)


def test_losses_known_too_late_are_cut_off() -> None:
    meter = Meter()
    for value in (1.0, 2.0, 4.0, 8.0, 8.0):
        meter.note(torch.tensor(value))

    assert meter.exceeds(7.0)
    assert not meter.exceeds(None)
    assert meter.until(3.0) == [1.0, 2.0, 4.0]
    assert meter.until(None) == [1.0, 2.0, 4.0, 8.0, 8.0]
    assert LAG < 3


@pytest.mark.parametrize("normalisation", ["mean-abs", "std", "laplacian"])
def test_each_normalisation_dreams_otherwise(network: Network, normalisation: str) -> None:
    plain, _ = dream(network, gradient_normalization="mean-abs")
    other, losses = dream(network, gradient_normalization=normalisation)

    assert losses[-1] > losses[0]
    assert (distance(plain, other) > 1e-3) == (normalisation != "mean-abs")


def test_tiles_dream_nearly_the_same(network: Network) -> None:
    image = photo(96, 128)
    whole, losses = dream(network, image, octaves=1)

    tiles = ascent(network, window=80, octaves=1)
    # The offsets of tiles are drawn too, so that later shifts differ: compare one step.
    one, _ = dream(network, image, octaves=1, iterations=1)
    got, tiled_losses = ascent(network, window=80, octaves=1, iterations=1).dream(image)
    tiles.dream(image)

    assert distance(got, one) < 2e-3
    assert tiled_losses[0] == pytest.approx(losses[0], rel=0.15)
    assert isinstance(tiles.watch, Looker)
    assert tiles.watch.looks > 3 * 4  # before each step and each of its tiles
    assert distance(whole, image) > 5e-3


def test_recorded_steps_dream_the_same(network: Network) -> None:
    recorded = []

    def pretend(step: Callable[[], Tensor]) -> tuple[Callable[[], None], Tensor]:
        recorded.append(1)
        output = step().clone()

        def replay() -> None:
            output.copy_(step())

        return replay, output

    eager, losses = dream(network, iterations=12)
    replayed, same = dream(network, iterations=12, record=pretend)

    assert len(recorded) == 2
    assert torch.equal(eager, replayed)
    assert losses == same


def test_noise_is_grey_and_has_all_scales() -> None:
    image = noise(128, torch.Generator().manual_seed(3))

    assert image.shape == (1, 3, 128, 128)
    assert float(image.mean()) == pytest.approx(0.5, abs=0.05)
    assert 0.05 < float(image.std()) < 0.2
    for side in (4, 16, 64):
        bands = resize(image, side, side) - resize(resize(image, side // 2, side // 2), side, side)
        assert float(bands.std()) > 0.01
