"""`genart train vae`: train an autoencoder on any pictures."""

import shlex
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from rich.console import Console
from torch import Tensor

from genart_core.arts.vae.concepts import find_concepts
from genart_core.arts.vae.data import Pictures, read_pictures
from genart_core.arts.vae.losses import Likelihood
from genart_core.arts.vae.mixture import fit
from genart_core.arts.vae.model import Autoencoder, Config, reparameterise
from genart_core.arts.vae.stored import StoredModel, load_model, save_model
from genart_core.arts.vae.training import Aims, Bound, generator_of
from genart_core.errors import DamagedWeightsError, UnknownModelError
from genart_core.nn.device import pick_device
from genart_core.nn.report import Report
from genart_core.nn.training import Recipe, Training, run
from genart_core.weights import find_model, read_card, require_name, unreached

HOME = Path("~/.genart")
FITTED = 40_000  # pictures, at the most, that mixture and concepts are found on
CODED_BATCH = 256
PAPERS = [
    "Kingma & Welling, Auto-encoding variational Bayes, arXiv:1312.6114",
    "Mathieu, Couprie & LeCun, Deep multi-scale video prediction, arXiv:1511.05440",
    "Joy et al., Capturing label characteristics in VAEs, arXiv:2006.10102",
]

app = typer.Typer(help="Train an autoencoder.")


@dataclass(frozen=True)
class Order:
    """What the user asked for, apart from the recipe."""

    source: Path
    name: str
    labels: Path | None
    licence: str
    init: Path | None

    def __post_init__(self) -> None:
        require_name(self.name)


@app.command()
def vae(
    source: Annotated[
        Path, typer.Argument(help="Folder of pictures, or .npz with x_train.", exists=True)
    ],
    name: Annotated[str, typer.Option(help="Name of the model.")],
    labels: Annotated[
        Path | None,
        typer.Option(help="Attributes (.csv) to learn concepts from.", exists=True),
    ] = None,
    minutes: Annotated[float, typer.Option(min=0.01, help="Time to train for.")] = 30.0,
    steps: Annotated[int, typer.Option(min=0, help="Train for so many steps instead.")] = 0,
    size: Annotated[int, typer.Option(min=8, max=512, help="Side in pixels.")] = 64,
    grey: Annotated[bool, typer.Option("--grey", help="One channel instead of colour.")] = False,
    latent: Annotated[int, typer.Option(min=2, max=1024, help="Numbers of a code.")] = 64,
    width: Annotated[int, typer.Option(min=1, help="Channels at full size.")] = 24,
    likelihood: Annotated[Likelihood, typer.Option(help="Of a pixel's value.")] = "laplace",
    scale: Annotated[float, typer.Option(min=1e-3, help="Of the Laplace likelihood.")] = 0.05,
    beta: Annotated[float, typer.Option(min=0, help="What a nat of the code counts.")] = 1.0,
    detail: Annotated[float, typer.Option(min=0, help="What errors of gradients count.")] = 0.5,
    label_weight: Annotated[float, typer.Option(min=0, help="What a nat of labels counts.")] = 1.0,
    components: Annotated[int, typer.Option(min=1, help="Gaussians fitted to the codes.")] = 48,
    batch: Annotated[int, typer.Option(min=2, help="Pictures per step.")] = 32,
    learning_rate: Annotated[float, typer.Option(min=0, help="Peak of the schedule.")] = 2e-3,
    seed: Annotated[int, typer.Option(min=0, help="Start of the random numbers.")] = 0,
    device: Annotated[str, typer.Option(help="cpu, cuda, cuda:n, mps or auto.")] = "auto",
    init: Annotated[str | None, typer.Option(help="Model to start from: name or file.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue a stopped training.")] = False,
    licence: Annotated[str, typer.Option(help="Licence of the pictures.")] = "not stated",
    out: Annotated[Path | None, typer.Option(help="File to write.")] = None,
    home: Annotated[Path, typer.Option(envvar="GENART_HOME", help="State folder.")] = HOME,
) -> None:
    """Train a network on the pictures in SOURCE; vae-sample and vae-edit can use it by its name.

    Every tenth picture, in the order of their names, is kept to measure with. Sheets of
    reconstructions and draws are written beside the checkpoint as the training goes on.
    """
    home = home.expanduser()
    warning = "" if out else unreached("vae", name, home)
    out = out or home / "models" / "vae" / f"{name}.safetensors"
    runs = home / "runs" / "vae"
    checkpoint = runs / f"{name}.checkpoint.safetensors"
    recipe = Recipe(
        minutes=minutes, steps=steps, batch=batch, learning_rate=learning_rate, seed=seed
    )
    try:
        if checkpoint.exists() and not resume:
            raise ValueError(f"{checkpoint} is a stopped training: --resume it, or remove the file")
        order = Order(source, name, labels, licence, _file_of(init, home))
        config = Config.sized(size, channels=1 if grey else 3, latent=latent, width=width)
        aims = Aims(likelihood, scale, beta, detail=detail, labels=label_weight)
        training = _prepare(order, config, recipe, aims, runs / name, pick_device(device))
        if resume and checkpoint.exists():
            training.load(checkpoint)
    except (ValueError, DamagedWeightsError, UnknownModelError) as error:
        raise typer.BadParameter(str(error)) from error
    with Report(Console(), "pictures", curves=runs / f"{name}.tensorboard") as report:
        _announce(training, report)
        if warning:
            report.say(warning)
        if not run(training, report, checkpoint):
            report.say(f"Stopped; the same command with --resume continues from {checkpoint}")
            raise typer.Exit(130)
        report.say("Finding where codes lie and what moves attributes")
        save_model(out, _finished(training, order, components))
        checkpoint.unlink(missing_ok=True)
        report.say(f"{out}: {out.stat().st_size:,} bytes")
        if warning:
            report.say(warning)


def _file_of(init: str | None, home: Path) -> Path | None:
    """Return the file to start from.

    Raises:
        UnknownModelError: if it is neither a file nor the name of a model.
    """
    if init is None:
        return None
    return Path(init) if Path(init).is_file() else find_model("vae", init, home).path


def _prepare(
    order: Order, config: Config, recipe: Recipe, aims: Aims, folder: Path, device: str
) -> Training[Autoencoder]:
    store = folder.with_name(f"{folder.name}.pictures")
    pictures = read_pictures(
        order.source, store, size=config.size, channels=config.channels, labels=order.labels
    )
    bound = Bound(*pictures, aims, batch=recipe.batch, seed=recipe.seed, sheets=folder)
    if bound.targets is not None and bound.targets.shape[1] > config.latent:
        needed = bound.targets.shape[1]
        raise ValueError(f"These labels take {needed} numbers of a code that has {config.latent}")
    network = Autoencoder(config, torch.Generator().manual_seed(recipe.seed))
    if order.init is not None:
        network = load_model(order.init).network
        if network.config != config:
            raise ValueError(f"{order.init.name} has {network.config} but {config} is needed")
    network = network.to(device).to(memory_format=torch.channels_last).train()
    return Training(network, bound, recipe, {"aims": asdict(aims)})


def _announce(training: Training[Autoencoder], report: Report) -> None:
    bound = _bound(training)
    size = sum(p.numel() for p in training.network.parameters())
    told = f"{len(bound.train):,} pictures, {len(bound.test):,} to measure with"
    report.say(f"{told}; {size:,} parameters; sheets in {bound.sheets}")
    if training.step:
        report.say(f"continuing at step {training.step}, {training.progress:.1%} of the budget")


def _finished(training: Training[Autoencoder], order: Order, components: int) -> StoredModel:
    """Return the averaged network with what is found of its codes, and the card."""
    figures = training.evaluate()
    network = Autoencoder(training.network.config)
    network.load_state_dict(training.average)
    network = network.eval().to(memory_format=torch.channels_last)
    bound, recipe = _bound(training), training.recipe
    mu, log_var = codes_of(network, bound.train)
    draws = generator_of(recipe.seed, 1)
    points = reparameterise(mu, log_var, torch.randn(mu.shape, generator=draws))
    mixture = fit(points, components, draws)
    test_mu, test_log_var = codes_of(network, bound.test)
    drawn = reparameterise(test_mu, test_log_var, torch.randn(test_mu.shape, generator=draws))
    figures["mixture_nats"] = -mixture.log_likelihood(drawn).mean().item()
    card = {
        "name": order.name,
        "licence": f"weights trained by this project; data: {order.licence}",
        "command": _command(order, training, components),
        "recipe": {**asdict(recipe), "aims": asdict(bound.aims), "components": components},
        "papers": PAPERS,
        "data": {
            "source": order.source.name,
            "pictures": len(bound.train) + len(bound.test),
            "licence": order.licence,
        },
        "size": network.config.size,
        "channels": network.config.channels,
        "latent": network.config.latent,
        "minutes": round(training.seconds / 60, 1),
        "steps": training.step,
        "parameters": sum(p.numel() for p in network.parameters()),
        "metrics": {key: round(value, 4) for key, value in figures.items()},
        "log": training.log,
    }
    if order.init is not None:
        card["lineage"] = _lineage(order.init)
    concepts = torch.zeros(0, network.config.latent)
    if bound.train.labels is not None and bound.test.labels is not None:
        labels = bound.train.labels[slice(0, len(mu))]
        test_labels = bound.test.labels[slice(0, len(test_mu))]
        concepts, card["concepts"] = find_concepts(mu, labels, test_mu, test_labels)
    return StoredModel(network, mixture, concepts, card)


def codes_of(network: Autoencoder, pictures: Pictures) -> tuple[Tensor, Tensor]:
    """Return mean and log-variance of at most `FITTED` pictures, the first ones."""
    count = min(len(pictures), FITTED)
    with torch.inference_mode():
        parts = [
            network.encoder(pictures.images(slice(start, min(count, start + CODED_BATCH))))
            for start in range(0, count, CODED_BATCH)
        ]
    mu, log_var = zip(*parts, strict=True)
    return torch.cat(mu).clone(), torch.cat(log_var).clone()


def _bound(training: Training[Autoencoder]) -> Bound:
    assert isinstance(training.objective, Bound)  # noqa: S101  # `_prepare` made it
    return training.objective


def _lineage(init: Path) -> list[dict[str, Any]]:
    """Return the trainings behind a model, the earliest first."""
    told = read_card(init)
    kept = {k: told[k] for k in ("command", "minutes", "metrics", "log") if k in told}
    return [*told.get("lineage", []), kept]


def _command(order: Order, training: Training[Autoencoder], components: int) -> str:
    """Return the command that trains this again; options at their usual value are left out."""
    config, recipe, aims = training.network.config, training.recipe, _bound(training).aims
    words = ["genart", "train", "vae", order.source.name, "--name", order.name]
    words += ["--labels", order.labels.name] if order.labels else []
    words += ["--grey"] if config.channels == 1 else []
    usual = _options(Config(), Recipe(minutes=0), Aims(), 48)
    for option, value in _options(config, recipe, aims, components).items():
        if option == "minutes" and recipe.steps:
            continue
        if value != usual[option]:
            told = value if isinstance(value, str) else f"{value:g}"
            words += [f"--{option.replace('_', '-')}", told]
    words += ["--licence", order.licence]
    return shlex.join(words + (["--init", order.init.stem] if order.init else []))


def _options(config: Config, recipe: Recipe, aims: Aims, components: int) -> dict[str, float | str]:
    return {
        "minutes": recipe.minutes,
        "steps": recipe.steps,
        "size": config.size,
        "latent": config.latent,
        "width": config.widths[0],
        "likelihood": aims.likelihood,
        "scale": aims.scale,
        "beta": aims.beta,
        "detail": aims.detail,
        "label_weight": aims.labels,
        "components": components,
        "batch": recipe.batch,
        "learning_rate": recipe.learning_rate,
        "seed": recipe.seed,
    }
