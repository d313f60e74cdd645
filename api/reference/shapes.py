"""Schemas in words: what a value may be, and the members of an object as a table."""

import json
from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

_NOUNS = {"string": "text", "boolean": "true or false", "array": "list", "null": "null"}


def words(schema: Schema) -> str:
    """Return what a value may be, with its bounds and its unit."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(words(one) for one in schema["anyOf"]))
    if "const" in schema:
        return _code(schema["const"])
    if "enum" in schema:
        return ", ".join(_code(each) for each in schema["enum"])
    kind = str(schema.get("type", "anything"))
    if kind in ("integer", "number"):
        return f"{kind}{_range(schema)}{_unit(schema)}"
    if kind == "array":
        return _list(schema)
    if kind == "object":
        return _object(schema)
    return _text(schema) if kind == "string" else _NOUNS.get(kind) or kind


def table(schema: Schema, *, with_defaults: bool) -> Iterator[str]:
    """Yield the lines of a table of an object's members; what is seldom needed comes last."""
    required = schema.get("required", ())
    head = (
        "| field | type | default | meaning |" if with_defaults else "| member | type | meaning |"
    )
    members = schema.get("properties", {}).items()
    for is_seldom in (False, True):
        some = [(n, s) for n, s in members if bool(s.get("x-advanced")) is is_seldom]
        if not some:
            continue
        if is_seldom:
            yield "\nSeldom needed:\n"
        yield head
        yield "|---" * (head.count("|") - 1) + "|"
        for name, member in some:
            cells = [f"`{name}`", words(_said(member) if with_defaults else member)]
            if with_defaults:
                cells.append(_default(member, is_required=name in required))
            yield row(*cells, member.get("description", ""))


def row(*cells: str) -> str:
    """Return a line of a table."""
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _said(schema: Schema) -> Schema:
    """Return the schema of a field without the null that stands for leaving it out."""
    if schema.get("default", "") is not None:
        return schema
    kept = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    return {**schema, "anyOf": kept} if kept else schema


def _default(schema: Schema, *, is_required: bool) -> str:
    if is_required:
        return "**required**"
    default = schema.get("default")
    return "" if default is None else _code(default)


def _code(value: object) -> str:
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, str) and value:
        return f"`{value}`"
    return f"`{json.dumps(value)}`"


def _range(schema: Schema) -> str:
    least, most = schema.get("minimum"), schema.get("maximum")
    over, under = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    low = f"{_number(least)}" if least is not None else ""
    if over is not None:
        low = f"over {_number(over)}"
    high = f"{_number(most)}" if most is not None else ""
    if under is not None:
        high = f"under {_number(under)}"
    if low and high:
        return f", {low} to {high}"
    if low:
        return f", {low} or more" if least is not None else f", {low}"
    return f", up to {high}" if high else ""


def _number(value: float) -> str:
    if value == 2**53 - 1:
        return "2^53 - 1"
    return f"{value:,}" if isinstance(value, int) or not value.is_integer() else f"{int(value):,}"


def _unit(schema: Schema) -> str:
    return f" {schema['x-unit']}" if "x-unit" in schema else ""


def _text(schema: Schema) -> str:
    shape = schema.get("format", "")
    if shape == "image-reference":
        return "picture"
    if shape == "binary":
        return "file"
    if shape == "date-time":
        return "time"
    most = schema.get("maxLength")
    return f"text, up to {most:,} characters" if most else "text"


def _list(schema: Schema) -> str:
    items = words(schema["items"]) if schema.get("items") else "anything"
    least, most = schema.get("minItems", 0), schema.get("maxItems")
    if most is None:
        count = ""
    elif least == most:
        count = f" of {most}"
    else:
        count = f" of {least} to {most:,}" if least else f" of up to {most:,}"
    return f"list{count}: {items}"


def _object(schema: Schema) -> str:
    values = schema.get("additionalProperties")
    if not isinstance(values, dict):
        return "object"
    most = schema.get("maxProperties")
    count = f" of up to {most}" if most else ""
    return f"object{count}: name → {words(values)}"
