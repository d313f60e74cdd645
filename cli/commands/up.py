"""What `genart up`, `genart worker` and `genart api` do: check, start, greet, and wait."""

import asyncio
import json
import shlex
from contextlib import suppress
from functools import partial
from pathlib import Path

import typer

from api.settings import ApiSettings
from cli.checking.door import needs_key, require_key
from cli.checking.premises import misspelt, require_premises
from cli.errors import SettingsError
from cli.host.embedded import embed
from cli.host.external import check, shown
from cli.host.listener import listen, url_of
from cli.host.lock import hold, hold_number
from cli.host.machine import look
from cli.host.reach import awake
from cli.host.slots import plan_slots
from cli.settings import UpSettings, read
from cli.supervising.child import Say
from cli.supervising.plan import Plan, tiers
from cli.supervising.supervisor import Supervisor
from cli.supervising.telling import teller
from genart_core.catalogue import kinds
from genart_core.jobs.connection import aconnect, connect
from genart_core.request import example_of
from genart_core.settings import CoreSettings
from genart_core.words import counted
from worker.settings import WorkerSettings

_GUESTS_SECONDS = 10.0  # a `genart keys` that is at work when we start


def run_all() -> None:
    """Run Redis (unless REDIS_URL is set), the workers and the gateway until a signal."""
    require_premises()
    api, settings = read(ApiSettings), read(WorkerSettings)
    _tell_misspelt(settings)
    slots = plan_slots(settings.device, read(UpSettings).workers, look())
    home = _home(settings)
    with hold(home, guests=_GUESTS_SECONDS) as note, listen(api.host, api.port) as listener:
        note(url_of(listener))
        embedded = None
        if settings.redis_url:
            _check(api)
        else:
            embedded = embed(home)
            embedded.stop_leftover()
            if needs_key(api):
                with awake(embedded) as redis:
                    require_key(api, redis)
        url = settings.redis_url if embedded is None else embedded.url
        plan = Plan("up", home, url, slots, settings, embedded, listener)
        note(url_of(listener), slots=plan.slot_names)
        asyncio.run(_supervise(plan))


def run_workers() -> None:
    """Run workers until a signal."""
    require_premises()
    settings = read(WorkerSettings)
    _tell_misspelt(settings)
    slots = plan_slots(settings.device, read(UpSettings).workers, look())
    home = _home(settings)
    url = _given_redis(settings.redis_url)
    with hold_number(home) as (number, note):
        check(url)
        plan = Plan(str(number), home, url, slots, settings)
        note(slots=plan.slot_names)
        asyncio.run(_supervise(plan))


def run_gateway() -> None:
    """Run the gateway, in this process, until a signal."""
    from cli.gateway import serve  # here, since it brings FastAPI in

    require_premises()
    settings = read(ApiSettings)
    _tell_misspelt(settings)
    _given_redis(settings.redis_url)
    _check(settings)
    with listen(settings.host, settings.port) as listener:
        serve(settings, listener)


def _check(settings: ApiSettings) -> None:
    """Check the Redis at REDIS_URL, and that a gateway may be opened on it."""
    check(settings.redis_url)
    with connect(settings.redis_url) as redis:
        require_key(settings, redis)


def _tell_misspelt(settings: CoreSettings) -> None:
    for line in misspelt():
        teller(settings.log_format)("genart", line)


def _home(settings: WorkerSettings) -> Path:
    return settings.home.resolve()


def _given_redis(url: str) -> str:
    if not url:
        raise SettingsError("REDIS_URL is not set; only `genart up` starts a Redis of its own")
    return url


async def _supervise(plan: Plan) -> None:
    say = teller(plan.settings.log_format)
    async with aconnect(plan.redis_url, connections=len(plan.slots) + 2) as redis:
        await Supervisor(tiers(plan, redis, say), say).run(partial(_greet, plan, say))


async def _greet(plan: Plan, say: Say) -> None:
    """Say that all serve, and where; with a gateway, to people, what to try first."""
    devices = ", ".join(slot.label for slot in plan.slots)
    server = "embedded, " if plan.embedded is not None else ""
    about = f"device {devices}; redis {server}{shown(plan.redis_url)}; home {plan.home}"
    if plan.listener is None:
        ready = f"ready: {counted(len(plan.slots), 'worker')}; {about}"
    else:
        ready = f"ready: {url_of(plan.listener)} ({about})"
    if plan.settings.log_format == "json":
        say("genart", ready)
        return
    with suppress(OSError):
        typer.echo(ready)
        if plan.listener is not None:
            typer.echo(f"  {_first_request(url_of(plan.listener), read(ApiSettings))}")


def _first_request(url: str, settings: ApiSettings) -> str:
    """Return a curl line to paste: the first kind, with its fields' own examples."""
    kind = next(iter(kinds().values()))
    headers = "-H 'Content-Type: application/json' -H 'Prefer: wait=30'"
    if settings.needs_key:
        headers += ' -H "Authorization: Bearer $KEY"'
    body = json.dumps(example_of(kind.request))
    return f"curl {headers} -d {shlex.quote(body)} {url}/v1/{kind.name}"
