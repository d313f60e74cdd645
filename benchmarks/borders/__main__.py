"""What the service withstands: `python -m benchmarks.borders [--quick] [--seed N]`.

A service of its own (Valkey, worker and gateway, on loopback) is sent thousands of generated bad
requests and hundreds of damaged pictures, while slow peers hang on and a good caller goes about its
business. Every answer must be a refusal in form, or success; nothing may fault, grow or restart.
`--case NAME:N` sends one attack again and shows it. Needs Linux. Exits with 1 on any breach.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from benchmarks.borders.run import FULL, QUICK, attack_all, show


def main() -> None:
    """Attack as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.borders", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="which attacks, out of all there are")
    parser.add_argument("--quick", action="store_true", help="be done within half a minute")
    parser.add_argument("--only", metavar="NAME", default="", help="attacks whose name begins so")
    parser.add_argument("--case", metavar="NAME:N", help="send this one alone, and show it")
    asked = parser.parse_args()
    # short, since the path of a unix socket has 100 bytes at most
    with tempfile.TemporaryDirectory(prefix="bench-", dir="/tmp") as folder:
        if asked.case:
            name, _, index = asked.case.rpartition(":")
            asyncio.run(show(Path(folder), asked.seed, name, int(index)))
            return
        size = QUICK if asked.quick else FULL
        sys.exit(0 if asyncio.run(attack_all(Path(folder), size, asked.seed, asked.only)) else 1)


if __name__ == "__main__":
    main()
