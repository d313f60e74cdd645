"""What an autoencoder makes of pictures unlike its own."""

import io
from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from genart_core.arts.vae.familiar import FAR, WITHIN, familiar
from genart_core.arts.vae.generate import edit
from genart_core.arts.vae.mixture import Mixture, radius
from genart_core.arts.vae.painter import Painter, load_painter
from genart_core.arts.vae.portraits import draw_attributes, render
from genart_core.arts.vae.request import VaeEditRequest
from genart_core.weights import SHIPPED

from .conftest import PHOTO, FakeRun, FakeWorkbench, photo


@pytest.fixture(scope="module")
def portraits() -> Painter:
    return load_painter(SHIPPED / "vae" / "portraits.safetensors", "cpu")


def edited(painter: Painter, data: bytes) -> FakeRun:
    run = FakeRun(VaeEditRequest(image=PHOTO, seed=1, scale=1))
    run.files[PHOTO] = data
    edit([run], FakeWorkbench(painter))
    return run


def file(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def plain(colour: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.full((80, 120, 3), colour, dtype=np.uint8)


def noise() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)


@pytest.mark.parametrize("pixels", [lambda: plain(0), lambda: plain(255), noise])
def test_a_picture_of_something_else_comes_back_as_a_portrait(
    portraits: Painter, pixels: Callable[[], np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]
) -> None:
    run = edited(portraits, file(pixels()))

    point = torch.tensor(run.result["latents"])
    distance = portraits.model.mixture.deviations(point).norm(dim=2).amin()
    assert run.result["unfamiliar"] == ["image"]
    assert distance <= radius(portraits.config.latent, WITHIN) * 1.001
    # Portraits have soft colours; black came back as blots of pure red.
    values = run.outputs[0]
    assert (values.amax(0) - values.amin(0)).gt(0.95).float().mean() < 0.001


def test_new_portraits_are_reconstructed_as_they_are(portraits: Painter) -> None:
    drawn = np.stack([render(draw_attributes(seed), seed) for seed in range(900, 932)])
    images = torch.from_numpy(drawn).permute(0, 3, 1, 2) / 255.0
    codes = portraits.encode(images)

    found, is_replaced = familiar(images, codes, portraits)

    assert is_replaced == [False] * 32
    assert torch.equal(found, codes)


def test_of_all_components_the_nearest_picture_is_taken(painter: Painter) -> None:
    codes = torch.full((1, painter.config.latent), 40.0)

    found, is_replaced = familiar(photo()[None], codes, painter)

    reach = radius(painter.config.latent, WITHIN)
    near = painter.model.mixture.within(codes, reach)[:, 0]
    differences = (painter.decode(near) - photo()).abs().mean(dim=(1, 2, 3))
    assert is_replaced == [True]
    assert torch.equal(found[0], near[differences.argmin()])


def test_a_point_is_brought_no_nearer_than_asked_for() -> None:
    root = torch.linalg.cholesky(torch.tensor([[2.0, 0.6], [0.6, 1.0]]))
    mixture = Mixture(torch.ones(1), torch.tensor([[1.0, -1.0]]), root[None])
    far, near = torch.tensor([[9.0, 4.0]]), torch.tensor([[1.2, -0.9]])

    def distance(point: Tensor) -> Tensor:
        apart = point - mixture.means
        wanted: Tensor = (apart @ torch.cholesky_inverse(root) @ apart.T).sqrt()
        return wanted

    brought = mixture.within(far, 2.0)[0]
    torch.testing.assert_close(distance(brought), torch.full((1, 1), 2.0))
    torch.testing.assert_close(mixture.within(near, 2.0)[0], near)
    torch.testing.assert_close(mixture.deviations(far).norm(), distance(far).squeeze())
    assert FAR > 1.0


@pytest.mark.parametrize(("width", "share", "quantile"), [(2, 0.5, 1.386), (64, 0.999, 104.7)])
def test_a_radius_is_the_root_of_a_quantile_of_chi_square(
    width: int, share: float, quantile: float
) -> None:
    assert radius(width, share) == pytest.approx(quantile**0.5, rel=0.01)
