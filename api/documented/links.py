"""Where an answer leads, as links of the OpenAPI document: what is known of a job or a picture."""

from typing import Any, TypeAlias

Links: TypeAlias = dict[str, dict[str, Any]]


def _link(operation: str, parameter: str, member: str, description: str) -> dict[str, Any]:
    return {
        "operationId": operation,
        "parameters": {parameter: f"$response.body#/{member}"},
        "description": description,
    }


_JOB: Links = {
    "job": _link("get_job", "job_id", "id", "The job as it is by then."),
    "events": _link("follow_job", "job_id", "id", "Follow it."),
    "cancel": _link("cancel_job", "job_id", "id", "Cancel it."),
    "delete": _link("delete_job", "job_id", "id", "Remove it and its outputs."),
    "outputs": _link("get_outputs", "job_id", "id", "All its files, once it has succeeded."),
    "webhooks": _link("list_webhooks", "job_id", "id", "What became of its webhook."),
}
_JOB["output"] = _link("get_output", "job_id", "id", "Its first file, once it has succeeded.")
_JOB["output"]["parameters"]["number"] = "0"

_ASSET: Links = {
    "picture": _link("get_asset", "sha256", "sha256", "The picture."),
    "metadata": _link("get_asset_metadata", "sha256", "sha256", "What is known of it."),
    "delete": _link("delete_asset", "sha256", "sha256", "Remove it."),
}

LINKS: dict[str, Links] = {
    "JobView": _JOB,
    "ReproducedView": _JOB,
    "AssetView": _ASSET,
    "PageView": {
        "next": {
            "operationId": "list_jobs",
            "parameters": {"cursor": "$response.body#/cursor"},
            "description": "The next page, if `cursor` is not null.",
        }
    },
    "AssetPageView": {
        "next": {
            "operationId": "list_assets",
            "parameters": {"cursor": "$response.body#/cursor"},
            "description": "The next page, if `cursor` is not null.",
        }
    },
}
"""By the schema of the answer."""
