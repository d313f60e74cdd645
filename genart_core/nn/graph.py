"""Steps on a CUDA device recorded as one graph, since launching their kernels takes long.

What is recorded are addresses: a step reads and changes the same memory each time.
"""

import logging
from collections.abc import Callable, Sequence
from typing import TypeAlias

import torch
from torch import Tensor

log = logging.getLogger(__name__)

WARM_UP = 3  # torch's own advice: libraries set themselves up and take workspaces at first use

Step: TypeAlias = Callable[[], Tensor]
Record: TypeAlias = Callable[[Step], tuple[Callable[[], None], Tensor]]


class Recorder:
    """How steps are recorded on one device; after a failure they no longer are."""

    def __init__(self, device: str, record: Record | None = None) -> None:
        self.device = device
        self.is_able = device.startswith("cuda")
        self._record = record or self._on_cuda

    def recorded(self, step: Step, state: Sequence[Tensor]) -> Step:
        """Return what replays a step and gives its output, which the next replay overwrites.

        `state` is what a step changes; it is left as it was. What can't be recorded is returned
        itself.
        """
        if not self.is_able:
            return step
        before = [tensor.clone() for tensor in state]
        try:
            replay, output = self._record(step)
        except RuntimeError as error:
            self.is_able = False
            log.warning("steps on %s are launched one by one: %s", self.device, error)
            return step
        finally:
            for tensor, value in zip(state, before, strict=True):
                tensor.copy_(value)

        def replayed() -> Tensor:
            replay()
            return output

        return replayed

    def _on_cuda(self, step: Step) -> tuple[Callable[[], None], Tensor]:
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.device(self.device):
            side = torch.cuda.Stream(self.device)  # type: ignore[no-untyped-call]
            current = torch.cuda.current_stream()
            side.wait_stream(current)
            with torch.cuda.stream(side):
                for _ in range(WARM_UP):
                    step()
            current.wait_stream(side)
            # Other threads may use the device meanwhile, as the heartbeat does.
            with torch.cuda.graph(graph, capture_error_mode="thread_local"):
                output = step()
        return graph.replay, output
