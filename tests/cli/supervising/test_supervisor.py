"""The supervisor, with small stand-ins for the children."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from cli.errors import ChildFailedError
from cli.supervising.child import Child, Environment
from cli.supervising.supervisor import Supervisor, Tier
from tests.cli.journal import Journal
from tests.cli.processes import is_alive

Act = Callable[[Supervisor], Awaitable[None]]


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    (tmp_path / "journal").touch()
    return Journal(tmp_path / "journal")


def supervise(*tiers: Tier, act: Act) -> list[tuple[str, str]]:
    """Run children until all serve and `act` is done, then stop them; return what was said."""
    said: list[tuple[str, str]] = []

    async def run() -> None:
        supervisor = Supervisor(tiers, lambda who, line: said.append((who, line)))

        async def act_and_stop() -> None:
            await act(supervisor)
            supervisor.stop()

        await asyncio.wait_for(supervisor.run(act_and_stop), 30)

    asyncio.run(run())
    return said


def one(child: Child, grace_seconds: float = 5.0) -> Tier:
    return Tier((child,), patience_seconds=grace_seconds, grace_seconds=grace_seconds)


async def until(look: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not look():
            await asyncio.sleep(0.01)


async def nothing(_: Supervisor) -> None:
    pass


def test_children_are_stopped_from_the_last_tier_to_the_first(journal: Journal) -> None:
    supervise(*(one(journal.child(name)) for name in ("redis", "worker", "gateway")), act=nothing)

    assert journal.events("told", "ended") == [
        *("gateway told", "gateway ended"),
        *("worker told", "worker ended"),
        *("redis told", "redis ended"),
    ]


def test_a_slow_tier_holds_up_the_next_for_its_patience_alone(journal: Journal) -> None:
    gateway = Tier((journal.child("gateway", "stubborn"),), 0.1, grace_seconds=1.0)

    supervise(one(journal.child("worker")), gateway, act=nothing)

    assert journal.events("told", "ended") == ["gateway told", "worker told", "worker ended"]
    assert not is_alive(journal.lives("gateway")[0][0])


def test_a_child_that_does_not_end_is_killed_after_its_grace(journal: Journal) -> None:
    began = time.monotonic()
    supervise(one(journal.child("worker", "stubborn"), 0.2), act=nothing)

    assert journal.events("told") == ["worker told"]
    assert not is_alive(journal.lives("worker")[0][0])
    assert time.monotonic() - began < 20


def test_a_dead_child_starts_again_at_once_in_a_new_epoch(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.supervising.child._SHORT_LIFE_SECONDS", 0.0)
    monkeypatch.setattr("cli.supervising.child._FIRST_BACKOFF_SECONDS", 60.0)
    epochs = iter(range(1, 10))

    async def open_slot() -> Environment:
        return {"GENART_EPOCH": str(next(epochs))}

    async def kill_once(_: Supervisor) -> None:
        os.kill(journal.lives("worker")[0][0], signal.SIGKILL)
        await until(lambda: len(journal.lives("worker")) == 2)

    child = journal.child("worker", prepare=open_slot)
    said = supervise(one(child), act=kill_once)

    assert [epoch for _, epoch in journal.lives("worker")] == ["1", "2"]
    assert ("genart", "worker was ended by signal 9; starting it again") in said


def test_a_life_waits_for_its_preparation(journal: Journal) -> None:
    tries = iter((ConnectionError("away"), ConnectionError("away"), None))

    async def open_slot() -> Environment:
        if error := next(tries):
            raise error
        return {"GENART_EPOCH": "7"}

    supervise(one(journal.child("worker", prepare=open_slot)), act=nothing)

    assert [epoch for _, epoch in journal.lives("worker")] == ["7"]


def test_a_child_that_can_not_start_is_told_with_its_last_words(journal: Journal) -> None:
    with pytest.raises(ChildFailedError, match="exit code 3(.|\n)*worker says hello"):
        supervise(one(journal.child("redis")), one(sick(journal)), act=nothing)

    assert len(journal.lives("worker")) == 3
    assert journal.events("ended") == ["redis ended"]


def test_a_program_that_is_missing_is_told() -> None:
    with pytest.raises(ChildFailedError, match="no-such-program: No such file"):
        supervise(one(Child("redis", ("/no-such-program",), is_ready=never)), act=nothing)


def test_lines_of_children_carry_their_names(journal: Journal) -> None:
    said = supervise(one(journal.child("redis")), act=nothing)

    assert ("redis", "redis says hello") in said


@pytest.fixture
def _interruptible() -> Iterator[None]:
    """Heed SIGINT, which a shell has its background jobs ignore."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_interruptible")
def test_a_second_interrupt_kills_but_not_the_echo_of_the_first(journal: Journal) -> None:
    async def interrupt_again_and_again(_: Supervisor) -> None:
        loop = asyncio.get_running_loop()
        # On a busy machine the first may be heeded late, and 1.5 s be still an echo of it.
        for moment in (0.0, 0.2, 1.5, 2.5, 3.5, 4.5):
            loop.call_later(moment, os.kill, os.getpid(), signal.SIGINT)
        await asyncio.sleep(60)

    began = time.monotonic()
    supervise(one(journal.child("worker", "stubborn"), 20.0), act=interrupt_again_and_again)

    assert 1.0 < time.monotonic() - began < 15
    assert not is_alive(journal.lives("worker")[0][0])


def sick(journal: Journal) -> Child:
    child = journal.child("worker", "sick")
    return Child(child.name, child.command, is_ready=never)


async def never(_: Environment) -> bool:
    return False
