"""How the next token is drawn from logits, for rows that each ask for something else.

1. Maddison et al., A* sampling, arXiv:1411.0030 (the Gumbel-max trick).
2. Fan et al., Hierarchical neural story generation, arXiv:1805.04833 (top-k).
3. Holtzman et al., The curious case of neural text degeneration, arXiv:1904.09751 (top-p).
4. Nguyen et al., Turning up the heat: min-p sampling, arXiv:2407.01082.
5. Keskar et al., CTRL, arXiv:1909.05858 (repetition penalty).

The order is penalty, temperature, top-k, top-p, min-p. Differs from (5): the penalty is on log
probabilities, as what it does to logits would depend on where their zero happens to lie, and only
on tokens that would complete a run that the text has had.

Every operation treats a row by itself, so that what is drawn cannot depend on the other rows.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from genart_core.arts.text.history import Repeats
from genart_core.arts.text.request import TextRequest
from genart_core.arts.text.spelling import Wording
from genart_core.arts.text.stored import NEVER, padded


@dataclass(frozen=True)
class Walk:
    """Steps in a row: what they read and draw with `(K, B)`, `(B, 1)`, `(K, B, W)`.

    Where prompts are not -1 they are read; what to take the softmax of goes to `scores`
    `(K, B, W)`, the tokens to `drawn` `(K, B)`.
    """

    prompts: Tensor
    sharpness: Tensor
    noise: Tensor
    scores: Tensor
    drawn: Tensor


class Steps(ABC):
    """What `write` needs of a desk."""

    @abstractmethod
    def step(self, ids: Tensor) -> Tensor:
        """Read one token per row `(B,)`; return logits `(B, W)`."""

    def walk(self, ids: Tensor, walk: Walk) -> bool:
        """Take all steps at once, `ids` `(B,)` being read first, or none; return whether it did."""
        return False


class Sampler:
    """What the rows of a company ask for, as tensors.

    `repeats` are those of rows with a repetition penalty; `wordings`, for a model of words, say
    what each row may write. W is the vocabulary's size V, padded; logits beyond V are `NEVER`.
    """

    def __init__(
        self,
        requests: Sequence[TextRequest],
        repeats: Sequence[Repeats | None],
        size: int,
        device: str = "cpu",
        wordings: Sequence[Wording] = (),
    ) -> None:
        self.repeats = {i: r for i, r in enumerate(repeats) if r is not None}
        self.penalties = [request.repetition_penalty for request in requests]
        self.sharpness = torch.tensor([[r.sharpness] for r in requests], device=device)  # (B, 1)
        self.is_drawn = torch.tensor([not r.is_greedy for r in requests], device=device)  # (B,)
        cut = [i for i, request in enumerate(requests) if _is_cut(request)]
        self.cut = torch.tensor(cut, dtype=torch.long, device=device)
        asked = [requests[i] for i in cut]
        self.top_k = torch.tensor([[r.top_k or size] for r in asked], device=device)
        # Sums of probabilities may round to more than 1: no limit is infinity.
        limits = [[r.top_p if r.top_p < 1.0 else np.inf] for r in asked]
        self.top_p = torch.tensor(limits, device=device)
        self.min_p = torch.tensor([[r.min_p] for r in asked], device=device)
        self.rank = torch.arange(padded(size), device=device)
        self.floor = torch.where(self.rank < size, 0.0, NEVER)
        self.wordings = wordings
        self.floors = self.floor.new_empty(0, len(self.floor))  # (n, W), those of the spelling

    @property
    def is_plain(self) -> bool:
        """True if all that rows ask for is a temperature."""
        return not (self.repeats or self.wordings or len(self.cut))

    def scores(self, logits: Tensor, out: Tensor) -> Tensor:
        """Write to `out` `(B, W)` what to take the softmax of, and return it."""
        floor = self._floor() if self.wordings else None
        if floor is not None:
            logits += floor
        for i, repeats in self.repeats.items():
            followers = repeats.followers()
            if followers:
                logits[i] = F.log_softmax(logits[i], dim=-1)
                logits[i, followers] *= self.penalties[i]
        torch.mul(logits, self.sharpness, out=out)
        if floor is not None:
            out += floor  # again, as a sharpness of 0 makes all alike
        if len(self.cut):
            out[self.cut] = self._without_tail(logits[self.cut], out[self.cut] + self.floor)
        return out

    def follow(self, ids: Tensor) -> None:
        """Take note of the tokens `(B,)` that are read now."""
        if self.repeats or self.wordings:
            tokens = ids.tolist()
            for i, repeats in self.repeats.items():
                repeats.push(tokens[i])
            for token, wording in zip(tokens, self.wordings, strict=False):
                wording.push(token)

    def _floor(self) -> Tensor:
        """Return 0 for what each row may write and `NEVER` for the rest `(B, W)`."""
        choices = [wording.choice() for wording in self.wordings]
        spelling = self.wordings[0].spelling
        if len(self.floors) < len(spelling.sets):
            allowed = torch.from_numpy(np.stack(spelling.sets)).to(self.floor.device)  # (n, V)
            self.floors = torch.where(allowed, 0.0, NEVER)
            self.floors = F.pad(self.floors, (0, len(self.floor) - allowed.shape[1]), value=NEVER)
        floor = self.floors[[which for which, _ in choices]]
        places = [(i, token) for i, (_, tokens) in enumerate(choices) for token in tokens]
        if places:
            rows, columns = zip(*places, strict=True)
            floor[list(rows), list(columns)] = 0.0
        return floor

    def _without_tail(self, logits: Tensor, scores: Tensor) -> Tensor:
        """Return `scores` `(R, W)` with `NEVER` for tokens that are too improbable.

        Tokens are ranked by `logits`, as at temperature infinity all scores are equal.
        """
        order = logits.sort(dim=1, descending=True, stable=True).indices
        ranked = scores.gather(1, order).masked_fill_(self.rank >= self.top_k, NEVER)
        p = ranked.softmax(dim=1)
        before = p.cumsum(dim=1) - p
        tail = (before >= self.top_p) | (p < self.min_p * p[:, :1])
        return scores.scatter_(1, order, ranked.masked_fill_(tail, NEVER))


@torch.inference_mode()
def write(
    desk: Steps, sampler: Sampler, ids: Tensor, *, prompts: Tensor, noise: Tensor
) -> tuple[Tensor, Tensor]:
    """Ids drawn step by step, and the entropy of what each was drawn from in bits, `(K, B)` each.

    `ids` `(B,)` were drawn last; `prompts` `(K, B)` are read instead where they are not -1; `noise`
    `(K, B, W)` is standard Gumbel, 0 for greedy rows: the maximum of scores plus such noise is a
    draw from their softmax.
    """
    drawn, scores = torch.empty_like(prompts), torch.empty_like(noise)
    walk = Walk(prompts, sampler.sharpness, noise, scores, drawn)
    if not (sampler.is_plain and desk.walk(ids, walk)):
        _step_by_step(desk, sampler, ids, walk)
    surprise = F.log_softmax(scores, dim=-1).mul_(F.softmax(scores, dim=-1))
    entropy = -surprise.sum(dim=-1) / np.log(2.0)
    return drawn, torch.where(sampler.is_drawn, entropy, 0.0)


def _step_by_step(desk: Steps, sampler: Sampler, ids: Tensor, walk: Walk) -> None:
    is_read = (walk.prompts >= 0).any(dim=1).tolist()
    lifted = walk.noise[0].clone()
    choose = _argmax_of(lifted)
    steps = zip(walk.scores.unbind(0), walk.noise.unbind(0), walk.drawn.unbind(0), strict=True)
    for k, (row, chance, choice) in enumerate(steps):
        if is_read[k]:
            ids = torch.where(walk.prompts[k] >= 0, walk.prompts[k], ids)
        sampler.follow(ids)
        sampler.scores(desk.step(ids), out=row)
        torch.add(row, chance, out=lifted)
        choose(choice)
        ids = choice


def _argmax_of(scores: Tensor) -> Callable[[Tensor], object]:
    """Return what writes the places of the maxima of `(B, W)` as they then are to a tensor `(B,)`.

    NumPy finds them five times as fast as torch, which has no vectors for it.
    """
    if scores.device.type != "cpu":
        return lambda out: torch.argmax(scores, dim=1, out=out)
    array = scores.numpy()
    return lambda out: array.argmax(axis=1, out=out.numpy())


def _is_cut(request: TextRequest) -> bool:
    is_tail_cut = request.top_k is not None or request.top_p < 1.0 or request.min_p > 0.0
    return request.strategy == "uniform" or (is_tail_cut and not request.is_greedy)
