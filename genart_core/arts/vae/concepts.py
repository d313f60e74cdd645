"""Directions among codes that move one attribute and leave the others, found from labelled codes.

1. Haufe et al., On the interpretation of weight vectors of linear models in multivariate
   neuroimaging, NeuroImage 87, 2014 (what reads an attribute is not what moves it: a probe's normal
   times the covariance of the codes is, and for one attribute it is the difference of the means).
2. Larsen et al., Autoencoding beyond pixels, arXiv:1512.09300 (attribute vectors).

Among all moves that change the linear probes as wanted - by the distance between the classes for
the attribute's own, not at all for the others - the one is taken that is smallest in units of the
codes' covariance.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from genart_core.arts.vae.labels import NONE, Attribute, Labels, targets

RIDGE = 1e-4  # of the codes' mean variance
FEWEST = 5  # pictures of a class
UNIT = "the distance between the classes"
METHOD = "difference of class means, freed of the other attributes by their linear probes"


@dataclass(frozen=True)
class Classes:
    """What a concept leads from and to: for each picture -1, 1 or, where it is neither, 0."""

    name: str
    attribute: str
    start: str
    end: str
    sides: NDArray[np.int8]


@dataclass(frozen=True)
class Probes:
    """Linear regressions from codes to attributes, and the moves that change them."""

    mean: Tensor  # (L,)
    normals: Tensor  # (L, D)
    covariance: Tensor  # (L, L)

    def read(self, codes: Tensor) -> Tensor:
        """Return the attributes `(N, D)` of codes `(N, L)`, each of mean 0 and variance 1."""
        read: Tensor = (codes - self.mean) @ self.normals
        return read

    def move(self, change: Tensor) -> Tensor:
        """Return the smallest move `(L,)` that changes what is read by `change` `(D,)`."""
        patterns = self.covariance @ self.normals
        # Values of one attribute sum to a constant, so that some changes can't be had.
        effects = self.normals.T @ patterns
        moved: Tensor = patterns @ (torch.linalg.pinv(effects, rtol=1e-6) @ change)
        return moved


def fit_probes(codes: Tensor, labels: Labels) -> Probes:
    """Return the probes of all attributes that fit codes `(N, L)` best in squares."""
    codes = codes.double()
    mean = codes.mean(0)
    centred = codes - mean
    covariance = centred.T @ centred / len(codes)
    ridge = RIDGE * covariance.diagonal().mean() * torch.eye(len(mean), dtype=codes.dtype)
    covariance = covariance + ridge
    wanted = torch.from_numpy(targets(labels)).double()
    normals = torch.linalg.solve(covariance, centred.T @ wanted / len(codes))
    return Probes(mean, normals, covariance)


def find_concepts(
    codes: Tensor, labels: Labels, test_codes: Tensor, test_labels: Labels
) -> tuple[Tensor, list[dict[str, Any]]]:
    """Return the concepts `(n, L)` and, for the card, what each of them is.

    Moving by 1.0 is the distance between the classes. The accuracy is how often the concept's probe
    tells the classes of the test codes apart.
    """
    probes = fit_probes(codes, labels)
    read, test_read = probes.read(codes.double()), probes.read(test_codes.double())
    moves, told = [], []
    tests = {each.name: each for each in classes_of(test_labels, cuts(labels))}
    for each in classes_of(labels, cuts(labels)):
        if min((each.sides == 1).sum(), (each.sides == -1).sum()) < FEWEST:
            continue
        own = torch.from_numpy(_dimensions(labels.attributes, each.attribute))
        low, high = (read[torch.from_numpy(each.sides == side)].mean(0) for side in (-1, 1))
        change = torch.where(own, high - low, 0.0)
        moves.append(probes.move(change))
        middle = ((low + high) / 2) @ change
        sides = torch.from_numpy(tests[each.name].sides)
        is_right = ((test_read @ change > middle) == (sides == 1))[sides != 0]
        facts = {"name": each.name, "attribute": each.attribute}
        facts |= {"from": each.start, "to": each.end, "unit": UNIT, "method": METHOD}
        pictures = int((each.sides != 0).sum())
        accuracy = round(is_right.double().mean().item(), 4) if len(is_right) else None
        told.append({**facts, "pictures": pictures, "accuracy": accuracy})
    width = codes.shape[1]
    return (torch.stack(moves) if moves else torch.zeros(0, width)).float(), told


def cuts(labels: Labels) -> dict[str, tuple[float, float]]:
    """Return the bounds of the lowest and the highest third of each continuous attribute."""
    columns = zip(labels.attributes, labels.codes.T, strict=True)
    return {
        attribute.name: (float(np.quantile(codes, 1 / 3)), float(np.quantile(codes, 2 / 3)))
        for attribute, codes in columns
        if attribute.nature == "continuous"
    }


def classes_of(labels: Labels, bounds: dict[str, tuple[float, float]]) -> list[Classes]:
    """Return the classes of every concept that labels can tell.

    A binary attribute gives one; a continuous one leads from its lowest to its highest third; a
    categorical one gives one for each value, from `none` if that is a value, else from all others.
    """
    found = []
    for attribute, codes in zip(labels.attributes, labels.codes.T, strict=True):
        name = attribute.name
        if attribute.nature == "binary":
            found.append(Classes(name, name, "0", "1", _sides(codes < 0.5, codes > 0.5)))
        elif attribute.nature == "continuous":
            low, high = bounds[name]
            ends = (f"at most {low:.4g}", f"at least {high:.4g}")
            found.append(Classes(name, name, *ends, _sides(codes <= low, codes >= high)))
        else:
            found += _of_values(attribute, codes)
    return _distinct(found)


def _of_values(attribute: Attribute, codes: NDArray[np.float32]) -> list[Classes]:
    has_none = NONE in attribute.values
    found = []
    for place, value in enumerate(attribute.values):
        if value == NONE:
            continue
        rest = codes == attribute.values.index(NONE) if has_none else codes != place
        start = NONE if has_none else "others"
        found.append(Classes(value, attribute.name, start, value, _sides(rest, codes == place)))
    return found


def _distinct(found: Sequence[Classes]) -> list[Classes]:
    """Name a value after its attribute too, where another concept has the same name."""
    counts = Counter(each.name for each in found)
    return [
        each
        if counts[each.name] == 1 or each.name == each.attribute
        else Classes(
            f"{each.attribute}_{each.name}", each.attribute, each.start, each.end, each.sides
        )
        for each in found
    ]


def _sides(low: NDArray[np.bool_], high: NDArray[np.bool_]) -> NDArray[np.int8]:
    return high.astype(np.int8) - low.astype(np.int8)


def _dimensions(attributes: Sequence[Attribute], name: str) -> NDArray[np.bool_]:
    """Return which of the probes' dimensions are those of an attribute."""
    owners = [a.name for a in attributes for _ in (a.values if a.nature == "categorical" else "1")]
    return np.array([owner == name for owner in owners])
