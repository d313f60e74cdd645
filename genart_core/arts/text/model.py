"""An LSTM language model over characters or words.

1. Hochreiter & Schmidhuber, Long short-term memory, 1997; with forget gates: Gers et al. 1999.
2. Graves, Generating sequences with recurrent neural networks, arXiv:1308.0850.
3. Gal & Ghahramani, dropout in recurrent networks, arXiv:1512.05287 (one mask for a whole chunk).
4. Merity et al., Regularizing and optimizing LSTM language models, arXiv:1708.02182 (weight
   dropout on the recurrent matrices).
5. Press & Wolf, Using the output embedding, arXiv:1608.05859; Inan et al., Tying word vectors and
   word classifiers, arXiv:1611.01462 (one matrix reads and writes words).

Differs from the papers: no peepholes, no dropout on whole words.
"""

import math
from dataclasses import dataclass
from typing import TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

State: TypeAlias = list[tuple[Tensor, Tensor]]  # one (h, c) per layer, each (1, B, H)


@dataclass(frozen=True)
class Config:
    """The shape of a network.

    `tied`: the embedding is the head's matrix too, so it must be as wide as the hidden layers.
    """

    vocabulary_size: int
    embedding: int = 128
    hidden: int = 512
    layers: int = 2
    tied: bool = False

    def __post_init__(self) -> None:
        if self.tied and self.embedding != self.hidden:
            raise ValueError(
                f"A tied embedding is as wide as the hidden layers ({self.hidden}), "
                f"not {self.embedding}"
            )


@dataclass(frozen=True)
class Noise:
    """What dropout takes away in training. 0.0 = nothing."""

    dropout: float
    weight_dropout: float
    generator: torch.Generator

    def drop(self, x: Tensor) -> Tensor:
        """Drop features of `(T, B, F)`, the same ones at all T steps."""
        return x * self._mask((1, *x.shape[1:]), self.dropout) if self.dropout else x

    def drop_weights(self, weight: Tensor) -> Tensor:
        """Drop single connections of a matrix."""
        mask = self._mask(tuple(weight.shape), self.weight_dropout)
        return weight * mask if self.weight_dropout else weight

    def _mask(self, shape: tuple[int, ...], share: float) -> Tensor:
        keep = 1.0 - share
        return torch.empty(shape).bernoulli_(keep, generator=self.generator).div_(keep)


class LanguageModel(nn.Module):
    """Embedding, LSTM layers, linear head. The form for training and for reading long texts."""

    def __init__(self, config: Config, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.config = config
        sizes = [config.embedding] + [config.hidden] * (config.layers - 1)
        with torch.device("meta"):  # draws nothing from the global generator
            self.embedding = nn.Embedding(config.vocabulary_size, config.embedding)
            self.layers = nn.ModuleList(nn.LSTM(size, config.hidden) for size in sizes)
            self.head = nn.Linear(config.hidden, config.vocabulary_size)
        if config.tied:
            self.head.register_parameter("weight", None)
        self.to_empty(device="cpu")
        self._initialise(generator or torch.Generator().manual_seed(0))

    def forward(
        self, ids: Tensor, state: State | None = None, noise: Noise | None = None
    ) -> tuple[Tensor, State]:
        """Return logits `(T, B, V)` for the tokens after `ids` `(T, B)`, and the new state."""
        x = self.embedding(ids)  # (T, B, E)
        after: State = []
        for i, layer in enumerate(self.layers):
            start = None if state is None else state[i]
            if noise is None:
                x, end = layer(x, start)
            else:
                dropped = noise.drop_weights(layer.get_parameter("weight_hh_l0"))
                inputs = (noise.drop(x), start)
                x, end = functional_call(layer, {"weight_hh_l0": dropped}, inputs)
            after.append(end)
        if noise is not None:
            x = noise.drop(x)
        return F.linear(x, self.output_weight, self.head.bias), after

    @property
    def output_weight(self) -> Tensor:
        """Return the matrix `(V, H)` that the head multiplies by."""
        return self.embedding.weight if self.config.tied else self.head.weight

    def _initialise(self, generator: torch.Generator) -> None:
        bound = 1.0 / math.sqrt(self.config.hidden)
        for name, parameter in self.named_parameters():
            nn.init.uniform_(parameter, -bound, bound, generator=generator)
            if "bias_ih" in name:
                nn.init.zeros_(parameter)
                # Remember by default (Gers et al. 1999; Jozefowicz et al. 2015).
                parameter.data[self.config.hidden : 2 * self.config.hidden] = 1.0
        if not self.config.tied:
            nn.init.normal_(self.embedding.weight, std=0.3, generator=generator)
