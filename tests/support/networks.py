"""Hosts of their own: network namespaces, each joined to this one by a cable that can be pulled."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Host:
    """A network namespace. `outside` is this machine's address on the cable between them."""

    name: str
    cable: str
    outside: str

    @property
    def inside(self) -> tuple[str, ...]:
        """The command that runs another in it."""
        return ("ip", "netns", "exec", self.name)

    def unplug(self) -> None:
        """Pull the cable: whatever is on its way is lost, and nobody is told."""
        _ip("link", "set", self.cable, "down")

    def plug_in(self) -> None:
        """Put the cable back."""
        _ip("link", "set", self.cable, "up")


def why_not() -> str:
    """Return why there can be no network namespaces here, "" if there can."""
    name = f"genart-try-{os.getpid()}"
    try:
        _ip("netns", "add", name)
    except FileNotFoundError:
        return "there is no `ip` command (iproute2)"
    except subprocess.CalledProcessError as error:
        return f"`ip netns add` is not permitted: {error.stderr.decode().strip()}"
    _ip("netns", "delete", name)
    return ""


@contextmanager
def hosts(count: int) -> Iterator[list[Host]]:
    """Make so many hosts, which reach this one and not each other."""
    number = os.getpid()
    with ExitStack() as stack:
        made = []
        for n in range(count):
            name, cable = f"genart-{number}-{n}", f"ga{number % 100_000}n{n}"
            net = f"10.{200 + number % 50}.{number // 50 % 250}.{4 * n}"
            made.append(_made(stack, name, cable, net))
        yield made


def _made(stack: ExitStack, name: str, cable: str, net: str) -> Host:
    base, _, last = net.rpartition(".")
    outside, inside = f"{base}.{int(last) + 1}", f"{base}.{int(last) + 2}"
    _ip("netns", "add", name)
    stack.callback(
        _ip, "netns", "delete", name
    )  # its end of the cable goes with it, and so the other
    _ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", name)
    _ip("address", "add", f"{outside}/30", "dev", cable)
    _ip("link", "set", cable, "up")
    _ip("-n", name, "address", "add", f"{inside}/30", "dev", "eth0")
    _ip("-n", name, "link", "set", "eth0", "up")
    _ip("-n", name, "link", "set", "lo", "up")
    return Host(name, cable, outside)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)
