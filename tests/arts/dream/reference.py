"""The network and its objectives written plainly, in float64 numpy, without automatic gradients."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from torch import nn

from genart_core.nn.features import Network

Array: TypeAlias = NDArray[np.float64]


def features(network: Network, image: Array) -> dict[str, Array]:
    """Return the activations (C, h, w) of each layer, of an image (3, H, W); logits are (C,)."""
    mean, std = (np.array(x).reshape(3, 1, 1) for x in (network.stages.mean, network.stages.std))
    x = (image - mean) / std
    found = {}
    for name, stage in network.stages.modules.items():
        for part in stage.modules():
            if isinstance(part, nn.Conv2d):
                x = _convolved(x, part)
            elif isinstance(part, nn.LeakyReLU):
                x = np.where(x > 0, x, part.negative_slope * x)
            elif isinstance(part, nn.MaxPool2d):
                x = _pooled(x)
        found[name] = x.mean((1, 2)) if name == "logits" else x
    return found


def mean_of_squares(weights: Mapping[str, float], found: Mapping[str, Array]) -> float:
    """Return the sum over layers of weight times mean of squares."""
    return sum(weight * float((found[name] ** 2).mean()) for name, weight in weights.items())


def guided(layer: str, found: Mapping[str, Array], guide: Mapping[str, Array]) -> float:
    """Return the mean over places of the largest product with a place of the guide."""
    channels = len(found[layer])
    places = found[layer].reshape(channels, -1)
    products = guide[layer].reshape(channels, -1).T @ places
    return float(products.max(axis=0).sum() / places.size)


def gradient(loss: Callable[[Array], float], image: Array, at: Sequence[tuple[int, ...]]) -> Array:
    """Return central differences of a loss at some of the image's values."""
    step, found = 1e-6, []
    for place in at:
        higher, lower = image.copy(), image.copy()
        higher[place] += step
        lower[place] -= step
        found.append((loss(higher) - loss(lower)) / (2 * step))
    return np.array(found)


def _convolved(x: Array, layer: nn.Conv2d) -> Array:
    weight = layer.weight.detach().double().numpy()
    assert layer.bias is not None
    bias = layer.bias.detach().double().numpy()
    reach = weight.shape[2] // 2
    height, width = x.shape[1:]
    padded = np.pad(x, ((0, 0), (reach, reach), (reach, reach)))
    result = np.tile(bias.reshape(-1, 1, 1), (1, height, width))
    for row in range(weight.shape[2]):
        for column in range(weight.shape[3]):
            window = padded[:, row : row + height, column : column + width]
            result += np.einsum("oi,ihw->ohw", weight[:, :, row, column], window)
    return result


def _pooled(x: Array) -> Array:
    height, width = x.shape[1] // 2, x.shape[2] // 2
    blocks = x[:, : 2 * height, : 2 * width].reshape(len(x), height, 2, width, 2)
    found: Array = blocks.max(axis=(2, 4))
    return found
