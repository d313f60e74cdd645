"""What a worker says of itself every other second, so that others know what it can make."""

import os
import threading
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

from redis import Redis

from genart_core.catalogue import kinds
from genart_core.jobs import owner, upkeep
from genart_core.jobs.store import run as send
from genart_core.weights import models_of
from worker.engine import Engine


class Announcer:
    """Announces one worker, until it leaves; any thread may."""

    def __init__(
        self,
        redis: Redis,
        engine: Engine,
        claimant: owner.Claimant,
        *,
        home: Path,
        device: ModuleType,
    ) -> None:
        """`device` is `genart_core.nn.device`, which brings torch in."""
        self._redis = redis
        self._engine = engine
        self._worker = claimant.worker
        self._home = home
        self._offer = Offer(engine, device.free_memory)
        self._lock = threading.Lock()
        self._has_left = False
        self._facts: dict[str, Any] = {}
        self._fixed = {
            "id": claimant.worker,
            "slot": claimant.slot,
            "epoch": claimant.epoch,
            "pid": os.getpid(),
            "device": engine.device,
            "device_name": device.describe(engine.device),
            "dtypes": device.dtypes(engine.device),
            "total_memory": device.all_memory(engine.device),
            "kinds": sorted(engine.kinds),
            "version": version("genart"),
            "started_at": int(time.time() * 1000),
        }

    def announce(self) -> None:
        """Say what the worker is, has and has counted."""
        with self._lock:
            if not self._has_left:
                self._facts = self._look()
                self._tell()

    def leave(self) -> None:
        """Say the last of it, and that the worker is gone."""
        with self._lock:
            self._has_left = True
            self._tell()  # what it has was told, and there is little time
            send(self._redis, upkeep.depart(self._worker))

    def _tell(self) -> None:
        totals = self._engine.tally.untold()
        send(self._redis, upkeep.announce(self._worker, self._facts, totals))
        self._engine.tally.note_told(totals)

    def _look(self) -> dict[str, Any]:
        engine = self._engine
        folders = sorted({kinds()[kind].models for kind in engine.kinds})
        files = (weights for folder in folders for weights in models_of(folder, self._home))
        return {
            **self._fixed,
            "available": {f"{weights.art}/{weights.name}": weights.sha256 for weights in files},
            "free_memory": self._offer.bytes(),
            "models": engine.residents.held,
            "jobs": {job.id: job.client for job in engine.keeper.jobs},
            "draining": engine.is_draining,
        }


class Offer:
    """The memory that a job finds: as it was when none was in hand, which will give theirs back."""

    def __init__(self, engine: Engine, free_memory: Callable[[str], int | None]) -> None:
        self._engine = engine
        self._free_memory = free_memory
        self._last: int | None = free_memory(engine.device)

    def bytes(self) -> int | None:
        """Return it, looking anew whenever the worker rests."""
        if not self._engine.keeper.jobs:
            self._last = self._free_memory(self._engine.device)
        return self._last
