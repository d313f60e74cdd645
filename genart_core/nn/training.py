"""A training within a budget of time or steps, which can be stopped at any step and continued.

AdamW with a warmed-up cosine schedule over the budget, and an exponential moving average of the
weights, which is what is measured and kept (arXiv:1711.05101, arXiv:1608.03983).
"""

import json
import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from genart_core.errors import DamagedWeightsError
from genart_core.nn.checkpoint import write_atomically
from genart_core.nn.report import Report
from genart_core.nn.signals import collected_signals

CHECKPOINT_SECONDS = 120.0


@dataclass(frozen=True)
class Recipe:
    """How to train. The budget is `minutes` of wall clock or, if not 0, a number of `steps`."""

    minutes: float = 60.0
    steps: int = 0
    batch: int = 32
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    warmup: float = 0.02
    clip: float = 1.0
    averaging: float = 0.999
    evaluations: int = 12
    seed: int = 0

    def rate(self, progress: float) -> float:
        """Return the learning rate at a share of the budget: linear warmup, then half a cosine."""
        if progress < self.warmup:
            return self.learning_rate * (0.02 + 0.98 * progress / self.warmup)
        angle = math.pi * (progress - self.warmup) / (1.0 - self.warmup)
        return self.learning_rate * (0.01 + 0.99 * 0.5 * (1.0 + math.cos(min(angle, math.pi))))


Network = TypeVar("Network", bound=nn.Module)
Learner = TypeVar("Learner", bound=nn.Module, contravariant=True)


class Objective(Protocol[Learner]):
    """What a network is trained for.

    Step n sees the same data and draws whenever it is taken, but for what `state` holds.
    """

    def loss(self, network: Learner, step: int, progress: float) -> tuple[Tensor, str]:
        """Return the loss of one batch, and the line that a user sees of it."""

    def measure(self, network: Learner) -> dict[str, float]:
        """Return figures on pictures that are never trained on."""

    def state(self) -> dict[str, Tensor]:
        """Return what the next step depends on beside its number and the network."""

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on from what `state` gave."""


class Stateless:
    """An objective whose steps depend on their number and the network alone."""

    def state(self) -> dict[str, Tensor]:
        """Return nothing."""
        return {}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Do nothing."""


class Trainable(Protocol):
    """What `run` drives: a training that can be stopped and continued at any step."""

    step: int
    seconds: float
    figures: dict[str, float]  # what the last step told, by name: losses, learning rates

    @property
    def progress(self) -> float:
        """Return the share of the budget that is used."""

    @property
    def batch(self) -> int:
        """Return how many examples a step takes."""

    def advance(self) -> str:
        """Take one step; return the line that tells of it."""

    def is_evaluation_due(self) -> bool:
        """True whenever another part of the budget is used."""

    def evaluate(self) -> dict[str, float]:
        """Measure what would be kept, and log the figures."""

    def save(self, path: Path) -> None:
        """Write everything that the next step depends on, atomically."""

    def load(self, path: Path) -> None:
        """Continue from a file that `save` wrote."""


class Training(Generic[Network]):
    """A training that can be stopped and continued at any step, as if never stopped."""

    def __init__(
        self,
        network: Network,
        objective: Objective[Network],
        recipe: Recipe,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self.network, self.objective, self.recipe = network, objective, recipe
        self.options = dict(options or {})  # JSON: what else makes a checkpoint another one
        self.optimizer = torch.optim.AdamW(
            network.parameters(), betas=(0.9, 0.99), weight_decay=recipe.weight_decay, fused=True
        )
        self.average = {name: t.detach().clone() for name, t in network.state_dict().items()}
        self.log: list[dict[str, float]] = []
        self.step = self.evaluated = 0
        self.seconds = 0.0
        self.figures: dict[str, float] = {}

    @property
    def batch(self) -> int:
        """Return how many examples a step takes."""
        return self.recipe.batch

    @property
    def progress(self) -> float:
        """Return the share of the budget that is used."""
        if self.recipe.steps:
            return self.step / self.recipe.steps
        return self.seconds / (60.0 * self.recipe.minutes)

    def advance(self) -> str:
        """Take one step; return the line that tells of it."""
        rate = self.recipe.rate(self.progress)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        loss, line = self.objective.loss(self.network, self.step, self.progress)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch ships no type for it
        nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clip)
        self.optimizer.step()
        self.step += 1
        self.figures = {"loss": loss.item(), "learning_rate": rate}
        decay = min(self.recipe.averaging, (1 + self.step) / (10 + self.step))
        for name, tensor in self.network.state_dict().items():
            if tensor.is_floating_point():
                self.average[name].lerp_(tensor, 1.0 - decay)
            else:
                self.average[name].copy_(tensor)
        return line

    def is_evaluation_due(self) -> bool:
        """True whenever another of the `evaluations` equal parts of the budget is used."""
        return self.evaluated < int(min(self.progress, 1.0) * self.recipe.evaluations + 1e-9)

    def evaluate(self) -> dict[str, float]:
        """Measure the averaged weights and log the figures with minutes and steps."""
        own = {name: tensor.detach().clone() for name, tensor in self.network.state_dict().items()}
        self.network.load_state_dict(self.average)
        try:
            figures = self.objective.measure(self.network.eval())
        finally:  # a training whose pictures are lost is saved with its own weights
            self.network.train().load_state_dict(own)
        self.evaluated = int(min(self.progress, 1.0) * self.recipe.evaluations + 1e-9)
        rounded = {name: round(value, 4) for name, value in figures.items()}
        self.log.append({"minutes": round(self.seconds / 60, 1), "steps": self.step, **rounded})
        return figures

    def save(self, path: Path) -> None:
        """Write everything that the next step depends on."""
        tensors = {f"average.{name}": t for name, t in self.average.items()}
        tensors |= {f"network.{name}": t for name, t in self.network.state_dict().items()}
        tensors |= {f"objective.{name}": t for name, t in self.objective.state().items()}
        for i, values in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{i}.{key}": value for key, value in values.items()}
        whole = {name: tensor.contiguous() for name, tensor in tensors.items()}
        write_atomically(path, save(whole, {"progress": self._facts()}))

    def load(self, path: Path) -> None:
        """Continue from a file that `save` wrote.

        Raises:
            DamagedWeightsError: if the file is unreadable.
            ValueError: if it belongs to another recipe or network.
        """
        try:
            with safe_open(path, framework="pt") as file:
                facts = json.loads((file.metadata() or {})["progress"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, KeyError, ValueError) as error:
            raise DamagedWeightsError(f"{path.name} is not a checkpoint: {error}") from error
        own = {name: t.shape for name, t in self.network.state_dict().items()}
        made = {**facts["recipe"], **facts.get("options", {})}
        if made != {**asdict(self.recipe), **self.options}:
            raise ValueError(f"{path} was made with another recipe: {made}")
        if {name: t.shape for name, t in _part(tensors, "network.").items()} != own:
            raise ValueError(f"{path} was made with another network")
        self._restore(facts, tensors)

    def _facts(self) -> str:
        numbers = [self.step, self.evaluated, self.seconds]
        facts = {"recipe": asdict(self.recipe), "options": self.options, "numbers": numbers}
        return json.dumps({**facts, "log": self.log})

    def _restore(self, facts: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        self.step, self.evaluated, self.seconds = facts["numbers"]
        self.log = facts["log"]
        self.network.load_state_dict(_part(tensors, "network."))
        self.objective.restore(_part(tensors, "objective."))
        for name, tensor in _part(tensors, "average.").items():
            self.average[name].copy_(tensor)
        whole = self.optimizer.state_dict()
        whole["state"] = {}
        for i, parameter in enumerate(self.network.parameters()):
            state = _part(tensors, f"optimizer.{i}.")
            if state:
                whole["state"][i] = {k: laid_out(t, parameter) for k, t in state.items()}
        self.optimizer.load_state_dict(whole)


def run(training: Trainable, report: Report, checkpoint: Path) -> bool:
    """Train to the end; return False if a signal stopped it, with the checkpoint saved."""
    last = time.monotonic()
    due = last + CHECKPOINT_SECONDS
    with collected_signals() as stop:
        while training.progress < 1.0 and not stop:
            line = training.advance()
            if training.is_evaluation_due():
                measured = training.evaluate()
                report.figures(training.step, measured)
                report.say(f"step {training.step}: {_told(measured)}")
            now = time.monotonic()
            training.seconds += now - last
            rate = training.batch / (now - last)
            last = now
            report.step(training.progress, line, rate)
            report.losses(training.step, training.figures)
            if now >= due:
                training.save(checkpoint)
                due = time.monotonic() + CHECKPOINT_SECONDS
        if stop:
            training.save(checkpoint)
    return not stop


def laid_out(state: Tensor, parameter: Tensor) -> Tensor:
    """Return an optimiser's state with the strides of its parameter.

    A file holds it row by row; fused Adam walks through both as they lie in memory, so that a
    parameter in channels-last order would be moved by its neighbours' averages.
    """
    if state.shape != parameter.shape:
        return state
    return torch.empty_like(parameter).copy_(state)


def _told(figures: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in figures.items())


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): t for k, t in tensors.items() if k.startswith(prefix)}
