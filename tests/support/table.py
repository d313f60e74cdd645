"""The job table in a test's words: every transition, with arguments that a test needn't name."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, TypeVar

from redis import Redis

from genart_core.jobs import assets, caller, owner, upkeep
from genart_core.jobs.assets import AssetFacts
from genart_core.jobs.caller import Limits, Submission
from genart_core.jobs.figures import Figures, read_figures
from genart_core.jobs.record import Job, JobId, StoredOutput, new_job_id
from genart_core.jobs.store import Call, Keep, run, text_of

T = TypeVar("T")

HOUR_MS = 3600 * 1000
FACTS = AssetFacts("image/png", 75, 8, 4)
OUTPUT = StoredOutput(path="p", media_type="text/plain", bytes=1, sha256="0" * 64)


@dataclass(frozen=True)
class Table:
    """Sends transitions to a real Redis; `keep` is (retention, tombstone) in milliseconds."""

    redis: Redis
    keep: Keep = (HOUR_MS, HOUR_MS)
    limits: Limits = Limits(active_per_client=1000, ready=1000, deadline_ms=0)
    lease_ms: int = 8000

    def send(self, call: Call[T]) -> T:
        return run(self.redis, call)

    def allowing(self, **limits: float) -> "Table":
        """Return the same table under other admission limits."""
        return replace(self, limits=replace(self.limits, **limits))  # type: ignore[arg-type]

    def now(self) -> int:
        """Return milliseconds since 1970 by the server's clock."""
        seconds, micros = self.redis.time()
        return int(seconds * 1000 + micros // 1000)

    def enter(self, client: str = "ann", **facts: Any) -> caller.Submitted:
        """Submit and return the answer."""
        return self.send(self.submission(client, **facts))

    def submission(
        self,
        client: str = "ann",
        *,
        kind: str = "text",
        batch_key: str = "m",
        cost: float = 1.0,
        key: str = "",
        fingerprint: str = "",
        job_id: JobId | None = None,
        request: str = '{"seed": 1}',
        assets: tuple[str, ...] = (),
        reuse: caller.Reuse = caller.Reuse(),  # noqa: B008  it never changes
        size: int = 0,
        **options: Any,
    ) -> Call[caller.Submitted]:
        submission = Submission(
            id=job_id or new_job_id(),
            kind=kind,
            client=client,
            request=request,
            batch_key=batch_key,
            cost=cost,
            idempotency_key=key,
            fingerprint=fingerprint,
            assets=assets,
            reuse=reuse,
            bytes=size,
            **options,
        )
        return caller.submit(submission, self.limits, self.keep)

    def queue(self, client: str = "ann", **facts: Any) -> JobId:
        """Submit, and return the id of the job that was created."""
        submitted = self.enter(client, **facts)
        assert submitted.outcome == "created"
        assert submitted.placed is not None
        return submitted.placed.job.id

    def claim(
        self,
        slot: str = "s1",
        *,
        epoch: int = 1,
        kinds: Mapping[str, int] | None = None,
        limit: int = 1,
        join: tuple[str, str] = ("", ""),
    ) -> owner.Claimed:
        """Claim for the worker in a life of a slot."""
        call = owner.claim(
            owner.Claimant(f"{slot}.{epoch}", slot, epoch),
            kinds or {"text": 16},
            lease_ms=self.lease_ms,
            limit=limit,
            keep=self.keep,
            join=join,
        )
        return self.send(call)

    def take(self, slot: str = "s1", **facts: Any) -> Job:
        """Claim one job and return it."""
        claimed = self.claim(slot, **facts)
        assert claimed.outcome == "claimed"
        return claimed.jobs[0]

    def running(self, client: str = "ann", **facts: Any) -> Job:
        """Submit a job and claim it; the table must have been empty."""
        job_id = self.queue(client, **facts)
        job = self.take(kinds={facts.get("kind", "text"): 1})
        assert job.id == job_id
        return job

    def renew(self, job: Job) -> owner.Renewal:
        return self.send(owner.renew([(job.id, job.fence)], self.lease_ms))[0]

    def report(
        self,
        job: Job,
        *chunks: tuple[int, int, str],
        progress: tuple[int, int] | None = None,
    ) -> str:
        parts = [owner.Chunk(*chunk) for chunk in chunks]
        return self.send(owner.report(job.id, job.fence, progress=progress, chunks=parts))

    def show(self, job: Job, path: str = "p", data: bytes = b"x") -> str:
        preview = StoredOutput(path, "image/png", len(data), sha256(data).hexdigest(), 8, 4)
        return self.send(owner.show(job.id, job.fence, preview))

    def keep_assets(
        self, milliseconds: int, client: str = "ann", /, **at_hand: bool
    ) -> tuple[str, ...]:
        facts = {sha256: FACTS if has_bytes else None for sha256, has_bytes in at_hand.items()}
        return self.send(assets.keep_assets(client, facts, milliseconds)).states

    def keep_within(self, max_bytes: int, milliseconds: int, *names: str) -> tuple[str, int]:
        """Keep pictures of 1000 bytes each; return what came of it, and the bytes kept."""
        facts = {name: replace(FACTS, bytes=1000) for name in names}
        kept = self.send(assets.keep_assets("ann", facts, milliseconds, max_bytes=max_bytes))
        return kept.outcome, kept.bytes

    def find_asset(self, sha256: str, client: str = "ann") -> assets.Asset | None:
        return self.send(assets.get_asset(client, sha256)).asset

    def list_assets(self, client: str = "ann", *, limit: int = 50) -> list[str]:
        """Return the sha256 of all of a client's pictures, page after page."""
        found: list[str] = []
        cursor = ""
        while True:
            page = self.send(assets.list_assets(client, cursor=cursor, limit=limit))
            found += [asset.sha256 for asset in page.assets]
            cursor = page.cursor
            if not cursor:
                return found

    def delete_asset(self, sha256: str, client: str = "ann") -> str:
        return self.send(assets.delete_asset(client, sha256))

    def drop_assets(self, *assets: str) -> None:
        self.send(upkeep.drop_assets(assets))

    def commit(self, job: Job, **facts: Any) -> owner.Finish:
        return self.send(self.commitment(job, **facts))

    def commitment(
        self,
        job: Job,
        *,
        path: str = "p",
        share_ms: float = 1.0,
        weights: dict[str, str] | None = None,
    ) -> Call[owner.Finish]:
        return owner.commit(
            job.id,
            job.fence,
            (replace(OUTPUT, path=path),),
            b'{"made":true}',
            provenance={"version": "1"} | ({"weights": weights} if weights else {}),
            share_ms=share_ms,
            keep=self.keep,
        )

    def fail(self, job: Job, *, status: owner.Ending = "failed") -> owner.Finish:
        call = owner.fail(
            job.id, job.fence, code="internal", detail="broke", status=status, keep=self.keep
        )
        return self.send(call)

    def hand_back(self, job: Job) -> str:
        return self.send(owner.hand_back(job.id, job.fence, self.keep))

    def open_slot(self, slot: str = "s1") -> upkeep.Opened:
        return self.send(upkeep.open_slot(slot, self.keep))

    def reap(self, reaper: str = "r1") -> upkeep.Reaped:
        return self.send(upkeep.reap(reaper, self.keep))

    def cancel(self, job_id: JobId, client: str = "") -> caller.Found:
        return self.send(caller.cancel(job_id, client, self.keep))

    def delete(self, job_id: JobId, client: str = "") -> caller.Visibility:
        return self.send(caller.delete(job_id, client, self.keep))

    def look_up(self, job_id: JobId, client: str = "") -> caller.Found:
        return self.send(caller.get(job_id, client))

    def job(self, job_id: JobId) -> Job:
        """Return a job that must be there."""
        found = self.look_up(job_id)
        assert found.placed is not None, f"{job_id} is {found.state}"
        return found.placed.job

    def position(self, job_id: JobId) -> int | None:
        found = self.look_up(job_id)
        assert found.placed is not None
        return found.placed.position

    def line(self) -> list[JobId]:
        """Return the jobs that wait, the next one first."""
        return [JobId(text_of(job_id)) for job_id in self.redis.zrange("genart:ready", 0, -1)]

    def turn(self, job_id: JobId) -> float:
        """Return where in virtual time a waiting job stands."""
        score = self.redis.zscore("genart:ready", job_id)
        assert score is not None, f"{job_id} does not wait"
        return float(score)

    def events(
        self, job_id: JobId, after: str = "0-0", *, client: str = "", count: int = 10_000
    ) -> caller.Events:
        return self.send(caller.events(job_id, client, after, count))

    def snapshot(self, job_id: JobId, client: str = "") -> caller.Snapshot:
        return self.send(caller.snapshot(job_id, client))

    def survey(self, *kinds: str) -> upkeep.Survey:
        return self.send(upkeep.survey(kinds or ("text",)))

    def figures(self, *kinds: str) -> Figures:
        """Return what metrics are made of."""
        return self.send(read_figures(kinds or ("text",)))

    def cancel_many(self, *job_ids: JobId, client: str = "ann") -> tuple[str | None, ...]:
        return self.send(caller.cancel_many(job_ids, client, self.keep))

    def list_ids(self, client: str, *, limit: int = 50, **filters: Any) -> list[JobId]:
        """Return the ids of all of a client's jobs, page after page."""
        ids: list[JobId] = []
        cursor = ""
        while True:
            which = caller.Filter(**filters)
            page = self.send(caller.list_jobs(client, which, cursor=cursor, limit=limit))
            ids += [placed.job.id for placed in page.jobs]
            cursor = page.cursor
            if not cursor:
                return ids

    def forget(self, *job_ids: JobId) -> None:
        self.send(upkeep.forget(job_ids))

    def stored_ids(self) -> list[JobId]:
        """Return the ids of all records there are."""
        return [JobId(name.rpartition(":")[2]) for name in self.names("genart:job:*")]

    def names(self, pattern: str = "*") -> list[str]:
        """Return the names of all keys that match."""
        return [name.decode() for name in self.redis.scan_iter(pattern, count=1000)]

    def members(self, name: str) -> set[str]:
        """Return what a sorted set of ours holds."""
        return {text_of(member) for member in self.redis.zrange(f"genart:{name}", 0, -1)}
