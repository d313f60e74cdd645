"""The doorbell: a Celery message that tells a worker to look at the job table.

The message is written by the Lua transitions themselves, in the same atomic step as the record, so
it can't be lost between the two and the gateway needs no Celery. It is in Celery's protocol 2 as
kombu writes it to Redis; a contract test holds it against `app.send_task`.
"""

import base64
import json
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from genart_core.jobs.keys import DOORBELL

TASK = "genart.look"
VISIBILITY_TIMEOUT_SECONDS = 6 * 3600

_TAG = "@tag@"


def doorbell(tag: str) -> dict[str, Any]:
    """Return the whole message; `tag` makes it unique."""
    body = json.dumps([[], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}])
    return {
        "body": base64.b64encode(body.encode()).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {
            "lang": "py",
            "task": TASK,
            "id": tag,
            "shadow": None,
            "eta": None,
            "expires": None,
            "group": None,
            "group_index": None,
            "retries": 0,
            "timelimit": [None, None],
            "root_id": tag,
            "parent_id": None,
            "argsrepr": "()",
            "kwargsrepr": "{}",
            "ignore_result": None,
            "replaced_task_nesting": 0,
            "stamped_headers": None,
            "stamps": {},
        },
        "properties": {
            "correlation_id": tag,
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": DOORBELL},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": tag,
        },
    }


@cache
def doorbell_pieces() -> tuple[str, str]:
    """Return the message as the Lua transitions want it: before and after its unique tag.

    The tag occurs thrice; all but the delivery tag, which alone must be unique, are left fixed.
    """
    message = doorbell("look")
    message["properties"]["delivery_tag"] = _TAG
    before, _, after = json.dumps(message).partition(_TAG)
    return before, after


def celery_settings(redis_url: str) -> dict[str, Any]:
    """Return the Celery configuration; a Celery message carries no state that matters.

    Recovery is the lease's work, so that a doorbell may get lost: the worker consumes without
    acknowledgement (`worker.tasks`), and one that is busy doesn't listen, so that an idle one
    hears. The late ack stays, as it is what wakes Celery's loop when a task is through. No events,
    no remote control: Redis stays quiet.
    """
    transport = {
        "visibility_timeout": VISIBILITY_TIMEOUT_SECONDS,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
        "retry_on_timeout": True,
    }
    return {
        "broker_url": _broker_url(redis_url),
        "broker_transport_options": transport,
        "visibility_timeout": VISIBILITY_TIMEOUT_SECONDS,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "result_backend": None,
        "result_backend_transport_options": {"visibility_timeout": VISIBILITY_TIMEOUT_SECONDS},
        "task_ignore_result": True,
        "task_default_queue": DOORBELL,
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_acks_late": True,
        "worker_prefetch_multiplier": 1,
        "worker_disable_prefetch": True,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_enable_remote_control": False,
        "worker_send_task_events": False,
        "worker_hijack_root_logger": False,
    }


def _broker_url(redis_url: str) -> str:
    """Say the same as kombu says it: other schemes, and no `db` among the options."""
    parts = urlsplit(redis_url)
    scheme, path, options = parts.scheme, parts.path, dict(parse_qsl(parts.query))
    database = options.pop("db", "")
    if scheme == "unix":
        scheme = "redis+socket"
        if database:
            options["virtual_host"] = database
    elif database:
        path = f"/{database}"
    return f"{scheme}://{parts.netloc}{path}" + (f"?{urlencode(options)}" if options else "")
