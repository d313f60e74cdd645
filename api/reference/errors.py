"""The page of errors: every stable code, when it occurs and what to do about it."""

from collections.abc import Iterator

from api.http.errors import PROBLEMS
from api.http.remedies import REMEDIES
from api.reference.shapes import row
from genart_core.failures import FAILURES

_HEAD = """# Errors

<!-- Generated from `api.http` (`errors`, `remedies`) and `genart_core.failures` by `make docs`. -->

Two things can go wrong: a **request** is answered with a problem, or a **job** that was accepted
ends without outputs. Both have a `code`. Codes are stable: branch on them, show `detail` to people.
A code that you don't know is to be treated as its HTTP status is.

## Problems

Every error is `application/problem+json` (RFC 9457), whatever the route:

```json
{
  "type": "/problems/unknown_model",
  "title": "Unknown model",
  "status": 422,
  "detail": "There is no model \\"nitzsche\\"; known: nietzsche, shakespeare, tales",
  "instance": "/v1/text",
  "code": "unknown_model",
  "request_id": "5c1e9f0a7b3d2468",
  "known": ["nietzsche", "shakespeare", "tales"]
}
```

`type` leads to a page of the running service that says what is said here. `errors` lists, where a
caller can mend the request, at most 20 things: where each is (`pointer` into the body, `parameter`
of the address, or `header`), its `detail`, what came (`got`) and what is `allowed`. `request_id` is
in the logs and in the header `X-Request-Id`. 429 means that **your** limit is met, 503 that **the
service** can't; both say in `Retry-After` when to come back.
"""

_JOBS = """
## Failed jobs

A job that has `failed` or `expired`, or was `canceled` at work, has an `error` with a `code`, a
`detail` and `retryable`: whether the same request could succeed another time.
"""


def render() -> str:
    """Return the page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield _HEAD
    yield "| status | code | title |\n|---|---|---|"
    in_order = sorted(PROBLEMS.items(), key=lambda each: each[1].status)
    for code, kind in in_order:
        yield row(str(kind.status), f"[`{code}`](#{code})", kind.title)
    for code, kind in in_order:
        yield f"\n### {code}\n\n**{kind.status} {kind.title}.** {kind.meaning}\n"
        yield f"*What to do:* {REMEDIES[code]}"
    yield _JOBS
    yield "| code | when it occurs | what to do |\n|---|---|---|"
    for code, failure in FAILURES.items():
        yield row(f"`{code}`", failure.meaning, failure.remedy)
