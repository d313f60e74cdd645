"""A curl line for each operation, from the examples of the document."""

import json
import shlex
from typing import Any

from api.reference.shapes import Schema

ROOT = "http://127.0.0.1:8000"
_IN_PATH = {
    "job_id": "$JOB",
    "sha256": "$SHA256",
    "number": "0",
    "name": "nietzsche",
    "code": "gone",
}


def curl(method: str, path: str, operation: Schema, document: Schema) -> str:
    """Return a line to paste; `$JOB` and `$SHA256` stand for what earlier answers gave."""
    for name, value in _IN_PATH.items():
        path = path.replace("{" + name + "}", value)
    options = {"get": "", "post": "-X POST", "delete": "-X DELETE"}[method]
    body = operation.get("requestBody", {}).get("content")
    if body:
        options = _body(body, document)
    elif path.endswith("/events"):
        options = "-N"
    elif path.endswith(("/outputs.zip", "/metadata")):
        options = "-OJ" if path.endswith(".zip") else ""
    return " ".join(part for part in ("curl -s", options, f"{ROOT}{path}") if part)


def _body(content: Schema, document: Schema) -> str:
    plain: Schema = content.get("application/json", {})
    form = content.get("multipart/form-data")
    if form is not None:
        files = _files(form, document)
        if files or not plain:
            return " ".join(files)
    return f"--json {shlex.quote(json.dumps(_example(plain), ensure_ascii=False))}"


def _files(form: Schema, document: Schema) -> list[str]:
    schema = document["components"]["schemas"][form["schema"]["$ref"].rpartition("/")[2]]
    wanted = schema.get("required", ()) or ("image",)
    return [f"-F {name}=@{name}.jpg" for name in wanted if name in schema["properties"]]


def _example(body: Schema) -> Any:
    if "example" in body:
        return body["example"]
    return list(body["examples"].values())[-1]["value"]
