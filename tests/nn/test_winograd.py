"""Convolutions by Winograd's algorithm: what they give, and where they are used."""

from collections.abc import Callable, Iterator

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genart_core.nn.features import Network, Stages
from genart_core.nn.winograd import WinogradConv2d, is_there, pays, replaced, suits

needs_nnpack = pytest.mark.skipif(not is_there(), reason="NNPACK needs AVX2")
SIZES = ((24, 24), (31, 57), (6, 100))
FLOAT = torch.float32


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
) -> nn.Conv2d:
    made = nn.Conv2d(inputs, outputs, size, stride, padding, dilation, groups)
    made.weight.data = drawn(*made.weight.shape) / (9 * inputs) ** 0.5
    if made.bias is not None:
        made.bias.data = 0.1 * drawn(outputs)
    return made.requires_grad_(False)


def small() -> Network:
    """Return three convolutions in the manner of VGG."""
    modules = {
        "first": nn.Sequential(layer(3, 64), nn.ReLU()),
        "second": nn.Sequential(
            layer(64, 64), nn.ReLU(), nn.MaxPool2d(2), layer(64, 64), nn.ReLU()
        ),
    }
    return Network(Stages(modules, (0.5,) * 3, (0.5,) * 3))


@needs_nnpack
@pytest.mark.parametrize("size", SIZES)
def test_values_and_gradients_are_those_of_the_plain_sum(size: tuple[int, int]) -> None:
    plain = layer()
    quick, x, slope = WinogradConv2d(plain), drawn(2, 64, *size), drawn(2, 96, *size)
    given, exact = x.clone().requires_grad_(), x.double().requires_grad_()

    found = quick(given)
    (gradient,) = torch.autograd.grad(found, given, slope)

    assert plain.bias is not None
    wanted = F.conv2d(exact, plain.weight.double(), plain.bias.double(), padding=1)
    (steepest,) = torch.autograd.grad(wanted, exact, slope.double())
    torch.testing.assert_close(found.double(), wanted, rtol=0, atol=2e-4)
    torch.testing.assert_close(gradient.double(), steepest, rtol=0, atol=2e-4)
    assert (found - wanted).norm() < 5e-5 * wanted.norm()
    assert (gradient - steepest).norm() < 5e-5 * steepest.norm()


@pytest.fixture
def threads() -> Iterator[Callable[[int], None]]:
    """Return what sets torch's threads; they are as before in the end."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@needs_nnpack
def test_it_is_for_one_thread_alone(threads: Callable[[int], None]) -> None:
    rows = nn.Sequential(layer(3, 64), layer())
    found = []
    for count in (1, 2):
        threads(count)
        found.append(pays(rows, "cpu", FLOAT))

    assert found == [True, False]


@needs_nnpack
def test_a_vgg_in_float32_computes_so_and_gives_the_same_pictures_gradient(
    threads: Callable[[int], None],
) -> None:
    threads(1)
    network, image = small(), torch.rand(1, 3, 96, 80, generator=torch.Generator().manual_seed(1))

    def gradient(dtype: torch.dtype) -> Tensor:
        seen = image.to(dtype).requires_grad_()
        found = network.cut(["first", "second"], dtype=dtype)(seen)
        loss = torch.stack([each.square().mean() for each in found.values()]).sum()
        return torch.autograd.grad(loss, seen)[0]

    quick, exact = gradient(FLOAT), gradient(torch.float64)

    extractor = network.cut(["first", "second"], dtype=FLOAT)
    assert sum(isinstance(each, WinogradConv2d) for each in extractor.modules()) == 2
    # A value near 0 that falls on the other side of a rectifier bends the gradient there.
    assert (quick - exact).norm() < 1e-3 * exact.norm()


def test_other_types_and_devices_and_networks_compute_as_before() -> None:
    rows = nn.Sequential(layer(3, 64), layer(), layer(96, 64, size=1, padding=0))

    assert not pays(rows, "cpu", FLOAT)
    assert not pays(nn.Sequential(layer(3, 64), layer()), "cpu", torch.bfloat16)
    assert not pays(nn.Sequential(layer(3, 64), layer()), "cuda:0", FLOAT)
    extractor = small().cut(["second"], dtype=torch.bfloat16)
    assert not any(isinstance(each, WinogradConv2d) for each in extractor.modules())
    found = extractor(torch.rand(1, 3, 32, 32))["second"]
    assert found.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(
    "options",
    [{"stride": 2}, {"dilation": 2}, {"groups": 2}, {"padding": 0}, {"size": 5}, {"inputs": 32}],
)
def test_convolutions_of_another_kind_are_left_alone(options: dict[str, int]) -> None:
    other = layer(**options)

    assert suits(layer())
    assert not suits(other)
    assert replaced(other) is other
