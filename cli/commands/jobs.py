"""`genart jobs`: the jobs of a service, listed, shown, followed and canceled."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlencode

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.asking.service import Key, Service, Url, service_at
from cli.asking.watching import Job, fetch, present, summary, watch
from cli.errors import CommandError, OptionError, ProblemReplyError
from cli.terminal.complaints import at_options
from cli.terminal.display import Display
from cli.terminal.files import Force, Open, Out, Target
from genart_core.jobs.record import STATUSES, parse_job_id

_PAGE = 100

app = typer.Typer(help="List, show, follow and cancel your jobs.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(help="The job's id.", metavar="ID", show_default=False)]
Kind = Annotated[str | None, typer.Option(help="Only those of this kind.")]
Tag = Annotated[str | None, typer.Option(help="Only those with this tag.")]


def _states(incomplete: str) -> list[str]:
    return [status for status in STATUSES if status.startswith(incomplete)]


State = Annotated[
    list[str] | None,
    typer.Option(
        help="Only those in this state.", metavar="|".join(STATUSES), autocompletion=_states
    ),
]


@app.command("list")
def list_jobs(
    kind: Kind = None,
    status: State = None,
    tag: Tag = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, one job per line.")] = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """List your jobs, newest first."""
    asked = {"kind": kind, "status": status, "tag": tag, "limit": min(limit, _PAGE)}
    found = _jobs(service_at(url, key), {k: v for k, v in asked.items() if v})
    jobs = [job for job, _ in zip(found, range(limit), strict=False)]
    if as_json:
        for job in jobs:
            typer.echo(json.dumps(job, ensure_ascii=False))
        return
    table = Table("id", "kind", "status", "done", "made", "tags", box=None, pad_edge=False)
    for job in jobs:
        table.add_row(*(escape(cell) for cell in _cells(job)))
    Console().print(table)


@app.command("show")
def show(job_id: Id, url: Url = None, key: Key = None) -> None:
    """Show a job as JSON."""
    job = service_at(url, key).ask("GET", _path(job_id))
    typer.echo(json.dumps(job, indent=2, ensure_ascii=False))


@app.command("follow")
def follow(
    job_id: Id,
    out: Out = None,
    force: Force = False,
    open: Open = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """Watch a job until it has ended, and write its outputs to files; Ctrl-C leaves it alone."""
    target = Target(out, force)
    target.require_free()
    service = service_at(url, key)
    job: Job = service.ask("GET", _path(job_id))
    with Display(str(job["kind"])) as display:
        job = watch(service, job, display)
        present(fetch(service, job, target), display, is_opening=open)
        display.say(summary(job))


@app.command("cancel")
def cancel(
    job_ids: Annotated[
        list[str] | None, typer.Argument(metavar="ID...", help="Their ids.", show_default=False)
    ] = None,
    kind: Kind = None,
    tag: Tag = None,
    every: Annotated[bool, typer.Option("--all", help="All that have not ended.")] = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """Cancel jobs: these, or all of yours that options let through."""
    asked = {"ids": job_ids, "kind": kind, "tag": tag, "all": every}
    body = {name: value for name, value in asked.items() if value}
    if not body:
        raise OptionError("ID", "Name jobs, or say which with --kind, --tag or --all")
    headers = {"Content-Type": "application/json"}
    try:
        service = service_at(url, key)
        found = service.ask("POST", "/v1/jobs/cancel", orjson.dumps(body), headers)
    except ProblemReplyError as problem:
        raise at_options(problem, ()) from problem
    for job in found["jobs"]:
        typer.echo(f"{job['id']} {job['status']}")
    if found["not_found"]:
        raise CommandError(f"You have no job {', '.join(found['not_found'])}")


def _jobs(service: Service, asked: Mapping[str, Any]) -> Iterator[Job]:
    cursor = ""
    while True:
        page = {**asked, "cursor": cursor} if cursor else asked
        try:
            found = service.ask("GET", f"/v1/jobs?{urlencode(page, doseq=True)}")
        except ProblemReplyError as problem:
            raise at_options(problem, ()) from problem
        yield from found["jobs"]
        cursor = found["cursor"]
        if not cursor:
            return


def _cells(job: Job) -> tuple[str, ...]:
    share, place = job["progress"]["fraction"], job["queue_position"]
    done = f"{place} before it" if place is not None else f"{share:.0%}"
    made = _ago(str(job["created_at"]))
    return job["id"], job["kind"], job["status"], done, made, " ".join(job["tags"])


def _ago(moment: str) -> str:
    seconds = (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()
    for name, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {name} ago"
    return f"{max(seconds, 0):.0f} s ago"


def _path(job_id: str) -> str:
    if parse_job_id(job_id) is None:
        raise OptionError("ID", f"{job_id!r} is no job's id; `genart jobs list` shows them")
    return f"/v1/jobs/{job_id}"
