"""Which worker processes to run, and on which device each."""

from collections.abc import Mapping
from dataclasses import dataclass

from cli.errors import SettingsError
from cli.host.machine import Machine


@dataclass(frozen=True)
class Slot:
    """The place of one worker process. `gpu` is its name for CUDA, empty for other devices."""

    index: int
    device: str
    gpu: str = ""

    @property
    def environment(self) -> Mapping[str, str]:
        """What the process is told: it sees its own GPU alone, under the name `cuda:0`."""
        return {"GENART_DEVICE": self.device, "CUDA_VISIBLE_DEVICES": self.gpu}

    @property
    def label(self) -> str:
        """What a person is told."""
        return f"GPU {self.gpu}" if self.gpu else self.device


def plan_slots(device: str, workers: int, machine: Machine) -> tuple[Slot, ...]:
    """Return the slots for a wish: one per GPU, one on other devices, or `workers` in all.

    More workers than GPUs share them in turn.

    Raises:
        SettingsError: if the machine has no such device.
    """
    places = _places(device, machine)
    count = workers or len(places)
    return tuple(Slot(i, *places[i % len(places)]) for i in range(count))


def _places(device: str, machine: Machine) -> list[tuple[str, str]]:
    gpus = [("cuda:0", gpu) for gpu in machine.gpus]
    if device == "auto":
        return gpus or [("mps" if machine.has_mps else "cpu", "")]
    if device == "cpu":
        return [("cpu", "")]
    if device == "mps":
        if not machine.has_mps:
            raise SettingsError("GENART_DEVICE=mps, but this is no Mac with Apple silicon")
        return [("mps", "")]
    if not gpus:
        raise SettingsError(
            f"GENART_DEVICE={device}, but no NVIDIA GPU is visible "
            "(see `nvidia-smi -L` and CUDA_VISIBLE_DEVICES)"
        )
    _, _, number = device.partition(":")
    if number and int(number) >= len(gpus):
        raise SettingsError(
            f"GENART_DEVICE={device}, but only {len(gpus)} GPUs are visible; "
            f"the last one is cuda:{len(gpus) - 1}"
        )
    return [gpus[int(number)]] if number else gpus
