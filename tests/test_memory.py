"""How much memory may still be taken, as the kernel's files say."""

from pathlib import Path

import pytest

from genart_core.memory import available_memory, total_memory

MEMINFO = "MemTotal:  100 kB\nMemFree:  20 kB\nMemAvailable:  50 kB\n"


def write(root: Path, **files: str) -> Path:
    """Write files by their paths, `__` for `/`."""
    for name, text in {"proc__meminfo": MEMINFO, **files}.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def group(root: Path, folder: str, limit: str, used: str, cache: str = "0") -> None:
    """Write a control group of version 2."""
    place = root / "sys/fs/cgroup" / folder
    place.mkdir(parents=True, exist_ok=True)
    for name, text in {
        "max": limit,
        "current": used,
        "stat": f"anon 1\ninactive_file {cache}",
    }.items():
        (place / f"memory.{name}").write_text(f"{text}\n")


def test_machine_without_groups_has_what_linux_says(tmp_path: Path) -> None:
    assert available_memory(write(tmp_path)) == 50 * 1024


def test_group_leaves_its_limit_less_what_is_used(tmp_path: Path) -> None:
    write(tmp_path, proc__self__cgroup="0::/box\n")
    group(tmp_path, "box", "10000", "4000", cache="500")

    assert available_memory(tmp_path) == 6500


def test_smallest_of_all_limits_counts(tmp_path: Path) -> None:
    write(tmp_path, proc__self__cgroup="0::/outer/inner\n")
    group(tmp_path, "outer/inner", "max", "4000")
    group(tmp_path, "outer", "9000", "5000")

    assert available_memory(tmp_path) == 4000


def test_group_whose_path_is_the_hosts_is_the_top(tmp_path: Path) -> None:
    write(tmp_path, proc__self__cgroup="0::/docker/0123\n")
    group(tmp_path, "", "7000", "1000")

    assert available_memory(tmp_path) == 6000


def test_group_of_the_first_version_is_read(tmp_path: Path) -> None:
    write(tmp_path, proc__self__cgroup="8:pids:/\n4:cpu,memory:/box\n0::/\n")
    place = tmp_path / "sys/fs/cgroup/memory/box"
    place.mkdir(parents=True)
    (place / "memory.limit_in_bytes").write_text("8000\n")
    (place / "memory.usage_in_bytes").write_text("5000\n")
    (place / "memory.stat").write_text("total_inactive_file 1000\n")

    assert available_memory(tmp_path) == 4000


@pytest.mark.parametrize("used", ["20000", "10000"])
def test_nothing_is_left_of_a_limit_that_is_used_up(tmp_path: Path, used: str) -> None:
    write(tmp_path, proc__self__cgroup="0::/box\n")
    group(tmp_path, "box", "10000", used)

    assert available_memory(tmp_path) == 0


def test_there_is_as_much_in_all_as_the_machine_has_or_a_group_allows(tmp_path: Path) -> None:
    assert total_memory(write(tmp_path)) == 100 * 1024

    write(tmp_path, proc__self__cgroup="0::/box\n")
    group(tmp_path, "box", "10000", "4000")
    assert total_memory(tmp_path) == 10000

    group(tmp_path, "box", "max", "4000")
    assert total_memory(tmp_path) == 100 * 1024


def test_other_systems_do_not_tell(tmp_path: Path) -> None:
    assert available_memory(tmp_path) is None
    assert total_memory(tmp_path) is None
