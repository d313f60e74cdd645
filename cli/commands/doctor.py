"""`genart doctor`: whether everything is here that the service needs, and how to mend the rest."""

import json
from collections.abc import Iterator
from dataclasses import asdict

import typer
from rich.console import Console
from rich.text import Text

from api.settings import ApiSettings
from cli.checking import means, place
from cli.checking.findings import Finding, broken, note
from cli.checking.premises import misspelt
from cli.errors import SettingsError
from cli.host.machine import look
from cli.settings import UpSettings, read
from genart_core.settings import CoreSettings
from worker.settings import WorkerSettings

_STYLES = {"ok": "green", "note": "yellow", "broken": "red"}


def examine(*, as_json: bool) -> None:
    """Write what all checks find; ends with 1 if something is broken."""
    findings = []
    console = Console()
    for finding in look_at_all():
        findings.append(finding)
        if not as_json:
            console.print(_line(finding), soft_wrap=True)
    is_well = all(finding.state != "broken" for finding in findings)
    if as_json:
        checks = [asdict(finding) for finding in findings]
        typer.echo(json.dumps({"ok": is_well, "checks": checks}, indent=2, ensure_ascii=False))
    raise typer.Exit(0 if is_well else 1)


def look_at_all() -> Iterator[Finding]:
    """Yield what each check finds, the quick ones first."""
    try:
        read(UpSettings)
        api, worker = read(ApiSettings), read(WorkerSettings)
    except SettingsError as error:
        yield broken("settings", str(error), "mend it; docs/reference/settings.md has them all")
        return
    except (ImportError, AttributeError):
        yield from means.look_at_kinds(read(CoreSettings))  # says why
        return
    for said in misspelt():
        yield note("settings", said, "docs/reference/settings.md has them all")
    yield from place.look_at_home(worker)
    yield from place.look_at_port(api)
    yield from place.look_at_redis(worker)
    yield from place.look_at_files(worker)
    yield from means.look_at_kinds(worker)
    yield from means.look_at_models(worker)
    yield from means.look_at_native(worker)
    yield from means.look_at_device(worker, look())


def _line(finding: Finding) -> Text:
    mend = f"; {finding.remedy}" if finding.remedy else ""
    return Text.assemble(
        (f"{finding.state:<7}", _STYLES[finding.state]),
        f"{finding.name:<9}{finding.detail}{mend}",
    )
