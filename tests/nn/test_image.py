"""Pictures as numbers: their sizes and their colours."""

import pytest
import torch

from genart_core.nn.image import coral, fit, luma_of, resize, with_luma_of

from .pictures import noise

pytestmark = pytest.mark.usefixtures("one_thread")


class TestSizes:
    def test_a_smaller_picture_has_no_moire(self) -> None:
        stripes = torch.zeros(1, 3, 64, 64)
        stripes[..., ::2] = 1.0

        small = resize(stripes, 23, 23)

        assert small.shape == (1, 3, 23, 23)
        assert (small[..., 3:-3] - 0.5).abs().max() < 0.1

    def test_a_ramp_stays_one(self) -> None:
        ramp = torch.linspace(0, 1, 20).expand(1, 3, 20, 20)

        large = resize(ramp, 40, 80)

        assert (large.diff(dim=-1)[..., 4:-4] > 0).all()
        torch.testing.assert_close(resize(large, 20, 20), ramp, atol=0.02, rtol=0)

    def test_its_own_size_is_itself(self) -> None:
        x = noise()[None]

        assert resize(x, 20, 30) is x

    @pytest.mark.parametrize(
        ("size", "wanted"),
        [((100, 200), (256, 512)), ((300, 100), (512, 171)), ((1, 9000), (1, 512))],
    )
    def test_fit_keeps_the_shape(self, size: tuple[int, int], wanted: tuple[int, int]) -> None:
        assert fit(*size, 512) == wanted


class TestColours:
    def test_luma_is_that_of_television(self) -> None:
        assert luma_of(torch.eye(3)[:, :, None, None])[:, 0, 0, 0].tolist() == pytest.approx(
            [0.299, 0.587, 0.114]
        )

    def test_colours_stay_and_luma_changes(self) -> None:
        result, original = noise(seed=1)[None], noise(seed=2)[None]

        mixed = with_luma_of(result, original)

        torch.testing.assert_close(luma_of(mixed), luma_of(result), atol=1e-5, rtol=0)
        assert mixed.min() >= 0
        assert mixed.max() <= 1
        chroma, wanted = mixed - luma_of(mixed), original - luma_of(original)
        alike = torch.cosine_similarity(chroma, wanted, dim=1)
        assert alike[wanted.norm(dim=1) > 0.1].min() > 0.99  # the hue, though paler where it must

    def test_a_picture_has_its_own_luma(self) -> None:
        x = noise()

        torch.testing.assert_close(with_luma_of(x, x), x)

    def test_coral_takes_over_mean_and_covariance(self) -> None:
        mixing = torch.tensor([[0.5, 0.2, 0.0], [0.1, 0.4, 0.1], [0.0, 0.3, 0.3]])
        source = torch.einsum("ij,jhw->ihw", mixing, noise(40, 50, seed=1))[None]
        target = noise(60, 30, seed=2)[None] * 0.5 + 0.2

        moved = coral(source, target)

        for x in (moved, target):
            assert x.dtype == torch.float32
        a, b = (torch.cov(x.flatten(2)[0], correction=0) for x in (moved, target))
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(moved.mean(dim=(2, 3)), target.mean(dim=(2, 3)))

    def test_coral_of_a_picture_onto_itself_is_itself(self) -> None:
        x = noise(30, 30)[None]

        torch.testing.assert_close(coral(x, x), x, atol=1e-5, rtol=0)

    @pytest.mark.parametrize("grey", ["source", "target", "both"])
    def test_coral_of_grey_and_flat_pictures_is_finite(self, grey: str) -> None:
        ramp = torch.linspace(0, 1, 100).reshape(10, 10).repeat(1, 3, 1, 1)
        source = ramp if grey != "target" else noise()[None]
        target = torch.full((1, 3, 4, 4), 0.3) if grey != "source" else noise()[None]

        moved = coral(source, target)

        assert moved.isfinite().all()
        torch.testing.assert_close(
            moved.mean(dim=(2, 3)), target.mean(dim=(2, 3)), atol=1e-4, rtol=0
        )
