"""Adds to the OpenAPI document what follows from the schemas of its answers, whatever the route.

1. Examples, and links to where the answer leads. 2. The header that every answer carries.
3. Parameters that may be left out are no parameters that may be null.
"""

from collections.abc import Iterator
from typing import Any

from api.documented.examples import EXAMPLES
from api.documented.links import LINKS

Document = dict[str, Any]

_REQUEST_ID = {
    "description": "Names the request in the logs of the service; yours, if you sent one.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[A-Za-z0-9_.:-]+$"},
    "example": "5c1e9f0a7b3d2468",
}


def illustrate(document: Document) -> None:
    """Complete a document in place."""
    components = document["components"]
    components["examples"] = {
        name: {"summary": example.summary, "value": example.value}
        for examples in EXAMPLES.values()
        for name, example in examples.items()
    }
    components["headers"] = {"RequestId": _REQUEST_ID}
    for operation in operations(document):
        for parameter in operation.get("parameters", ()):
            parameter["schema"] = _not_null(parameter["schema"])
        for answer in operation["responses"].values():
            _complete(answer)


def operations(document: Document) -> Iterator[dict[str, Any]]:
    """Yield every operation of the paths."""
    for methods in document["paths"].values():
        yield from methods.values()


def _complete(answer: dict[str, Any]) -> None:
    answer.setdefault("headers", {})["X-Request-Id"] = {"$ref": "#/components/headers/RequestId"}
    body = answer.get("content", {}).get("application/json")
    if body is None:
        return
    name = body["schema"].get("$ref", "").rpartition("/")[2]
    if name in EXAMPLES:
        body["examples"] = {
            example: {"$ref": f"#/components/examples/{example}"} for example in EXAMPLES[name]
        }
    if name in LINKS:
        answer["links"] = LINKS[name]


def _not_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a parameter without its null, which no address can hold."""
    kept = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    if len(kept) != 1:
        return schema
    return {**{k: v for k, v in schema.items() if k not in ("anyOf", "default")}, **kept[0]}
