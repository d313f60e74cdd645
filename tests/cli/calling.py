"""Running the `genart` command in the process of a test."""

import os
import sys
from collections.abc import Callable
from typing import NamedTuple
from unittest.mock import patch

import pytest

from cli.main import main
from genart_core.catalogue import kinds


class Ended(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    stdout: str
    stderr: str


Run = Callable[..., Ended]


def caller(capsys: pytest.CaptureFixture[str], **always: str) -> Run:
    """Return what runs the command with the settings given, those of always, and no others."""

    def call(*words: str, **settings: str) -> Ended:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("GENART_", "REDIS_"))}
        kinds.cache_clear()
        with (
            patch.dict(os.environ, kept | always | settings, clear=True),
            patch.object(sys, "argv", ["genart", *words]),
            pytest.raises(SystemExit) as ended,
        ):
            main()
        kinds.cache_clear()
        return Ended(int(ended.value.code or 0), *capsys.readouterr())

    return call
