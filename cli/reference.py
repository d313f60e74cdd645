"""Writes the pages in `docs/reference`, or checks that they are current.

Run as `python -m cli.reference --write` or `--check`.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from pydantic.fields import FieldInfo

from api.openapi import document
from api.reference import errors, http_api
from api.settings import ApiSettings
from cli.settings import ClientSettings, UpSettings
from genart_core.settings import CoreSettings
from worker.settings import WorkerSettings

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
SECTIONS: tuple[tuple[str, type[CoreSettings]], ...] = (
    ("Every process", CoreSettings),
    ("Gateway", ApiSettings),
    ("Worker", WorkerSettings),
    ("Supervisor", UpSettings),
    ("Commands that call a service", ClientSettings),
)

_HEAD = """# Settings

Every setting is an environment variable; there is no settings file. `genart up`, `genart worker`
and `genart api` have options for the most used ones (`--port` for `GENART_PORT` and so on).
One that is set to nothing is as good as not set; a misspelt one is told at the start.

<!-- Generated from the settings classes by `make docs`; edit those. -->
"""


def main() -> None:
    """Write the pages, or exit 1 if one differs from what would be written."""
    parser = argparse.ArgumentParser(description=__doc__)
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("--write", action="store_true", help="write the pages")
    group.add_argument("--check", action="store_true", help="compare them, exit 1 if one is stale")
    is_writing = parser.parse_args().write
    for name, text in pages().items():
        page = FOLDER / name
        if is_writing:
            FOLDER.mkdir(parents=True, exist_ok=True)
            page.write_text(text)
        elif not page.exists() or page.read_text() != text:
            sys.exit(f"{name} is stale; run: make docs")


def pages() -> dict[str, str]:
    """Return the pages by their names."""
    from cli import manual  # here: the commands that it shows bring torch in

    return {
        "settings.md": render(),
        "cli.md": manual.render(),
        "http-api.md": http_api.render(document()),
        "errors.md": errors.render(),
    }


def render() -> str:
    """Return the page of settings."""
    return "\n".join((_HEAD, *(part for title, kind in SECTIONS for part in _section(title, kind))))


def _section(title: str, settings: type[CoreSettings]) -> Iterator[str]:
    inherited = () if settings is CoreSettings else CoreSettings.model_fields
    yield f"## {title}\n"
    yield "| variable | default | meaning |\n|---|---|---|"
    for name, field in settings.model_fields.items():
        if name not in inherited:
            meaning = (field.description or "").replace("|", "\\|")
            yield f"| `{_variable(name, field)}` | {_default(field)} | {meaning} |"
    yield ""


def _variable(name: str, field: FieldInfo) -> str:
    aliases = getattr(field.validation_alias, "choices", ())
    return str(aliases[-1]) if aliases else f"GENART_{name.upper()}"


def _default(field: FieldInfo) -> str:
    default = field.get_default(call_default_factory=True)
    if isinstance(default, Path):  # as it reads for everybody, not for who wrote the page
        home = Path.home()
        default = f"~/{default.relative_to(home)}" if default.is_relative_to(home) else str(default)
    if default in ("", (), None):
        return "empty"
    return f"`{default if isinstance(default, str) else json.dumps(default)}`"


if __name__ == "__main__":
    main()
