"""One process per visible GPU, one on other devices, on made-up machines."""

import pytest

from cli.errors import SettingsError
from cli.host.machine import Machine, parse_listing, visible
from cli.host.slots import plan_slots

BARE = Machine()
MAC = Machine(has_mps=True)
TWO = Machine(gpus=("GPU-a", "GPU-b"))

LISTING = """\
GPU 0: NVIDIA H200 (UUID: GPU-aaaa)
GPU 1: NVIDIA H200 (UUID: GPU-bbbb)
  MIG 1g.18gb     Device  0: (UUID: MIG-1111)
  MIG 1g.18gb     Device  1: (UUID: MIG-2222)
"""


def devices(device: str, workers: int, machine: Machine) -> list[tuple[str, str]]:
    return [(slot.device, slot.gpu) for slot in plan_slots(device, workers, machine)]


@pytest.mark.parametrize(
    ("device", "workers", "machine", "expected"),
    [
        ("auto", 0, BARE, [("cpu", "")]),
        ("auto", 0, MAC, [("mps", "")]),
        ("auto", 0, TWO, [("cuda:0", "GPU-a"), ("cuda:0", "GPU-b")]),
        ("auto", 1, TWO, [("cuda:0", "GPU-a")]),
        ("auto", 3, TWO, [("cuda:0", "GPU-a"), ("cuda:0", "GPU-b"), ("cuda:0", "GPU-a")]),
        ("cpu", 0, TWO, [("cpu", "")]),
        ("cpu", 2, BARE, [("cpu", ""), ("cpu", "")]),
        ("cuda", 0, TWO, [("cuda:0", "GPU-a"), ("cuda:0", "GPU-b")]),
        ("cuda:1", 0, TWO, [("cuda:0", "GPU-b")]),
        ("mps", 0, MAC, [("mps", "")]),
    ],
)
def test_slots_follow_the_wish_and_the_machine(
    device: str, workers: int, machine: Machine, expected: list[tuple[str, str]]
) -> None:
    assert devices(device, workers, machine) == expected


def test_a_worker_sees_its_own_gpu_alone() -> None:
    second = plan_slots("auto", 0, TWO)[1]

    assert second.environment == {"GENART_DEVICE": "cuda:0", "CUDA_VISIBLE_DEVICES": "GPU-b"}
    assert plan_slots("cpu", 0, TWO)[0].environment["CUDA_VISIBLE_DEVICES"] == ""


@pytest.mark.parametrize(
    ("device", "machine", "said"),
    [
        ("cuda", BARE, "no NVIDIA GPU is visible"),
        ("cuda:2", TWO, "the last one is cuda:1"),
        ("mps", TWO, "no Mac"),
    ],
)
def test_a_device_that_is_not_there_is_told(device: str, machine: Machine, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        plan_slots(device, 0, machine)


def test_listing_names_gpus_and_the_slices_of_sliced_ones() -> None:
    assert parse_listing(LISTING) == ("GPU-aaaa", "MIG-1111", "MIG-2222")


@pytest.mark.parametrize(
    ("mask", "left"),
    [
        (None, ("GPU-a", "GPU-b")),
        ("", ()),
        ("-1", ()),
        ("1", ("1",)),
        ("1, 0", ("1", "0")),
        ("0,7,1", ("0",)),
        ("GPU-b", ("GPU-b",)),
    ],
)
def test_cuda_visible_devices_is_respected(mask: str | None, left: tuple[str, ...]) -> None:
    assert visible(TWO.gpus, mask) == left


def test_a_mask_makes_no_gpus_where_there_are_none() -> None:
    assert visible((), "0") == ()
