"""The rules of the house that no linter knows."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from cli.reference import SECTIONS
from genart_core.settings import CoreSettings
from genart_core.weights import BUDGET_BYTES, SHIPPED

ROOT = Path(__file__).parents[1]
PACKAGES = ("api", "worker", "cli", "genart_core")
PARTS = ("", "-dev", "-gateway", "-loadtest", "-worker")
LOCKS = tuple(f"requirements{part}.lock" for part in PARTS)
TORCH_FREE = (
    *("request", "artwork", "catalogue", "weights", "errors", "memory", "settings", "logs"),
    *("pictures", "public", "signature", "tracing", "arts.vae.portraits"),
    *(f"jobs.{path.stem}" for path in (ROOT / "genart_core" / "jobs").glob("[a-z]*.py")),
    *(f"arts.{path.parent.name}.request" for path in ROOT.glob("genart_core/arts/*/request.py")),
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.mark.parametrize(
    ("modules", "heavy"),
    [
        ([f"genart_core.{name}" for name in TORCH_FREE], ("torch", "safetensors", "celery")),
        (["api.main", "api.server"], ("torch", "safetensors", "numpy", "celery", "kombu")),
        (["api.main", "api.server"], ("PIL",)),  # comes with the first picture
        (["cli.main", "cli.commands.up"], ("torch", "safetensors", "numpy", "celery", "kombu")),
    ],
    ids=["genart_core", "api", "api without pictures", "cli"],
)
def test_the_light_half_imports_nothing_heavy(modules: list[str], heavy: tuple[str, ...]) -> None:
    program = f"import sys, {', '.join(modules)}; print({{*{heavy}}} & set(sys.modules) or '')"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == ""


def test_a_package_says_what_it_is_and_nothing_more() -> None:
    inits = [path for name in PACKAGES for path in (ROOT / name).rglob("__init__.py")]
    bodies = {path: ast.parse(path.read_text()).body for path in inits}

    assert [path for path, body in bodies.items() if len(body) != 1 or not is_text(body[0])] == []


def test_every_folder_of_code_is_a_package() -> None:
    folders = {path.parent for name in PACKAGES for path in (ROOT / name).rglob("*.py")}

    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []


@pytest.mark.parametrize("settings", [kind for _, kind in SECTIONS])
def test_every_setting_is_described(settings: type[CoreSettings]) -> None:
    assert [name for name, f in settings.model_fields.items() if not f.description] == []


def test_the_version_is_the_changelogs_newest() -> None:
    newest = re.search(r"^## \[([^\]]+)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert newest is not None
    assert newest[1] == PROJECT["project"]["version"]


def test_the_weights_that_ship_stay_within_their_budget() -> None:
    sizes = {path.name: path.stat().st_size for path in SHIPPED.rglob("*.safetensors")}

    assert sum(sizes.values()) <= BUDGET_BYTES, sizes


def test_every_link_of_the_docs_leads_somewhere() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    links = [
        (page, link)
        for page in pages
        for link in re.findall(r'(?:\]\(|src=")([^)"#\s]+)', page.read_text())
        if "://" not in link
    ]

    assert len(links) > 50
    assert [(page.name, link) for page, link in links if not (page.parent / link).exists()] == []


def test_what_the_threat_model_names_is_there() -> None:
    page = (ROOT / "docs" / "explanation" / "threat-model.md").read_text()
    folder, missing, named = "", [], 0
    for name in re.findall(r"`((?:[a-z_]+/)*[a-z_]+\.(?:py|md|lua)|tests(?:/[a-z_]+)+)`", page):
        folder = name.rpartition("/")[0] or folder  # `tests/api/test_a.py`, `test_b.py`
        places = (name, f"{folder}/{name}", f"genart_core/jobs/{name}")
        named += 1
        if not any((ROOT / place).exists() for place in places):
            missing.append(name)

    assert named > 50
    assert missing == []


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_file_pins_with_hashes_and_names_no_place(name: str) -> None:
    lines = (ROOT / name).read_text().splitlines()
    pins = [line for line in lines if not line.startswith("    --hash=sha256:")]

    assert all(re.match(r"[a-z0-9-]+==[^ ]+( ; .+)? \\$", line) for line in pins)
    assert not [line for line in lines if "://" in line or "/" in line or line.startswith("-")]


@pytest.mark.parametrize("name", LOCKS)
def test_the_lock_files_fit_the_project(name: str) -> None:
    pinned = dict(
        line.split(" ")[0].split("==")
        for line in (ROOT / name).read_text().splitlines()
        if "==" in line.split(" ")[0]
    )

    for wanted in (Requirement(text) for text in requirements_of(name)):
        version = pinned.get(canonicalize_name(wanted.name))
        assert version is not None, f"make lock: {wanted.name} is missing"
        assert wanted.specifier.contains(version), f"make lock: {wanted} is pinned to {version}"


def requirements_of(lock: str) -> list[str]:
    """Return what the project asks for in a lock file."""
    project, groups = PROJECT["project"], PROJECT["dependency-groups"]
    extras = project["optional-dependencies"]
    if lock == "requirements-gateway.lock":
        return [*project["dependencies"], *extras["s3"], *groups["build"]]
    if lock == "requirements-worker.lock":
        return [*project["dependencies"], *extras["worker"], *extras["s3"], *groups["build"]]
    wanted = [*project["dependencies"], *extras["worker"], *extras["embedded"]]
    if lock == "requirements-dev.lock":
        return [*wanted, *extras["s3"], *groups["dev"]]
    return wanted + groups["loadtest"] if lock == "requirements-loadtest.lock" else wanted


def is_text(statement: ast.stmt) -> bool:
    """Whether a statement is a docstring."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
