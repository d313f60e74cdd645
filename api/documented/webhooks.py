"""Webhooks."""

from typing import Any

from api.answers.schemas import DeliveriesView
from api.documented.examples import MESSAGE as MESSAGE_EXAMPLE
from api.documented.parts import Responses, problems

MESSAGE = """A job has ended, and its submit named a `webhook`.

Signed as the Standard Webhooks specification has it: `webhook-signature` holds, for each secret of
the service, `v1,` and the base64 of HMAC-SHA256 over `<webhook-id>.<webhook-timestamp>.<body>`.
Any 2xx within 15 seconds accepts it; anything else, redirects too, has it tried again, up to ten
times within about three days. 410 ends the attempts, `Retry-After` is heeded. A message may come
twice, under the same `webhook-id`. Addresses are relative to the root of the service."""


def _header(name: str, description: str, example: str) -> dict[str, Any]:
    return {
        "in": "header",
        "name": name,
        "required": True,
        "description": description,
        "schema": {"type": "string"},
        "example": example,
    }


def message() -> dict[str, Any]:
    """Return the operation of a receiver, for the section `webhooks`."""
    schema = {"$ref": "#/components/schemas/MessageView"}
    return {
        "tags": ["Jobs"],
        "operationId": "job_ended",
        "summary": "A job has ended",
        "description": MESSAGE,
        "parameters": [
            _header("webhook-id", "The same in every attempt.", "msg_06f0c4r8v1q2"),
            _header("webhook-timestamp", "Seconds since 1970, of this attempt.", "1793456789"),
            _header("webhook-signature", "One per secret, blanks between.", "v1,K5oZfzN95Z9U="),
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema, "example": MESSAGE_EXAMPLE}},
        },
        "responses": {"2XX": {"description": "Accepted"}, "410": {"description": "No more of it"}},
        "security": [],
    }


def log_responses() -> Responses:
    """Answers to asking what became of a webhook."""
    ok = {"description": "The webhooks about the job", "model": DeliveriesView}
    return {200: ok, **problems("unknown_job", "gone", "store_unavailable")}


def redeliver_responses() -> Responses:
    """Answers to asking for a webhook once more."""
    ok = {"description": "It is due", "model": DeliveriesView}
    return {202: ok, **problems("unknown_job", "no_webhook", "gone", "store_unavailable")}
