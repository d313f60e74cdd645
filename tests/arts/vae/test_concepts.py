"""Concepts in a linear world, where the truth is known: attributes that occur together."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from genart_core.arts.vae.concepts import classes_of, cuts, find_concepts, fit_probes
from genart_core.arts.vae.labels import Attribute, Labels, read_labels, targets

LATENT = 12
ATTRIBUTES = (
    Attribute("smile", "binary"),
    Attribute("hat", "binary"),
    Attribute("eyewear", "categorical", ("none", "glasses", "sunglasses")),
    Attribute("age", "continuous"),
)


def world(count: int = 4000, seed: int = 0) -> tuple[torch.Tensor, Labels]:
    """Return codes that attributes move linearly; who wears a hat mostly smiles and is older."""
    random = np.random.default_rng(seed)
    hat = random.random(count) < 0.5
    smile = random.random(count) < np.where(hat, 0.8, 0.2)
    eyewear = random.integers(0, 3, count)
    age = random.random(count) + 0.5 * hat
    codes = np.stack([smile, hat, eyewear, age], axis=1).astype(np.float32)
    columns = [smile, hat, eyewear == 0, eyewear == 1, eyewear == 2, age]
    moves = np.random.default_rng(9).normal(size=(len(columns), LATENT))
    spread = np.random.default_rng(8).normal(size=(LATENT, LATENT)) * 0.3
    points = np.stack(columns, axis=1) @ moves + random.normal(size=(count, LATENT)) @ spread
    return torch.from_numpy(points).float(), Labels(ATTRIBUTES, codes)


def found() -> tuple[dict[str, torch.Tensor], dict[str, float]]:
    codes, labels = world()
    concepts, told = find_concepts(codes, labels, *world(seed=1))
    names = [each["name"] for each in told]
    accuracies = [each["accuracy"] for each in told]
    return dict(zip(names, concepts, strict=True)), dict(zip(names, accuracies, strict=True))


def test_there_is_a_concept_for_each_attribute_and_each_value_but_none() -> None:
    concepts, accuracies = found()

    assert list(concepts) == ["smile", "hat", "glasses", "sunglasses", "age"]
    assert all(accuracy > 0.9 for accuracy in accuracies.values()), accuracies


@pytest.mark.parametrize("name", ["smile", "hat", "glasses", "sunglasses", "age"])
def test_moving_by_one_crosses_to_the_other_class_and_changes_nothing_else(name: str) -> None:
    codes, labels = world()
    concepts, _ = found()
    probes = fit_probes(codes, labels)
    (own,) = [c for c in classes_of(labels, cuts(labels)) if c.name == name]
    before = probes.read(codes[:1].double())
    change = (probes.read(codes[:1].double() + concepts[name].double()) - before)[0]
    read = probes.read(codes.double())
    apart = read[own.sides == 1].mean(0) - read[own.sides == -1].mean(0)

    owners = ["smile", "hat", "eyewear", "eyewear", "eyewear", "age"]
    mine = torch.tensor([owner == own.attribute for owner in owners])
    torch.testing.assert_close(change[mine], apart[mine], atol=0.02, rtol=0)
    torch.testing.assert_close(change[~mine], torch.zeros_like(change[~mine]), atol=1e-3, rtol=0)
    # The means of the classes differ in what occurs together with the attribute.
    if name in ("smile", "hat"):
        assert apart[~mine].abs().max() > 0.3


def test_a_smile_is_found_where_the_world_has_it() -> None:
    codes, labels = world(20_000)
    concepts, _ = find_concepts(codes, labels, *world(seed=1))
    truth = torch.from_numpy(np.random.default_rng(9).normal(size=(6, LATENT))).float()

    cosine = torch.nn.functional.cosine_similarity(concepts[0], truth[0], dim=0)
    by_means = codes[labels.codes[:, 0] > 0].mean(0) - codes[labels.codes[:, 0] == 0].mean(0)

    assert cosine > 0.97
    assert torch.nn.functional.cosine_similarity(by_means, truth[0], dim=0) < cosine


def test_classes_of_a_number_are_its_outer_thirds() -> None:
    labels = Labels((Attribute("age", "continuous"),), np.arange(9, dtype=np.float32)[:, None])

    (age,) = classes_of(labels, cuts(labels))

    assert age.sides.tolist() == [-1, -1, -1, 0, 0, 0, 1, 1, 1]


def test_values_that_share_a_name_are_told_apart() -> None:
    attributes = (
        Attribute("left", "categorical", ("none", "ring")),
        Attribute("right", "categorical", ("ring", "watch")),
        Attribute("watch", "binary"),
    )
    labels = Labels(attributes, np.zeros((3, 3), dtype=np.float32))

    names = [(each.name, each.start) for each in classes_of(labels, {})]

    assert names == [
        ("left_ring", "none"),
        ("right_ring", "others"),
        ("right_watch", "others"),
        ("watch", "0"),
    ]


def test_an_attribute_that_nearly_all_have_gives_no_concept() -> None:
    codes, labels = world(100)
    labels.codes[:, 0] = 1.0
    labels.codes[:2, 0] = 0.0

    _, told = find_concepts(codes, labels, *world(100, seed=1))

    assert "smile" not in [each["name"] for each in told]


def table(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "labels.csv"
    path.write_text(text)
    return path


def read(tmp_path: Path, text: str) -> tuple[tuple[Attribute, ...], NDArray[np.float32]]:
    labels = read_labels(table(tmp_path, text), ["b.png", "a/1.png"])
    return labels.attributes, labels.codes


def test_a_table_says_of_itself_what_its_columns_are(tmp_path: Path) -> None:
    attributes, codes = read(
        tmp_path,
        "file,Male,hat,worn,age\na/1.png,-1,0,none,7\nother.png,1,1,hat,1\nb.png,1,1,cap,-2.5\n",
    )

    assert attributes == (
        Attribute("Male", "binary"),
        Attribute("hat", "binary"),
        Attribute("worn", "categorical", ("none", "cap")),
        Attribute("age", "continuous"),
    )
    assert codes.tolist() == [[1, 1, 1, -2.5], [0, 0, 0, 7]]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("file,hat\nb.png,1\n", "no line for 1 pictures, as a/1.png"),
        ("file\nb.png\na/1.png\n", "at least one attribute"),
        ("name,hat\nb.png,1\na/1.png,0\n", "needs a column `file`"),
        ("file,hat\nb.png,\na/1.png,0\n", "leaves hat empty"),
        ("file,age\nb.png,nan\na/1.png,0\n", "not finite"),
    ],
)
def test_a_table_that_tells_too_little_is_refused(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        read(tmp_path, text)


def test_targets_have_mean_0_and_variance_1() -> None:
    wanted = targets(world()[1])

    assert wanted.shape == (4000, 6)
    np.testing.assert_allclose(wanted.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(wanted.std(axis=0), 1, atol=1e-4)
