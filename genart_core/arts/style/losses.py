"""What a stylised picture is judged by: content, style and total variation.

1. Gatys, Ecker & Bethge, Image style transfer using convolutional neural networks, CVPR 2016.
2. Gatys et al., Controlling perceptual factors in neural style transfer, arXiv:1611.07865.

Differs from the paper: each layer's loss is relative to the square of its target, so that weights
mean the same for every network, layer and size; several styles act as one blended target, which
has the same gradient as a sum of their losses; a region's Gram matrix weighs places by its mask.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

LOSSES = ("content", "style", "tv", "total")
TINY = 1e-12


class _Gram(torch.autograd.Function):
    """The Gram matrix of activations, some weighed: one product backward instead of two."""

    @staticmethod
    def forward(ctx: Any, features: Tensor, mask: Tensor | None) -> Tensor:
        right = _rows(features)
        left = right if mask is None else right * mask.flatten().to(right.dtype)
        ctx.save_for_backward(left)
        ctx.shape = features.shape
        return _product(left, right.t())

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (left,) = ctx.saved_tensors
        (gradient,) = gradients
        both = (gradient + gradient.t()).to(left.dtype)  # symmetric
        # A product is laid out row by row; it is to lie as the activations do.
        found = both @ left if left.is_contiguous() else (left.t() @ both).t()
        return found.view(ctx.shape), None


def gram(features: Tensor, mask: Tensor | None = None) -> Tensor:
    """Return the sum over places of f f^T `(C, C)`, of activations f `(1, C, h, w)`.

    `mask` `(h, w)` weighs the places. The sum isn't divided by their number, so that the sums of
    tiles add up. Activations are not copied, in channels_last or not.
    """
    sums: Tensor = _Gram.apply(features, mask)
    return sums


def total_variation(image: Tensor) -> Tensor:
    """Return the mean squared difference of neighbouring pixels, of an image `(1, 3, H, W)`."""
    down = image[..., 1:, :] - image[..., :-1, :]
    right = image[..., :, 1:] - image[..., :, :-1]
    return (down.square().sum() + right.square().sum()) / image.numel()


@dataclass(frozen=True)
class Region:
    """One layer's style target and the places where it holds.

    `target` `(C, C)` is the Gram matrix per place; `mask` `(h, w)` weighs the picture's places,
    None is all alike; `places` is the mask's sum; `weight` includes the layer's weight, the share
    of the picture and the target's square.
    """

    target: Tensor
    weight: Tensor
    places: Tensor
    mask: Tensor | None = None

    def loss(self, sums: Tensor) -> Tensor:
        """Return the loss of a picture with the Gram sums `(C, C)`."""
        return self.weight * (sums / self.places - self.target).square().sum()

    def slope(self, sums: Tensor) -> Tensor:
        """Return the derivative of the loss by the Gram sums."""
        return 2.0 * self.weight / self.places * (sums / self.places - self.target)


@dataclass(frozen=True)
class Kept:
    """One layer's content target `(1, C, h, w)`, and a weight relative to its square."""

    target: Tensor
    weight: Tensor

    def loss(self, features: Tensor, window: tuple[slice, slice] | None = None) -> Tensor:
        """Return the loss of a picture's activations, or of what of them lies in a window."""
        target = self.target if window is None else self.target[..., window[0], window[1]]
        difference = features.float() - target.float() if _is_half(features) else features - target
        return self.weight * difference.square().sum()


@dataclass(frozen=True)
class Goal:
    """All that a picture is to be like, weighted."""

    content: Mapping[str, Kept]
    style: Mapping[str, Sequence[Region]]
    content_weight: float
    style_weight: float
    tv_weight: float

    def total(self, content: Tensor, style: Tensor, tv: Tensor) -> Tensor:
        """Return the weighted sum of the losses."""
        return self.content_weight * content + self.style_weight * style + self.tv_weight * tv


def evaluate(network: Any, goal: Goal, image: Tensor) -> tuple[Tensor, Tensor]:
    """Return losses `(4,)` in the order of `LOSSES`, and the total's gradient `(1, 3, H, W)`.

    In one piece: all activations are held at once.
    """
    image = image.detach().requires_grad_()
    with torch.enable_grad():
        features = network(image)
        content = total_of([kept.loss(features[n]) for n, kept in goal.content.items()], image)
        style = total_of(
            [
                region.loss(gram(features[name], region.mask))
                for name, regions in goal.style.items()
                for region in regions
            ],
            image,
        )
        tv = total_variation(image)
        total = goal.total(content, style, tv)
        (gradient,) = torch.autograd.grad(total, image)
    return torch.stack([content, style, tv, total]).detach(), gradient


def total_of(losses: Sequence[Tensor], like: Tensor) -> Tensor:
    """Return the sum of losses, 0 if there are none."""
    return torch.stack(tuple(losses)).sum() if losses else like.new_zeros(())


def kept(features: Tensor, weight: float) -> Kept:
    """Return a content target of weight `weight`."""
    square = features.float().square().sum() if _is_half(features) else features.square().sum()
    return Kept(features.detach(), weight / square.clamp_min(TINY))


def region(target: Tensor, weight: float, mask: Tensor | None, places: int) -> Region:
    """Return a style target for a layer with `places` places; a mask gives it its share of them."""
    counted = target.new_tensor(float(places)) if mask is None else mask.sum().to(target.dtype)
    square = target.square().sum().clamp_min(TINY)
    return Region(target, weight * counted / places / square, counted.clamp_min(TINY), mask)


def mask_at(mask: Tensor, size: tuple[int, int]) -> Tensor:
    """Return a mask `(H, W)` for a layer's places, each the mean of the pixels that it covers."""
    return F.adaptive_avg_pool2d(mask[None, None], size)[0, 0]


def _rows(features: Tensor) -> Tensor:
    """Return activations `(1, C, h, w)` as `(C, h w)`: a view of whole ones, in either layout."""
    if features.stride(1) == 1:
        return features.permute(0, 2, 3, 1).reshape(-1, features.shape[1]).t()
    return features.flatten(2)[0]


def _product(a: Tensor, b: Tensor) -> Tensor:
    """Return a @ b summed up, and where possible kept, in float32 if the factors are halves."""
    if _is_half(a) and a.is_cuda:
        return torch.mm(a, b, out_dtype=torch.float32)
    found = a @ b
    return found.float() if _is_half(a) else found


def _is_half(tensor: Tensor) -> bool:
    return tensor.dtype in (torch.bfloat16, torch.float16)
