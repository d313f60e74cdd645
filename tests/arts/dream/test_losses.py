"""Objectives and their gradients beside a plain reference in float64."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from genart_core.arts.dream.gradients import whole_gradient
from genart_core.arts.dream.losses import MAX_GUIDE_POSITIONS, Objective, best_match, log_odds
from genart_core.nn.features import Network

from . import reference
from .conftest import photo, stripes
from .reference import Array

SIDE = 32
PLACES = [tuple(place) for place in np.random.default_rng(4).integers(0, (3, SIDE, SIDE), (25, 3))]


def small() -> Tensor:
    noise = torch.rand(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(2))
    return 0.7 * photo(SIDE, SIDE) + 0.3 * noise


def compare(network: Network, objective: Objective, plain: Callable[[Array], float]) -> None:
    """Hold loss and gradient against a plainly written loss."""
    extractor = network.cut(objective.layers, dtype=torch.float32)
    image = small()
    wanted = reference.gradient(plain, image[0].double().numpy(), PLACES)

    loss, gradient = whole_gradient(image, extractor, objective)

    got = np.array([float(gradient[0][place]) for place in PLACES])
    assert float(loss) == pytest.approx(plain(image[0].double().numpy()), rel=1e-4)
    assert np.abs(wanted).max() > 0
    assert np.abs(got - wanted).max() < 2e-3 * np.abs(wanted).max()


def test_weighted_layers_are_means_of_squares(network: Network) -> None:
    weights = {"relu2_1": 0.5, "relu3_2": 2.0, "relu5_1": -1.0}

    def plain(image: Array) -> float:
        return reference.mean_of_squares(weights, reference.features(network, image))

    compare(network, Objective(weights), plain)


def test_chosen_channels_alone_count(network: Network) -> None:
    objective = Objective({"relu3_2": 1.0}, channels={"relu3_2": torch.tensor([1, 5])})

    def plain(image: Array) -> float:
        return float((reference.features(network, image)["relu3_2"][[1, 5]] ** 2).mean())

    compare(network, objective, plain)


def test_a_guide_is_met_by_its_likest_feature(network: Network) -> None:
    guide = stripes(SIDE)
    objective = Objective({"relu3_1": 1.0})
    extractor = network.cut(objective.layers, dtype=torch.float32)
    found = reference.features(network, guide[0].double().numpy())

    def plain(image: Array) -> float:
        return reference.guided("relu3_1", reference.features(network, image), found)

    with torch.no_grad():
        guided = objective.guided_by(extractor(guide))
    compare(network, guided, plain)


def test_a_class_is_its_odds_beside_the_layers(network: Network) -> None:
    def plain(image: Array) -> float:
        found = reference.features(network, image)
        weights = np.exp(found["logits"])
        odds = weights[2] / (weights.sum() - weights[2])
        return float(np.log(odds)) + 3.0 * float((found["relu4_1"] ** 2).mean())

    compare(network, Objective({"relu4_1": 3.0}, target=2), plain)
    assert Objective({}, target=2).layers == ("logits",)


def test_odds_are_those_of_the_probability_however_certain_and_of_one_class_its_logit() -> None:
    logits = torch.tensor([[1.0, -2.0, 3.0], [0.0, 200.0, 0.0]])

    share = logits[0].softmax(0)[2]
    torch.testing.assert_close(log_odds(logits, 2)[0], (share / (1 - share)).log())
    torch.testing.assert_close(log_odds(logits, 1)[1], 200.0 - torch.tensor(2.0).log())
    assert log_odds(torch.tensor([[5.0]]), 0) == 5.0


def test_matches_are_the_same_in_any_portion(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = torch.Generator().manual_seed(3)
    feature = torch.randn(1, 6, 9, 11, generator=generator)
    vectors = torch.randn(40, 6, generator=generator)

    matched = best_match(feature, vectors)
    monkeypatch.setattr("genart_core.arts.dream.losses._POSITIONS_AT_ONCE", 7)

    assert torch.equal(best_match(feature, vectors), matched)
    place = feature[0, :, 4, 8]
    assert torch.equal(matched[0, :, 4, 8], vectors[(vectors @ place).argmax()])


def test_a_large_guide_is_thinned_evenly() -> None:
    feature = torch.arange(3.0 * MAX_GUIDE_POSITIONS).view(1, 1, 3, -1)

    objective = Objective({"a": 1.0}).guided_by({"a": feature})

    kept = objective.guide["a"].flatten()
    assert len(kept) == MAX_GUIDE_POSITIONS
    assert set(kept.diff().tolist()) == {3.0}
