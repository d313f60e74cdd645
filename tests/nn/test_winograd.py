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
from genart_core.native.kernel import Kernel
from genart_core.nn import device, winograd
from genart_core.nn.features import Network, Stages
from genart_core.nn.native import CONVOLUTIONS, Library, torch_team
from genart_core.nn.winograd import WinogradConv2d, quicken, suits
from tests.support.convolutions import drawn, layer

FLOAT, HALF = torch.float32, torch.bfloat16
CLOSE = {FLOAT: 3e-5, HALF: 4e-3}  # of the largest value
MEAN = {FLOAT: 1e-5, HALF: 3e-3}  # of the whole


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
    before, threads = (library.lanes, library.team), torch.get_num_threads()
    library.lanes, library.team = lanes, data.draw(st.sampled_from([torch_team(), None]))
    torch.set_num_threads(data.draw(st.integers(1, 3)))
    try:
        given_x = x.clone().requires_grad_()
        found = WinogradConv2d(library, plain, leak)(given_x)
        (gradient,) = torch.autograd.grad(found, given_x, slope)
    finally:
        library.lanes, library.team = before
        torch.set_num_threads(threads)

    exact = x.double().requires_grad_()
    sums = plain.double()(exact)
    # A sum near 0 that falls on the other side is passed on there as ours was.
    wanted = torch.where(found > 0, sums, leak * sums)
    (steepest,) = torch.autograd.grad(wanted, exact, slope.double())
    require_close(found, F.leaky_relu(sums, leak).detach())
    require_close(gradient, steepest)


@pytest.mark.parametrize(("dtype", "most"), [(FLOAT, 1e-3), (HALF, 0.05)])
def test_a_network_computes_so_and_gives_the_same_gradient(
    library: Library, monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype, most: float
) -> None:
    monkeypatch.setattr(winograd, "multiplies_matrices", lambda: False)
    monkeypatch.setattr(winograd, "LEAST_HALF", 32)
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


@pytest.mark.parametrize("shape", [(0, 64, 8, 8), (1, 64, 0, 8), (2, 64, 8, 0)])
def test_of_no_picture_there_is_none(library: Library, shape: tuple[int, ...]) -> None:
    x = torch.zeros(shape).requires_grad_()

    found = WinogradConv2d(library, layer(), 0.1)(x)
    (slope,) = torch.autograd.grad(found.sum(), x)

    assert found.shape == (shape[0], 96, *shape[2:])
    assert slope.shape == shape


@pytest.mark.parametrize("dtype", [FLOAT, HALF])
def test_pictures_and_slopes_may_lie_in_any_way(library: Library, dtype: torch.dtype) -> None:
    quick, plain = WinogradConv2d(library, layer(), 0.1), layer().double()
    every_other = drawn(2, 64, 14, 22).to(dtype)[..., ::2, ::2]
    repeated = drawn(1, 64, 1, 11).to(dtype).expand(2, 64, 7, 11)
    for given_x in (every_other, repeated, every_other.mT):
        x, exact = given_x.clone().requires_grad_(), given_x.double().requires_grad_()
        x.data = given_x
        found = quick(x)
        (slope,) = torch.autograd.grad(found.sum(), x)  # a single 1, expanded to all places
        wanted = F.leaky_relu(plain(exact), 0.1)
        (steepest,) = torch.autograd.grad(wanted.sum(), exact)
        require_close(found.detach(), wanted)
        # A sum near 0 that falls on the other side of the rectifier bends the slope there.
        assert (slope.double() - steepest).norm() <= 0.02 * steepest.norm()


def test_without_a_compiler_torch_convolves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "compiler", lambda: None)
    none = Kernel(CONVOLUTIONS, [tmp_path])
    monkeypatch.setattr(winograd, "kernel", lambda: none)

    extractor = small().cut(["fourth"], dtype=FLOAT)

    assert not any(isinstance(each, WinogradConv2d) for each in extractor.modules())
    assert extractor(torch.rand(1, 3, 32, 32))["fourth"].shape == (1, 64, 16, 16)
