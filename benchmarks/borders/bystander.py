"""A caller who does nothing wrong meanwhile: `python -m benchmarks.borders.bystander PORT JOB`.

It submits a small job, reads one that has ended, and fetches its output, in turns, each over a
connection of its own, until its standard input ends; then it prints how long each answer took.
"""

import contextlib
import json
import select
import sys
import time
from http.client import HTTPConnection, HTTPException

_PAUSE_SECONDS = 0.05
_BODY = json.dumps({"length": 1})
_JSON = {"content-type": "application/json"}


def main() -> None:
    """Call until told to stop."""
    port, job = int(sys.argv[1]), sys.argv[2]
    print("ready", flush=True)
    took, wrong, turn = [], [], 0
    while not select.select([sys.stdin], [], [], _PAUSE_SECONDS)[0]:
        began = time.perf_counter()
        status = _call(port, job, turn % 3)
        took.append(time.perf_counter() - began)
        if status not in (200, 202):
            wrong.append(status)
        turn += 1
    print(json.dumps({"took": took, "wrong": wrong}), flush=True)


def _call(port: int, job: str, turn: int) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    with contextlib.closing(connection):
        try:
            if turn == 0:
                connection.request("POST", "/v1/text", _BODY, _JSON)
            else:
                connection.request("GET", f"/v1/jobs/{job}" + ("/outputs/0" if turn == 1 else ""))
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, HTTPException):
            return 0


if __name__ == "__main__":
    main()
