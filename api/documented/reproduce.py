"""Making something again."""

from typing import Any

from pydantic import Field

from api.answers.representation import JobView
from api.documented.assets import CREATE_EXTRA
from api.documented.examples import WAITING
from api.documented.parts import Responses, problems
from api.documented.submit import ADMISSION, submit_headers, submit_parameters
from api.submitting.reproduction import ReproduceRequest, WarningView


class ReproducedView(JobView):
    """The new job, and what has changed since the old one."""

    warnings: list[WarningView] = Field(description="Why it may differ; empty: nothing changed.")


def responses() -> Responses:
    """Answers to making something again."""
    headers = submit_headers()
    return {
        200: {"description": "Ended in time", "model": ReproducedView, "headers": headers},
        202: {"description": "Accepted", "model": ReproducedView, "headers": headers},
        **problems(
            *("body_too_large", "image_too_large"),
            *("unsupported_media_type", "invalid_json", "invalid_form", "invalid_image"),
            *("not_reproducible", "invalid_request", "unknown_input", "unknown_asset"),
            *("unknown_model", "model_not_pulled", "too_large", "idempotency_conflict"),
            *("invalid_parameter", "webhooks_off", "gone", "invalid_header", "draining"),
            *("files_unavailable", "store_unavailable", *ADMISSION),
        ),
    }


_BODY = {
    **CREATE_EXTRA["requestBody"]["content"],
    "application/json": {
        "schema": {"$ref": f"#/components/schemas/{ReproduceRequest.__name__}"},
        "example": {"job": WAITING["id"]},
    },
}
BODY_EXTRA: dict[str, Any] = {
    "requestBody": {"required": True, "content": _BODY},
    "parameters": submit_parameters(),
}
