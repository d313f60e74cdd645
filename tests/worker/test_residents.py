from pathlib import Path

import pytest

from genart_core.errors import UnknownModelError
from tests.support.weights import place_weights
from worker.residents import Residents


def name_of(path: Path, device: str) -> list[str]:
    """Load a stand-in that is a new object each time."""
    return [path.stem, device]


def held(residents: Residents) -> set[str]:
    return set(residents.held)


def test_model_is_loaded_once(home: Path) -> None:
    sha256 = place_weights(home, "a")
    residents = Residents(home, "cpu", 10_000)

    first, second = (residents.get("test", "a", name_of) for _ in range(2))

    assert first == (["a", "cpu"], sha256)
    assert second[0] is first[0]


def test_least_recently_used_model_goes_first(home: Path) -> None:
    for name in "abc":
        place_weights(home, name, size=400)
    residents = Residents(home, "cpu", 1000)

    for name in "abac":
        residents.get("test", name, name_of)

    assert held(residents) == {"test/a", "test/c"}


def test_model_in_use_stays_however_large(home: Path) -> None:
    place_weights(home, "small", size=100)
    place_weights(home, "large", size=5000)
    residents = Residents(home, "cpu", 1000)

    residents.get("test", "small", name_of)
    residents.get("test", "large", name_of)

    assert held(residents) == {"test/large"}


def test_file_that_has_changed_is_another_model(home: Path) -> None:
    place_weights(home, "a", size=100)
    residents = Residents(home, "cpu", 10_000)
    old, _ = residents.get("test", "a", name_of)

    sha256 = place_weights(home, "a", size=200)
    new, digest = residents.get("test", "a", name_of)

    assert new is not old
    assert digest == sha256
    assert residents.held == {"test/a": sha256}


def test_unknown_model_names_the_known_ones(home: Path) -> None:
    place_weights(home, "a")

    with pytest.raises(UnknownModelError, match="known models: a"):
        Residents(home, "cpu", 1000).get("test", "b", name_of)
