"""The page of the HTTP API: every route with what it takes and what it answers."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from api.documented.submit import SUBMIT
from api.reference.curl import curl
from api.reference.shapes import Schema, row, table, words

_HEAD = """# HTTP API

<!-- Generated from the OpenAPI document by `make docs`; edit the code that it comes from. -->

{description}

The machine-readable form is [openapi.json](../../openapi/openapi.json), which a running service
answers at `/openapi.json`; `make clients` generates clients from it. What every `code` of a problem
means and what to do about it: [errors.md](errors.md). The examples call the service that `make up`
starts. In them `$JOB` is the `id` of a job and `$SHA256` that of a picture, as earlier answers gave
them, and pictures are files of yours.
"""

_SUBMIT = """### Every submit

Each kind has an address of its own, `POST /v1/<kind>`, and a body of its own; all else is the same
for all."""

_SHAPES = """## Shapes

What the answers are made of. A member that can be null is there all the same. Times are RFC 3339 in
UTC, such as `2026-11-25T18:00:00.000Z`; addresses are relative to the root."""

_RETRY = {"401": "`WWW-Authenticate`", "429": "`Retry-After`", "503": "`Retry-After`"}


class Operation(NamedTuple):
    """One method of one address."""

    method: str
    path: str
    told: dict[str, Any]

    @property
    def title(self) -> str:
        """How the page calls it."""
        return f"{self.method.upper()} {self.path}"

    @property
    def is_submit(self) -> bool:
        """Whether it makes art, as its kind's address."""
        return bool(self.told["description"] == SUBMIT)


def render(document: Schema) -> str:
    """Return the page."""
    return "\n".join(_lines(document)) + "\n"


def anchor(title: str) -> str:
    """Return what a heading is linked by."""
    kept = "".join(c for c in title.lower() if c.isalnum() or c in " -_")
    return kept.replace(" ", "-")


def _lines(document: Schema) -> Iterator[str]:
    found = [
        Operation(method, path, told)
        for path, methods in document["paths"].items()
        for method, told in methods.items()
    ]
    yield _HEAD.format(description=document["info"]["description"])
    yield from _contents(document, found)
    for tag in document["tags"]:
        some = [operation for operation in found if tag["name"] in operation.told["tags"]]
        yield f"\n## {tag['name']}\n\n{tag['description']}"
        if any(operation.is_submit for operation in some):
            yield from _submits(document, some)
        for operation in some:
            if not operation.is_submit:
                yield from _operation(document, operation)
    yield from _answer_headers(found)
    yield from _shapes(document)


def _contents(document: Schema, found: list[Operation]) -> Iterator[str]:
    yield "| request | what it does |\n|---|---|"
    for tag in document["tags"]:
        for operation in found:
            if tag["name"] in operation.told["tags"]:
                link = f"[`{operation.title}`](#{anchor(operation.title)})"
                yield row(link, operation.told["summary"])


def _submits(document: Schema, some: list[Operation]) -> Iterator[str]:
    submits = [operation for operation in some if operation.is_submit]
    yield f"\n{_SUBMIT}\n\n{SUBMIT}"
    yield from _parameters(submits[0].told)
    yield from _answers(submits)
    yield "\nA field that is left out has its default; a field that there isn't is a 422."
    for operation in submits:
        yield f"\n### {operation.title}\n\n**{operation.told['summary'].rstrip('?.')}.**"
        yield from _bodies(document, operation.told)
        yield from _example(document, operation)


def _operation(document: Schema, operation: Operation) -> Iterator[str]:
    yield f"\n### {operation.title}\n\n**{operation.told['summary'].rstrip('?.')}.**"
    yield operation.told["description"]
    yield from _parameters(operation.told)
    yield from _bodies(document, operation.told)
    yield from _answers([operation])
    yield from _example(document, operation)


def _parameters(told: Schema) -> Iterator[str]:
    for place, title in (("path", "In the path"), ("query", "Parameters"), ("header", "Headers")):
        some = [each for each in told.get("parameters", ()) if each["in"] == place]
        if not some:
            continue
        yield f"\n{title}:\n\n| name | type | default | meaning |\n|---|---|---|---|"
        for each in some:
            default = each["schema"].get("default")
            shown = f"`{default}`" if default not in (None, "", []) else ""
            kind = words(each["schema"])
            yield row(f"`{each['name']}`", kind, shown, each["description"])


def _bodies(document: Schema, told: Schema) -> Iterator[str]:
    shapes = document["components"]["schemas"]
    content = told.get("requestBody", {}).get("content", {})
    for media_type, body in content.items():
        name = body["schema"].get("$ref", "").rpartition("/")[2]
        if media_type == "multipart/form-data" and name != "PictureForm":
            files = ", ".join(f"`{field}`" for field in body["encoding"])
            yield f"\nOr `multipart/form-data` with the same fields, where {files} can be files."
        elif name:
            yield f"\nBody, `{media_type}`: {shapes[name]['description']}\n"
            yield from table(shapes[name], with_defaults=True)
        else:
            yield f"\nBody, `{media_type}`: the picture itself."


def _answers(operations: list[Operation]) -> Iterator[str]:
    """Yield what operations answer; where they differ, what any of them does."""
    yield "\nAnswers:\n\n| status | what | headers |\n|---|---|---|"
    codes: dict[str, dict[str, None]] = {}
    for operation in operations:
        for status, answer in sorted(operation.told["responses"].items()):
            problem = answer.get("content", {}).get("application/problem+json")
            if problem is not None:
                codes.setdefault(status, {}).update(dict.fromkeys(problem["examples"]))
            elif operation is operations[0]:
                yield row(status, _what(answer), _headers(answer))
    for status in sorted(codes, key=lambda each: (each == "default", each)):
        if status != "default":
            links = ", ".join(f"[`{code}`](errors.md#{code})" for code in codes[status])
            yield row(status, f"a problem: {links}", _RETRY.get(status, ""))


def _what(answer: Schema) -> str:
    kinds = []
    for media_type, body in answer.get("content", {}).items():
        shape = words(body["schema"]) if "$ref" in body["schema"] else ""
        kinds.append(
            shape if media_type == "application/json" else f"`{media_type}` {shape}".strip()
        )
    return f"{answer['description']}: {', '.join(kinds)}" if kinds else answer["description"]


def _headers(answer: Schema) -> str:
    return ", ".join(f"`{name}`" for name in answer["headers"] if name != "X-Request-Id")


def _example(document: Schema, operation: Operation) -> Iterator[str]:
    yield f"\n```sh\n{curl(operation.method, operation.path, operation.told, document)}\n```"


def _answer_headers(found: list[Operation]) -> Iterator[str]:
    yield "\n## Headers of answers\n\n| header | meaning |\n|---|---|"
    told: dict[str, str] = {}
    for operation in found:
        for answer in operation.told["responses"].values():
            told |= {n: h["description"] for n, h in answer["headers"].items() if "$ref" not in h}
    yield row("`X-Request-Id`", "On every answer: names the request in the service's logs.")
    yield from (row(f"`{name}`", told[name]) for name in sorted(told))


def _shapes(document: Schema) -> Iterator[str]:
    yield f"\n{_SHAPES}"
    for name, schema in document["components"]["schemas"].items():
        if not name.endswith(("Request", "Form")) and schema.get("properties"):
            yield f"\n### {name}\n\n{schema['description']}\n"
            yield from table(schema, with_defaults=False)
