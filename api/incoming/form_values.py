"""Fields of a form, which are all text, as the JSON values that a request takes.

A field's JSON schema says what it takes. Where it takes any text, text it stays, unless it takes
lists or objects too and the text is one. Everything else is read as JSON; text that is none goes
on as it is, for validation to say what is wrong with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import orjson
from pydantic import BaseModel

_EVERYTHING = frozenset({"string", "number", "integer", "boolean", "array", "object", "null"})
_NAMES = {bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}


@dataclass(frozen=True)
class Taken:
    """What a field takes: JSON types, of a list's items too.

    `word` is among the types where only some texts are allowed.
    """

    types: frozenset[str]
    items: frozenset[str] = field(default_factory=frozenset)

    @property
    def takes_many(self) -> bool:
        """Whether the field may be repeated."""
        return "array" in self.types


@cache
def taken_by(request_class: type[BaseModel]) -> dict[str, Taken]:
    """Return what each field takes."""
    schema = request_class.model_json_schema()
    defined = schema.get("$defs", {})
    return {name: _taken(part, defined) for name, part in schema["properties"].items()}


def value_of(taken: Taken, texts: Sequence[str]) -> Any:
    """Return what a field's texts stand for, ready for `orjson`; None where it is left out.

    Several texts make a list. An empty one leaves a field out that takes no free text, as an input
    of a page does that was not filled in.
    """
    if len(texts) > 1:
        return [_item(text, taken.items) for text in texts]
    (text,) = texts
    if not text.strip() and "string" not in taken.types:
        return None
    return _single(text, taken)


def _single(text: str, taken: Taken) -> Any:
    if "string" in taken.types:
        is_nested = text.lstrip()[:1] in ("[", "{")
        return _json(text, taken.types - {"string"}, text) if is_nested else text
    missing = object()
    value = _json(text, taken.types, missing)
    if value is not missing:
        return value
    is_one_of_a_list = taken.takes_many and "word" not in taken.types and text.lstrip()[:1] != "["
    return [_item(text, taken.items)] if is_one_of_a_list else text


def _item(text: str, types: frozenset[str]) -> Any:
    return text if "string" in types else _json(text, types, text)


def _json(text: str, types: frozenset[str], otherwise: Any) -> Any:
    """Return the text as it is, for JSON, if it is a value of one of these types."""
    # Python's own spelling, as some of its clients send it
    text = {"True": "true", "False": "false"}.get(text.strip(), text.strip())
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return otherwise
    name = "null" if value is None else _NAMES.get(type(value), "word")
    is_taken = name in types or (name == "integer" and "number" in types)
    return orjson.Fragment(text) if is_taken else otherwise


def _taken(schema: Mapping[str, Any], defined: Mapping[str, Any]) -> Taken:
    types: set[str] = set()
    items: set[str] = set()
    for part in variants(schema, defined):
        types |= _types(part)
        if "array" in _types(part):
            for item in variants(part.get("items", {}), defined):
                items |= _types(item)
    return Taken(frozenset(types), frozenset(items))


def variants(schema: Mapping[str, Any], defined: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the schemas of which one holds, references followed."""
    if "$ref" in schema:
        return variants(defined[schema["$ref"].rpartition("/")[2]], defined)
    for name in ("anyOf", "oneOf", "allOf"):
        if name in schema:
            return [found for part in schema[name] for found in variants(part, defined)]
    return [schema]


def _types(schema: Mapping[str, Any]) -> set[str]:
    choices = schema.get("enum", [schema["const"]] if "const" in schema else None)
    if choices is not None:
        return {"null" if one is None else _NAMES.get(type(one), "word") for one in choices}
    types = schema.get("type", _EVERYTHING)
    return {types} if isinstance(types, str) else set(types)
