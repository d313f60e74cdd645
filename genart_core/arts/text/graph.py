"""Steps on a CUDA device recorded as one graph, since launching their kernels takes longest.

A step is some forty small kernels; replaying them as a `torch.cuda.CUDAGraph` is a single launch.
What is recorded are addresses: input, output and state are always the same memory.
"""

import logging
from collections.abc import Callable, Sequence
from typing import TypeAlias

import torch
from torch import Tensor

log = logging.getLogger(__name__)

# Recording takes as long as some hundred steps that are launched one by one.
EAGER_STEPS = 64
WARM_UP = 3  # torch's own advice: libraries set themselves up and take workspaces at first use

Step: TypeAlias = Callable[[Tensor], Tensor]
Record: TypeAlias = Callable[[Step, Tensor], tuple[Callable[[], None], Tensor]]


class Recorder:
    """How steps are recorded on one device; after a failure they no longer are."""

    def __init__(self, device: str, record: Record | None = None) -> None:
        self.device = device
        self.is_able = device.startswith("cuda")
        self._record = record or self._on_cuda

    def record(
        self, step: Step, ids: Tensor, state: Sequence[Tensor]
    ) -> tuple[Callable[[], None], Tensor] | None:
        """Return what replays `step(ids)`, and its output; None if this can't be recorded.

        `state` is what a step changes; it is left as it was.
        """
        before = [tensor.clone() for tensor in state]
        try:
            return self._record(step, ids)
        except RuntimeError as error:
            self.is_able = False
            log.warning("steps on %s are launched one by one: %s", self.device, error)
            return None
        finally:
            for tensor, value in zip(state, before, strict=True):
                tensor.copy_(value)

    def _on_cuda(self, step: Step, ids: Tensor) -> tuple[Callable[[], None], Tensor]:
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.device(self.device):
            side = torch.cuda.Stream(self.device)  # type: ignore[no-untyped-call]
            current = torch.cuda.current_stream()
            side.wait_stream(current)
            with torch.cuda.stream(side):
                for _ in range(WARM_UP):
                    step(ids)
            current.wait_stream(side)
            # Other threads may use the device meanwhile, as the heartbeat does.
            with torch.cuda.graph(graph, capture_error_mode="thread_local"):
                logits = step(ids)
        return graph.replay, logits


class Replay:
    """Steps of one company, eager at first and then replayed.

    The step is handed over at each call instead of being held: with its desk it would be a cycle,
    and the graph's memory would wait for the garbage collector.
    """

    def __init__(self, recorder: Recorder, rows: int) -> None:
        self._recorder = recorder
        self._ids = torch.zeros(rows, dtype=torch.long, device=recorder.device)
        self._steps = 0
        self._replay: Callable[[], None] | None = None
        self._logits = torch.empty(0)

    def __call__(self, step: Step, ids: Tensor, state: Sequence[Tensor]) -> Tensor:
        """Return `step(ids)`; once recorded, the next call overwrites it."""
        self._steps += 1
        if self._replay is None and self._steps > EAGER_STEPS and self._recorder.is_able:
            self._ids.copy_(ids)
            recorded = self._recorder.record(step, self._ids, state)
            if recorded is not None:
                self._replay, self._logits = recorded
        if self._replay is None:
            return step(ids)
        self._ids.copy_(ids)
        self._replay()
        return self._logits
