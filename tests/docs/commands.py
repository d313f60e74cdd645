"""Whether commands that are shown could be run: that all they name is there."""

import json
import re
import shlex
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson
import typer
from pydantic import BaseModel

from api.following.canceling import CancelRequest
from api.incoming.form_values import taken_by, value_of
from api.submitting.batch import BatchRequest
from cli.main import app
from cli.manual import _inner
from genart_core.catalogue import find_kind, kinds
from genart_core.request import ArtRequest, image_fields
from tests.docs.blocks import ROOT

OPENAPI = json.loads((ROOT / "openapi" / "openapi.json").read_text())
_STANDS_FOR = {"JOB": "0" * 26, "": "asset:" + "0" * 64}  # what a variable of a page may hold
_ENDS = {";", "&&", "||", "|", "&", "(", ")"}
_WITH_VALUE = {"-H", "--json", "-F", "-o", "-X", "-d", "--data-urlencode"}
_PLAIN = {"-s", "-N", "-sN", "-G", "-O", "-OJ", "-i", "-D"}


def commands_of(text: str) -> Iterator[list[str]]:
    """Yield the words of each command of a block, without what sets variables before it."""
    for line in re.sub(r"\\\n", " ", text).splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words: list[str] = []
        for word in [*lexer, ";"]:
            if word in _ENDS:
                if words:
                    yield words
                words = []
            elif words or not re.fullmatch(r"\w+=.*", word):
                words.append(word)


def check(words: list[str]) -> None:
    """Check one command.

    Raises:
        AssertionError: or another error that says what is wrong.
    """
    program, *rest = words
    if Path(program).name == "genart":
        check_genart(rest)
    elif program == "curl":
        check_curl(rest)
    elif program == "make":
        targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert {word for word in rest if "=" not in word} <= {*targets}, f"no target: {rest}"
    elif Path(program).name in ("python", "python3") and rest[:1] == ["-m"]:
        check_module(rest[1], rest[2:])


def check_module(name: str, options: list[str]) -> None:
    """Check that a module of the repository is there and knows the options."""
    if name.split(".")[0] not in ("api", "benchmarks", "cli", "examples", "genart_core", "tests"):
        return None
    found = find_spec(name)
    assert found is not None, f"there is no module {name}"
    if found.submodule_search_locations:
        return check_module(f"{name}.__main__", options)
    source = _source(name)
    for near in re.findall(rf"^from ({name.split('.')[0]}\.[\w.]+) import", source, re.MULTILINE):
        source += _source(near)  # a command line may be shared
    for option in options:
        assert not option.startswith("--") or f'"{option}"' in source, f"{name} has no {option}"
    return None


def _source(name: str) -> str:
    found = find_spec(name)
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).read_text()


def check_genart(words: list[str]) -> None:
    """Check a `genart` command: its sub-command, its options and their values."""
    command: Any = typer.main.get_command(app)
    name = "genart"
    while hasattr(command, "get_command"):
        if words[:1] in (["--help"], ["--install-completion"], ["..."], ["…"]):
            return
        assert words, f"genart {name} wants a command"
        name, words = words[0], words[1:]
        inner = command.get_command(typer.Context(command), name)
        assert inner is not None, f"there is no command {name}"
        command = _inner(inner, name)
    try:
        command.make_context(name, words)
    except typer.BadParameter as error:
        if "does not exist" not in str(error):  # a file of the reader's own
            raise
    except typer.Exit:
        pass  # it was --help


def check_curl(words: list[str]) -> None:
    """Check a request to the service: its method, address, parameters and body."""
    given, address = _read(words)
    parts = urlsplit(address)
    if parts.netloc not in ("127.0.0.1:8000", "this-machine:8000", "$HOST"):
        return
    body = given.get("--json", [])
    method = given.get("-X", ["POST" if body or "-F" in given else "GET"])[0].lower()
    path, operation = _operation(re.sub(r"\$\{?\w+\}?", _STANDS_FOR["JOB"], parts.path), method)
    if operation is None:
        return
    known = {parameter["name"] for parameter in operation.get("parameters", ())}
    asked = {name for name, _ in parse_qsl(parts.query)}
    assert asked <= known, f"{path} has no parameter {asked - known}"
    if body:
        _check_body(path, _filled(body[0]))
    elif "-F" in given:
        _check_form(path, given["-F"])


def _read(words: list[str]) -> tuple[dict[str, list[str]], str]:
    given: dict[str, list[str]] = {}
    address = ""
    rest = iter(words)
    for word in rest:
        if word in _WITH_VALUE:
            given.setdefault(word, []).append(next(rest))
        elif word.startswith("-"):
            assert word in _PLAIN, f"curl {word} is not known to this test"
        else:
            address = word
    assert address, f"no address: {words}"
    return given, address


def _operation(path: str, method: str) -> tuple[str, dict[str, Any] | None]:
    if path.removeprefix("/v1/") in set(kinds()):
        return path, OPENAPI["paths"].get(path, {}).get(method)
    for template, operations in OPENAPI["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
            assert method in operations, f"{path} has no {method}"
            return template, operations[method]
    assert path in ("/", "/metrics", "/openapi.json"), f"there is no address {path}"
    return path, None


def _filled(text: str) -> str:
    return re.sub(r"\$\{?\w+\}?", _STANDS_FOR[""], text)


def _check_body(path: str, text: str) -> None:
    name = path.removeprefix("/v1/")
    if name in kinds():
        find_kind(name).request.model_validate_json(text)
    elif path == "/v1/batch":
        for item in BatchRequest.model_validate_json(text).jobs:
            find_kind(item.kind).request.model_validate_json(orjson.dumps(item.request))
    elif path == "/v1/jobs/cancel":
        CancelRequest.model_validate_json(text)
    else:
        assert path == "/v1/reproduce", f"who checks a body of {path}?"
        assert set(json.loads(text)) <= {"job", "file"}


def _check_form(path: str, fields: list[str]) -> None:
    came: dict[str, list[str]] = {}
    for field in fields:
        name, _, value = field.partition("=")
        came.setdefault(name, []).append(_STANDS_FOR[""] if value.startswith("@") else value)
    if path in ("/v1/assets", "/v1/reproduce"):
        assert set(came) == {"file"}
        return
    _validated(find_kind(path.removeprefix("/v1/")).request, came)


def _validated(request: type[ArtRequest], came: dict[str, list[str]]) -> BaseModel:
    taken = taken_by(request)
    assert set(came) <= set(taken), f"{request.__name__} has no {set(came) - set(taken)}"
    lists = {name for name, takes_list in image_fields(request).items() if takes_list}
    values = {
        name: texts if name in lists else value_of(taken[name], [_filled(text) for text in texts])
        for name, texts in came.items()
    }
    return request.model_validate_json(orjson.dumps(values))
