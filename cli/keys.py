"""`genart keys`: who may call the service."""

import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.errors import CommandError
from cli.reach import reach
from cli.settings import read
from genart_core.jobs import access
from genart_core.jobs.access import Key
from genart_core.jobs.store import run
from genart_core.settings import CoreSettings

_MAX_NAME_CHARACTERS = 100

app = typer.Typer(
    help="Make, list and revoke API keys, whether the service runs or not.", no_args_is_help=True
)

Name = Annotated[str, typer.Option(help="What it is for; shown in the list.")]


@app.command("create")
def create(name: Name = "") -> None:
    """Make a key and show it, this once: only its hash is kept."""
    if len(name) > _MAX_NAME_CHARACTERS or not name.isprintable():
        raise CommandError(f"--name has at most {_MAX_NAME_CHARACTERS} printable characters")
    made = Key(access.new_key_id(), name, int(time.time() * 1000))
    key = access.new_key()
    with reach(read(CoreSettings)) as redis:
        run(redis, access.create_key(access.digest_of(key.encode()), made))
    typer.echo(f"key {made.id} made; it is shown only now:", err=True)
    typer.echo(key)


@app.command("list")
def list_keys() -> None:
    """List the keys: when each was made, never the key itself."""
    with reach(read(CoreSettings)) as redis:
        found = run(redis, access.read_keys()).keys or {}
    table = Table("id", "name", "made", box=None, pad_edge=False)
    for key in sorted(found.values(), key=lambda key: key.created_at):
        table.add_row(key.id, escape(key.name), _day(key.created_at))
    Console().print(table)


@app.command("revoke")
def revoke(key: Annotated[str, typer.Argument(help="Its id, or its name.")]) -> None:
    """Revoke a key: every gateway refuses it within a second. Its jobs go on."""
    with reach(read(CoreSettings)) as redis:
        found = run(redis, access.read_keys()).keys or {}
        digest, known = _pick(key, found.items())
        run(redis, access.revoke_key(digest))
    typer.echo(f"key {known.id} is revoked")


def _pick(wanted: str, keys: Iterable[tuple[str, Key]]) -> tuple[str, Key]:
    matches = [(digest, key) for digest, key in keys if wanted in (key.id, key.name)]
    if not matches:
        raise CommandError(f"There is no key {wanted!r}; `genart keys list` shows those there are")
    if len(matches) > 1:
        ids = ", ".join(key.id for _, key in matches)
        raise CommandError(f"{wanted!r} is ambiguous; say one of {ids}")
    return matches[0]


def _day(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M")
