"""Random sequences of transitions: none loses a job, none leaves a terminal state."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from genart_core.jobs.caller import Reuse
from genart_core.jobs.record import Job, JobId
from genart_core.jobs.store import text_of
from tests.support.replay import replay, state_of
from tests.support.table import Table

KINDS = {"text": 3, "dream": 1}
EDGES = {
    "queued": {"queued", "running", "canceled", "expired"},
    "running": {"running", "queued", "canceling", "succeeded", "failed", "canceled", "expired"},
    "canceling": {"canceling", "canceled"},
}
"""Where one transition may lead; no other state leads anywhere."""

clients = st.sampled_from(["ann", "ben", "cat"])
slots = st.sampled_from(["s1", "s2"])
batch_keys = st.sampled_from(["a", "b"])
priorities = st.sampled_from(["low", "normal", "high"])
kinds = st.sampled_from(sorted(KINDS))


@dataclass
class Known:
    """What the machine has seen of the table so far."""

    jobs: dict[JobId, Job] = field(default_factory=dict)
    fences: dict[int, JobId] = field(default_factory=dict)
    submitted: int = 0
    deleted: Counter[str] = field(default_factory=Counter)
    epochs: Counter[str] = field(default_factory=Counter)


class JobTable(RuleBasedStateMachine):
    """Every transition, also with fences and epochs that are long outdated."""

    ids = Bundle("ids")
    claims = Bundle("claims")

    def __init__(self, table: Table) -> None:
        super().__init__()
        table.redis.flushall()
        table.redis.set("genart:swept", table.now())
        self.table = table
        self.known = Known()

    @rule(
        target=ids,
        client=clients,
        kind=kinds,
        batch_key=batch_keys,
        priority=priorities,
        cost=st.sampled_from([0.0, 0.1, 2.5, 1e30]),
        late=st.booleans(),
    )
    def submit(
        self, client: str, kind: str, batch_key: str, priority: str, cost: float, late: bool
    ) -> JobId:
        table = self.table.allowing(deadline_ms=60_000 if late else 0)
        self.known.submitted += 1
        facts = {"kind": kind, "batch_key": batch_key, "priority": priority, "cost": cost}
        return table.queue(client, size=len(self.known.jobs), **facts)

    @rule(target=ids, client=clients, kind=kinds, priority=priorities)
    def submit_with_a_seed(self, client: str, kind: str, priority: str) -> JobId:
        self.known.submitted += 1
        facts = {"kind": kind, "priority": priority, "size": len(self.known.jobs)}
        return self.table.queue(client, reuse=Reuse(kind, may_read=True, version="1"), **facts)

    @rule(target=claims, slot=slots, limit=st.integers(1, 3), join=batch_keys | st.none())
    def claim(self, slot: str, limit: int, join: str | None) -> object:
        claimed = self.table.claim(
            slot,
            epoch=self.known.epochs[slot],
            kinds=KINDS,
            limit=limit,
            join=("text", join) if join else ("", ""),
        )
        assert claimed.outcome != "stale"
        for job in claimed.jobs:
            assert job.fence not in self.known.fences
            self.known.fences[job.fence] = job.id
        return multiple(*claimed.jobs)

    @rule(slot=slots)
    def begin_a_new_life(self, slot: str) -> None:
        self.known.epochs[slot] = self.table.open_slot(slot).epoch

    @rule(slot=slots)
    def claim_in_an_earlier_life(self, slot: str) -> None:
        if self.known.epochs[slot]:
            assert self.table.claim(slot, epoch=self.known.epochs[slot] - 1).outcome == "stale"

    @rule(claim=claims)
    def commit(self, claim: Job) -> None:
        allowed = self._answers_to(claim, "succeeded")
        assert self.table.commit(claim, path=str(claim.fence)) in allowed

    @rule(claim=claims, status=st.sampled_from(["failed", "expired"]))
    def fail(self, claim: Job, status: Literal["failed", "expired"]) -> None:
        allowed = self._answers_to(claim, status)
        assert self.table.fail(claim, status=status) in allowed

    @rule(claim=claims)
    def hand_back(self, claim: Job) -> None:
        assert self.table.hand_back(claim) == ("ok" if self._is_owner(claim) else "lost")

    @rule(claim=claims, text=st.text(max_size=3), step=st.none() | st.integers(0, 9))
    def report(self, claim: Job, text: str, step: int | None) -> None:
        snapshot = self.table.snapshot(claim.id)
        offset = len(snapshot.partial[0]) if snapshot.partial else 0
        progress = None if step is None else (step, 9)
        answer = self.table.report(claim, (0, offset, text), progress=progress)
        assert answer == ("ok" if self._is_owner(claim) else "lost")

    @rule(claim=claims)
    def renew(self, claim: Job) -> None:
        assert (self.table.renew(claim) != "lost") == self._is_owner(claim)

    @rule(claim=claims)
    def outlast_a_lease(self, claim: Job) -> None:
        self.table.redis.zadd("genart:leases", {claim.id: 1}, xx=True)
        self.table.reap()

    @rule(job_id=ids)
    def outlast_a_deadline(self, job_id: JobId) -> None:
        self.table.redis.zadd("genart:deadlines", {job_id: 1}, xx=True)
        if (job := self.known.jobs.get(job_id)) and job.deadline_at:
            self.table.redis.hset(f"genart:job:{job_id}", "deadline_at", 1)
            self.known.jobs[job_id] = self.table.job(job_id)

    @rule()
    def sweep(self) -> None:
        due = self.table.reap().due
        for job in self.known.jobs.values():
            assert not {self.known.fences[int(output.path)] for output in job.outputs} & {*due}
        self.table.forget(*due)

    @rule(job_id=ids)
    def cancel(self, job_id: JobId) -> None:
        assert (self.table.cancel(job_id).state == "found") == (job_id in self.known.jobs)

    @rule(claim=claims)
    def cancel_what_was_claimed(self, claim: Job) -> None:
        self.table.cancel(claim.id)

    @rule(job_id=ids)
    def delete(self, job_id: JobId) -> None:
        assert (self.table.delete(job_id) == "found") == (job_id in self.known.jobs)
        if job := self.known.jobs.pop(job_id, None):
            self.known.deleted[outcome_of(job) if job.is_terminal else "canceled"] += 1

    @invariant()
    def the_table_is_sound(self) -> None:
        self.jobs_only_move_along_the_edges()
        self.lines_and_leases_are_those_of_the_records()
        self.counters_are_those_of_the_records()
        self.costs_are_those_of_the_records()
        self.events_tell_the_whole_story()

    def jobs_only_move_along_the_edges(self) -> None:
        jobs = {}
        for job_id in self.table.stored_ids():
            job = jobs[job_id] = self.table.job(job_id)
            before = self.known.jobs.get(job_id)
            if before is None:
                assert (job.status, job.attempt) == ("succeeded" if job.cached else "queued", 0)
            elif before.is_terminal:
                assert job == before
            else:
                assert job.status in EDGES[before.status]
                assert (job.version, job.attempt) >= (before.version, before.attempt)
        assert jobs.keys() >= self.known.jobs.keys()
        self.known.jobs = jobs

    def lines_and_leases_are_those_of_the_records(self) -> None:
        queued = {job.id for job in self.known.jobs.values() if job.status == "queued"}
        held = {j.id for j in self.known.jobs.values() if j.status in ("running", "canceling")}
        assert self.table.members("ready") == queued
        assert self.table.members("leases") == held
        for kind in KINDS:
            of_kind = {job_id for job_id in queued if self.known.jobs[job_id].kind == kind}
            assert self.table.members(f"ready:{kind}") == of_kind
        for client in ("ann", "ben", "cat"):
            for priority in ("low", "normal", "high"):
                assert self.table.members(f"waiting:{client}:{priority}") == {
                    f"{j.id} {j.kind}"
                    for j in self.known.jobs.values()
                    if (j.client, j.priority, j.status) == (client, priority, "queued")
                }
        assert self.table.members("deadlines") == {
            i for i in queued if self.known.jobs[i].deadline_at
        }

    def counters_are_those_of_the_records(self) -> None:
        unfinished = Counter(job.client for job in self.known.jobs.values() if not job.is_terminal)
        ended = Counter(outcome_of(job) for job in self.known.jobs.values() if job.is_terminal)
        for client in ("ann", "ben", "cat"):
            active, size = self.table.redis.hmget(f"genart:client:{client}", "active", "bytes")
            assert int(active or 0) == unfinished[client]
            assert int(size or 0) == sum(
                self._size(i)
                for i, j in self.known.jobs.items()
                if j.client == client and not j.is_terminal
            )
        counted: Counter[str] = Counter()
        for (_, status), count in self.table.survey().outcomes.items():
            counted[status] += count
        assert counted.pop("submitted", 0) == self.known.submitted
        assert counted == ended + self.known.deleted

    def costs_are_those_of_the_records(self) -> None:
        costs: Counter[str] = Counter()
        for job in self.known.jobs.values():
            if job.status == "queued":
                costs[job.kind] += min(round(job.cost * 1000), 10**15)
        backlog = self.table.redis.hgetall("genart:backlog")
        assert {text_of(name): int(cost) for name, cost in backlog.items() if int(cost)} == +costs
        work = self.table.redis.hgetall("genart:work")
        asked = {JobId(text_of(i)): text_of(what).split(" ")[:2] for i, what in work.items()}
        unfinished = {i: j for i, j in self.known.jobs.items() if not j.is_terminal}
        assert {i: (kind, float(cost)) for i, (kind, cost) in asked.items()} == {
            i: (job.kind, job.cost) for i, job in unfinished.items()
        }

    def events_tell_the_whole_story(self) -> None:
        for job_id, job in self.known.jobs.items():
            events = self.table.events(job_id).events
            assert replay(events) == state_of(self.table.snapshot(job_id))
            assert sum(event.name == "done" for event in events) == job.is_terminal

    def _size(self, job_id: JobId) -> int:
        return int(self.table.redis.hget(f"genart:job:{job_id}", "bytes") or 0)

    def _is_owner(self, claim: Job) -> bool:
        job = self.known.jobs.get(claim.id)
        return (
            job is not None and job.fence == claim.fence and job.status in ("running", "canceling")
        )

    def _answers_to(self, claim: Job, status: str) -> set[str]:
        if self._is_owner(claim):
            return {"canceled"} if self.known.jobs[claim.id].status == "canceling" else {"ok"}
        job = self.known.jobs.get(claim.id)
        # an ending sent again stands
        is_repeated = job is not None and job.fence == claim.fence and job.status == status
        return {"ok"} if is_repeated else {"lost"}


def outcome_of(job: Job) -> str:
    return "cached" if job.cached else job.status


@pytest.mark.timeout(400)  # a failure is worth a short example, which takes time to find
def test_no_sequence_of_transitions_loses_a_job_or_leaves_a_terminal_state(table: Table) -> None:
    class EmptyTable(JobTable):
        def __init__(self) -> None:
            super().__init__(table)

    run_state_machine_as_test(
        EmptyTable,
        settings=settings(
            max_examples=50,
            stateful_step_count=40,
            suppress_health_check=list(HealthCheck),
        ),
    )
