"""`genart run <kind>`: make something, by a service or in this process, and write it to files.

There is a command for each kind of the catalogue; it is made when it is asked for.
"""

import secrets
from collections.abc import Callable, Mapping
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import orjson
import typer
from typer.core import TyperGroup

from cli.asking.forms import Form
from cli.asking.service import Key, Service, Url, service_at
from cli.asking.watching import Job, canceled_with, fetch, present, summary, watch
from cli.errors import OptionError, ProblemReplyError, SettingsError
from cli.settings import read
from cli.terminal.complaints import at_options
from cli.terminal.display import Display
from cli.terminal.fields import Given, body_of, fields_of, read_fields
from cli.terminal.files import Force, Open, Out, Target
from genart_core.catalogue import Kind, kinds
from genart_core.public import ART, PUBLIC
from genart_core.settings import CoreSettings
from genart_core.weights import SHIPPED

_JOB = "Job"

Local = Annotated[
    bool,
    typer.Option(
        "--local", help="Make it in this process, without a service.", rich_help_panel="Service"
    ),
]
Detach = Annotated[
    bool,
    typer.Option(
        "--detach",
        help="Print the job's id and leave; `genart jobs follow` goes on from there.",
        rich_help_panel="Service",
    ),
]
Priority = Annotated[
    Literal["low", "normal", "high"] | None,
    typer.Option(help="Its place among your own waiting jobs.", rich_help_panel=_JOB),
]
Tag = Annotated[list[str] | None, typer.Option(help="A word to find it by.", rich_help_panel=_JOB)]
StartWithin = Annotated[
    int | None, typer.Option(help="Seconds within which it must begin.", rich_help_panel=_JOB)
]
FinishWithin = Annotated[
    int | None, typer.Option(help="Seconds within which it must end.", rich_help_panel=_JOB)
]


class Kinds(TyperGroup):
    """The kinds of the catalogue, as commands."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return their names."""
        read(CoreSettings)  # what is wrong with a setting is told as such
        try:
            return list(kinds())
        except (ImportError, AttributeError) as error:
            raise SettingsError(f"GENART_EXTRA_ARTS can't be used: {error}") from error

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command of one."""
        return command_of(kinds()[cmd_name]) if cmd_name in self.list_commands(ctx) else None


app = typer.Typer(
    cls=Kinds,
    help="Make something: by the service at GENART_URL, or with --local in this process.",
    no_args_is_help=True,
)


def command_of(kind: Kind) -> Any:
    """Return the command of a kind, with an option for each field of its request."""
    fields = fields_of(kind.request)
    own = signature(make, eval_str=True).parameters.values()

    def run(**came: Any) -> None:
        rest = {name: value for name, value in came.items() if not name.startswith("field_")}
        make(kind, read_fields(fields, came), **rest)

    completers = {"model": _model_completer(kind)}
    parameters = [field.parameter(completers.get(field.name)) for field in fields]
    parameters += [each for each in own if each.kind is Parameter.KEYWORD_ONLY]
    run.__signature__ = Signature(parameters)  # type: ignore[attr-defined]  # typer reads it
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    alone.command(kind.name, help=f"{kind.summary}.")(run)
    return typer.main.get_command(alone)


def make(
    kind: Kind,
    given: Given,
    *,
    out: Out = None,
    force: Force = False,
    open: Open = False,
    local: Local = False,
    detach: Detach = False,
    url: Url = None,
    key: Key = None,
    priority: Priority = None,
    tag: Tag = None,
    start_within: StartWithin = None,
    finish_within: FinishWithin = None,
) -> None:
    """Make what was asked for and write it to files."""
    options = {
        "priority": priority,
        "tag": tag,
        "start_within": start_within,
        "finish_within": finish_within,
    }
    options = {name: value for name, value in options.items() if value is not None}
    target = Target(out, force)
    target.require_free()
    if local:
        _require_unused({**options, **({"detach": True} if detach else {})})
        _make_locally(kind, given, target, is_opening=open)
        return
    service = service_at(url, key)
    job: Job = submit(service, kind, given, options)
    if detach:
        typer.echo(job["id"])
        return
    with Display(kind.name) as display:
        with canceled_with(service, job, display):
            job = watch(service, job, display)
        paths = fetch(service, job, target)
        present(paths, display, is_opening=open)
        display.say(summary(job))


def submit(
    service: Service, kind: Kind, given: Given, options: Mapping[str, object]
) -> dict[str, Any]:
    """Send a request, as a form if there are files; return the job.

    Raises:
        OptionError: if the service refuses what was given for an option.
    """
    fields = fields_of(kind.request)
    path = f"/v1/{kind.name}?{urlencode(options, doseq=True)}".rstrip("?")
    headers = {"Idempotency-Key": secrets.token_hex(16)}
    try:
        if any(isinstance(part, Path) for parts in given.values() for part in parts):
            form = Form(given)
            return service.ask("POST", path, form, {**headers, **form.headers})
        body = orjson.dumps(body_of(fields, given))
        return service.ask("POST", path, body, {**headers, "Content-Type": "application/json"})
    except ProblemReplyError as problem:
        raise at_options(problem, fields) from problem


def _make_locally(kind: Kind, given: Given, target: Target, *, is_opening: bool) -> None:
    from cli.making.local import make_here  # here, as few want it

    with Display(kind.name) as display:
        made = make_here(kind, given, display)
        paths = target.save(made.name, made.outputs)
        present(paths, display, is_opening=is_opening)
        display.say(made.summary)


def _require_unused(options: Mapping[str, object]) -> None:
    for name in options:
        option = f"--{name.replace('_', '-')}"
        raise OptionError(option, "It is for a service, and with --local there is none")


def _model_completer(kind: Kind) -> Callable[[str], list[str]]:
    def complete(incomplete: str) -> list[str]:
        folders = (SHIPPED / kind.models, read(CoreSettings).home / "models" / kind.models)
        found = {path.stem for folder in folders for path in folder.glob("*.safetensors")}
        known = found | set(PUBLIC if kind.models == ART else ())
        return sorted(name for name in known if name.startswith(incomplete))

    return complete
