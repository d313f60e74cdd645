"""The generated pages of the HTTP API say all there is, and the tables behind them are whole."""

import ast
import json
import re
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from api.http.errors import PROBLEMS
from api.http.remedies import REMEDIES
from api.openapi import document
from api.reference import errors, http_api
from genart_core.failures import FAILURES

ROOT = Path(__file__).parents[2]
DOCUMENT = document()
PAGE = http_api.render(DOCUMENT)
OPERATIONS = [(m, path) for path, methods in DOCUMENT["paths"].items() for m in methods]
# Raised by the framework or the server, which `api.http.errors` and `wire` name by status or cause.
TABLES = frozenset({"errors.py", "remedies.py", "documented"})


def literals(*folders: str, skip: frozenset[str] = frozenset()) -> Iterator[tuple[Path, ast.AST]]:
    for folder in folders:
        for path in (ROOT / folder).rglob("*.py"):
            if skip.isdisjoint(path.relative_to(ROOT).parts):
                yield from ((path, node) for node in ast.walk(ast.parse(path.read_text())))


def raised(name: str, *folders: str) -> set[str]:
    """Return the codes that an error's class is made with."""
    return {
        node.args[0].value
        for _, node in literals(*folders)
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == name
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }


def strings(nodes: Iterable[ast.AST]) -> set[str]:
    return {str(node.value) for node in nodes if isinstance(node, ast.Constant)}


def section(title: str) -> str:
    found = re.search(rf"^### {re.escape(title)}$(.*?)(?=^##|\Z)", PAGE, re.DOTALL | re.MULTILINE)
    assert found, title
    return found[1]


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_route_is_told_with_a_line_to_call_it(method: str, path: str) -> None:
    told = DOCUMENT["paths"][path][method]
    text = section(f"{method.upper()} {path}")
    line = next(line for line in text.splitlines() if line.startswith("curl "))
    words = shlex.split(line)

    assert told["summary"].rstrip("?.") in text
    assert words[-1].removeprefix("http://127.0.0.1:8000").count("/") == path.count("/")
    assert ("-X" in words or "--json" in words or "-F" in words) == (method != "get")
    if "--json" in words:
        json.loads(words[words.index("--json") + 1])


@pytest.mark.parametrize("kind", ["text", "dream", "style", "vae-sample", "vae-edit", "gan-sample"])
def test_every_field_of_a_kind_is_told_with_its_default(kind: str) -> None:
    content = DOCUMENT["paths"][f"/v1/{kind}"]["post"]["requestBody"]["content"]
    name = content["application/json"]["schema"]["$ref"].rpartition("/")[2]
    text = section(f"POST /v1/{kind}")
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", text, re.MULTILINE))

    schema = DOCUMENT["components"]["schemas"][name]
    assert rows.keys() == schema["properties"].keys()
    for field in schema.get("required", ()):
        assert "**required**" in rows[field]


def test_bounds_defaults_and_units_are_in_words() -> None:
    text = section("POST /v1/text")

    assert "| `length` | integer, 1 to 100,000 tokens | `400` |" in text
    assert "| `top_p` | number, over 0 to 1 | `1` |" in text
    assert "| `strategy` | `sample`, `greedy`, `uniform` | `sample` |" in text
    assert "| `seed` | integer, 0 to 2^53 - 1 |  |" in text


def test_links_within_the_pages_lead_to_headings() -> None:
    problems = errors.render()
    anchors = {http_api.anchor(title) for title in re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)}
    codes = set(re.findall(r"^### (.*)$", problems, re.MULTILINE))

    assert set(re.findall(r"\]\(#([^)]*)\)", PAGE)) <= anchors
    assert set(re.findall(r"errors\.md#([^)]*)\)", PAGE)) <= codes
    assert set(re.findall(r"\]\(#([^)]*)\)", problems)) == codes == PROBLEMS.keys()


def test_every_problem_has_a_remedy() -> None:
    assert REMEDIES.keys() == PROBLEMS.keys()


def test_every_problem_that_is_raised_is_in_the_table() -> None:
    found = raised("ProblemError", "api")

    assert len(found) > 30
    assert found <= PROBLEMS.keys()


def test_every_problem_of_the_table_can_occur() -> None:
    used = {
        node.value
        for _, node in literals("api", "genart_core", skip=TABLES)
        if isinstance(node, ast.Constant)
    }
    own = ast.parse((ROOT / "api" / "http" / "errors.py").read_text())
    used |= {  # what this module itself raises, or says for a status of the framework
        node.value
        for part in own.body
        if "PROBLEMS" not in ast.unparse(getattr(part, "targets", [ast.Constant("")])[0])
        for node in ast.walk(part)
        if isinstance(node, ast.Constant)
    }

    assert PROBLEMS.keys() - used == set()


def test_every_failure_of_a_job_is_in_the_table_and_can_occur() -> None:
    codes = raised("ArtError", "genart_core", "worker")
    for _, node in literals("genart_core", "worker"):
        if isinstance(node, ast.keyword) and node.arg == "code":
            codes |= {str(node.value.value)} if isinstance(node.value, ast.Constant) else set()
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("_end", "_later"):
            codes |= strings(node.args[1:4]) - ENDINGS
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "settle":
            codes |= strings(node.args[:1])
        if isinstance(node, ast.ClassDef) and node.name.endswith("Error"):
            codes |= set(re.findall(r"^    code = '(\w+)'$", ast.unparse(node), re.MULTILINE))
        if isinstance(node, ast.FunctionDef) and node.name == "_blame":
            codes |= set(re.findall(r"return \('(\w+)'", ast.unparse(node)))
    for script in (ROOT / "genart_core" / "jobs" / "lua").glob("*.lua"):
        codes |= set(re.findall(r"failure\('(\w+)'", script.read_text()))

    assert codes - OF_COMMANDS == FAILURES.keys()


ENDINGS = {"failed", "expired"}  # statuses; `canceled` is a code, too
# The base class, and what only a command line can name or come to.
OF_COMMANDS = {"error", "unknown_kind", "pictures_lost"}
