"""A training run of a language model within a budget, which can be stopped at any step.

Stateful truncated backpropagation through time with AdamW, a warmed-up cosine schedule over the
budget, dropout with one mask per chunk (arXiv:1512.05287), weight dropout (arXiv:1708.02182) and an
exponential moving average of the weights, which is what is measured and kept.
"""

import hashlib
import json
import math
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from genart_core.arts.text.cell import Cell
from genart_core.arts.text.data import Batches, Corpus
from genart_core.arts.text.losses import bits_per_token, measure
from genart_core.arts.text.model import Config, LanguageModel, Noise, State
from genart_core.arts.text.recipe import Recipe
from genart_core.arts.text.report import Report
from genart_core.arts.text.request import TextRequest
from genart_core.arts.text.sampling import Sampler, write
from genart_core.arts.text.spelling import Wording
from genart_core.arts.text.stored import StoredModel, pack, padded
from genart_core.errors import DamagedWeightsError
from genart_core.nn.checkpoint import write_atomically
from genart_core.nn.signals import collected_signals

TEMPERATURES = (0.2, 0.5, 0.8, 1.0, 1.2)
CHECKPOINT_SECONDS = 60.0


class Training:
    """A training run that can be stopped and continued at any step, as if never stopped."""

    def __init__(self, corpus: Corpus, network: LanguageModel, recipe: Recipe) -> None:
        self.corpus, self.network, self.recipe = corpus, network, recipe
        self.generator = torch.Generator().manual_seed(recipe.seed)
        self.batches = Batches(corpus.train, recipe.rows, recipe.chunk, self.generator)
        self.noise = Noise(recipe.dropout, recipe.weight_dropout, self.generator)
        parameters = list(network.parameters())
        self.optimizer = torch.optim.AdamW(
            parameters, betas=(0.9, 0.99), weight_decay=recipe.weight_decay, fused=True
        )
        self.average = {name: p.detach().clone() for name, p in network.named_parameters()}
        self.best = {name: p.clone() for name, p in self.average.items()}
        self.best_bits = math.inf
        self.since_best = 0
        self.evaluated = 0
        self.log: list[tuple[float, float, float]] = []  # minutes, epochs, bits per character
        self.step = 0
        self.seconds = 0.0
        self.state: State | None = None

    @property
    def progress(self) -> float:
        """Return the share of the budget that is used."""
        if self.recipe.steps:
            return self.step / self.recipe.steps
        return self.seconds / (60.0 * self.recipe.minutes)

    @property
    def is_done(self) -> bool:
        """True if the budget is used or the validation loss has stopped falling."""
        patience = self.recipe.patience
        return self.progress >= 1.0 or (0 < patience <= self.since_best)

    def per_character(self, bits: float) -> float:
        """Return bits per character for `bits` per token."""
        corpus = self.corpus
        return bits * len(corpus.validation) / corpus.validation_characters

    @property
    def epochs(self) -> float:
        """Return how many times the text was read."""
        return self.step * self.batches.rows * self.batches.chunk / len(self.corpus.train)

    def advance(self) -> float:
        """Take one step; return its loss in bits per token."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.rate(self.progress)
        inputs, targets, is_fresh = self.batches.next()
        logits, state = self.network(inputs, None if is_fresh else self.state, self.noise)
        self.state = [(h.detach(), c.detach()) for h, c in state]
        loss = bits_per_token(logits, targets)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch ships no type for it
        nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clip)
        self.optimizer.step()
        self.step += 1
        decay = min(self.recipe.averaging, (1 + self.step) / (10 + self.step))
        for name, parameter in self.network.named_parameters():
            self.average[name].lerp_(parameter.detach(), 1.0 - decay)
        return loss.item()

    def is_evaluation_due(self) -> bool:
        """True whenever another of the `evaluations` equal parts of the budget is used."""
        return self.evaluated < int(min(self.progress, 1.0) * self.recipe.evaluations + 1e-9)

    def evaluate(self) -> float:
        """Measure the averaged weights on the validation text; keep them if they are the best.

        Returns:
            Bits per character.
        """
        self.evaluated = int(min(self.progress, 1.0) * self.recipe.evaluations + 1e-9)
        network = network_of(self.network.config, self.average)
        bits = self.per_character(measure(network, self.corpus.validation))
        self.log.append((round(self.seconds / 60, 1), round(self.epochs, 2), round(bits, 4)))
        if bits < self.best_bits:
            self.best_bits, self.since_best = bits, 0
            self.best = {name: p.clone() for name, p in self.average.items()}
        elif self.progress > 0.5:
            # While the learning rate is high, the measure often rises before it falls with it.
            self.since_best += 1
        return bits

    def model(self, weights: dict[str, Tensor]) -> StoredModel:
        """Return `average` or `best` in the form that is stored."""
        config = self.network.config
        tensors = pack(network_of(config, weights))
        return StoredModel(config, self.corpus.vocabulary, tensors, {})

    def save(self, path: Path) -> None:
        """Write everything that the next step depends on."""
        tensors = {"generator": self.generator.get_state()}
        for i, (name, parameter) in enumerate(self.network.named_parameters()):
            tensors |= {f"network.{name}": parameter.detach()}
            tensors |= {f"average.{name}": self.average[name], f"best.{name}": self.best[name]}
            for key, value in self.optimizer.state_dict()["state"].get(i, {}).items():
                tensors[f"optimizer.{i}.{key}"] = value
        for i, (h, c) in enumerate(self.state or []):
            tensors |= {f"state.{i}.h": h, f"state.{i}.c": c}
        data = save({n: t.contiguous() for n, t in tensors.items()}, {"progress": self._facts()})
        write_atomically(path, data)

    def load(self, path: Path) -> None:
        """Continue from a file that `save` wrote.

        Raises:
            DamagedWeightsError: if the file is unreadable.
            ValueError: if it belongs to another text, architecture or recipe.
        """
        try:
            with safe_open(path, framework="pt") as file:
                facts = json.loads((file.metadata() or {})["progress"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, KeyError, ValueError) as error:
            raise DamagedWeightsError(f"{path.name} is not a checkpoint: {error}") from error
        own = json.loads(self._facts())
        changed = [k for k in ("config", "recipe", "sha256", "vocabulary") if facts[k] != own[k]]
        if changed:
            raise ValueError(f"{path} was made with another {', '.join(changed)}")
        self._restore(facts, tensors)

    def _facts(self) -> str:
        return json.dumps(
            {
                "config": asdict(self.network.config),
                "recipe": asdict(self.recipe),
                "sha256": self.corpus.sha256,
                "vocabulary": hashlib.sha256(repr(self.corpus.vocabulary).encode()).hexdigest(),
                "log": self.log,
                "best_bits": self.best_bits if math.isfinite(self.best_bits) else None,
                "batches": [self.batches.epoch, self.batches.position, self.batches.offset],
                "numbers": [self.step, self.seconds, self.since_best, self.evaluated],
            }
        )

    def _restore(self, facts: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        self.log = [tuple(line) for line in facts["log"]]
        self.step, self.seconds, self.since_best, self.evaluated = facts["numbers"]
        self.batches.epoch, self.batches.position, self.batches.offset = facts["batches"]
        self.best_bits = math.inf if facts["best_bits"] is None else facts["best_bits"]
        self.generator.set_state(tensors["generator"])
        self.network.load_state_dict(_part(tensors, "network."))
        self.average, self.best = _part(tensors, "average."), _part(tensors, "best.")
        self.state = [
            (tensors[f"state.{i}.h"], tensors[f"state.{i}.c"])
            for i in range(self.network.config.layers)
            if f"state.{i}.h" in tensors
        ] or None
        whole = self.optimizer.state_dict()
        count = len(list(self.network.parameters()))
        states = {i: _part(tensors, f"optimizer.{i}.") for i in range(count)}
        whole["state"] = {i: state for i, state in states.items() if state}
        self.optimizer.load_state_dict(whole)


def run(training: Training, report: Report, checkpoint: Path) -> bool:
    """Train to the end; return False if a signal stopped it, with the checkpoint saved."""
    due = time.monotonic() + CHECKPOINT_SECONDS
    last = time.monotonic()
    with collected_signals() as stop:
        while not training.is_done and not stop:
            bits = training.per_character(training.advance())
            if training.is_evaluation_due():
                validation = training.evaluate()
                epoch = training.batches.epoch
                report.validation(training.step, epoch, bits=validation, best=training.best_bits)
                report.samples(write_samples(training.model(training.average)))
            now = time.monotonic()
            training.seconds += now - last
            tokens = training.batches.rows * training.batches.chunk
            size = round(tokens / training.per_character(1.0))
            seconds, last = now - last, now
            report.step(
                training.step,
                progress=training.progress,
                bits=bits,
                characters=size,
                seconds=seconds,
            )
            if now >= due:
                training.save(checkpoint)
                due = time.monotonic() + CHECKPOINT_SECONDS
        if stop:
            training.save(checkpoint)
    return not stop


def write_samples(model: StoredModel, length: int = 200, seed: int = 0) -> dict[str, str]:
    """Return a text of `length` tokens for each of `TEMPERATURES`."""
    cell = Cell(model, "cpu")
    columns = len(TEMPERATURES)
    requests = [TextRequest(temperature=temperature) for temperature in TEMPERATURES]
    first, *opening = model.vocabulary.opening
    wordings = [Wording(cell.spelling, 1 + len(opening)) for _ in requests if cell.spelling]
    steps = length + len(opening)
    prompts = torch.full((steps, columns), -1)
    prompts[: len(opening)] = torch.tensor(opening)[:, None]
    noise = torch.empty(steps, columns, padded(len(model.vocabulary)))
    noise.exponential_(generator=torch.Generator().manual_seed(seed)).log_().neg_()
    drawn, _ = write(
        cell.seat([cell.zero()] * columns),
        Sampler(requests, [None] * columns, len(model.vocabulary), wordings=wordings),
        torch.full((columns,), first),
        prompts=prompts,
        noise=noise,
    )
    texts = map(model.vocabulary.decode, drawn[len(opening) :].t().tolist())
    return dict(zip(map(str, TEMPERATURES), texts, strict=True))


def network_of(config: Config, weights: dict[str, Tensor]) -> LanguageModel:
    """Return a network with the given weights, ready to measure or to store."""
    network = LanguageModel(config)
    network.load_state_dict(weights)
    return network.eval()


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): t for k, t in tensors.items() if k.startswith(prefix)}
