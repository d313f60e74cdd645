import json
from typing import Any

import pytest
from httpx2 import Client
from pydantic import BaseModel

from api import openapi
from api.answers import representation, schemas
from api.documented import reproduce as documented_reproduce
from api.documented.examples import EXAMPLES, MESSAGE
from api.documented.illustrate import operations as answered
from api.http.errors import PROBLEMS
from genart_core.catalogue import KINDS
from tests.support.arts import PicturedRequest

DOCUMENT: dict[str, Any] = json.loads(openapi.export())


def references(part: Any) -> set[str]:
    if isinstance(part, dict):
        own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
        return own.union(*map(references, part.values()))
    if isinstance(part, list):
        return set().union(*map(references, part)) if part else set()
    return set()


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
    ]


def test_written_document_is_current() -> None:
    assert openapi.FILE.read_text(encoding="utf-8") == openapi.export()


def test_service_shows_the_written_document(http: Client) -> None:
    served = http.get("/openapi.json").json()

    assert served["openapi"].startswith("3.1")
    assert served["paths"].keys() == DOCUMENT["paths"].keys()


def test_every_reference_leads_somewhere() -> None:
    for reference in references(DOCUMENT):
        _, components, section, name = reference.split("/")
        assert name in DOCUMENT[components][section]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_has_its_route_with_all_its_fields(kind: Any) -> None:
    operation = DOCUMENT["paths"][f"/v1/{kind.name}"]["post"]
    content = operation["requestBody"]["content"]["application/json"]
    schema = DOCUMENT["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]

    assert schema["properties"].keys() == kind.request.model_fields.keys()
    assert schema["additionalProperties"] is False
    for name, field in schema["properties"].items():
        assert field["description"], name
        assert field["title"], name
        assert "default" in field or name in schema.get("required", ()), name
    for example in content["examples"].values():
        kind.request.model_validate_json(json.dumps(example["value"]))


def test_bounds_stand_in_the_document() -> None:
    fields = DOCUMENT["components"]["schemas"]["TextRequest"]["properties"]

    assert (fields["length"]["minimum"], fields["length"]["maximum"]) == (1, 100_000)
    assert fields["strategy"]["enum"] == ["sample", "greedy", "uniform"]
    assert fields["temperature"]["default"] == 0.5


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_answer_is_shown_as_it_is(name: str) -> None:
    modules = (schemas, representation, documented_reproduce)
    shape = next(getattr(module, name) for module in modules if hasattr(module, name))
    assert issubclass(shape, BaseModel)

    for example in EXAMPLES[name].values():
        shape.model_validate_json(json.dumps(example.value))


def test_webhook_is_shown_as_it_is() -> None:
    schemas.MessageView.model_validate_json(json.dumps(MESSAGE))


def test_every_link_leads_to_an_operation_with_its_parameters() -> None:
    known = {
        operation["operationId"]: {each["name"] for each in operation.get("parameters", ())}
        for operation in answered(DOCUMENT)
    }
    links = [
        link
        for operation in answered(DOCUMENT)
        for answer in operation["responses"].values()
        for link in answer.get("links", {}).values()
    ]

    assert len(links) > 50
    for link in links:
        assert link["parameters"].keys() <= known[link["operationId"]]


def test_every_answer_carries_the_request_id(http: Client) -> None:
    for operation in answered(DOCUMENT):
        assert all(
            "X-Request-Id" in answer["headers"] for answer in operation["responses"].values()
        )
    assert http.get("/livez").headers["x-request-id"]


def test_bounds_of_what_may_be_one_or_several_stand_in_the_document() -> None:
    shapes = DOCUMENT["components"]["schemas"]
    stop = shapes["TextRequest"]["properties"]["stop"]["anyOf"][1]
    form = shapes["StyleForm"]["properties"]["style"]

    assert stop["maxItems"] == 8
    assert (form["minItems"], form["maxItems"]) == (1, 8)
    assert shapes["DreamRequest"]["properties"]["target_class"]["anyOf"][0]["minimum"] == 0


def test_parameters_of_an_address_are_never_null() -> None:
    for operation in answered(DOCUMENT):
        for parameter in operation.get("parameters", ()):
            assert {"type": "null"} not in parameter["schema"].get("anyOf", ())


def test_every_operation_is_described() -> None:
    for path, method, operation in operations():
        assert operation["summary"], path
        assert operation["description"], path
        assert operation["operationId"].isidentifier(), path
        assert operation["tags"], path
        assert "default" in operation["responses"], (path, method)


def test_operation_ids_are_unique() -> None:
    ids = [operation["operationId"] for _, _, operation in operations()]

    assert len(ids) == len(set(ids))


def test_every_error_is_a_problem() -> None:
    for path, _, operation in operations():
        for status, answer in operation["responses"].items():
            if status == "default" or int(status) >= 400:
                assert list(answer["content"]) == ["application/problem+json"], (path, status)
    assert "HTTPValidationError" not in DOCUMENT["components"]["schemas"]


def test_problem_codes_and_titles_are_told_apart() -> None:
    assert len({kind.title for kind in PROBLEMS.values()}) == len(PROBLEMS)
    assert all(code.isidentifier() and code.islower() for code in PROBLEMS)


def test_kind_with_pictures_takes_a_form_beside_json(caller: Client) -> None:
    document = caller.get("/openapi.json").json()
    body = document["paths"]["/v1/pictured"]["post"]["requestBody"]["content"]
    shape = document["components"]["schemas"]["PicturedForm"]
    form = shape["properties"]

    assert form.keys() == PicturedRequest.model_fields.keys()
    assert form["image"]["format"] == "binary"
    assert form["style"]["items"]["format"] == "binary"
    assert (
        form["steps"] == document["components"]["schemas"]["PicturedRequest"]["properties"]["steps"]
    )
    assert body["multipart/form-data"]["schema"] == {"$ref": "#/components/schemas/PicturedForm"}
    assert shape["required"] == ["image"]
    for example in body["application/json"]["examples"].values():
        PicturedRequest.model_validate_json(json.dumps(example["value"]))
    assert list(document["paths"]["/v1/text"]["post"]["requestBody"]["content"]) == [
        "application/json"
    ]


def test_problems_of_pictures_stand_where_they_can_happen(caller: Client) -> None:
    paths = caller.get("/openapi.json").json()["paths"]

    def told(kind: str) -> str:
        return json.dumps(paths[f"/v1/{kind}"]["post"]["responses"])

    for code in ("image_too_large", "invalid_form", "invalid_image", "unknown_asset"):
        assert code in told("pictured")
        assert code not in told("text")
    assert "`too_large`" in told("checked")
    assert "`too_large`" in told("text")


def test_document_is_written_once_and_known_by_its_etag(caller: Client) -> None:
    first, again = (caller.get("/openapi.json") for _ in range(2))
    known = caller.get("/openapi.json", headers={"If-None-Match": first.headers["etag"]})

    assert first.headers["content-type"] == "application/json"
    assert first.headers["etag"] == again.headers["etag"]
    assert (known.status_code, known.content) == (304, b"")
    assert caller.head("/openapi.json").status_code == 200
    assert caller.post("/openapi.json").status_code == 405
