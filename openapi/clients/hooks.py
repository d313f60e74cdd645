"""What schemathesis has to know of the service beyond its document."""

import re
from typing import Any

import schemathesis

# Refusals that no schema can foresee: they depend on what is stored, set up or inside a picture.
_MEANINGS = {
    *("idempotency_conflict", "invalid_image", "not_reproducible", "unknown_asset"),
    *("unknown_input", "unknown_model", "too_large", "url_not_allowed", "webhooks_off"),
}
# Of an address' parameters: what two of them mean together, and what whoever runs it allows.
_TOGETHER = re.compile(
    "There is no `webhook` that could be told|No job lives longer than"
    "|It can't be more than `finish_within`"
)


@schemathesis.hook
def before_call(ctx: Any, case: Any, kwargs: Any) -> None:
    """Leave out what would have most of the good requests refused before anything is made.

    No model has a generated name, and webhooks are off here.
    """
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if isinstance(case.body, dict) and case.media_type == "application/json":
        case.body.pop("model", None)
    for name in ("webhook", "webhook_events"):
        (case.query or {}).pop(name, None)


@schemathesis.check
def refused_for_its_meaning(ctx: Any, response: Any, case: Any) -> None:
    """A request that follows the document is never refused for its form.

    A complaint about one value ends in what came; one about what values mean together, or to the
    model that they name, does not.
    """
    if (
        response.status_code != 422
        or case.meta is None
        or not case.meta.generation.mode.is_positive
    ):
        return
    problem = response.json()
    if problem["code"] in _MEANINGS:
        return
    details = [complaint["detail"] for complaint in problem["errors"]]
    if problem["code"] == "invalid_request":
        assert not any("; got " in detail for detail in details), problem["detail"]
        return
    assert problem["code"] == "invalid_parameter", problem["code"]
    assert all(_TOGETHER.search(detail) for detail in details), problem["detail"]
