"""`genart keys`: who may call the service."""

import os
import secrets
import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from api.outgoing.webhook_signature import new_secret
from cli.errors import CommandError
from cli.host.reach import reach
from cli.settings import read
from genart_core.jobs import access
from genart_core.jobs.access import Key
from genart_core.jobs.store import run
from genart_core.settings import CoreSettings

_MAX_NAME_CHARACTERS = 100
_SECRETS_AT_ONCE = 2

app = typer.Typer(
    help="Make, list and revoke API keys, whether the service runs or not.", no_args_is_help=True
)

Name = Annotated[str, typer.Option(help="What it is for; shown in the list.")]


Weight = Annotated[
    float, typer.Option(min=0.01, max=100, help="Turns that it gets, beside the 1 of others.")
]
Submits = Annotated[
    int | None,
    typer.Option(min=0, help="Submits a minute, 0: any number (else GENART_SUBMITS_PER_MINUTE)."),
]
Jobs = Annotated[
    int | None,
    typer.Option(min=1, help="Unfinished jobs (else GENART_ACTIVE_JOBS_PER_CLIENT)."),
]
Bytes = Annotated[
    int | None,
    typer.Option(
        min=0,
        help="Bytes of the requests and pictures of its unfinished jobs, 0: any number (else "
        "GENART_QUEUE_BYTES_PER_CLIENT).",
    ),
]
Assets = Annotated[
    int | None,
    typer.Option(
        min=0,
        help="Bytes of the pictures that are kept for it, 0: any number (else "
        "GENART_ASSET_BYTES_PER_CLIENT).",
    ),
]


@app.command("create")
def create(
    name: Name = "",
    weight: Weight = 1.0,
    submits_per_minute: Submits = None,
    active_jobs: Jobs = None,
    queue_bytes: Bytes = None,
    asset_bytes: Assets = None,
) -> None:
    """Make a key and show it, this once: only its hash is kept."""
    if len(name) > _MAX_NAME_CHARACTERS or not name.isprintable():
        raise CommandError(f"--name has at most {_MAX_NAME_CHARACTERS} printable characters")
    made = Key(
        access.new_key_id(),
        name,
        int(time.time() * 1000),
        weight=weight,
        submits_per_minute=submits_per_minute,
        active_jobs=active_jobs,
        queue_bytes=queue_bytes,
        asset_bytes=asset_bytes,
    )
    key = access.new_key()
    with reach(read(CoreSettings)) as redis:
        run(redis, access.create_key(access.digest_of(key.encode()), made))
    typer.echo(f"key {made.id} made; it is shown only now:", err=True)
    typer.echo(key)


@app.command("first")
def create_first(
    file: Annotated[Path, typer.Option(help="Holds the key, or will hold it.")],
) -> None:
    """Make the first key, unless any was ever made: that of a file, else one that is drawn into it.

    One that is drawn is shown, this once. Meant for programs, which may call it at each start.
    """
    with reach(read(CoreSettings)) as redis:
        if run(redis, access.read_keys()).version:
            typer.echo("there was a key before; `genart keys create` makes another", err=True)
            return
        is_drawn = not file.exists() and _draw(file)
        key = _read(file)
        made = Key(access.new_key_id(), "first", int(time.time() * 1000))
        if not run(redis, access.create_first_key(access.digest_of(key.encode()), made)):
            raise CommandError(f"Another key was made meanwhile; the one in {file} is none")
    typer.echo(f"the first key is made; {file} holds it", err=True)
    if is_drawn:
        typer.echo(key)


@app.command("list")
def list_keys() -> None:
    """List the keys: when each was made and what it may do, never the key itself."""
    with reach(read(CoreSettings)) as redis:
        found = run(redis, access.read_keys()).keys or {}
    limits = ("weight", "submits/min", "jobs", "bytes", "kept")
    table = Table("id", "name", "made", *limits, box=None, pad_edge=False)
    for key in sorted(found.values(), key=lambda key: key.created_at):
        table.add_row(key.id, escape(key.name), _day(key.created_at), *_limits(key))
    Console().print(table)


@app.command("secret")
def renew_secret(
    key: Annotated[str, typer.Argument(help="Its id, or its name.")],
    alone: Annotated[
        bool, typer.Option("--alone", help="Let older secrets of the key sign no more.")
    ] = False,
) -> None:
    """Draw a secret that signs the webhooks of a key, and show it, this once.

    The one before signs beside it, so that receivers can change over. With --alone nothing is
    drawn: only the newest signs from then on.
    """
    with reach(read(CoreSettings)) as redis:
        found = run(redis, access.read_keys()).keys or {}
        digest, known = _pick(key, found.items())
        secrets = known.webhook_secrets if alone else (new_secret(), *known.webhook_secrets)
        if not secrets:
            raise CommandError(f"key {known.id} has no secret of its own yet")
        kept = secrets[: 1 if alone else _SECRETS_AT_ONCE]
        if not run(redis, access.change_key(digest, replace(known, webhook_secrets=kept))):
            raise CommandError(f"key {known.id} was revoked meanwhile")
    if alone:
        typer.echo(f"webhooks of key {known.id} are signed by its newest secret alone")
        return
    typer.echo(f"secret of key {known.id} drawn; it is shown only now:", err=True)
    typer.echo(secrets[0])


@app.command("revoke")
def revoke(key: Annotated[str, typer.Argument(help="Its id, or its name.")]) -> None:
    """Revoke a key: every gateway refuses it within a second. Its jobs go on."""
    with reach(read(CoreSettings)) as redis:
        found = run(redis, access.read_keys()).keys or {}
        digest, known = _pick(key, found.items())
        run(redis, access.revoke_key(digest))
    typer.echo(f"key {known.id} is revoked")


def _draw(file: Path) -> bool:
    """Write a fresh key, for us and a scraper of metrics in our group; False if another was faster.

    The file is whole at once, and who comes second takes what it holds.
    """
    draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640), "w") as opened:
            opened.write(f"{access.new_key()}\n")
        try:
            file.hardlink_to(draft)
        except FileExistsError:
            return False
        finally:
            draft.unlink()
    except OSError as error:
        raise CommandError(f"{file} can't be written: {error.strerror}") from error
    return True


def _read(file: Path) -> str:
    try:
        key = file.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} can't be read: {error}") from error
    if not access.is_key(key):
        raise CommandError(f"{file} holds no key: {access.PREFIX} and 40 letters and digits")
    return key


def _pick(wanted: str, keys: Iterable[tuple[str, Key]]) -> tuple[str, Key]:
    matches = [(digest, key) for digest, key in keys if wanted in (key.id, key.name)]
    if not matches:
        raise CommandError(f"There is no key {wanted!r}; `genart keys list` shows those there are")
    if len(matches) > 1:
        ids = ", ".join(key.id for _, key in matches)
        raise CommandError(f"{wanted!r} is ambiguous; say one of {ids}")
    return matches[0]


def _limits(key: Key) -> tuple[str, ...]:
    own = (key.submits_per_minute, key.active_jobs, key.queue_bytes, key.asset_bytes)
    return f"{key.weight:g}", *("as set" if limit is None else str(limit) for limit in own)


def _day(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M")
