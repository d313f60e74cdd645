"""A kind's fields as options: `--octave-scale` for `octave_scale`, made from its request class.

What is given becomes the texts that a form would have under the field's name, which a service and
`--local` then read alike (`api.incoming.form_values`). What is easier to type than JSON is
turned into it: lists may have commas, objects may be `name=value`, and a picture may be a file.
"""

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from inspect import Parameter
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer
from pydantic import BaseModel
from rich.markup import escape

from api.incoming.form_values import Taken, taken_by, value_of, variants
from cli.errors import OptionError
from genart_core.request import image_fields

Given: TypeAlias = dict[str, list[str | Path]]
"""What was given for each field: texts, and files of pictures."""

WIDEST = 20  # characters for a value: with more, a line of 80 cuts the names of options
_REFERENCES = ("asset:", "job:", "data:", "https:")
_NEXT_PAIR = re.compile(r",(?=[^,=\[\]{}]+=)")  # the comma before another `name=`


@dataclass(frozen=True)
class Field:
    """One field of a request, and how it is given."""

    name: str
    taken: Taken
    schema: Mapping[str, Any]
    parts: Sequence[Mapping[str, Any]]  # the schemas of which one holds
    is_required: bool
    is_picture: bool

    @property
    def option(self) -> str:
        """Its option."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def is_flag(self) -> bool:
        """Whether it is switched on or off."""
        return "boolean" in self.taken.types and self.taken.types <= {"boolean", "null"}

    @property
    def may_repeat(self) -> bool:
        """Whether the option may come several times."""
        return self.taken.takes_many or "object" in self.taken.types

    @property
    def choices(self) -> list[str]:
        """The words that it takes, if only some texts are allowed."""
        return [str(word) for part in self.parts for word in _words(part)]

    @property
    def metavar(self) -> str:
        """What stands for a value in the help."""
        if self.is_picture:
            return "FILE"
        types, items = self.taken.types, self.taken.items
        if "object" in types:
            return "NAME[=VALUE],..." if "array" in types else "NAME=VALUE,..."
        if items and "string" not in types:
            return "TEXT,..." if "string" in items else "NUMBER,..."
        plain = types & {"string", "number", "integer"}
        words = [*self.choices, *([_plain(plain)] if plain else [])]
        # The column of values takes its room from that of names, which would then be cut.
        return shown if len(shown := "|".join(words)) <= WIDEST else "WORD"

    @property
    def help(self) -> str:
        """What it means, its bounds and its default."""
        found = (_bounds(part) for part in self.parts)
        # Bounds of numbers where a word will do as well are none of the option's.
        bounds = "" if "string" in self.taken.types else next((text for text in found if text), "")
        words = ", ".join(self.choices) if self.metavar == "WORD" else ""
        facts = "; ".join(text for text in (words, bounds, self._default) if text)
        return escape(str(self.schema.get("description", "")) + (f" ({facts})" if facts else ""))

    def parameter(self, complete: Callable[[str], list[str]] | None = None) -> Parameter:
        """Return it as a parameter that typer makes an option of; `complete` completes a value."""
        is_on = self.is_flag and self.schema.get("default") is True
        name = f"{self.option}/--no-{self.option[2:]}" if is_on else self.option
        if complete is None and self.choices:
            complete = _completer(self.choices)
        option = typer.Option(
            name,
            help=self.help,
            metavar=None if self.is_flag else self.metavar,
            show_default=False,  # one that typer knew would be sent as if it were given
            autocompletion=complete,
        )
        # not its own name, which may be one of Python's or of another option's
        default = Parameter.empty if self.is_required else None
        return Parameter(
            f"field_{self.name}",
            Parameter.KEYWORD_ONLY,
            default=default,
            annotation=Annotated[self._annotation, option],
        )

    @property
    def _annotation(self) -> object:
        if self.is_flag:
            return bool | None
        many = self.may_repeat
        if self.is_required:
            return list[str] if many else str
        return list[str] | None if many else str | None

    @property
    def _default(self) -> str:
        value = self.schema.get("default")
        if value is None or value in ("", [], {}):
            return ""
        if self.is_flag:
            return f"default: {'on' if value else 'off'}"
        shown = ",".join(map(str, value)) if isinstance(value, list) else value
        return f"default: {shown}"

    def read(self, came: object) -> list[str | Path]:
        """Return what typer found as texts and files.

        Raises:
            OptionError: if a picture is neither a file nor a reference.
        """
        if isinstance(came, bool):
            return [json.dumps(came)]
        texts = [came] if isinstance(came, str) else [str(text) for text in _listed(came)]
        if self.is_picture:
            return [self._picture(text) for text in texts]
        return [*self._texts(texts)]

    def _picture(self, text: str) -> str | Path:
        path = Path(text).expanduser()
        if text.startswith(_REFERENCES) and not path.is_file():
            return text
        if not path.is_file():
            raise OptionError(self.option, f"There is no file {text}")
        if not os.access(path, os.R_OK):
            raise OptionError(self.option, f"{text} can't be read")
        return path

    def _texts(self, texts: list[str]) -> list[str]:
        types, first = self.taken.types, texts[0].lstrip()
        if "object" in types and "=" in texts[0] and not first.startswith(("{", "[")):
            return [self._object(texts)]
        if "array" not in types or "string" in types or first.startswith(("[[", "{")):
            return texts
        if "array" in self.taken.items:  # a list of lists, one at a time
            return ["[" + ",".join(t if t.lstrip()[:1] == "[" else f"[{t}]" for t in texts) + "]"]
        if first.startswith("["):
            return texts
        items = [part.strip() for text in texts for part in text.split(",") if part.strip()]
        return items or texts

    def _object(self, texts: list[str]) -> str:
        found: dict[str, Any] = {}
        for pair in (pair for text in texts for pair in _NEXT_PAIR.split(text)):
            name, equals, value = pair.partition("=")
            if not equals or not name.strip():
                raise OptionError(self.option, f"{pair!r} is no name=value")
            found[name.strip()] = _value(value.strip())
        return json.dumps(found, ensure_ascii=False)


@cache
def fields_of(request_class: type[BaseModel]) -> tuple[Field, ...]:
    """Return the fields of a request."""
    schema = request_class.model_json_schema()
    defined, required = schema.get("$defs", {}), schema.get("required", ())
    taken, pictures = taken_by(request_class), image_fields(request_class)
    return tuple(
        Field(name, taken[name], part, variants(part, defined), name in required, name in pictures)
        for name, part in schema["properties"].items()
    )


def read_fields(fields: Sequence[Field], came: Mapping[str, object]) -> Given:
    """Return what was given for each field, by its name; what was left out is not there.

    Raises:
        OptionError: naming the option that can't be read.
    """
    values = {field.name: came.get(f"field_{field.name}") for field in fields}
    return {f.name: f.read(values[f.name]) for f in fields if values[f.name] not in (None, [])}


def body_of(
    fields: Sequence[Field], given: Given, named: Mapping[Path, str] | None = None
) -> dict[str, Any]:
    """Return the JSON object that says the same, for `orjson`; `named` are references of files."""
    taken = {field.name: field.taken for field in fields}
    body = {}
    for name, parts in given.items():
        texts = [(named or {})[part] if isinstance(part, Path) else part for part in parts]
        body[name] = value_of(taken[name], texts)
    return {name: value for name, value in body.items() if value is not None}


def _listed(came: object) -> list[object]:
    return came if isinstance(came, list) else [came]


def _plain(types: frozenset[str]) -> str:
    if "string" in types:
        return "TEXT"
    return "NUMBER" if "number" in types else "INTEGER"


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _words(schema: Mapping[str, Any]) -> list[Any]:
    words: list[Any] = schema.get("enum", [schema["const"]] if "const" in schema else [])
    return [word for word in words if isinstance(word, str)]


def _bounds(schema: Mapping[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    parts = [
        f"at least {low:g}" if low is not None else f"above {above:g}" if above is not None else "",
        f"at most {high:.16g}" if high is not None else f"below {below:g}" if below else "",
    ]
    return ", ".join(part for part in parts if part)


def _completer(words: Sequence[str]) -> Callable[[str], list[str]]:
    def complete(incomplete: str) -> list[str]:
        return [word for word in words if word.startswith(incomplete)]

    return complete
