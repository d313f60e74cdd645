"""The callers, as Locust runs them.

`Waiting` asks for its next job when the last is done, `Arriving` comes at random moments and
leaves, `Returning` comes back until it is taken, `Pushing` submits as fast as it is let.
`SlowEvents` and `SlowFiles` read at a trickle.
"""

import hashlib
import random
import time
from collections.abc import Sequence
from http.client import HTTPException
from typing import Any, ClassVar

import gevent
from gevent.event import Event
from gevent.pool import Group
from locust import User, constant, task
from locust.env import Environment
from locust.exception import StopUser

from loadtest.api import Api, Ask, Reply
from loadtest.stage import Refusal, Stage, new_mark
from loadtest.trickle import trickled

WAIT_SECONDS = 30
STOP_SECONDS = 60.0


class Caller(User):
    """Somebody who submits jobs. Subclasses made by `of` fill in who and what."""

    abstract = True
    stage: ClassVar[Stage]
    key: ClassVar[str]
    group: ClassVar[str]
    asks: ClassVar[Sequence[Ask]]
    in_flight: ClassVar[Group]
    connections: ClassVar[list[Api]]
    wait_time = constant(0)

    @classmethod
    def of(cls, stage: Stage, group: str, count: int, **facts: Any) -> "type[Caller]":
        """Return a class of `count` such users."""
        shared = {"in_flight": Group(), "connections": []}
        known = {"stage": stage, "group": group, "fixed_count": count, **shared, **facts}
        return type(f"{cls.__name__}-{group}-{new_mark()}", (cls,), known)

    def submit(self, *, wait_seconds: int = 0) -> tuple[Reply, Refusal | None]:
        """Submit one of the asks, and return what came of it.

        In a greenlet of its own: Locust may stop this user at any moment, and what has been
        accepted must be noted all the same.
        """
        sent = self.in_flight.spawn(self._sent, wait_seconds)
        answer: tuple[Reply, Refusal | None] = sent.get()
        return answer

    def _sent(self, wait_seconds: int) -> tuple[Reply, Refusal | None]:
        """Submit, and note it here and in Locust's statistics."""
        ask, mark, began = random.choice(self.asks), new_mark(), time.perf_counter()
        api = self.connections.pop() if self.connections else self.stage.api(self.key)
        try:
            reply = api.submit(ask, mark, wait_seconds=wait_seconds)
        except (OSError, HTTPException) as error:
            self.stage.problems.append(f"no answer to a submit: {error!r}")
            raise
        self.connections.append(api)
        refusal = self.stage.take(reply, ask, mark=mark, key=self.key, group=self.group)
        self.environment.events.request.fire(
            request_type="POST",
            name=f"/v1/{ask.kind}",
            response_time=(time.perf_counter() - began) * 1000,
            response_length=len(reply.body),
            exception=None if reply.status < 300 else RuntimeError(str(reply.status)),
            context={},
        )
        return reply, refusal


class Waiting(Caller):
    """Has one job at a time, and waits for it; comes back when it is told to."""

    abstract = True

    @task
    def make(self) -> None:
        """Have a job made."""
        reply, refusal = self.submit(wait_seconds=WAIT_SECONDS)
        if refusal:
            gevent.sleep(refusal.retry_after or 1.0)
        elif reply.status == 202:
            self.stage.wait_for(self.stage.api(self.key), reply.json["id"])


class Arriving(Caller):
    """Comes at random moments, `rate` times a second on average, whatever became of the last job.

    A share of those turned away, `patience`, comes back once, when it was told to.
    """

    abstract = True
    rate: ClassVar[float]
    patience: ClassVar[float] = 0.0

    def wait_time(self) -> float:
        """Return the time to the next arrival: a Poisson process."""
        return random.expovariate(self.rate)

    @task
    def arrive(self) -> None:
        """Submit a job, and don't wait for the answer."""
        self.in_flight.spawn(self._come)

    def _come(self) -> None:
        _, refusal = self._sent(0)
        if refusal and random.random() < self.patience:
            gevent.spawn_later(refusal.retry_after or 0.0, self._come_back, refusal)

    def _come_back(self, first: Refusal) -> None:
        if self.environment.runner is None or self.environment.runner.state != "running":
            return  # the load is over
        _, again = self.submit()
        first.was_accepted = again is None


class Returning(Caller):
    """Has one job to make, comes at once, and back whenever it is told to, until it is taken."""

    abstract = True

    @task
    def insist(self) -> None:
        """Submit until it is accepted, then leave."""
        _, refusal = self.submit()
        while refusal:
            before = refusal
            gevent.sleep(before.retry_after or 1.0)
            _, refusal = self.submit()
            before.was_accepted = refusal is None
        raise StopUser


class Pushing(Caller):
    """Submits as fast as it is let, and has as many jobs waiting as it may."""

    abstract = True

    @task
    def push(self) -> None:
        """Submit a job; rest when told to."""
        _, refusal = self.submit()
        if refusal:
            gevent.sleep(refusal.retry_after or 1.0)


class SlowEvents(Caller):
    """Reads the events of its jobs a few bytes at a time."""

    abstract = True

    @task
    def follow(self) -> None:
        """Have a job made, and check that its events tell the whole text."""
        reply, refusal = self.submit()
        if refusal or reply.status >= 300:
            return
        heard = trickled(self.stage.url, self.key, reply.json["urls"]["events"], 2_000)
        if b"event: done" not in heard:
            self.stage.problems.append("a slow reader of events never heard of the end")


class SlowFiles(Caller):
    """Reads the files of its jobs a few bytes at a time."""

    abstract = True

    @task
    def fetch(self) -> None:
        """Have a job made, and check that all of it arrives."""
        reply, refusal = self.submit(wait_seconds=WAIT_SECONDS)
        if refusal or reply.status >= 300:
            return
        api = self.stage.api(self.key)
        self.stage.wait_for(api, reply.json["id"])
        job = api.ask("GET", f"/v1/jobs/{reply.json['id']}").json
        for output in job["outputs"]:
            heard = trickled(self.stage.url, self.key, output["url"], 100_000)
            data = heard.partition(b"\r\n\r\n")[2]
            if hashlib.sha256(data).hexdigest() != output["sha256"]:
                self.stage.problems.append("a slow reader of a file got other bytes")


def run(stage: Stage, kinds_of_user: Sequence[type[Caller]], seconds: float) -> float:
    """Let these users call the service for so long, or until none is left; return how long it was.

    Each then finishes what it does.
    """
    environment = Environment(
        user_classes=list(kinds_of_user), host=stage.url, stop_timeout=STOP_SECONDS
    )

    @environment.events.user_error.add_listener
    def note(exception: Exception, **_: Any) -> None:
        stage.problems.append(f"{type(exception).__name__}: {exception}")

    all_there = Event()
    environment.events.spawning_complete.add_listener(lambda **_: all_there.set())
    count = sum(kind.fixed_count for kind in kinds_of_user)
    runner = environment.create_local_runner()
    began = time.monotonic()
    runner.start(count, spawn_rate=count)  # at once
    all_there.wait(STOP_SECONDS)
    while runner.user_count and time.monotonic() < began + seconds:
        gevent.sleep(0.1)
    lasted = time.monotonic() - began
    runner.quit()
    for kind in kinds_of_user:
        kind.in_flight.join(STOP_SECONDS)
    return lasted
