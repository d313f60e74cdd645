"""How much memory this process may still take, found without torch."""

from pathlib import Path

_KIB = 1024


def available_memory(root: Path = Path("/")) -> int | None:
    """Return the bytes that can be taken without swapping or being killed; None if unknown.

    What Linux says is available (`MemAvailable`: free, or a cache that can go), within what is left
    of the limits of the control groups that this process is in, which is what bounds a container.
    """
    found = [_machine(root, "MemAvailable"), *(left for _, left in _groups(root))]
    known = [bytes_ for bytes_ in found if bytes_ is not None]
    return min(known) if known else None


def total_memory(root: Path = Path("/")) -> int | None:
    """Return the bytes that there are in all, within the limits of the control groups."""
    found = [_machine(root, "MemTotal"), *(limit for limit, _ in _groups(root))]
    known = [bytes_ for bytes_ in found if bytes_ is not None]
    return min(known) if known else None


def _machine(root: Path, wanted: str) -> int | None:
    for line in _lines(root / "proc/meminfo"):
        name, _, amount = line.partition(":")
        if name == wanted:
            return int(amount.split()[0]) * _KIB
    return None


def _groups(root: Path) -> list[tuple[int | None, int | None]]:
    """Return each group's limit and what it leaves, of both versions, up to the top."""
    found = []
    for line in _lines(root / "proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            top, names = root / "sys/fs/cgroup", ("memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            top = root / "sys/fs/cgroup/memory"
            limit, usage = "memory.limit_in_bytes", "memory.usage_in_bytes"
            names = (limit, usage, "total_inactive_file")
        else:
            continue
        folder = top / path.strip("/")
        # inside a container the path is often that of the host, and the group is the top
        folders = [folder, *folder.parents] if folder.is_dir() else [top]
        found += [_group(one, *names) for one in folders if one.is_relative_to(top)]
    return found


def _group(folder: Path, limit: str, usage: str, cache: str) -> tuple[int | None, int | None]:
    most, used = _number(folder / limit), _number(folder / usage)
    if most is None or used is None:
        return most, None
    stat = dict(line.split(" ", 1) for line in _lines(folder / "memory.stat") if " " in line)
    return most, max(most - used + int(stat.get(cache, 0)), 0)


def _number(path: Path) -> int | None:
    text = "".join(_lines(path)[:1])
    return int(text) if text.isdigit() else None  # "max": no limit


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
