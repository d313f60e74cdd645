"""The ways to multiply."""

import pytest
import torch

from genart_core.arts.text import matrix as module
from genart_core.arts.text.matrix import IntMatrix, is_int8_exact


def test_a_device_that_multiplies_in_less_than_fp32_gets_fp64(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    weight = torch.randint(-127, 128, (64, 128), generator=torch.Generator().manual_seed(0))
    weight = weight.to(torch.int8)
    wide = weight.t().contiguous().double()
    assert module._is_exact(wide.float(), wide)
    assert not module._is_exact(wide.bfloat16().float() + 0.25, wide)  # as if products were rounded

    monkeypatch.setattr(module, "is_int8_exact", lambda: False)
    assert IntMatrix(weight, "cpu").transposed.dtype == torch.float32
    monkeypatch.setattr(module, "_is_exact", lambda narrow, wide: False)
    assert IntMatrix(weight, "cpu").transposed.dtype == torch.float64


@pytest.mark.parametrize("rows", [1, 2, 17])
def test_products_are_exact_at_the_ends_of_the_range(rows: int) -> None:
    weight = torch.full((128, 1024), 127, dtype=torch.int8)
    weight[::3] = -127
    x = torch.full((rows, 1024), -127.0)
    x[::2] = 127.0
    matrix = IntMatrix(weight, "cpu")

    product = matrix(x.to(matrix.dtype(rows)))

    assert torch.equal(product.double(), x.double() @ weight.t().double())


def test_packing_leaves_torch_as_it_was() -> None:
    engine = torch.backends.quantized.engine
    is_int8_exact.cache_clear()

    is_int8_exact()

    assert torch.backends.quantized.engine == engine
