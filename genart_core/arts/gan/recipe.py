"""How a game between generator and discriminator is played, and the two ways that have a name."""

import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from genart_core.weights import read_card, require_name

Loss: TypeAlias = Literal["bce", "hinge"]
Change: TypeAlias = Literal["color", "translation", "cutout"]
Preset: TypeAlias = Literal["ours", "textbook"]

EASING = 1  # times the warm-up, until the generator may have all of its rate
BEHIND, AHEAD = 0.55, 0.65  # how often a discriminator is right that is waited for; that is not
CHANGES: tuple[Change, ...] = get_args(Change)
PAPERS = (
    "Goodfellow et al., Generative adversarial networks, arXiv:1406.2661",
    "Radford, Metz & Chintala, DCGAN, arXiv:1511.06434",
    "Miyato et al., Spectral normalization for GANs, arXiv:1802.05957",
    "Miyato & Koyama, cGANs with projection discriminator, arXiv:1802.05637",
    "Lim & Ye, Geometric GAN, arXiv:1705.02894",
    "Zhao et al., Differentiable augmentation, arXiv:2006.10738",
    "Yazici et al., The unusual effectiveness of averaging in GAN training, arXiv:1806.04498",
)


@dataclass(frozen=True)
class Recipe:
    """How to train. The budget is `images` or `steps`, if not 0, else `minutes` of wall clock.

    `images` are the real ones that the discriminator is shown. `averaging` is the decay of the
    generator's moving average, 0 to keep its last weights instead. `steady` is the share of the
    budget after which the rates fall, linearly to nothing. `warmup` steps are the discriminator's
    alone, when the generator comes trained; it is eased in after them.
    """

    minutes: float = 60.0
    steps: int = 0
    images: int = 0
    loss: Loss = "hinge"
    batch: int = 64
    latent: int = 128
    width: int = 32
    depth: int = 0
    critic_width: int = 64
    critic_depth: int = 0
    conditional: bool = True
    spectral: bool = True
    augment: tuple[Change, ...] = ()
    mirror: bool = True
    learning_rate: float = 2e-4
    critic_rate: float = 4e-4
    beta1: float = 0.0
    beta2: float = 0.9
    averaging: float = 0.999
    steady: float = 0.5
    warmup: int = 0
    evaluations: int = 12
    seed: int = 0

    def pace(self, progress: float) -> float:
        """Return what the learning rates are multiplied by at a share of the budget."""
        if progress <= self.steady:
            return 1.0
        return max(0.0, (1.0 - progress) / (1.0 - self.steady))

    def ease(self, step: int, right: float) -> float:
        """Return the share of its rate that the generator has at a step: all, without a warm-up.

        `right` is how often the discriminator has been right lately. What it has learned of a
        generator that stood still breaks at the first full step of that one, and it doesn't catch
        up with one that goes on fleeing: its best answer is then to tell nothing from anything. So
        the generator begins slowly, and the less of a lead the other has, the slower it goes on.
        """
        if not self.warmup:
            return 1.0
        begun = (step - self.warmup + 1) / (EASING * self.warmup)
        lead = (right - BEHIND) / (AHEAD - BEHIND)
        return max(0.0, min(1.0, begun)) * max(0.0, min(1.0, lead))


# DCGAN as published: uniform or normal latents of 100, batches of 128, Adam with 2e-4 and 0.5.
TEXTBOOK = Recipe(
    loss="bce",
    batch=128,
    latent=100,
    depth=0,
    critic_width=32,
    conditional=False,
    spectral=False,
    mirror=False,
    critic_rate=2e-4,
    beta1=0.5,
    beta2=0.999,
    averaging=0.0,
    steady=1.0,
)
PRESETS: Mapping[Preset, Recipe] = {"ours": Recipe(), "textbook": TEXTBOOK}


def changes_of(text: str) -> tuple[Change, ...]:
    """Return the changes that a list with commas names; `none` are none.

    Raises:
        ValueError: if there is none of that name.
    """
    names = [name.strip() for name in text.split(",") if name.strip() not in ("", "none")]
    unknown = [name for name in names if name not in CHANGES]
    if unknown:
        raise ValueError(f"Unknown changes {', '.join(unknown)}; known: {', '.join(CHANGES)}")
    return tuple(change for change in CHANGES if change in names)


@dataclass(frozen=True)
class Order:
    """What the user asked for, beside the recipe's numbers."""

    data: Path
    name: str
    recipe: Preset
    size: int
    licence: str
    init: Path | None = None

    def __post_init__(self) -> None:
        require_name(self.name)

    def command(self, recipe: Recipe) -> str:
        """Return the command that trains this again; what the named recipe says is left out."""
        words = ["genart", "train", "gan", self.data.name, "--name", self.name]
        words += ["--recipe", self.recipe] if self.recipe != "ours" else []
        words += ["--size", str(self.size)] if self.size != 32 else []
        usual, values = asdict(PRESETS[self.recipe]), asdict(recipe)
        budget = next((name for name in ("images", "steps") if values[name]), "minutes")
        for option, value in values.items():
            if option in ("minutes", "steps", "images"):
                if option == budget:
                    words += [f"--{option}", f"{value:g}" if option == "minutes" else str(value)]
            elif value != usual[option]:
                words += _option(option, value)
        words += ["--licence", self.licence]
        return shlex.join(words + (["--init", self.init.stem] if self.init else []))

    def card(self, recipe: Recipe) -> dict[str, Any]:
        """Return the part of the card that doesn't depend on how the training went."""
        card: dict[str, Any] = {
            "name": self.name,
            "licence": f"weights trained by this project; data: {self.licence}",
            "command": self.command(recipe),
            "recipe": {"named": self.recipe, **asdict(recipe)},
            "papers": list(PAPERS),
        }
        if self.init is not None:
            told = read_card(self.init)
            kept = {k: told[k] for k in ("command", "minutes", "images", "metrics") if k in told}
            card["lineage"] = [*told.get("lineage", []), {**kept, "log": told.get("log", [])}]
        return card


def _option(name: str, value: Any) -> list[str]:
    switches = {
        "conditional": ("--conditional", "--unconditional"),
        "spectral": ("--spectral", "--no-spectral"),
        "mirror": ("--mirror", "--no-mirror"),
    }
    if name in switches:
        return [switches[name][0 if value else 1]]
    if name == "augment":
        return ["--augment", ",".join(value) or "none"]
    return [f"--{name.replace('_', '-')}", f"{value:g}"]
