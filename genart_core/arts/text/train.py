"""Training of a character LSTM on any text, within a time budget.

Stateful truncated backpropagation through time with AdamW, a warmed-up cosine schedule over the
budget, dropout with one mask per chunk (arXiv:1512.05287), weight dropout (arXiv:1708.02182) and an
exponential moving average of the weights, which is what is measured and kept.
"""

import json
import math
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from rich.console import Console
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from genart_core.arts.text.cell import Cell, Desk
from genart_core.arts.text.data import Batches, Corpus, read_corpus
from genart_core.arts.text.generate import write
from genart_core.arts.text.losses import bits_per_character, measure
from genart_core.arts.text.model import (
    CharLSTM,
    Config,
    Noise,
    State,
    StoredModel,
    load_model,
    pack,
    padded,
    save_model,
    unpack,
    write_atomically,
)
from genart_core.arts.text.recipe import Order, Recipe
from genart_core.arts.text.report import Report
from genart_core.arts.text.signals import collected_signals
from genart_core.errors import DamagedWeightsError

TEMPERATURES = (0.2, 0.5, 0.8, 1.0)
CHECKPOINT_SECONDS = 60.0
HOME = Path("~/.genart")

app = typer.Typer(help="Train a text model.")


class Training:
    """A training run that can be stopped and continued at any step, as if never stopped."""

    def __init__(self, corpus: Corpus, network: CharLSTM, recipe: Recipe) -> None:
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

    def advance(self) -> float:
        """Take one step; return its loss in bits per character."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.rate(self.progress)
        inputs, targets, is_fresh = self.batches.next()
        logits, state = self.network(inputs, None if is_fresh else self.state, self.noise)
        self.state = [(h.detach(), c.detach()) for h, c in state]
        loss = bits_per_character(logits, targets)
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
        """Measure the averaged weights on the validation text; keep them if they are the best."""
        self.evaluated = int(min(self.progress, 1.0) * self.recipe.evaluations + 1e-9)
        bits = measure(_network_of(self.network.config, self.average), self.corpus.validation)
        if bits < self.best_bits:
            self.best_bits, self.since_best = bits, 0
            self.best = {name: p.clone() for name, p in self.average.items()}
        else:
            self.since_best += 1
        return bits

    def model(self, weights: dict[str, Tensor]) -> StoredModel:
        """Return `average` or `best` in the form that is stored."""
        config = self.network.config
        tensors = pack(_network_of(config, weights))
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
        changed = [k for k in ("config", "recipe", "sha256") if facts[k] != own[k]]
        if changed:
            raise ValueError(f"{path} was made with another {', '.join(changed)}")
        self._restore(facts, tensors)

    def _facts(self) -> str:
        return json.dumps(
            {
                "config": asdict(self.network.config),
                "recipe": asdict(self.recipe),
                "sha256": self.corpus.sha256,
                "best_bits": self.best_bits if math.isfinite(self.best_bits) else None,
                "batches": [self.batches.epoch, self.batches.position, self.batches.offset],
                "numbers": [self.step, self.seconds, self.since_best, self.evaluated],
            }
        )

    def _restore(self, facts: dict[str, Any], tensors: dict[str, Tensor]) -> None:
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


@app.command()
def text(
    files: Annotated[list[Path], typer.Argument(help="UTF-8 text files.", exists=True)],
    name: Annotated[str, typer.Option(help="Name of the model.")],
    minutes: Annotated[float, typer.Option(min=0.01, help="Time to train for.")] = 25.0,
    steps: Annotated[int, typer.Option(min=0, help="Train for so many steps instead.")] = 0,
    hidden: Annotated[int, typer.Option(min=16, help="Units per layer; best in 64s.")] = 512,
    layers: Annotated[int, typer.Option(min=1, max=8, help="LSTM layers.")] = 2,
    embedding: Annotated[int, typer.Option(min=1, help="Features per character.")] = 128,
    dropout: Annotated[float, typer.Option(min=0, max=0.95, help="Share of features.")] = 0.3,
    weight_dropout: Annotated[float, typer.Option(min=0, max=0.95, help="Share of weights.")] = 0.2,
    learning_rate: Annotated[float, typer.Option(min=0, help="Peak of the schedule.")] = 6e-3,
    rows: Annotated[int, typer.Option(min=1, help="Texts read side by side.")] = 32,
    chunk: Annotated[int, typer.Option(min=1, help="Characters per step.")] = 64,
    patience: Annotated[int, typer.Option(min=0, help="Bad checks to stop after; 0: never.")] = 5,
    seed: Annotated[int, typer.Option(min=0, help="Start of the random numbers.")] = 0,
    init: Annotated[Path | None, typer.Option(help="Weights to start from.", exists=True)] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue a stopped training.")] = False,
    licence: Annotated[str, typer.Option(help="Licence of the text, for the card.")] = "not stated",
    out: Annotated[Path | None, typer.Option(help="File to write.")] = None,
    home: Annotated[Path, typer.Option(envvar="GENART_HOME", help="State folder.")] = HOME,
) -> None:
    """Train a model on FILES; it can be used by its name as soon as it is written."""
    recipe = Recipe(
        minutes=minutes,
        steps=steps,
        rows=rows,
        chunk=chunk,
        learning_rate=learning_rate,
        dropout=dropout,
        weight_dropout=weight_dropout,
        patience=patience,
        seed=seed,
    )
    home = home.expanduser()
    out = out or home / "models" / "text" / f"{name}.safetensors"
    checkpoint = home / "runs" / "text" / f"{name}.checkpoint.safetensors"
    config = Config(0, embedding, hidden, layers)
    try:
        order = Order(files, name, licence, init)
        if checkpoint.exists() and not resume:
            raise ValueError(f"{checkpoint} is a stopped training: --resume it, or remove the file")
        training = _prepare(files, config, recipe, init)
        if resume and checkpoint.exists():
            training.load(checkpoint)
    except (ValueError, DamagedWeightsError) as error:
        raise typer.BadParameter(str(error)) from error
    with Report(Console()) as report:
        _announce(training, report)
        if not run(training, report, checkpoint):
            report.say(f"Stopped; the same command with --resume continues from {checkpoint}")
            raise typer.Exit(130)
        model = _finished(training, order)
        save_model(out, model)
        checkpoint.unlink(missing_ok=True)
        bits = model.card["metrics"]["validation_bits_per_character"]
        report.say(f"{out}: {bits:.4f} bits/char as stored, {out.stat().st_size:,} bytes")


def run(training: Training, report: Report, checkpoint: Path) -> bool:
    """Train to the end; return False if a signal stopped it, with the checkpoint saved."""
    due = time.monotonic() + CHECKPOINT_SECONDS
    last = time.monotonic()
    with collected_signals() as stop:
        while not training.is_done and not stop:
            bits = training.advance()
            if training.is_evaluation_due():
                validation = training.evaluate()
                place = f"step {training.step}, epoch {training.batches.epoch}"
                report.validation(place, bits=validation, best=training.best_bits)
                report.samples(write_samples(training.model(training.average)))
            now = time.monotonic()
            training.seconds += now - last
            size = training.batches.rows * training.batches.chunk
            report.step(progress=training.progress, bits=bits, characters=size, seconds=now - last)
            last = now
            if now >= due:
                training.save(checkpoint)
                due = time.monotonic() + CHECKPOINT_SECONDS
        if stop:
            training.save(checkpoint)
    return not stop


def write_samples(model: StoredModel, length: int = 200, seed: int = 0) -> dict[str, str]:
    """Return a text for each of `TEMPERATURES`."""
    cell = Cell(model, "cpu")
    columns = len(TEMPERATURES)
    size = (length, columns, padded(len(model.vocabulary)))
    generator = torch.Generator().manual_seed(seed)
    exponential = torch.empty(size, dtype=torch.float64).exponential_(generator=generator)
    drawn, _ = write(
        Desk(cell, [cell.zero()] * columns),
        torch.full((columns,), model.vocabulary.start),
        prompts=torch.full((length, columns), -1),
        temperatures=torch.tensor(TEMPERATURES),
        noise=-exponential.log().float(),
    )
    texts = map(model.vocabulary.decode, drawn.t().tolist())
    return dict(zip(map(str, TEMPERATURES), texts, strict=True))


def _prepare(files: list[Path], config: Config, recipe: Recipe, init: Path | None) -> Training:
    if init is not None:
        stored = load_model(init)
        corpus = read_corpus(files, stored.vocabulary)
        return Training(corpus, unpack(stored.config, stored.tensors).train(), recipe)
    corpus = read_corpus(files)
    config = replace(config, vocabulary_size=len(corpus.vocabulary))
    generator = torch.Generator().manual_seed(recipe.seed)
    return Training(corpus, CharLSTM(config, generator), recipe)


def _announce(training: Training, report: Report) -> None:
    corpus = training.corpus
    size = sum(p.numel() for p in training.network.parameters())
    report.say(
        f"{corpus.characters:,} characters, {len(corpus.vocabulary)} distinct, "
        f"the last {len(corpus.validation):,} for validation; {size:,} parameters"
    )
    if training.step:
        report.say(f"continuing at step {training.step}, {training.progress:.1%} of the budget")


def _finished(training: Training, order: Order) -> StoredModel:
    """Return the best weights as they will be stored, with the card that describes them."""
    training.evaluate()
    config, corpus, recipe = training.network.config, training.corpus, training.recipe
    model = training.model(training.best)
    stored = unpack(config, model.tensors)
    read = training.step * training.batches.rows * training.batches.chunk
    usual = asdict(Recipe()) | asdict(Config(config.vocabulary_size))
    card = order.card(recipe, order.command(asdict(recipe) | asdict(config), usual)) | {
        "data": {
            "files": list(corpus.names),
            "sha256": corpus.sha256,
            "characters": corpus.characters,
            "licence": order.licence,
        },
        "minutes": round(training.seconds / 60, 1),
        "steps": training.step,
        "epochs": round(read / len(corpus.train), 1),
        "parameters": sum(p.numel() for p in training.network.parameters()),
        "metrics": {
            "validation_bits_per_character": round(measure(stored, corpus.validation), 4),
            "validation_bits_per_character_fp32": round(training.best_bits, 4),
            "validation_characters": len(corpus.validation),
        },
        "samples": write_samples(model, 400),
    }
    return replace(model, card=card)


def _network_of(config: Config, weights: dict[str, Tensor]) -> CharLSTM:
    network = CharLSTM(config)
    network.load_state_dict(weights)
    return network.eval()


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): t for k, t in tensors.items() if k.startswith(prefix)}


if __name__ == "__main__":
    app()
