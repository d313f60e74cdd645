"""What the OpenAPI document says of making something again, beyond the types."""

from typing import Any

from pydantic import BaseModel, Field

from api.documented import ADMISSION, Responses, problems, submit_headers, submit_parameters
from api.documented_assets import CREATE_EXTRA
from api.representation import JobView
from api.reproduction import WarningView


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
            *("forbidden_host", "forbidden_origin", "body_too_large", "image_too_large"),
            *("unsupported_media_type", "invalid_json", "invalid_form", "invalid_image"),
            *("not_reproducible", "invalid_request", "unknown_input", "unknown_asset"),
            *("unknown_model", "model_not_pulled", "too_large", "idempotency_conflict"),
            *("invalid_parameter", "gone", "invalid_header", "draining"),
            *("files_unavailable", "store_unavailable", *ADMISSION),
        ),
    }


def body_extra(body: type[BaseModel]) -> dict[str, Any]:
    """Body, parameters and headers of making something again."""
    content = dict(CREATE_EXTRA["requestBody"]["content"])
    content["application/json"] = {"schema": body.model_json_schema()}
    return {
        "requestBody": {"required": True, "content": content},
        "parameters": submit_parameters(),
    }
