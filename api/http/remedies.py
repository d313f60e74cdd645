"""What a caller, or whoever runs the service, can do about each problem of `api.http.errors`."""

_AGAIN = "Wait as long as `Retry-After` says, then send it again."
_MEND = "Mend what `errors` lists: each item says where, what came and what is allowed."

REMEDIES = {
    "bad_request": "Send it anew; if it stays so, look at what your HTTP library writes.",
    "malformed_http": "Speak HTTP/1.1 to this port, without TLS, with one `Host`.",
    "key_required": "Send `Authorization: Bearer genart_…` with a key of `genart keys create`.",
    "invalid_key": "Look for blanks and lost characters; else make another: `genart keys create`.",
    "forbidden_host": "Call it by `localhost` or `127.0.0.1`, or list the name in "
    "`GENART_ALLOWED_HOSTS`.",
    "forbidden_origin": "Call it from a program, not from another site's page; or with a key.",
    "not_found": "Compare the address with those in `/openapi.json`.",
    "unknown_job": "Compare the id with what the submit answered, and the key with the submit's.",
    "unknown_output": "Count the job's `outputs`; the first is number 0.",
    "unknown_preview": "Take the address from a `preview` event, while the job runs.",
    "no_such_asset": "Send the picture again: `POST /v1/assets`.",
    "no_such_model": "Take a name from `known` or from `GET /v1/models`.",
    "method_not_allowed": "Use a method that the header `Allow` lists.",
    "request_timeout": "Send the whole head of the request at once.",
    "job_not_finished": "Wait for its end: `GET /v1/jobs/{id}` with `Prefer: wait=30`.",
    "no_outputs": "Look at the job's `status` and `error`; submit it again if that helps.",
    "no_webhook": "Name a `webhook` at the submit; wait until the job has ended.",
    "gone": "Submit it again. `GENART_RETENTION_SECONDS` and `GENART_ASSET_SECONDS` set how long "
    "things are kept.",
    "body_too_large": "Send less, or pictures as files or by `POST /v1/assets`. "
    "`GENART_MAX_BODY_BYTES` bounds it.",
    "image_too_large": "Send a smaller file; `GENART_MAX_IMAGE_BYTES` bounds it.",
    "unsupported_media_type": "Set `Content-Type`; the detail shows a curl line that works.",
    "range_not_satisfiable": "Ask for a range within the length that `Content-Range` gives.",
    "invalid_json": "Send one JSON object in UTF-8, at least `{}`.",
    "invalid_form": "Let a library write the form, boundary and all.",
    "invalid_image": "Send PNG, JPEG, WebP, GIF, BMP or TIFF within `GENART_MAX_PIXELS`.",
    "unknown_asset": "Send the picture again: `POST /v1/assets`; name what that answers.",
    "url_not_allowed": "Send the file itself, or have whoever runs it set `GENART_FETCH_URLS`.",
    "url_not_fetched": "Try the address elsewhere: it has to answer 200 with a picture, from a "
    "public address, without a redirect, in time.",
    "webhooks_off": "Poll or follow the job, or have `GENART_WEBHOOK_SECRETS` set.",
    "unknown_input": "Name an output of a job of yours that has succeeded and is still kept.",
    "not_reproducible": "Take the file as it was fetched; editors remove what it says.",
    "too_large": "Ask for less, as the detail says; or run a worker with more memory.",
    "invalid_request": _MEND,
    "invalid_parameter": _MEND,
    "invalid_header": _MEND,
    "unknown_model": "Take a name from `known`, or from `GET /v1/models`.",
    "model_not_pulled": "Run the command in the detail where the service runs.",
    "idempotency_conflict": "Use a new key for a new request, the same bytes for the same one.",
    "quota_exceeded": "Wait for your jobs to end, or cancel some; `RateLimit` says what is left.",
    "rate_exceeded": f"{_AGAIN} `RateLimit` says what is left of the minute.",
    "queue_bytes_exceeded": "Wait for your jobs to end; name pictures that you have sent before.",
    "asset_bytes_exceeded": "Remove pictures that you need no more: `DELETE /v1/assets/{sha256}`.",
    "webhooks_exceeded": "Mend the receiver, so that what waits is delivered; or submit without "
    "`webhook`.",
    "head_too_large": "Send fewer and shorter headers, and what is long in the body.",
    "internal": "Send it again; if it stays so, the log has the cause under `request_id`.",
    "queue_full": _AGAIN,
    "webhooks_full": f"{_AGAIN} Or submit without `webhook`, and follow the job.",
    "draining": f"{_AGAIN} Another gateway, or the next, will answer.",
    "store_unavailable": f"{_AGAIN} Whoever runs it: `genart doctor` says whether Redis answers.",
    "files_unavailable": f"{_AGAIN} Whoever runs it: is the disk full, or the store away?",
}
