"""Convolutions by Winograd's algorithm: what they give, and where they are used."""

from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from genart_core.native import build as building
from genart_core.native.build import WINOGRAD, Source, build, compiler
from genart_core.native.kernel import Kernel, Plan, UnusableError
from genart_core.nn import device, native, winograd
from genart_core.nn.features import Network, Stages
from genart_core.nn.native import CONVOLUTIONS, Library, load, require_sound, transformed
from genart_core.nn.winograd import WinogradConv2d, quicken, suits

FLOAT, HALF = torch.float32, torch.bfloat16
CLOSE = {FLOAT: 3e-5, HALF: 4e-3}  # of the largest value
MEAN = {FLOAT: 1e-5, HALF: 3e-3}  # of the whole
needs_compiler = pytest.mark.skipif(compiler() is None, reason="no C compiler")


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Kernel[Library]:
    """Return what is compiled once for the tests here."""
    return Kernel(CONVOLUTIONS, [tmp_path_factory.mktemp("native")])


@pytest.fixture
def library(kernel: Kernel[Library], monkeypatch: pytest.MonkeyPatch) -> Library:
    library = kernel.wait()
    if library is None:
        pytest.skip("no C compiler, or neither AVX-512 nor AVX2")
    monkeypatch.setattr(winograd, "kernel", lambda: kernel)
    return library


def drawn(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))


def layer(
    inputs: int = 64,
    outputs: int = 96,
    size: int = 3,
    *,
    stride: int = 1,
    padding: int = 1,
    dilation: int = 1,
    groups: int = 1,
    bias: bool = True,
) -> nn.Conv2d:
    made = nn.Conv2d(inputs, outputs, size, stride, padding, dilation, groups, bias)
    made.weight.data = drawn(*made.weight.shape) / (9 * inputs) ** 0.5
    if made.bias is not None:
        made.bias.data = 0.1 * drawn(outputs)
    return made.requires_grad_(False)


def small() -> Network:
    """Return convolutions in the manner of VGG, and one in that of our own network."""
    modules = {
        "first": nn.Sequential(layer(3, 32), nn.ReLU()),
        "second": nn.Sequential(nn.MaxPool2d(2), layer(32, 48), nn.LeakyReLU(0.1)),
        "third": nn.Sequential(layer(48, 32, 1, padding=0), nn.ReLU(), layer(32, 32), nn.ReLU()),
        "fourth": nn.Sequential(layer(32, 64)),
    }
    return Network(Stages(modules, (0.5,) * 3, (0.5,) * 3))


def require_close(found: Tensor, exact: Tensor) -> None:
    most = CLOSE[found.dtype] * float(exact.detach().abs().max())
    torch.testing.assert_close(found.double(), exact, rtol=0, atol=most)
    assert (found.double() - exact).norm() <= MEAN[found.dtype] * exact.norm()


@pytest.mark.parametrize("lanes", [8, 16])
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_values_and_gradients_are_those_of_the_plain_sum(
    kernel: Kernel[Library], lanes: int, data: st.DataObject
) -> None:
    library = kernel.wait()
    if library is None or library.lanes < lanes:
        pytest.skip(f"no compiler, or no vectors of {lanes} floats")
    inputs, outputs = (16 * data.draw(st.integers(1, 5)) for _ in "io")
    size = [data.draw(st.integers(1, 30)) for _ in "bhw"]
    size[0] = size[0] % 2 + 1
    leak = data.draw(st.sampled_from([0.0, 0.1, 1.0]))
    plain = layer(inputs, outputs, bias=data.draw(st.booleans()))
    dtype = data.draw(st.sampled_from([FLOAT, HALF]))
    x, slope = (drawn(size[0], channels, *size[1:]).to(dtype) for channels in (inputs, outputs))
    library.lanes, before = lanes, library.lanes
    threads = torch.get_num_threads()
    torch.set_num_threads(data.draw(st.integers(1, 3)))
    try:
        given_x = x.clone().requires_grad_()
        found = WinogradConv2d(library, plain, leak)(given_x)
        (gradient,) = torch.autograd.grad(found, given_x, slope)
    finally:
        library.lanes = before
        torch.set_num_threads(threads)

    exact = x.double().requires_grad_()
    sums = plain.double()(exact)
    # A sum near 0 that falls on the other side is passed on there as ours was.
    wanted = torch.where(found > 0, sums, leak * sums)
    (steepest,) = torch.autograd.grad(wanted, exact, slope.double())
    require_close(found, F.leaky_relu(sums, leak).detach())
    require_close(gradient, steepest)


def test_it_is_the_same_for_any_number_of_threads(library: Library) -> None:
    plain, x = layer(), drawn(1, 64, 90, 70)
    weights, threads = transformed(plain.weight), torch.get_num_threads()
    found = []
    try:
        for count in (1, 2, 3, 7, 200):
            torch.set_num_threads(count)
            found.append(library.convolve(x, weights, 96, bias=plain.bias))
    finally:
        torch.set_num_threads(threads)

    assert all(torch.equal(each, found[0]) for each in found)


@pytest.mark.parametrize(("dtype", "most"), [(FLOAT, 1e-3), (HALF, 0.05)])
def test_a_network_computes_so_and_gives_the_same_gradient(
    library: Library, monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype, most: float
) -> None:
    monkeypatch.setattr(winograd, "LEAST_HALF", 32)
    monkeypatch.setattr(winograd, "multiplies_matrices", lambda: False)
    network, image = small(), torch.rand(1, 3, 96, 80, generator=torch.Generator().manual_seed(1))
    names = ["first", "second", "third", "fourth"]

    def seen(dtype: torch.dtype) -> tuple[dict[str, Tensor], Tensor]:
        x = image.double().requires_grad_()
        found = network.cut(names, dtype=dtype)(x)
        loss = torch.stack([each.double().square().mean() for each in found.values()]).sum()
        return found, torch.autograd.grad(loss, x)[0]

    (found, quick), (wanted, exact) = seen(dtype), seen(torch.float64)

    extractor = network.cut(names, dtype=dtype)
    assert sum(isinstance(each, WinogradConv2d) for each in extractor.modules()) == 3
    assert sum(isinstance(each, nn.Identity) for each in extractor.modules()) == 2
    for name in names:
        assert found[name].dtype == dtype
        assert (found[name] - wanted[name]).norm() < 10 * MEAN[dtype] * wanted[name].norm()
        assert found[name].is_contiguous(memory_format=torch.channels_last)
    # A value near 0 that falls on the other side of a rectifier bends the gradient there.
    assert (quick - exact).norm() < most * exact.norm()


def test_what_a_cut_sees_and_takes_is_as_before(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = small().cut(["fourth"], dtype=FLOAT)
    monkeypatch.setattr(winograd, "kernel", lambda: Kernel(CONVOLUTIONS, [], is_wanted=False))
    plain = small().cut(["fourth"], dtype=FLOAT)

    assert not any(isinstance(each, WinogradConv2d) for each in plain.modules())
    assert quick.receptive_field == plain.receptive_field
    assert quick.smallest == plain.smallest
    assert quick.bytes_per_pixel <= plain.bytes_per_pixel


def test_other_types_and_devices_compute_as_before(library: Library) -> None:
    for place, dtype in (("cpu", torch.float16), ("cpu", torch.float64), ("cuda:0", FLOAT)):
        rows = nn.Sequential(layer(), nn.ReLU())
        quicken(rows, place, dtype)
        assert not any(isinstance(each, WinogradConv2d) for each in rows.modules())


def test_bfloat16_is_left_to_a_processor_that_multiplies_matrices_of_it(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    for has, expected in (({"amx_bf16": True}, 0), ({"amx_bf16": False}, 1), ({}, 0)):
        monkeypatch.setattr(device, "_capabilities", lambda has=has: has)
        rows = nn.Sequential(layer(), nn.ReLU())
        quicken(rows, "cpu", HALF)
        assert sum(isinstance(each, WinogradConv2d) for each in rows.modules()) == expected


@pytest.mark.parametrize(
    ("inputs", "outputs", "pays"),
    [(64, 64, True), (128, 64, True), (32, 64, False), (64, 192, False), (512, 512, True)],
)
def test_in_bfloat16_it_pays_where_there_are_many_products(
    inputs: int, outputs: int, pays: bool
) -> None:
    assert suits(layer(inputs, outputs), HALF) == pays
    assert suits(layer(inputs, outputs), FLOAT)


def test_no_number_stays_none_in_bfloat16(library: Library) -> None:
    x = torch.zeros(1, 32, 8, 8, dtype=HALF)
    x[0, 0, 4, 4] = torch.nan

    found = library.convolve(x, transformed(layer(32, 32).weight), 32)

    assert found[0, :, 3:6, 3:6].isnan().all()


@pytest.mark.parametrize(
    "options",
    [
        *({"stride": 2}, {"dilation": 2}, {"groups": 2}, {"padding": 0}, {"size": 5}),
        *({"inputs": 24}, {"outputs": 40}, {"inputs": 3}),
    ],
)
def test_convolutions_of_another_kind_are_left_alone(
    library: Library, options: dict[str, Any]
) -> None:
    other = nn.Sequential(layer(**options))
    quicken(other, "cpu", FLOAT)

    assert suits(layer(), FLOAT)
    assert not suits(other[0], FLOAT)
    assert not isinstance(other[0], WinogradConv2d)


def test_a_rectifier_elsewhere_is_left_alone(library: Library) -> None:
    """Only what is known to follow a convolution directly becomes a part of it."""
    row = nn.Sequential(layer(64, 64), nn.MaxPool2d(2), nn.ReLU(), layer(64, 64))
    side_by_side = nn.ModuleList([layer(64, 64), nn.ReLU()])
    for modules in (row, side_by_side):
        quicken(modules, "cpu", FLOAT)
        assert sum(isinstance(each, nn.ReLU) for each in modules.modules()) == 1

    x = drawn(1, 64, 20, 20)
    wanted = nn.Sequential(layer(64, 64), nn.MaxPool2d(2), nn.ReLU(), layer(64, 64)).double()
    require_close(row(x), wanted(x.double()))


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
        ("GENART_ABI 1", "GENART_ABI 2", "another version"),
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
    plan = Plan(source, load, "genart_core.nn.native", "convolutions")
    assert Kernel(plan, [tmp_path / "built"]).wait() is None


def test_without_a_compiler_torch_convolves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "compiler", lambda: None)
    none = Kernel(CONVOLUTIONS, [tmp_path])
    monkeypatch.setattr(winograd, "kernel", lambda: none)

    extractor = small().cut(["fourth"], dtype=FLOAT)

    assert not any(isinstance(each, WinogradConv2d) for each in extractor.modules())
    assert extractor(torch.rand(1, 3, 32, 32))["fourth"].shape == (1, 64, 16, 16)


@needs_compiler
def test_the_check_is_a_program(tmp_path: Path) -> None:
    assert native.main(build(WINOGRAD, tmp_path)) == 0
    none = tmp_path / "none.so"
    none.write_bytes(b"no library")
    assert native.main(none) == 0  # a file that can't be used here isn't a wrong one
