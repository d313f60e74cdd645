"""`genart train text`: train a language model on any text, by characters or by words."""

from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console

from genart_core.arts.text.data import read_corpus
from genart_core.arts.text.losses import measure
from genart_core.arts.text.model import Config, LanguageModel
from genart_core.arts.text.quotes import CHARACTERS, WORDS, QuoteIndex
from genart_core.arts.text.recipe import Order, Recipe, lineage
from genart_core.arts.text.report import Report
from genart_core.arts.text.stored import StoredModel, load_model, save_model, unpack
from genart_core.arts.text.training import Training, run, write_samples
from genart_core.arts.text.vocabulary import Unit
from genart_core.errors import DamagedWeightsError, UnknownModelError
from genart_core.weights import find_model, unreached

HOME = Path("~/.genart")
HIDDEN: dict[Unit, int] = {"character": 512, "word": 384}
# Models of words stay at the frequencies of single words for long when steps are larger.
LEARNING_RATE: dict[Unit, float] = {"character": 6e-3, "word": 2e-3}

app = typer.Typer(help="Train a text model.")


@app.command()
def text(
    files: Annotated[list[Path], typer.Argument(help="UTF-8 text files.", exists=True)],
    name: Annotated[str, typer.Option(help="Name of the model.")],
    minutes: Annotated[float, typer.Option(min=0.01, help="Time to train for.")] = 25.0,
    steps: Annotated[int, typer.Option(min=0, help="Train for so many steps instead.")] = 0,
    unit: Annotated[Unit, typer.Option(help="What the model reads and writes.")] = "character",
    vocabulary: Annotated[int, typer.Option(min=256, help="Words at most, by words.")] = 8192,
    reflow: Annotated[
        bool, typer.Option("--reflow", help="Join the lines of each paragraph: for prose.")
    ] = False,
    hidden: Annotated[
        int, typer.Option(min=0, help="Units per layer, best in 64s; 0: 512, by words 384.")
    ] = 0,
    layers: Annotated[int, typer.Option(min=1, max=8, help="LSTM layers.")] = 2,
    embedding: Annotated[
        int, typer.Option(min=1, help="Features per character; by words as many as `hidden`.")
    ] = 128,
    dropout: Annotated[float, typer.Option(min=0, max=0.95, help="Share of features.")] = 0.3,
    weight_dropout: Annotated[float, typer.Option(min=0, max=0.95, help="Share of weights.")] = 0.2,
    learning_rate: Annotated[
        float, typer.Option(min=0, help="Peak of the schedule; 0: 6e-3, by words 2e-3.")
    ] = 0.0,
    rows: Annotated[int, typer.Option(min=1, help="Texts read side by side.")] = 32,
    chunk: Annotated[int, typer.Option(min=1, help="Tokens per step and row.")] = 64,
    patience: Annotated[
        int, typer.Option(min=0, help="Bad late checks to stop after; 0: never.")
    ] = 5,
    seed: Annotated[int, typer.Option(min=0, help="Start of the random numbers.")] = 0,
    init: Annotated[
        str | None, typer.Option(help="Model to start from, by its name or file.")
    ] = None,
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
        learning_rate=learning_rate or LEARNING_RATE[unit],
        dropout=dropout,
        weight_dropout=weight_dropout,
        patience=patience,
        seed=seed,
    )
    home = home.expanduser()
    warning = "" if out else unreached("text", name, home)
    out = out or home / "models" / "text" / f"{name}.safetensors"
    runs = home / "runs" / "text"
    checkpoint = runs / f"{name}.checkpoint.safetensors"
    hidden = hidden or HIDDEN[unit]
    is_tied = unit == "word"
    try:
        path = _weights_of(init, home)
        order = Order(files, name, licence, unit, vocabulary, reflow, path)
        if checkpoint.exists() and not resume:
            raise ValueError(f"{checkpoint} is a stopped training: --resume it, or remove the file")
        config = Config(0, hidden if is_tied else embedding, hidden, layers, is_tied)
        training = _prepare(order, config, recipe, runs / name)
        if resume and checkpoint.exists():
            training.load(checkpoint)
    except (ValueError, DamagedWeightsError, UnknownModelError) as error:
        raise typer.BadParameter(str(error)) from error
    with Report(Console(), curves=runs / f"{name}.tensorboard") as report:
        _announce(training, report)
        if warning:
            report.say(warning)
        if not run(training, report, checkpoint):
            report.say(f"Stopped; the same command with --resume continues from {checkpoint}")
            raise typer.Exit(130)
        model = _finished(training, order)
        save_model(out, model)
        checkpoint.unlink(missing_ok=True)
        bits = model.card["metrics"]["validation_bits_per_character"]
        report.say(f"{out}: {bits:.4f} bits/char as stored, {out.stat().st_size:,} bytes")
        if warning:
            report.say(warning)


def _weights_of(init: str | None, home: Path) -> Path | None:
    """Return the file to start from.

    Raises:
        UnknownModelError: if it is neither a file nor the name of a model.
    """
    if init is None:
        return None
    return Path(init) if Path(init).is_file() else find_model("text", init, home).path


def _prepare(order: Order, config: Config, recipe: Recipe, folder: Path) -> Training:
    read = partial(read_corpus, order.files, folder, reflow=order.reflow)
    if order.init is not None:
        stored = load_model(order.init)
        corpus = read(vocabulary=stored.vocabulary)
        return Training(corpus, unpack(stored.config, stored.tensors).train(), recipe)
    corpus = read(unit=order.unit, size=order.vocabulary)
    config = replace(config, vocabulary_size=len(corpus.vocabulary))
    generator = torch.Generator().manual_seed(recipe.seed)
    return Training(corpus, LanguageModel(config, generator), recipe)


def _announce(training: Training, report: Report) -> None:
    corpus = training.corpus
    size = sum(p.numel() for p in training.network.parameters())
    report.say(
        f"{corpus.characters:,} characters, {len(corpus.vocabulary):,} distinct "
        f"{corpus.vocabulary.unit}s, the last {corpus.validation_characters:,} characters for "
        f"validation; {size:,} parameters"
    )
    if training.step:
        report.say(f"continuing at step {training.step}, {training.progress:.1%} of the budget")


def _finished(training: Training, order: Order) -> StoredModel:
    """Return the best weights as they will be stored, with the card that describes them."""
    training.evaluate()
    config, corpus, recipe = training.network.config, training.corpus, training.recipe
    unit = corpus.vocabulary.unit
    model = training.model(training.best)
    usual = (
        asdict(Recipe())
        | asdict(Config(config.vocabulary_size))
        | {
            "hidden": HIDDEN[unit],
            "embedding": config.hidden if config.tied else 128,
            "tied": False,
            "learning_rate": LEARNING_RATE[unit],
        }
    )
    options = asdict(recipe) | asdict(config) | {"tied": False}
    card = order.card(recipe, order.command(options, usual)) | {
        "data": {
            "files": list(corpus.names),
            "sha256": corpus.sha256,
            "characters": corpus.characters,
            "licence": order.licence,
        },
        "minutes": round(training.seconds / 60, 1),
        "steps": training.step,
        "epochs": round(training.epochs, 1),
        "parameters": sum(p.numel() for p in training.network.parameters()),
        "metrics": _metrics(training, model),
        "log": training.log,
        "samples": write_samples(model, 400 if unit == "character" else 100),
    }
    if order.init is not None:
        card["lineage"] = lineage(load_model(order.init).card)
    quotes = QuoteIndex.build(corpus.train, **(CHARACTERS if unit == "character" else WORDS))
    return replace(model, card=card, quotes=quotes)


def _metrics(training: Training, model: StoredModel) -> dict[str, float]:
    """Return how well the model foretells the validation text, measured as it will be stored."""
    corpus = training.corpus
    bits = measure(unpack(model.config, model.tensors), corpus.validation)
    metrics = {
        "validation_bits_per_character": round(training.per_character(bits), 4),
        "validation_bits_per_character_fp32": round(training.best_bits, 4),
        "validation_characters": corpus.validation_characters,
    }
    if corpus.vocabulary.unit == "word":
        metrics["validation_tokens"] = len(corpus.validation)
        metrics["validation_perplexity"] = round(2.0**bits, 1)
    return metrics


if __name__ == "__main__":
    app()
