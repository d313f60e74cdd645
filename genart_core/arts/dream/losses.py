"""What a dream climbs: activations of chosen layers, a guide's features, a class.

1. Mordvintsev, Olah, Tyka, Inceptionism, 2015; their notebook names the guided objective.
2. Olah, Mordvintsev, Schubert, Feature visualization, Distill 2017, doi:10.23915/distill.00007.

Differs from 1: the mean of squares is taken instead of half their sum, so that weights mean the
same at any depth and size; a gradient is normalised anyway. Differs from 2, and from Simonyan et
al. (arXiv:1312.6034): of a class the odds are climbed, not the logit.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

LOGITS = "logits"
MAX_GUIDE_POSITIONS = 2048  # of a guide's layer; beyond, every n-th position stands for its like
_POSITIONS_AT_ONCE = 4096  # compared with the guide: 4096 x 2048 products are 32 MB


class Objective:
    """The sum over layers of weight times mean of squares, over (B, C, h, w) features.

    With `channels` only those of a layer count. With a `guide` the squares become products with the
    guide's feature (N, C) that fits each position best (dot-product match). `target` adds the log
    odds of a class.
    """

    def __init__(
        self,
        contributions: Mapping[str, float],
        *,
        channels: Mapping[str, Tensor] | None = None,
        guide: Mapping[str, Tensor] | None = None,
        target: int | None = None,
    ) -> None:
        self.contributions = dict(contributions)
        self.channels = dict(channels or {})
        self.guide = dict(guide or {})
        self.target = target

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that are looked at, `logits` among them if a class is wanted."""
        return (*self.contributions, *([] if self.target is None else [LOGITS]))

    def __call__(self, features: Mapping[str, Tensor]) -> Tensor:
        """Return the loss, which is to grow; a scalar of fp32."""
        terms = [
            weight * self._activity(layer, features[layer])
            for layer, weight in self.contributions.items()
        ]
        if self.target is not None:
            terms.append(log_odds(features[LOGITS].float(), self.target).mean())
        return torch.stack(terms).sum()

    def _activity(self, layer: str, feature: Tensor) -> Tensor:
        feature = self._chosen(layer, feature).float()
        if layer in self.guide:
            return (feature * best_match(feature.detach(), self.guide[layer])).mean()
        return feature.square().mean()

    def _chosen(self, layer: str, feature: Tensor) -> Tensor:
        return feature[:, self.channels[layer]] if layer in self.channels else feature

    def guided_by(self, features: Mapping[str, Tensor]) -> "Objective":
        """Return the same objective, steered towards a guide with these features (1, C, h, w)."""
        vectors = {
            layer: _thinned(self._chosen(layer, features[layer]).float())
            for layer in self.contributions
        }
        return Objective(
            self.contributions, channels=self.channels, guide=vectors, target=self.target
        )


def log_odds(logits: Tensor, target: int) -> Tensor:
    """Return the logarithm of a class's probability over that of all others (B,), of (B, classes).

    The logit alone grows along what excites every class, since nothing holds the others down: the
    dream becomes no thing. The gradient is that of the log probability, but never fades.
    """
    if logits.shape[1] == 1:
        return logits[:, 0]
    others = torch.cat([logits[:, :target], logits[:, target + 1 :]], 1)
    return logits[:, target] - others.logsumexp(1)


@torch.no_grad()
def best_match(feature: Tensor, vectors: Tensor) -> Tensor:
    """Return for each position of (B, C, h, w) the vector of (N, C) with the largest product."""
    batch, channels, height, width = feature.shape
    rows = feature.permute(0, 2, 3, 1).reshape(-1, channels)  # (B h w, C)
    parts = torch.split(rows, _POSITIONS_AT_ONCE)
    found = torch.cat([(part @ vectors.t()).argmax(1) for part in parts])
    return vectors[found].view(batch, height, width, channels).permute(0, 3, 1, 2)


def _thinned(feature: Tensor) -> Tensor:
    rows = feature[0].flatten(1).t()  # (h w, C)
    return rows[:: -(-len(rows) // MAX_GUIDE_POSITIONS)].contiguous()
