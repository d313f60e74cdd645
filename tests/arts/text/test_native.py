"""Steps in C beside those in torch, and what becomes of them where they can't be had."""

import logging
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genart_core.arts.text import cell as cells
from genart_core.arts.text.cell import Cell, Desk
from genart_core.arts.text.native.check import random_parts, reference_step, require_sound
from genart_core.arts.text.native.desk import NativeDesk, packed_model
from genart_core.arts.text.native.kernel import STEPS
from genart_core.arts.text.native.library import (
    Array,
    Library,
    PackedDesk,
    PackedModel,
    Parts,
)
from genart_core.arts.text.sampling import Walk
from genart_core.native import build as building
from genart_core.native.build import STEP, BuildError, build, built, compiler
from genart_core.native.kernel import Kernel, Plan, UnusableError

from .conftest import random_model

ODD_ROWS = (1, 2, 3, 15, 16, 17, 32)
needs_compiler = pytest.mark.skipif(compiler() is None, reason="no C compiler")


@pytest.fixture
def library(native: Kernel[Library]) -> Library:
    library = native.wait()
    if library is None:
        pytest.skip("no C compiler, or no AVX-512 VNNI")
    return library


@pytest.mark.parametrize("rows", [*ODD_ROWS, 33, 70])
def test_steps_are_those_in_numpy_bit_for_bit(library: Library, rows: int) -> None:
    parts = random_parts(rows, hidden=192, layers=3, tokens=(1, 64, 65, 131)[rows % 4])
    desk = PackedDesk(PackedModel(library, parts), rows)
    h, c = np.zeros((3, rows, 192)), np.zeros(desk.c.shape, np.float32)
    random = np.random.default_rng(rows)

    for _ in range(5):
        desk.ids[...] = ids = random.integers(0, len(parts.table), rows)
        logits = reference_step(parts, h, c, ids)
        desk.step()
        assert np.array_equal(desk.logits, logits)
        assert np.array_equal(desk.c, c)
        assert np.array_equal(desk.h.transpose(1, 0, 2).astype(int) - 128, h)


@given(
    seed=st.integers(0, 2**20),
    rows=st.sampled_from(ODD_ROWS),
    steps=st.integers(1, 12),
    threads=st.integers(1, 3),
    hidden=st.sampled_from([40, 64, 136]),
    layers=st.integers(1, 3),
)
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_walk_draws_what_torch_draws(
    library: Library, seed: int, rows: int, steps: int, threads: int, hidden: int, layers: int
) -> None:
    model = random_model(seed % 5, hidden=hidden, layers=layers)
    cell = Cell(model, "cpu")
    packed = packed_model(library, cell.layout)
    packed.threads = threads
    generator = torch.Generator().manual_seed(seed)
    walk = walk_of(cell, rows, steps, generator)
    last = torch.randint(len(model.vocabulary), (rows,), generator=generator)
    native, usual = NativeDesk(packed, [cell.zero()] * rows), Desk(cell, [cell.zero()] * rows)

    assert native.walk(last, walk)

    for k in range(steps):
        last = torch.where(walk.prompts[k] >= 0, walk.prompts[k], last)
        scores = usual.step(last) * walk.sharpness
        last = (scores + walk.noise[k]).argmax(dim=1)
        assert torch.equal(walk.scores[k], scores)
        assert torch.equal(walk.drawn[k], last)
    for ours, theirs in zip(native.states(), usual.states(), strict=True):
        assert torch.equal(ours[0], theirs[0])
        assert torch.equal(ours[1], theirs[1])


def walk_of(cell: Cell, rows: int, steps: int, generator: torch.Generator) -> Walk:
    """Return a walk with some prompts and some greedy rows."""
    size, width = len(cell.vocabulary), len(cell.layout.matrices[-1])
    prompts = torch.randint(size, (steps, rows), generator=generator)
    prompts[torch.rand(steps, rows, generator=generator) < 0.7] = -1
    noise = -torch.empty(steps, rows, width).exponential_(generator=generator).log()
    noise[:, torch.rand(rows, generator=generator) < 0.3] = 0.0
    sharpness = torch.rand(rows, 1, generator=generator) * 3.0
    scores, drawn = torch.full_like(noise, torch.nan), torch.full_like(prompts, -1)
    return Walk(prompts, sharpness, noise, scores, drawn)


def test_states_move_between_the_ways(library: Library) -> None:
    cell = Cell(random_model(), "cpu")
    packed = packed_model(library, cell.layout)
    ids = torch.tensor([[3, 8, 1], [4, 4, 2]])
    usual = Desk(cell, [cell.zero()] * 3)
    usual.step(ids[0])

    native = NativeDesk(packed, usual.states())
    back = Desk(cell, native.states())

    expected = usual.step(ids[1])
    assert torch.equal(native.step(ids[1]), expected)
    assert torch.equal(back.step(ids[1]), expected)


@pytest.mark.parametrize("token", [-1, 36, 64, 2**40])
def test_a_token_that_is_none_is_refused_before_it_is_looked_up(
    library: Library, token: int
) -> None:
    cell = Cell(random_model(), "cpu")
    assert len(cell.vocabulary) == 36
    desk = NativeDesk(packed_model(library, cell.layout), [cell.zero()] * 2)
    walk = walk_of(cell, 2, 3, torch.Generator().manual_seed(1))

    with pytest.raises(ValueError, match="not in the vocabulary"):
        desk.step(torch.tensor([0, token]))
    with pytest.raises(ValueError, match="not in the vocabulary"):
        desk.walk(torch.tensor([0, token]), walk)
    if token > 0:
        walk.prompts[2, 1] = token
        with pytest.raises(ValueError, match="not in the vocabulary"):
            desk.walk(torch.tensor([0, 0]), walk)


def misshapen(parts: Parts) -> Iterator[dict[str, Any]]:
    """Yield what of the parts does not fit the rest."""
    first, *others = parts.matrices
    yield {"matrices": [first[:, :-4], *others]}
    yield {"matrices": [*others, first]}
    yield {"matrices": parts.matrices[-1:], "scales": parts.scales[-1:], "vectors": []}
    yield {"scales": [parts.scales[0][:-1], *parts.scales[1:]]}
    yield {"vectors": parts.vectors[:-1]}
    yield {"vectors": [vector[:-1] for vector in parts.vectors]}
    yield {"table": parts.table[:, :-4]}
    yield {"table": parts.table[:0]}
    yield {"table": np.concatenate([parts.table] * 3)}


def test_parts_that_do_not_fit_never_reach_c(library: Library) -> None:
    parts = random_parts(0)
    PackedModel(library, parts)

    for wrong in misshapen(parts):
        with pytest.raises(ValueError, match="do not fit"):
            PackedModel(library, Parts(**{**vars(parts), **wrong}))


@pytest.mark.parametrize("hidden", [32, 96])
def test_a_width_of_no_whole_blocks_is_refused(library: Library, hidden: int) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        PackedModel(library, random_parts(0, hidden=hidden))


@pytest.mark.parametrize("name", ["prompts", "sharpness", "noise", "scores", "drawn"])
def test_arrays_of_another_shape_never_reach_c(library: Library, name: str) -> None:
    parts = random_parts(0)
    desk = PackedDesk(PackedModel(library, parts), 3)
    width = len(parts.matrices[-1])
    arrays: dict[str, Array] = {
        "prompts": np.full((4, 3), -1),
        "sharpness": np.ones(3, np.float32),
        "noise": np.zeros((4, 3, width), np.float32),
        "scores": np.zeros((4, 3, width), np.float32),
        "drawn": np.zeros((4, 3), np.int64),
    }
    desk.walk(**arrays)

    for wrong in (arrays[name][..., :-1], arrays[name][..., ::2], arrays[name].astype(np.int16)):
        with pytest.raises(ValueError, match=" is not "):
            desk.walk(**{**arrays, name: wrong})
    with pytest.raises(ValueError, match=" is not "):
        desk.walk(**{**arrays, name: np.repeat(arrays[name], 2, axis=-1)[..., ::2]})


@needs_compiler
def test_what_was_compiled_is_found_again_and_nothing_else_is(tmp_path: Path) -> None:
    path = build(STEP, tmp_path)

    (tmp_path / "step-0123456789abcdef-0123456789abcdef.so").write_bytes(path.read_bytes())
    assert list(built(STEP, tmp_path)) == [path]
    assert [other for other in tmp_path.iterdir() if other.name.startswith(".build")] == []


@needs_compiler
def test_a_damaged_library_is_compiled_anew(tmp_path: Path) -> None:
    path = build(STEP, tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])

    assert list(built(STEP, tmp_path)) == []
    Kernel(STEPS, [tmp_path]).wait()

    assert path.read_bytes() == data


def changed(tmp_path: Path, old: str, new: str) -> Plan[Library]:
    """Return how to make steps from a source with some text replaced."""
    file = tmp_path / "step.c"
    text = STEP.file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    return replace(STEPS, source=replace(STEP, file=file))


@needs_compiler
def test_a_library_of_another_version_is_not_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plan = changed(tmp_path, "GENART_ABI 1", "GENART_ABI 2")
    caplog.set_level(logging.INFO)

    with pytest.raises(UnusableError, match="another version"):
        Library(build(plan.source, tmp_path / "built"))
    assert Kernel(plan, [tmp_path / "built"]).wait() is None
    assert [record.message.split(":")[0] for record in caplog.records] == ["text steps in torch"]


def test_a_library_that_is_not_exact_is_not_used(library: Library, tmp_path: Path) -> None:
    plan = changed(tmp_path, "0.12167324419179298f", "0.1216733f")

    with pytest.raises(UnusableError, match="not exact"):
        require_sound(Library(build(plan.source, tmp_path / "built")))
    assert Kernel(plan, [tmp_path / "new"]).wait() is None  # compiled, looked at by another process
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize("reason", ["no compiler", "broken compiler", "folder can't be written"])
def test_without_the_library_texts_come_from_torch(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    reason: str,
) -> None:
    caplog.set_level(logging.INFO)
    folder = tmp_path / "native"
    if reason == "no compiler":
        monkeypatch.setattr(building, "compiler", lambda: None)
    if reason == "broken compiler":
        monkeypatch.setattr(building, "compiler", lambda: shutil.which("false"))
    if reason == "folder can't be written":
        folder.write_text("a file is in the way")

    kernel = Kernel(STEPS, [folder])
    assert kernel.wait() is None
    monkeypatch.setattr(cells, "kernel", lambda: kernel)
    cell = Cell(random_model(), "cpu")

    assert cell.way == "torch"
    assert isinstance(cell.seat([cell.zero()]), Desk)
    assert len([r for r in caplog.records if r.message.startswith("text steps in torch")]) == 1


@needs_compiler
def test_two_workers_may_compile_at_once(tmp_path: Path) -> None:
    kernels = [Kernel(STEPS, [tmp_path]) for _ in range(3)]
    threads = [threading.Thread(target=kernel.wait) for kernel in kernels]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({kernel.ready() is None for kernel in kernels}) == 1
    assert len(list(built(STEP, tmp_path))) >= 1


def test_nothing_is_compiled_if_it_is_not_wanted(tmp_path: Path) -> None:
    assert Kernel(STEPS, [tmp_path / "native"], is_wanted=False).wait() is None
    assert not (tmp_path / "native").exists()


def test_the_command_says_why_nothing_was_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(building, "compiler", lambda: None)

    assert building.main([str(tmp_path)]) == 1
    assert "no C compiler" in capsys.readouterr().err
    with pytest.raises(BuildError):
        build(STEP, tmp_path)
