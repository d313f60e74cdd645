"""What is compiled from the C sources, and by which command."""

import subprocess
from pathlib import Path

import pytest

from genart_core.native.build import (
    COMPILE_SECONDS,
    FLAGS,
    SOURCES,
    Source,
    build,
    built,
    compiler,
    main,
)
from genart_core.native.kernel import CHECK_SECONDS
from worker.settings import WorkerSettings

needs_compiler = pytest.mark.skipif(compiler() is None, reason="no C compiler")


@needs_compiler
@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_the_source_compiles_without_a_warning(source: Source, tmp_path: Path) -> None:
    command = compiler()
    assert command is not None

    strict = ["-Wall", "-Wextra", "-Werror", "-o", str(tmp_path / "made.so"), str(source.file)]
    flags = [*FLAGS, *source.flags]
    done = subprocess.run([command, *flags, *strict], capture_output=True, text=True, check=False)

    assert done.stderr == ""


def test_the_watchdog_does_not_end_a_worker_that_waits_for_a_slow_compiler() -> None:
    assert WorkerSettings().step_timeout_seconds > COMPILE_SECONDS + CHECK_SECONDS


@needs_compiler
def test_the_command_builds_all_of_them(tmp_path: Path) -> None:
    assert main([str(tmp_path)]) == 0

    found = {source.name: [*built(source, tmp_path)] for source in SOURCES}
    assert {name: len(paths) for name, paths in found.items()} == {"step": 1, "winograd": 1}


@needs_compiler
def test_what_is_included_is_a_part_of_what_it_was_made_from(tmp_path: Path) -> None:
    main_file, header = tmp_path / "sum.c", tmp_path / "sum.h"
    main_file.write_text('#include "sum.h"\nint sum(void) { return TERM + 1; }\n')
    header.write_text("#define TERM 1\n")
    source = Source(main_file, (), (header,))
    path = build(source, tmp_path)
    assert [*built(source, tmp_path)] == [path]

    header.write_text("#define TERM 2\n")

    assert [*built(source, tmp_path)] == []
