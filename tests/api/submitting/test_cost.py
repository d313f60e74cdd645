"""What is refused at submit since it would cost too much, for every kind that there is."""

import base64
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Client, Response

from api.submitting.cost import affordable
from genart_core.catalogue import KINDS, Kind, find_kind
from genart_core.errors import RefusedError
from genart_core.jobs import upkeep
from genart_core.jobs.store import run as send
from genart_core.jobs.upkeep import Pace
from genart_core.request import image_fields
from genart_core.weights import find_model, read_card
from tests.support.gateway import RunningGateway, running_gateway
from tests.support.pictures import saved, scene
from tests.support.valkey import Valkey
from tests.support.waiting import wait_for
from tests.support.workers import WorkerProcess

NAMES = [kind.name for kind in KINDS]
PICTURE = "data:image/png;base64," + base64.b64encode(saved(scene(), "PNG")).decode()
MORE: dict[str, dict[str, Any]] = {
    "vae-sample": {"mode": "walk"},
    "gan-sample": {"mode": "walk"},
    "dream": {"octaves": 1},
}
RUNS = 3


def body_of(kind: Kind, side: str) -> dict[str, Any]:
    """Return a request with every lever at its lowest (`ge`) or highest (`le`)."""
    fields = kind.request.model_fields
    pictures: dict[str, Any] = {
        name: [PICTURE] if is_list else PICTURE
        for name, is_list in image_fields(kind.request).items()
        if fields[name].is_required()
    }
    levers = {
        lever: next(getattr(rule, side) for rule in fields[lever].metadata if hasattr(rule, side))
        for lever in kind.levers
    }
    return {**pictures, **MORE.get(kind.name, {}), **levers}


def cost_of(kind: Kind, body: dict[str, Any]) -> float:
    return kind.cost(kind.request.model_validate(body))


class Studio:
    """A Valkey and a folder in which a real worker has made some jobs of every kind, and left."""

    def __init__(self, valkey: Valkey, home: Path) -> None:
        self.valkey = valkey
        self.home = home

    def paces(self) -> dict[str, Pace]:
        with self.valkey.client() as redis:
            return send(redis, upkeep.paces(NAMES))

    def announce(self) -> None:
        """For ten seconds, let there be a worker of each kind that hasn't enough memory."""
        with self.valkey.client() as redis:
            for name in NAMES:
                memory = _too_little(find_kind(name), self.home)
                facts = {"kinds": [name], "free_memory": memory, "available": {}}
                send(redis, upkeep.announce(name, facts))

    def dismiss(self) -> None:
        with self.valkey.client() as redis:
            for name in NAMES:
                send(redis, upkeep.depart(name))


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    with tempfile.TemporaryDirectory(prefix="genart-") as folder:
        home = Path(folder) / "home"
        valkey = Valkey(Path(folder))
        valkey.start()
        worker = WorkerProcess(home, valkey.url, kinds=",".join(NAMES), extra_arts="")
        try:
            with running_gateway(valkey.url, home) as gateway:
                worker.wait_until_ready()
                _make_some(gateway)
                worker.signal(signal.SIGTERM)
                worker.wait(20)
            yield Studio(valkey, home)
        finally:
            worker.kill()
            valkey.stop()


def _make_some(gateway: RunningGateway) -> None:
    headers = {"prefer": "wait=60", "cache-control": "no-cache"}
    with Client(base_url=gateway.url, timeout=70) as http:
        for kind in KINDS:
            for _ in range(RUNS):
                answer = http.post(f"/v1/{kind.name}", json=body_of(kind, "ge"), headers=headers)
                assert answer.json()["status"] == "succeeded", answer.text


def post(http: Client, kind: Kind, body: dict[str, Any]) -> Response:
    """Post, and take back what was accepted: nobody makes it."""
    answer = http.post(f"/v1/{kind.name}", json=body)
    if answer.status_code == 202:
        http.post(answer.json()["urls"]["cancel"])
    return answer


def fits_of(answer: Response) -> dict[str, int]:
    """Return what a refusal says would fit."""
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "too_large"), problem
    fits: dict[str, int] = problem["errors"][0]["fits"]
    assert all(f"{field} {value}" in problem["detail"] for field, value in fits.items())
    return fits


def follow_advice(http: Client, kind: Kind) -> None:
    """Lower the dearest request as it is told, and see that the advice is as high as it can be."""
    body = body_of(kind, "le")
    told: dict[str, int] = {}
    while (answer := post(http, kind, body)).status_code != 202:
        told = fits_of(answer)
        assert told
        assert all(value < body[field] for field, value in told.items())
        body |= told

    *_, last = told
    assert fits_of(post(http, kind, body | {last: body[last] + 1}))
    assert post(http, kind, body).status_code == 202


@pytest.mark.parametrize("name", NAMES)
def test_job_that_takes_too_long_is_refused_with_what_would_fit(studio: Studio, name: str) -> None:
    kind, pace = find_kind(name), studio.paces()[name]
    cheapest, dearest = (cost_of(kind, body_of(kind, side)) for side in ("ge", "le"))
    cost = min((cheapest * dearest) ** 0.5, 500 * pace.most)
    seconds = (pace.base_ms + pace.unit_ms * cost) * pace.soonest / 1000

    with (
        running_gateway(studio.valkey.url, studio.home, max_job_seconds=seconds) as gateway,
        Client(base_url=gateway.url, timeout=20) as http,
    ):
        wait_for(lambda: gateway.parts.overview.paces, 30, "the gateway has read the paces")
        follow_advice(http, kind)
        assert post(http, kind, body_of(kind, "ge")).status_code == 202


def test_deadline_bounds_what_a_job_may_take(studio: Studio) -> None:
    kind = find_kind("text")
    with studio.valkey.client() as redis:  # a millisecond per step, and never less
        pace = {"run": "0 1 1 1 1 1 1", "run low": 1, "run high": 1, "most": 1000}
        redis.hset("genart:pace:text", mapping=pace)
        redis.delete("genart:pace:*")

    with (
        running_gateway(studio.valkey.url, studio.home) as gateway,
        Client(base_url=gateway.url, timeout=20) as http,
    ):
        wait_for(lambda: gateway.parts.overview.paces, 30, "the gateway has read the paces")
        path, body = "/v1/text", body_of(kind, "le")
        assert http.post(path, json=body).status_code == 202
        answer = http.post(f"{path}?finish_within=1", json=body)
        assert fits_of(answer)
        batch = {"jobs": [{"kind": "text", "request": body, "finish_within": 1}]}
        (one,) = http.post("/v1/batch", json=batch).json()["results"]
        assert (one["status"], one["problem"]["code"]) == (422, "too_large")


@pytest.fixture(scope="module")
def narrow(studio: Studio) -> Iterator[Client]:
    """A client of a gateway that knows for each kind a worker that hasn't enough memory."""
    studio.announce()
    with (
        running_gateway(studio.valkey.url, studio.home, job_deadline_seconds=0) as gateway,
        Client(base_url=gateway.url, timeout=20) as http,
    ):
        wait_for(lambda: gateway.parts.overview.survey, 30, "the gateway knows the workers")
        yield http
    studio.dismiss()


def _too_little(kind: Kind, home: Path) -> int:
    """Return an amount of memory in which some requests fit, but not the dearest."""
    request = kind.request.model_validate(body_of(kind, "le"))
    card = read_card(find_model(kind.models, request.model, home).path)
    for exponent in range(120, 30, -1):
        memory = round(10 ** (exponent / 10))
        try:
            kind.check(request, card, memory)
        except RefusedError as error:
            if memory < 10**9 and error.fits:
                return memory
    raise AssertionError(f"{kind.name} fits in any memory")


@pytest.mark.parametrize("name", NAMES)
def test_what_fits_in_no_memory_is_refused_with_what_would_fit(
    studio: Studio, narrow: Client, name: str
) -> None:
    studio.announce()
    follow_advice(narrow, find_kind(name))


def test_far_beyond_what_was_measured_nothing_is_refused() -> None:
    pace = Pace(base_ms=0.0, unit_ms=1.0, soonest=0.5, most=10.0, backlog_ms=0.0)

    assert affordable(pace, 4.0) == 8_000
    assert affordable(pace, 60.0) == float("inf")
    assert affordable(pace._replace(soonest=0.0), 1.0) == float("inf")
    assert affordable(pace._replace(base_ms=3_000.0), 1.0) < 0
