"""`genart train features`: train a feature network on folders of pictures."""

import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from rich.console import Console

from genart_core.errors import DamagedWeightsError, PicturesLostError, UnknownModelError
from genart_core.nn.backbone import Backbone, Config, restore, save
from genart_core.nn.device import working_dtype
from genart_core.nn.objectives import Classification, Distillation
from genart_core.nn.photos import Crops, Photo, find_photos, times
from genart_core.nn.report import Report
from genart_core.nn.teacher import load_teacher
from genart_core.nn.training import Recipe, Training, run
from genart_core.weights import find_model, read_card, require_name, unreached

HOME = Path("~/.genart")
TUNED = ("batch", "side", "learning_rate", "vivid", "mixed", "dreamt", "forced", "logits", "seed")
PAPERS = [
    "Simonyan & Zisserman, Very deep convolutional networks, arXiv:1409.1556",
    "Romero et al., FitNets: hints for thin deep nets, arXiv:1412.6550",
    "Hinton, Vinyals & Dean, Distilling the knowledge in a neural network, arXiv:1503.02531",
    "Beyer et al., Knowledge distillation: a good teacher is patient and consistent, "
    "arXiv:2106.05237",
    "Agarwal et al., On-policy distillation of language models, arXiv:2306.13649",
]

app = typer.Typer(help="Train a feature network.")


@dataclass(frozen=True)
class Lesson:
    """What is looked at and how much of it is told: see `Crops` and `Distillation`."""

    teacher: Path | None = None
    side: int = 112
    vivid: float = 0.0
    mixed: float = 0.0
    dreamt: float = 0.0
    forced: float = Distillation.FORCED
    logits: float = Distillation.LOGITS

    @property
    def options(self) -> dict[str, float]:
        """Return the numbers by the names of their options."""
        return {name: value for name, value in asdict(self).items() if name != "teacher"}


@app.command()
def features(
    folders: Annotated[
        list[str],
        typer.Argument(help="Folders of pictures; FOLDER:3 is shown three times as often."),
    ],
    name: Annotated[str, typer.Option(help="Name of the model.")],
    teacher: Annotated[
        Path | None,
        typer.Option(help="Tiny Darknet (.npz) to learn from; without, folders are classes."),
    ] = None,
    minutes: Annotated[float, typer.Option(min=0.01, help="Time to train for.")] = 60.0,
    steps: Annotated[int, typer.Option(min=0, help="Train for so many steps instead.")] = 0,
    batch: Annotated[int, typer.Option(min=2, help="Crops per step.")] = 32,
    side: Annotated[int, typer.Option(min=32, max=512, help="Width of a crop in pixels.")] = 112,
    learning_rate: Annotated[float, typer.Option(min=0, help="Peak of the schedule.")] = 2e-3,
    forced: Annotated[
        float, typer.Option(min=0, max=1, help="Share fed with the teacher's activations at first.")
    ] = Distillation.FORCED,
    vivid: Annotated[
        float, typer.Option(min=0, max=1, help="Share of crops in the colours of dreams.")
    ] = 0.0,
    mixed: Annotated[
        float, typer.Option(min=0, max=1, help="Share of crops that are mingled with others.")
    ] = 0.0,
    dreamt: Annotated[
        float, typer.Option(min=0, max=0.5, help="Share of pictures that are dreamt on.")
    ] = 0.0,
    logits: Annotated[
        float, typer.Option(min=0, help="Weight of the teacher's probabilities.")
    ] = Distillation.LOGITS,
    seed: Annotated[int, typer.Option(min=0, help="Start of the random numbers.")] = 0,
    init: Annotated[str | None, typer.Option(help="Model to start from: name or file.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue a stopped training.")] = False,
    licence: Annotated[str, typer.Option(help="Licence of the pictures.")] = "not stated",
    out: Annotated[Path | None, typer.Option(help="File to write.")] = None,
    home: Annotated[Path, typer.Option(envvar="GENART_HOME", help="State folder.")] = HOME,
) -> None:
    """Train a network on the pictures in FOLDERS; dream and style can use it by its name.

    Every tenth picture of a folder, in the order of their names, is kept to measure with. One that
    can't be read is told and left out.
    """
    home = home.expanduser()
    warning = "" if out else unreached("features", name, home)
    out = out or home / "models" / "features" / f"{name}.safetensors"
    checkpoint = home / "runs" / "features" / f"{name}.checkpoint.safetensors"
    recipe = Recipe(
        minutes=minutes, steps=steps, batch=batch, learning_rate=learning_rate, seed=seed
    )
    try:
        require_name(name)
        if checkpoint.exists() and not resume:
            raise ValueError(f"{checkpoint} is a stopped training: --resume it, or remove the file")
        source = _file_of(init, home)
        shown = [times(folder) for folder in folders]
        photos = find_photos([path for path, often in shown for _ in range(often)])
        lesson = Lesson(teacher, side, vivid, mixed, dreamt, forced, logits)
        training, classes = _prepare(photos, lesson, recipe, source)
        if resume and checkpoint.exists():
            training.load(checkpoint)
    except (ValueError, DamagedWeightsError, UnknownModelError) as error:
        raise typer.BadParameter(str(error)) from error
    curves = checkpoint.with_name(f"{name}.tensorboard")
    with Report(Console(), "pictures", curves=curves) as report:
        size = sum(p.numel() for p in training.network.parameters())
        report.say(f"{len(photos[0]):,} pictures, {size:,} parameters")
        if warning:
            report.say(warning)
        resumed = f"the same command with --resume continues from {checkpoint}"
        try:
            if not run(training, report, checkpoint):
                report.say(f"Stopped; {resumed}")
                raise typer.Exit(130)
            figures = training.evaluate()
        except PicturesLostError as error:
            training.save(checkpoint)
            report.say(f"Stopped, as {error}; {resumed}")
            raise typer.Exit(1) from error
        card = {
            "name": name,
            "licence": f"weights trained by this project; data: {licence}",
            "command": _command(shown, name, lesson, recipe, licence, source),
            "recipe": {**asdict(recipe), **lesson.options},
            "papers": PAPERS,
            "data": {"folders": [path.name for path, _ in shown], "licence": licence},
            "minutes": round(training.seconds / 60, 1),
            "steps": training.step,
            "parameters": size,
            "metrics": {key: round(value, 4) for key, value in figures.items()},
            "log": training.log,
            "classes": classes,
        }
        if teacher is not None:
            card["teacher"] = "Tiny Darknet (MIT licence), whose activations were matched"
        if source is not None:
            told = read_card(source)
            kept = {k: told[k] for k in ("command", "minutes", "metrics", "log") if k in told}
            card["lineage"] = [*told.get("lineage", []), kept]
        save(out, averaged(training), card)
        checkpoint.unlink(missing_ok=True)
        report.say(f"{out}: {out.stat().st_size:,} bytes")
        if warning:
            report.say(warning)


def averaged(training: Training[Backbone]) -> Backbone:
    """Return a network with the averaged weights."""
    network = Backbone(training.network.config)
    network.load_state_dict(training.average)
    return network.eval()


def _prepare(
    photos: tuple[list[Photo], list[Photo]],
    lesson: Lesson,
    recipe: Recipe,
    init: Path | None,
) -> tuple[Training[Backbone], list[dict[str, str]]]:
    """Return the training and the classes that its network tells apart."""
    train, test = photos
    crops = Crops(
        train,
        batch=recipe.batch,
        side=lesson.side,
        seed=recipe.seed,
        vivid=lesson.vivid,
        mixed=lesson.mixed,
    )
    objective: Distillation | Classification
    if lesson.teacher is not None:
        model = load_teacher(lesson.teacher)
        classes = model.classes
        widths: Any = model.widths
        config = Config(widths=widths, classes=len(classes))
        objective = Distillation(
            model,
            crops,
            test,
            forced=lesson.forced,
            logits=lesson.logits,
            dreamt=lesson.dreamt,
            dtype=working_dtype("cpu"),
        )
    else:
        if lesson.mixed:
            raise ValueError("pictures can be mixed only with a teacher, who tells what they are")
        folders = sorted({photo.folder for photo in train})
        classes = [{"wnid": "", "name": folder} for folder in folders]
        config = Config(classes=len(folders), batch_norm=True)
        objective = Classification(folders, crops, test)
    network = Backbone(config, torch.Generator().manual_seed(recipe.seed))
    if init is not None:
        network = restore(init)
        if network.config != config:
            raise ValueError(f"{init.name} has {network.config} but {config} is needed")
    network = network.to(memory_format=torch.channels_last).train()
    return Training(network, objective, recipe), classes


def _file_of(init: str | None, home: Path) -> Path | None:
    """Return the file to start from.

    Raises:
        UnknownModelError: if it is neither a file nor the name of a model.
    """
    if init is None:
        return None
    return Path(init) if Path(init).is_file() else find_model("features", init, home).path


def _command(
    shown: Sequence[tuple[Path, int]],
    name: str,
    lesson: Lesson,
    recipe: Recipe,
    licence: str,
    init: Path | None,
) -> str:
    """Return the command that trains this again; options at their usual value are left out."""
    folders = (f"{path.name}:{often}" if often > 1 else path.name for path, often in shown)
    words = ["genart", "train", "features", *folders, "--name", name]
    words += ["--teacher", lesson.teacher.name] if lesson.teacher else []
    values = {**asdict(recipe), **lesson.options}
    usual = {**asdict(Recipe()), **Lesson().options}
    budget = "steps" if recipe.steps else "minutes"
    told = [name for name in TUNED if values[name] != usual[name]]
    for option in (budget, *told):
        words += [f"--{option.replace('_', '-')}", f"{values[option]:g}"]
    words += ["--licence", licence]
    return shlex.join(words + (["--init", init.stem] if init else []))


if __name__ == "__main__":
    app()
