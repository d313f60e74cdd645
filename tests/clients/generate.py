"""Generates the clients from the OpenAPI document and compiles them, as strictly as can be."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.clients.places import DOCUMENT, NODE, PACKAGE, PROGRAMS, RULES, SOURCES

TYPESCRIPT = NODE / "src"
_ENVIRONMENT = {**os.environ, "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"}
_OPTIONS = ("--meta", "none", "--overwrite", "--fail-on-warning")


def lint() -> None:
    """Hold the document against the rules; a hint counts as an error."""
    spectral = str(NODE / "node_modules" / ".bin" / "spectral")
    command = [spectral, "lint", "--fail-severity", "hint", "--ruleset", str(RULES), str(DOCUMENT)]
    run("lint the document", command)


def build_python() -> Path:
    """Generate the Python client, check its types; return the program that uses it."""
    generator = str(PROGRAMS / "openapi-python-client")
    where = ("--path", str(DOCUMENT), "--output-path", str(PACKAGE))
    config = ("--config", str(SOURCES / "generator.yaml"))
    run("generate the Python client", [generator, "generate", *_OPTIONS, *config, *where])
    _mend(PACKAGE)
    program = Path(shutil.copy(SOURCES / "job.py", PACKAGE.parent))
    python = str(PROGRAMS / "python")
    types = [sys.executable, "-m", "mypy", "--strict", "--python-executable"]
    run("check it with mypy --strict", [*types, python, program.name, PACKAGE.name], PACKAGE.parent)
    return program


def build_typescript() -> Path:
    """Generate the TypeScript types, compile the program that uses them; return it."""
    TYPESCRIPT.mkdir(exist_ok=True)
    for name in ("job.ts", "tsconfig.json"):
        shutil.copy(SOURCES / name, TYPESCRIPT)
    programs = NODE / "node_modules" / ".bin"
    generate = [str(programs / "openapi-typescript"), str(DOCUMENT), "-o", "schema.d.ts"]
    optional = ("--default-non-nullable", "false")  # what has a default may be left out
    run("generate the TypeScript client", [*generate, *optional], TYPESCRIPT)
    compile_ = [str(programs / "tsc"), "--project", ".", "--outDir", "../out"]
    run("compile it with tsc --strict", compile_, TYPESCRIPT)
    return NODE / "out" / "job.js"


def run(what: str, command: Sequence[str], folder: Path | None = None) -> None:
    """Run a command, say how long it took, and end all if it fails."""
    began = time.monotonic()
    done = subprocess.run(
        command, cwd=folder, env=_ENVIRONMENT, capture_output=True, text=True, check=False
    )
    print(f"{time.monotonic() - began:5.1f} s  {what}", flush=True)
    told = (done.stdout + done.stderr).strip()
    if done.returncode:
        sys.exit(f"{told}\nfailed: {what}")


def _mend(package: Path) -> None:
    """Add an import that openapi-python-client 0.29.1 leaves out beside several bodies."""
    for module in package.glob("api/*/*.py"):
        text = module.read_text()
        if "| Unset" in text and not re.search(r"^from .*import .*\bUnset\b", text, re.MULTILINE):
            old = "import Response, UNSET\n"
            module.write_text(text.replace(old, "import Response, UNSET, Unset\n", 1))
