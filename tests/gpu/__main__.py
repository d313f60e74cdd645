"""Run the checks on a CUDA device and print a table: `python -m tests.gpu`.

Needs no pytest. Exits with 3 without a CUDA device, with 1 when a check fails.
"""

# ruff: noqa: T201

import sys
import traceback
from collections.abc import Callable

import torch

from tests.gpu import check_dream, check_gan, check_style, check_text, check_vae


def run(checks: list[Callable[[], str]]) -> int:
    """Run the checks; return how many failed. A check returns a remark, or raises."""
    failed = 0
    print("| check | | remark |\n| --- | --- | --- |")
    for check in checks:
        name = check.__name__.removeprefix("check_").replace("_", " ")
        try:
            print(f"| {name} | pass | {check()} |")
        except Exception as error:  # any error of a check is its verdict
            failed += 1
            print(f"| {name} | FAIL | {type(error).__name__}: {str(error)[:200]} |")
            traceback.print_exc()
    return failed


def main() -> int:
    """Return the exit code."""
    if not torch.cuda.is_available():
        print("no CUDA device: nothing was checked", file=sys.stderr)
        return 3
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}\n")
    parts = (check_text, check_dream, check_style, check_vae, check_gan)
    checks = [check for part in parts for check in part.CHECKS]
    return 1 if run(checks) else 0


if __name__ == "__main__":
    sys.exit(main())
