"""`genart train gan`: train a generator on any small pictures, with or without classes."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import torch
import torch.nn.functional as F
import typer
from rich.console import Console

from genart_core.arts.gan.data import read_pictures
from genart_core.arts.gan.model import Config, Generator
from genart_core.arts.gan.recipe import CHANGES, PRESETS, Loss, Order, Preset, Recipe, changes_of
from genart_core.arts.gan.stored import restore_generator, save_generator
from genart_core.arts.gan.training import Training
from genart_core.errors import DamagedWeightsError, UnknownModelError
from genart_core.nn.device import pick_device, working_dtype
from genart_core.nn.report import Report
from genart_core.nn.sheets import write_sheet
from genart_core.nn.training import run
from genart_core.weights import find_model, unreached

Precision: TypeAlias = Literal["auto", "bf16", "fp32"]
PRECISIONS = {"bf16": torch.bfloat16, "fp32": torch.float32}
HOME = Path("~/.genart")
FEW = 20_000  # pictures, below which a discriminator learns them by heart unless they are changed
WARMUP = 500  # steps of the discriminator alone, beside a trained generator
SHEET = 80  # pictures, and how much each is enlarged
COLUMNS = 10
SCALE = 2

app = typer.Typer(help="Train a generator of pictures.")


@app.command()
def gan(
    data: Annotated[
        Path, typer.Argument(help="Folder of class folders, or .npz of JPEGs.", exists=True)
    ],
    name: Annotated[str, typer.Option(help="Name of the model.")],
    recipe: Annotated[
        Preset, typer.Option(help="`ours`, or DCGAN's game as published: `textbook`.")
    ] = "ours",
    minutes: Annotated[float, typer.Option(min=0.01, help="Time to train for.")] = 60.0,
    steps: Annotated[int, typer.Option(min=0, help="Train for so many steps instead.")] = 0,
    images: Annotated[int, typer.Option(min=0, help="Or until so many were shown.")] = 0,
    size: Annotated[int, typer.Option(help="Pixels a side: 8, 16, 32 or 64.")] = 32,
    loss: Annotated[Loss | None, typer.Option(help="The game's loss.")] = None,
    batch: Annotated[int | None, typer.Option(min=2, help="Pictures per step.")] = None,
    latent: Annotated[int | None, typer.Option(min=1, help="Latents of a picture.")] = None,
    width: Annotated[int | None, typer.Option(min=1, help="Generator's finest channels.")] = None,
    depth: Annotated[int | None, typer.Option(min=0, help="Refinements of each scale.")] = None,
    critic_width: Annotated[int | None, typer.Option(min=1, help="As width, of the other.")] = None,
    critic_depth: Annotated[int | None, typer.Option(min=0, help="As depth, of the other.")] = None,
    conditional: Annotated[
        bool | None, typer.Option("--conditional/--unconditional", help="Learn the classes.")
    ] = None,
    spectral: Annotated[
        bool | None, typer.Option("--spectral/--no-spectral", help="Spectral norm.")
    ] = None,
    augment: Annotated[
        str | None,
        typer.Option(help="DiffAugment: color,translation,cutout, or none; ours: if few."),
    ] = None,
    mirror: Annotated[
        bool | None, typer.Option("--mirror/--no-mirror", help="Mirror half of the pictures.")
    ] = None,
    learning_rate: Annotated[float | None, typer.Option(min=0, help="Generator's.")] = None,
    critic_rate: Annotated[float | None, typer.Option(min=0, help="Discriminator's.")] = None,
    averaging: Annotated[
        float | None, typer.Option(min=0, max=0.99999, help="Decay of the average; 0: none.")
    ] = None,
    warmup: Annotated[
        int | None,
        typer.Option(min=0, help="Steps of the discriminator alone; with --init 500."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**20 - 1, help="Start of the draws.")] = 0,
    sheet_steps: Annotated[int, typer.Option(min=0, help="Steps between sheets; 0: none.")] = 1000,
    init: Annotated[str | None, typer.Option(help="Model to start from: name or file.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue a stopped training.")] = False,
    licence: Annotated[str, typer.Option(help="Licence of the pictures.")] = "not stated",
    device: Annotated[str, typer.Option(help="cpu, cuda, cuda:n or auto.")] = "auto",
    precision: Annotated[
        Precision, typer.Option(help="Of convolutions; auto: what is faster here.")
    ] = "auto",
    out: Annotated[Path | None, typer.Option(help="File to write.")] = None,
    home: Annotated[Path, typer.Option(envvar="GENART_HOME", help="State folder.")] = HOME,
) -> None:
    """Train a generator on DATA; it can be used by its name as soon as it is written.

    Options that are left out have the values of the recipe; the card tells all of them.
    """
    home = home.expanduser()
    warning = "" if out else unreached("gan", name, home)
    out = out or home / "models" / "gan" / f"{name}.safetensors"
    runs = home / "runs" / "gan"
    checkpoint = runs / f"{name}.checkpoint.safetensors"
    wished: dict[str, Any] = {
        **{"loss": loss, "batch": batch, "latent": latent, "width": width, "depth": depth},
        **{"critic_width": critic_width, "critic_depth": critic_depth, "spectral": spectral},
        **{"conditional": conditional, "mirror": mirror, "averaging": averaging},
        **{"learning_rate": learning_rate, "critic_rate": critic_rate, "warmup": warmup},
    }
    try:
        source = _file_of(init, home)
        order = Order(data, name, recipe, size, licence, source)
        if checkpoint.exists() and not resume:
            raise ValueError(f"{checkpoint} is a stopped training: --resume it, or remove the file")
        budget: dict[str, Any] = {
            "minutes": minutes,
            "steps": steps,
            "images": images,
            "seed": seed,
        }
        chosen = {key: value for key, value in wished.items() if value is not None}
        if augment is not None:
            chosen["augment"] = changes_of(augment)
        if source is not None:
            chosen.setdefault("warmup", WARMUP)
        asked = replace(PRESETS[recipe], **budget, **chosen)
        training = _prepare(order, asked, device, precision, is_free=augment is None)
        if resume and checkpoint.exists():
            training.load(checkpoint)
    except (ValueError, DamagedWeightsError, UnknownModelError) as error:
        raise typer.BadParameter(str(error)) from error
    with Report(Console(), "images", curves=runs / f"{name}.tensorboard") as report:
        _announce(training, order, report)
        if warning:
            report.say(warning)
        observer = Observer(report, runs / name, sheet_steps, len(training.warnings))
        training.observers.append(observer)
        if not run(training, report, checkpoint):
            report.say(f"Stopped; the same command with --resume continues from {checkpoint}")
            raise typer.Exit(130)
        _finish(training, order, out)
        observer.draw(training)
        checkpoint.unlink(missing_ok=True)
        report.say(f"{out}: {out.stat().st_size:,} bytes")
        if warning:
            report.say(warning)


class Observer:
    """Shows a training after each step: sheets of the same latents, and warnings as they come."""

    def __init__(self, report: Report, folder: Path, steps: int, warned: int) -> None:
        self.report, self.folder, self.steps, self.warned = report, folder, steps, warned

    def __call__(self, training: Training) -> None:
        """Warn, and draw a sheet if it is time to."""
        for told in training.warnings[self.warned :]:
            self.report.say(f"step {told['steps']}: warning: {told['warning']}")
        self.warned = len(training.warnings)
        if self.steps and training.step % self.steps == 0:
            self.draw(training)

    def draw(self, training: Training) -> None:
        """Write the sheet of what would be kept now; classes are its columns."""
        latents, _ = training.fixed(SHEET)
        columns = torch.arange(SHEET, device=latents.device) % COLUMNS
        classes = columns % max(1, training.generator.config.classes)
        drawn = training.draw(training.kept(), latents, classes).cpu()
        large = F.interpolate(drawn.add(1.0).div(2.0), scale_factor=SCALE)
        write_sheet(self.folder / f"step-{training.step:06d}.png", large, columns=COLUMNS)


def _prepare(
    order: Order, recipe: Recipe, device: str, precision: Precision, *, is_free: bool
) -> Training:
    """Return the training; it chooses the changes of pictures itself if it `is_free` to."""
    Config(order.size)  # a size that can't be is told before pictures are read
    pictures = read_pictures(order.data, size=order.size)
    if is_free and order.recipe == "ours" and len(pictures) < FEW:
        recipe = replace(recipe, augment=CHANGES)
    device = pick_device(device)
    classes = len(pictures.classes) if recipe.conditional else 0
    classes = 0 if classes < 2 else classes
    if order.init is not None:
        generator, _ = restore_generator(order.init)
        config = generator.config
        if (config.size, config.classes) != (order.size, classes):
            raise ValueError(
                f"{order.init.name} draws {config.size} px and {config.classes} classes; "
                f"the pictures are of {order.size} px and {classes} classes"
            )
        recipe = replace(recipe, latent=config.latent, width=config.width, depth=config.depth)
    else:
        config = Config(order.size, recipe.latent, recipe.width, recipe.depth, classes)
        generator = Generator(config, torch.Generator().manual_seed(recipe.seed))
    dtype = working_dtype(device) if precision == "auto" else PRECISIONS[precision]
    return Training(pictures, generator, recipe, device=device, dtype=dtype)


def _announce(training: Training, order: Order, report: Report) -> None:
    pictures, players = training.pictures, (training.generator, training.discriminator)
    sizes = [sum(p.numel() for p in player.parameters()) for player in players]
    report.say(
        f"{len(pictures):,} pictures, {training.generator.config.classes} classes; generator of "
        f"{sizes[0]:,} parameters, discriminator of {sizes[1]:,}; {training.dtype} on "
        f"{training.device}"
    )
    report.say(f"{order.recipe}: {asdict(training.recipe)}")
    if training.step:
        report.say(f"continuing at step {training.step}, {training.progress:.1%} of the budget")


def _finish(training: Training, order: Order, out: Path) -> None:
    figures = training.evaluate()
    generator, pictures = training.kept(), training.pictures
    config = generator.config
    classes = pictures.classes if config.classes else ()
    card: dict[str, Any] = order.card(training.recipe) | {
        "data": {
            "file": order.data.name,
            "pictures": len(pictures),
            "sha256": pictures.sha256,
            "licence": order.licence,
        },
        "minutes": round(training.seconds / 60, 1),
        "steps": training.step,
        "images": training.step * training.batch,
        "precision": str(training.dtype).removeprefix("torch."),
        "parameters": sum(p.numel() for p in generator.parameters()),
        "metrics": {key: round(value, 4) for key, value in figures.items()},
        "log": training.log,
        "warnings": training.warnings,
        "size": config.size,
        "latent": config.latent,
        "classes": [{"name": name} for name in classes],
    }
    save_generator(out, generator, card)


def _file_of(init: str | None, home: Path) -> Path | None:
    """Return the file to start from.

    Raises:
        UnknownModelError: if it is neither a file nor the name of a model.
    """
    if init is None:
        return None
    return Path(init) if Path(init).is_file() else find_model("gan", init, home).path


if __name__ == "__main__":
    app()
