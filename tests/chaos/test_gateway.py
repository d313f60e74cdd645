"""The gateway killed while callers wait for a job and read its events."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from httpx2 import HTTPError

from genart_core.jobs.record import JobId
from tests.api.sse import following
from tests.chaos.conftest import Scale
from tests.chaos.ledger import Row
from tests.chaos.verdict import judge
from tests.support.arts import executions, verse
from tests.support.caller import Caller
from tests.support.requests import request_of
from tests.support.table import Table
from tests.support.up import GenartUp
from tests.support.waiting import wait_for


def test_callers_go_on_where_they_were_when_the_gateway_was_killed(
    up: GenartUp, scale: Scale, record: Callable[[Row], Row], tmp_path: Path
) -> None:
    row = record(Row("gateway killed", "kill -9 while callers wait and read", "it answers again"))
    journal = tmp_path / "journal"
    caller = Caller(up.url)

    with up.client() as redis, caller.http:
        table = Table(redis)
        for turn in range(scale.rounds):
            up.wait_until_whole()
            name = f"job{turn}"
            request = {"steps": 80, "ms": 20, "seed": turn, "name": name, "journal": str(journal)}
            url = caller.post("steps", key=f"{tmp_path} {name}", **request)
            job_id = JobId(url.rpartition("/")[2])
            job, text, seconds = struck_while_read(up, table, caller, url)

            row.recovery.append(seconds)
            judge(row, table, [job_id], home=up.home, redis_data=up.home / "redis")
            whole = verse(request_of(table, job_id))
            assert (job, executions(journal).count(name)) == ("succeeded", 1)
            assert whole.startswith(text)
            assert len(text) > len(whole) / 2
            assert caller.get(f"{url}/outputs/0").text == whole

    assert (row.lost, row.twice) == (0, 0)


def struck_while_read(
    up: GenartUp, table: Table, caller: Caller, url: str
) -> tuple[str, str, float]:
    """Kill the gateway; return how the job ended for one who waited, the text for one who read."""
    with ThreadPoolExecutor(2) as callers:
        waiting = callers.submit(caller.wait_for_end, url)
        reading = callers.submit(text_of_events, caller, url)
        job_id = JobId(url.rpartition("/")[2])
        wait_for(lambda: table.job(job_id).step > 5, 10, "it is under way")

        up.kill("gateway")
        struck = time.monotonic()
        caller.get("/livez")
        seconds = time.monotonic() - struck
        return waiting.result(30)["status"], reading.result(30), seconds


def text_of_events(caller: Caller, url: str) -> str:
    """Read a job's events to the last, coming back with the last id seen whenever cut off."""
    text, last = "", None
    while True:
        try:
            with following(caller.http, url, last=last) as reader:
                for event in reader:
                    last = event.id or last
                    if event.name == "snapshot" and event.data["partial"]:
                        text = "".join(event.data["partial"])
                    if event.name == "token":
                        assert event.data["offset"] == len(text)
                        text += event.data["text"]
                    if event.name == "done":
                        return text
        except HTTPError:
            caller.get("/livez")
