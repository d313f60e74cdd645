"""How a text model is trained, and the card that tells it afterwards."""

import math
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from genart_core.arts.text.vocabulary import Unit
from genart_core.weights import require_name

PAPERS = (
    "Graves, Generating sequences with recurrent neural networks, arXiv:1308.0850",
    "Gal & Ghahramani, dropout in recurrent networks, arXiv:1512.05287",
    "Merity et al., Regularizing and optimizing LSTM language models, arXiv:1708.02182",
)


@dataclass(frozen=True)
class Recipe:
    """How to train. The budget is `minutes` of wall clock or, if not 0, a number of `steps`."""

    minutes: float = 25.0
    steps: int = 0
    rows: int = 32
    chunk: int = 64
    learning_rate: float = 6e-3
    weight_decay: float = 0.05
    clip: float = 0.25
    warmup: float = 0.02
    dropout: float = 0.3
    weight_dropout: float = 0.2
    averaging: float = 0.998
    evaluations: int = 20
    patience: int = 5
    seed: int = 0

    def rate(self, progress: float) -> float:
        """Return the learning rate at a share of the budget: linear warmup, then half a cosine."""
        if progress < self.warmup:
            return self.learning_rate * (0.02 + 0.98 * progress / self.warmup)
        angle = math.pi * (progress - self.warmup) / (1.0 - self.warmup)
        return self.learning_rate * (0.02 + 0.98 * 0.5 * (1.0 + math.cos(min(angle, math.pi))))


@dataclass(frozen=True)
class Order:
    """What the user asked for: files, a name and options, as given on the command line.

    `unit`, `vocabulary` and `reflow` say how the files are read (see `data.read_corpus`).
    """

    files: Sequence[Path]
    name: str
    licence: str
    unit: Unit = "character"
    vocabulary: int = 8192
    reflow: bool = False
    init: Path | None = None

    def __post_init__(self) -> None:
        require_name(self.name)

    def command(self, options: Mapping[str, float], usual: Mapping[str, float]) -> str:
        """Return the command that trains this again; options at their usual value are left out."""
        words = ["genart", "train", "text", *(file.name for file in self.files)]
        words += ["--name", self.name]
        if self.unit == "word":
            words += ["--unit", self.unit, "--vocabulary", str(self.vocabulary)]
        words += ["--reflow"] if self.reflow else []
        for option, value in options.items():
            is_budget = option == ("steps" if options["steps"] else "minutes")
            if is_budget or value != usual[option]:
                words += [f"--{option.replace('_', '-')}", f"{value:g}"]
        words += ["--licence", self.licence]
        return shlex.join(words + (["--init", self.init.name] if self.init else []))

    def card(self, recipe: Recipe, command: str) -> dict[str, object]:
        """Return the part of the card that doesn't depend on how the training went."""
        return {
            "name": self.name,
            "art": "text",
            "unit": self.unit,
            "licence": "weights trained by this project",
            "command": command,
            "recipe": asdict(recipe),
            "papers": list(PAPERS),
        }


def lineage(card: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the trainings behind a model, the earliest first, to be told in its successor's card.

    Each is its command, minutes, epochs, bits per character and the log of them.
    """
    told = {key: card[key] for key in ("command", "minutes", "epochs", "log") if key in card}
    bits = card.get("metrics", {}).get("validation_bits_per_character")
    return [*card.get("lineage", []), told | {"validation_bits_per_character": bits}]
