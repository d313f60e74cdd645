"""The game between generator and discriminator, which can be stopped at any step and continued.

Both players move once per step, on the same drawn pictures. What is kept is an exponential moving
average of the generator (arXiv:1806.04498) whose batch norm sees its own statistics.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from genart_core.arts.gan.augment import augment
from genart_core.arts.gan.collapse import Watch, variety
from genart_core.arts.gan.data import Batches, Pictures, as_images
from genart_core.arts.gan.losses import accuracy, discriminator_loss, generator_loss
from genart_core.arts.gan.model import Critic, Discriminator, Generator, statistics_kept
from genart_core.arts.gan.recipe import Recipe
from genart_core.errors import DamagedWeightsError
from genart_core.nn.checkpoint import write_atomically
from genart_core.nn.training import laid_out

Player = TypeVar("Player", Generator, Discriminator)

PROBED = 64  # pictures whose variety is measured
PROBED_CLASSES = 8
PROBE_STEPS = 200
STATISTICS_BATCHES = 32
NETWORKS = ("generator", "discriminator")
SETUP, FIXED = 2**40, 2**40 + 1  # numbers of draws that no step has


class Training:
    """A game that can be stopped at any step and continued, as if never stopped."""

    def __init__(
        self,
        pictures: Pictures,
        generator: Generator,
        recipe: Recipe,
        *,
        device: str = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.recipe, self.device, self.dtype = recipe, device, dtype
        self.pictures = pictures
        self.batches = Batches(pictures, batch=recipe.batch, mirror=recipe.mirror, seed=recipe.seed)
        self.generator = self._placed(generator)
        self.discriminator = self._placed(
            Discriminator(self._critic(generator), self._random(SETUP))
        )
        betas = (recipe.beta1, recipe.beta2)
        self.optimizers = {
            "generator": torch.optim.Adam(
                self.generator.parameters(), lr=recipe.learning_rate, betas=betas, fused=True
            ),
            "discriminator": torch.optim.Adam(
                self.discriminator.parameters(), lr=recipe.critic_rate, betas=betas, fused=True
            ),
        }
        self.average = {n: t.detach().clone() for n, t in self.generator.named_parameters()}
        self.watch = Watch()
        self.variety = 1.0
        self.log: list[dict[str, float]] = []
        self.warnings: list[dict[str, Any]] = []
        self.step = self.evaluated = 0
        self.seconds = 0.0
        self.figures: dict[str, float] = {}
        self.observers: list[Callable[[Training], None]] = []
        self._real_variety = self._variety_of_real()

    @property
    def batch(self) -> int:
        """Return how many pictures a step takes."""
        return self.recipe.batch

    @property
    def progress(self) -> float:
        """Return the share of the budget that is used."""
        if self.recipe.images:
            return self.step * self.recipe.batch / self.recipe.images
        if self.recipe.steps:
            return self.step / self.recipe.steps
        return self.seconds / (60.0 * self.recipe.minutes)

    def advance(self) -> str:
        """Let both players move once; return the line that tells of it."""
        pace = self.recipe.pace(self.progress)
        ease = self.recipe.ease(self.step, self.watch.accuracy)
        self.optimizers["generator"].param_groups[0]["lr"] = pace * ease * self.recipe.learning_rate
        self.optimizers["discriminator"].param_groups[0]["lr"] = pace * self.recipe.critic_rate
        random = self._random(self.step)
        images, labels = (t.to(self.device) for t in self.batches[self.step])
        classes = labels if self.generator.config.classes else torch.zeros_like(labels)
        latents = self._latents(len(images), random)
        is_alone = self.step < self.recipe.warmup
        with self._cast(), torch.set_grad_enabled(not is_alone):
            drawn = self.generator(latents, classes)
        first, right = self._move_discriminator(images, drawn.detach(), classes, random)
        second = 0.0 if is_alone else self._move_generator(drawn, classes, random)
        self.step += 1
        self.watch.saw(right)
        if self.step % PROBE_STEPS == 0:
            self._probe()
        self.figures = {
            "discriminator_loss": first,
            "generator_loss": second,
            "accuracy": right,
            "variety": self.variety,
            "pace": pace,
            "ease": ease,
        }
        for observe in self.observers:
            observe(self)
        return f"D {first:.2f}, G {second:+.2f}, right {right:.0%}, variety {self.variety:.2f}"

    def is_evaluation_due(self) -> bool:
        """True whenever another of the `evaluations` equal parts of the budget is used."""
        return self.evaluated < int(min(self.progress, 1.0) * self.recipe.evaluations + 1e-9)

    def evaluate(self) -> dict[str, float]:
        """Measure how varied what would be kept is; log that, and how often it is seen through."""
        self.evaluated = int(min(self.progress, 1.0) * self.recipe.evaluations + 1e-9)
        latents, classes = self._probes()
        figures = {
            "variety": self._relative(self.draw(self.kept(), latents, classes), classes),
            "accuracy": self.watch.accuracy,
        }
        rounded = {name: round(value, 4) for name, value in figures.items()}
        self.log.append({"minutes": round(self.seconds / 60, 1), "steps": self.step, **rounded})
        return figures

    def kept(self) -> Generator:
        """Return the generator as it would be stored: averaged, with statistics of its own."""
        network = self._placed(Generator(self.generator.config))
        network.load_state_dict(self.generator.state_dict())
        if not self.recipe.averaging:
            return network.eval()
        network.load_state_dict(self.average, strict=False)
        for number in range(STATISTICS_BATCHES):
            latents, classes = self.fixed(self.recipe.batch, number)
            with statistics_kept(network, 1.0 / (number + 1)):
                self.draw(network, latents, classes)
        return network.eval()

    @torch.no_grad()
    def draw(self, network: Generator, latents: Tensor, classes: Tensor) -> Tensor:
        """Return what a generator draws, `(B, 3, size, size)` in [-1, 1]."""
        with self._cast():
            images: Tensor = network(latents, classes)
        return images.float()

    def fixed(self, count: int, number: int = 0) -> tuple[Tensor, Tensor]:
        """Return always the same latents, and classes that follow each other."""
        classes = torch.arange(count, device=self.device) % max(1, self.generator.config.classes)
        return self._latents(count, self._random(FIXED + number)), classes

    def save(self, path: Path) -> None:
        """Write everything that the next step depends on, atomically."""
        tensors = {f"average.{name}": tensor for name, tensor in self.average.items()}
        for name in NETWORKS:
            network: nn.Module = getattr(self, name)
            tensors |= {f"{name}.{key}": t for key, t in network.state_dict().items()}
            for i, values in self.optimizers[name].state_dict()["state"].items():
                tensors |= {f"optimizer.{name}.{i}.{key}": t for key, t in values.items()}
        whole = {name: tensor.cpu().contiguous() for name, tensor in tensors.items()}
        write_atomically(path, save(whole, {"progress": json.dumps(self._facts())}))

    def load(self, path: Path) -> None:
        """Continue from a file that `save` wrote.

        Raises:
            DamagedWeightsError: if the file is unreadable.
            ValueError: if it belongs to another recipe, network or set of pictures.
        """
        try:
            with safe_open(path, framework="pt", device=self.device) as file:
                facts = json.loads((file.metadata() or {})["progress"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, KeyError, ValueError) as error:
            raise DamagedWeightsError(f"{path.name} is not a checkpoint: {error}") from error
        for what, value in self._identity().items():
            if facts[what] != value:
                raise ValueError(f"{path} was made with another {what}: {facts[what]}")
        self._restore(facts, tensors)

    def _move_discriminator(
        self, images: Tensor, drawn: Tensor, classes: Tensor, random: torch.Generator
    ) -> tuple[float, float]:
        """Take the discriminator's step; return its loss and how often it was right."""
        changes = self.recipe.augment
        seen = [augment(x.float(), changes, random) for x in (images, drawn)]
        with self._cast():
            if self.recipe.spectral:
                logits = self.discriminator(torch.cat(seen), classes.repeat(2)).chunk(2)
            else:  # batch norm must not mix real and drawn pictures
                logits = tuple(self.discriminator(x, classes) for x in seen)
        loss = discriminator_loss(self.recipe.loss, *logits)
        self._update("discriminator", loss)
        return loss.item(), accuracy(*logits)

    def _move_generator(self, drawn: Tensor, classes: Tensor, random: torch.Generator) -> float:
        """Take the generator's step and move the average; return the generator's loss."""
        self.discriminator.requires_grad_(False)
        with self._cast():
            seen = augment(drawn.float(), self.recipe.augment, random)
            logits = self.discriminator(seen, classes)
        loss = generator_loss(self.recipe.loss, logits)
        self._update("generator", loss)
        self.discriminator.requires_grad_(True)
        decay = min(self.recipe.averaging, (1 + self.step) / (10 + self.step))
        for name, parameter in self.generator.named_parameters():
            self.average[name].lerp_(parameter.detach(), 1.0 - decay)
        return loss.item()

    def _update(self, player: str, loss: Tensor) -> None:
        optimizer = self.optimizers[player]
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch ships no type for it
        optimizer.step()

    def _probe(self) -> None:
        """Measure the variety of the generator itself, and note what there is to warn of."""
        latents, classes = self._probes()
        with statistics_kept(self.generator):
            images = self.draw(self.generator, latents, classes)
        self.variety = self._relative(images, classes)
        warning = self.watch.judge(self.variety)
        if warning:
            self.warnings.append({"steps": self.step, "warning": warning})

    def _probes(self) -> tuple[Tensor, Tensor]:
        """Return what `PROBED` pictures are drawn from, of so few classes that each has several."""
        latents, classes = self.fixed(PROBED)
        return latents, classes % PROBED_CLASSES

    def _relative(self, images: Tensor, classes: Tensor) -> float:
        return variety(images, classes) / self._real_variety

    def _variety_of_real(self) -> float:
        """Return the variety of as many real pictures, of the classes of the fixed ones."""
        _, classes = self._probes()
        known = self.pictures.labels if self.generator.config.classes else 0 * self.pictures.labels
        waiting = torch.randperm(len(known), generator=self._random(SETUP)).tolist()
        chosen = []
        for wanted in classes.tolist():
            place = next((place for place in waiting if known[place] == wanted), None)
            if place is not None:
                waiting.remove(place)
                chosen.append(place)
        images = as_images(self.pictures.pixels[chosen])
        found = variety(images, torch.from_numpy(known[chosen]))
        return found if found > 0.0 else 1.0  # too few pictures to tell

    def _critic(self, generator: Generator) -> Critic:
        config, recipe = generator.config, self.recipe
        return Critic(
            config.size, recipe.critic_width, recipe.critic_depth, config.classes, recipe.spectral
        )

    def _placed(self, network: Player) -> Player:
        network.to(self.device).to(memory_format=torch.channels_last)
        return network.train()

    def _latents(self, count: int, random: torch.Generator) -> Tensor:
        return torch.randn(count, self.generator.config.latent, generator=random).to(self.device)

    def _random(self, number: int) -> torch.Generator:
        return torch.Generator().manual_seed((self.recipe.seed % 2**20 << 43) + number)

    def _cast(self) -> torch.autocast:
        kind = torch.device(self.device).type
        return torch.autocast(kind, torch.bfloat16, enabled=self.dtype == torch.bfloat16)

    def _identity(self) -> dict[str, Any]:
        return {
            "recipe": json.loads(json.dumps(asdict(self.recipe))),
            "network": asdict(self.generator.config),
            "pictures": self.pictures.sha256,
        }

    def _facts(self) -> Mapping[str, Any]:
        numbers = [self.step, self.evaluated, self.seconds, self.variety]
        watch = [self.watch.accuracy, self.watch.best, self.watch.told]
        told = {"numbers": numbers, "watch": watch, "log": self.log, "warnings": self.warnings}
        return {**self._identity(), **told, "dtype": str(self.dtype).removeprefix("torch.")}

    def _restore(self, facts: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        self.step, self.evaluated, self.seconds, self.variety = facts["numbers"]
        self.watch.accuracy, self.watch.best, self.watch.told = facts["watch"]
        self.log, self.warnings = facts["log"], facts["warnings"]
        self.dtype = getattr(torch, facts["dtype"])
        self.average = {name: tensors[f"average.{name}"] for name in self.average}
        for name in NETWORKS:
            network: nn.Module = getattr(self, name)
            network.load_state_dict(_part(tensors, f"{name}."))
            whole = self.optimizers[name].state_dict()
            states = {
                i: {
                    key: laid_out(value, parameter)
                    for key, value in _part(tensors, f"optimizer.{name}.{i}.").items()
                }
                for i, parameter in enumerate(network.parameters())
            }
            whole["state"] = {i: state for i, state in states.items() if state}
            self.optimizers[name].load_state_dict(whole)


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): t for k, t in tensors.items() if k.startswith(prefix)}
