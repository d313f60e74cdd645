"""What the tests of shared torch code have in common."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from genart_core.native.kernel import Kernel
from genart_core.nn import winograd
from genart_core.nn.native import CONVOLUTIONS, Library
from tests.support.photos import draw_photos, write_teacher


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Leave small pictures to one thread; to wake others takes longer than the work."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Kernel[Library]:
    """Return compiled convolutions, once for all tests here."""
    return Kernel(CONVOLUTIONS, [tmp_path_factory.mktemp("native")])


@pytest.fixture
def library(kernel: Kernel[Library], monkeypatch: pytest.MonkeyPatch) -> Library:
    """Return the library, which networks compute with too."""
    library = kernel.wait()
    if library is None:
        pytest.skip("no C compiler, or neither AVX-512 nor AVX2")
    monkeypatch.setattr(winograd, "kernel", lambda: kernel)
    return library


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return draw_photos(tmp_path / "photos")


@pytest.fixture
def teacher(tmp_path: Path) -> Path:
    return write_teacher(tmp_path)
