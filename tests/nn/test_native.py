"""The compiled convolutions themselves: what they take and give, and which library is used."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from genart_core.native.build import WINOGRAD, Source, build, compiler
from genart_core.native.kernel import Kernel, UnusableError
from genart_core.nn.native import CONVOLUTIONS, Library, require_sound, torch_team, transformed
from tests.support.convolutions import drawn, layer

needs_compiler = pytest.mark.skipif(compiler() is None, reason="no C compiler")


def test_it_is_the_same_for_any_number_of_threads_and_whoever_runs_them(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, x = layer(), drawn(1, 64, 90, 70)
    weights, threads = transformed(plain.weight), torch.get_num_threads()
    found = []
    try:
        for team, count in product((torch_team(), None), (1, 2, 3, 7, 200)):
            monkeypatch.setattr(library, "team", team)
            torch.set_num_threads(count)
            found.append(library.convolve(x, weights, 96, bias=plain.bias))
    finally:
        torch.set_num_threads(threads)

    assert all(torch.equal(each, found[0]) for each in found)


def test_torchs_own_threads_convolve_where_torch_brings_them() -> None:
    """Beside them, while they spin, threads of our own would wait for a core."""
    brought = [*(Path(torch.__file__).parent / "lib").glob("libgomp*")]

    assert (torch_team() is not None) == bool(brought)


def test_no_number_stays_none_in_bfloat16(library: Library) -> None:
    x = torch.zeros(1, 32, 8, 8, dtype=torch.bfloat16)
    x[0, 0, 4, 4] = torch.nan

    found = library.convolve(x, transformed(layer(32, 32).weight), 32)

    assert found[0, :, 3:6, 3:6].isnan().all()


def test_callers_in_several_threads_do_not_meet(library: Library) -> None:
    plain = layer()
    weights = transformed(plain.weight)
    pictures = [drawn(1, 64, 30 + side, 41) for side in range(8)]

    def convolved(x: Tensor) -> Tensor:
        with torch.inference_mode():
            return library.convolve(x, weights, 96, bias=plain.bias)

    alone = [convolved(x) for x in pictures]
    with ThreadPoolExecutor(4) as pool:
        together = [found for _ in range(5) for found in pool.map(convolved, pictures)]

    assert all(torch.equal(found, alone[n % 8]) for n, found in enumerate(together))


def test_what_does_not_fit_never_reaches_c(library: Library) -> None:
    x, weights = drawn(1, 64, 8, 8), transformed(layer().weight)
    wrong: list[tuple[Tensor, Tensor, int, dict[str, Any]]] = [
        (x.double(), weights, 96, {}),
        (x, weights, 96, {"mask": x.bfloat16()}),
        (x[:, :48], weights, 96, {}),
        (x, weights.double(), 96, {}),
        (x, weights, 128, {}),
        (x, weights.transpose(1, 2).contiguous().transpose(1, 2), 96, {}),
        (x, weights, 90, {}),
        (x, weights, 96, {"bias": drawn(64)}),
        (x, weights, 96, {"mask": drawn(1, 64, 8, 9)}),
    ]
    for picture, risen, outputs, options in wrong:
        with pytest.raises(ValueError, match="is not float32|n't fit"):
            library.convolve(picture, risen, outputs, **options)
    library.lanes, before = 4, library.lanes
    with pytest.raises(ValueError, match="vectors of 4 floats"):
        library.convolve(x, weights, 96)
    library.lanes = before


def changed(tmp_path: Path, old: str, new: str) -> Source:
    """Return the source with some text in either of its files replaced."""
    copies = []
    for file in (WINOGRAD.file, *WINOGRAD.included):
        copy = tmp_path / file.name
        copy.write_text(file.read_text().replace(old, new))
        copies.append(copy)
    assert any(c.read_text() != (WINOGRAD.file.parent / c.name).read_text() for c in copies)
    return Source(copies[0], WINOGRAD.flags, tuple(copies[1:]))


@needs_compiler
@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("GENART_ABI 2", "GENART_ABI 3", "another version"),
        ("near_odd + 8.0f * far_odd", "near_odd + 8.001f * far_odd", "not those of torch"),
        ("int widest(void) {", "int widest(void) { return 0;", "neither AVX-512 nor AVX2"),
    ],
)
def test_a_library_that_is_not_right_is_not_used(
    library: Library, tmp_path: Path, old: str, new: str, reason: str
) -> None:
    source = changed(tmp_path, old, new)

    with pytest.raises(UnusableError, match=reason):
        require_sound(Library(build(source, tmp_path / "built")))
    plan = replace(CONVOLUTIONS, source=source)
    assert Kernel(plan, [tmp_path / "built"]).wait() is None


@needs_compiler
def test_the_check_is_a_program(tmp_path: Path) -> None:
    assert CONVOLUTIONS.examine(build(WINOGRAD, tmp_path)) == 0
    none = tmp_path / "none.so"
    none.write_bytes(b"no library")
    assert CONVOLUTIONS.examine(none) == 0  # a file that can't be used here isn't a wrong one
