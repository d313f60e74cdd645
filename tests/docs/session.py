"""Runs the marked blocks of a page in one shell, against a live service."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.docs.blocks import ROOT, Block

ADDRESS = "http://127.0.0.1:8000"  # what the pages call the service
HOOK_PORT = "9000"  # and where they have a receiver of webhooks
_SECONDS = 200
_MARK = "\x1e"
# An answer that is an error ends the session, which plain curl does not.
_CURL = '#!/bin/sh\nexec curl --fail-with-body --noproxy "*" "$@"\n'


def run(
    blocks: Sequence[Block], folder: Path, *, url: str, hook_port: int, secret: str = ""
) -> None:
    """Run blocks and compare what they print.

    `hook_port` is free, and `secret` that of the service's webhooks.

    Raises:
        AssertionError: if one fails, with what it printed.
    """
    _furnish(folder)
    script = "\n".join(_lines(blocks, folder))
    script = script.replace(ADDRESS, url).replace(HOOK_PORT, str(hook_port))
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GENART_")}
    environment |= {
        "PATH": f"{folder / 'bin'}:{environment['PATH']}",
        "PYTHONPATH": f"{folder}:{ROOT}",
        "GENART_URL": url,
        "GENART_HOME": str(folder / "home"),
        "GENART_DEVICE": "cpu",
        "GENART_WEBHOOK_SECRETS": secret,
        "NO_COLOR": "1",
    }
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    printed = dict(part.split("\n", 1) for part in done.stdout.split(_MARK)[1:])
    last = list(printed.items())[-1]
    assert done.returncode == 0, f"{last[0]} ended with {done.returncode}:\n{last[1]}"
    _compare(blocks, printed)


def _furnish(folder: Path) -> None:
    """Put into a folder what a session expects to find."""
    (folder / "bin").mkdir(parents=True)
    (folder / "examples").symlink_to(ROOT / "examples")
    (folder / "docs").symlink_to(ROOT / "docs")
    (folder / ".venv").mkdir()
    (folder / ".venv" / "bin").symlink_to(folder / "bin")
    curl = next(p for p in os.environ["PATH"].split(":") if (Path(p) / "curl").exists())
    python = f'#!/bin/sh\nexec "{sys.executable}" "$@"\n'
    genart = f'#!/bin/sh\nexec "{sys.executable}" -m cli.main "$@"\n'
    commands = {"curl": _CURL.replace("curl", f"{curl}/curl", 1), "genart": genart}
    for name, text in {**commands, "python": python, "python3": python}.items():
        (folder / "bin" / name).write_text(text)
        (folder / "bin" / name).chmod(0o755)


def _lines(blocks: Sequence[Block], folder: Path) -> list[str]:
    lines = ["set -uo pipefail", "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT"]
    for block in blocks:
        if block.mark == "write":
            (folder / block.path).parent.mkdir(parents=True, exist_ok=True)
            (folder / block.path).write_text(block.text)
        elif block.mark.startswith("run"):
            lines.append(f"printf '{_MARK}%s\\n' '{block.place}'")
            lines.append(_guarded(block))
    return lines


def _guarded(block: Block) -> str:
    """Return a block that ends the session if it ends otherwise than it should."""
    commands = block.text
    if block.language == "python":
        commands = f"python - <<'END_OF_BLOCK'\n{block.text}END_OF_BLOCK\n"
    if block.mark == "run refused":
        return f"if ( set -e; {commands}) ; then echo 'it was to be refused'; exit 1; fi"
    return f"set -e\n{commands}set +e"


def _compare(blocks: Sequence[Block], printed: dict[str, str]) -> None:
    """Hold what was printed against what the page shows."""
    place = ""
    for block in blocks:
        if block.mark.startswith("run"):
            place = block.place
        if block.mark == "prints":
            assert contains(printed[place], block.text), (
                f"{block.place} shows what {place} didn't print, which was:\n{printed[place]}"
            )


def contains(printed: str, shown: str) -> bool:
    """Whether a text contains another, in which `…` stands for anything and space for any space."""
    parts = (" ".join(part.split()) for part in shown.split("…"))
    pattern = ".*?".join(re.escape(part) for part in parts)
    return re.search(pattern, " ".join(printed.split()), re.DOTALL) is not None
