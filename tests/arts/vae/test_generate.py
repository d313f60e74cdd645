"""The adapters: runs in, pictures out, each as if it were alone."""

import dataclasses
import io
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from genart_core.arts.vae.generate import edit, sample
from genart_core.arts.vae.model import Config
from genart_core.arts.vae.painter import Painter
from genart_core.arts.vae.request import VaeEditRequest, VaeSampleRequest
from genart_core.arts.vae.showing import shown
from genart_core.catalogue import find_kind, load_generator
from genart_core.nn.image import read_metadata
from tests.support.codes import TINY, tiny_model

from .conftest import BROKEN, OTHER, PHOTO, WIDE, FakeRun, FakeWorkbench, frames, photo

TOLERANCE = 1.01 / 255  # files hold 8 bits


def sampled(workbench: FakeWorkbench, **fields: Any) -> FakeRun:
    run = FakeRun(VaeSampleRequest(**{"seed": 1, "scale": 1, **fields}))
    sample([run], workbench)
    return run


def direction(painter: Painter, name: str) -> torch.Tensor:
    return painter.reach.directions[painter.reach.names.index(name)]


def edited(workbench: FakeWorkbench, **fields: Any) -> FakeRun:
    run = FakeRun(VaeEditRequest(**{"seed": 1, "scale": 1, "image": PHOTO, **fields}))
    edit([run], workbench)
    return run


def test_the_catalogue_finds_both_generators() -> None:
    assert load_generator("vae-sample") is sample
    assert load_generator("vae-edit") is edit
    assert find_kind("vae-edit").models == "vae"


def test_an_image_is_the_same_whoever_shares_its_batch(workbench: FakeWorkbench) -> None:
    alone = sampled(workbench, count=1, seed=7)
    company = [
        FakeRun(VaeSampleRequest(seed=s, count=c, scale=1)) for s, c in ((3, 5), (7, 30), (9, 2))
    ]

    sample(company, workbench)

    assert torch.equal(company[1].outputs[0], alone.outputs[0])
    third = sampled(workbench, seed=company[1].result["seeds"][2])
    assert torch.equal(company[1].outputs[2], third.outputs[0])
    assert [len(run.outputs) for run in company] == [5, 30, 2]
    assert company[0].steps[-1] == (5, 5)


def test_in_bfloat16_an_image_is_the_same_too() -> None:
    workbench = FakeWorkbench(Painter(tiny_model(), "cpu", torch.bfloat16))

    alone, many = (sampled(workbench, count=count, seed=7) for count in (1, 40))

    assert torch.equal(many.outputs[0], alone.outputs[0])
    exact = sampled(FakeWorkbench(Painter(tiny_model(), "cpu", torch.float32)), seed=7)
    assert (alone.outputs[0] - exact.outputs[0]).abs().mean() < 2 / 255


def test_result_tells_points_that_give_the_same_pictures(workbench: FakeWorkbench) -> None:
    drawn = sampled(workbench, count=3)

    again = sampled(workbench, mode="point", latents=drawn.result["latents"])

    assert len(drawn.result["latents"]) == len(drawn.result["seeds"]) == 3
    for one, other in zip(drawn.outputs, again.outputs, strict=True):
        assert (one - other).abs().max() < TOLERANCE


def test_prior_mixture_and_temperature_draw_differently(workbench: FakeWorkbench) -> None:
    fields: list[dict[str, Any]] = [{}, {"source": "prior"}, {"temperature": 0.0}]

    points = [torch.tensor(sampled(workbench, **f).result["latents"][0]) for f in fields]

    assert not torch.equal(points[0], points[1])
    means = tiny_model().mixture.means
    assert (means - points[2]).abs().amax(1).min() < 1e-3


def test_a_grid_moves_along_concepts_and_numbers(
    workbench: FakeWorkbench, painter: Painter
) -> None:
    run = sampled(
        workbench,
        mode="grid",
        latents=[[0.0] * 6],
        across="smile",
        across_range=[0.0, 0.25],
        down=2,
        down_range=[-1.0, 1.0],
        columns=2,
        rows=2,
        layout="images",
    )

    smile, number = 0.25 * direction(painter, "smile"), torch.eye(6)[2]
    wanted = painter.decode(torch.stack([-number, smile - number, number, smile + number]))
    assert (torch.stack(run.outputs) - wanted).abs().max() < TOLERANCE


def test_a_sheet_holds_all_pictures_in_order(workbench: FakeWorkbench) -> None:
    images = sampled(workbench, count=5).outputs
    (sheet,) = sampled(workbench, count=5, layout="sheet", columns=3).outputs

    assert sheet.shape == (3, 2 * 16 + 2, 3 * 16 + 2 * 2)
    for place, image in enumerate(images):
        top, left = place // 3 * 18, place % 3 * 18
        assert torch.equal(sheet[:, top : top + 16, left : left + 16], image)
    assert (sheet[:, 18:, 36:] == 1.0).all()


@pytest.mark.parametrize("format", ["webp", "gif"])
def test_a_walk_is_a_film_that_repeats(workbench: FakeWorkbench, format: str) -> None:
    run = sampled(workbench, mode="walk", count=3, frames=9, frame_ms=120, format=format, scale=2)

    assert run.artwork is not None
    (output,) = run.artwork.outputs
    assert (output.media_type, output.width, output.height) == (f"image/{format}", 32, 32)
    with Image.open(io.BytesIO(output.data)) as film:
        film.load()
        assert (film.n_frames, film.info["loop"], film.info["duration"]) == (9, 0, 120)  # type: ignore[attr-defined]
    assert read_metadata(output.data) == run.request.model_dump(mode="json")
    seen = frames(output.data)
    still = sampled(workbench, mode="walk", count=3, frames=9, layout="images", scale=2).outputs
    for frame, image in zip(seen, still, strict=True):
        difference = np.abs(frame / 255.0 - image.permute(1, 2, 0).numpy())
        assert difference.mean() < 0.04  # what GIF's palette and WebP's quality leave
    assert len(run.result["seeds"]) == len(run.result["latents"]) == 3


def test_without_a_loop_a_film_is_shown_once(workbench: FakeWorkbench) -> None:
    run = sampled(workbench, mode="walk", frames=4, loop=False, format="gif")

    assert run.artwork is not None
    with Image.open(io.BytesIO(run.artwork.outputs[0].data)) as film:
        assert "loop" not in film.info


def test_pictures_are_enlarged_into_squares_or_smoothly(workbench: FakeWorkbench) -> None:
    (small,) = sampled(workbench).outputs
    (squares,) = sampled(workbench, scale=4, resample="nearest").outputs
    (smooth,) = sampled(workbench, scale=4).outputs

    assert torch.equal(squares[:, 2::4, 1::4], small)
    assert torch.equal(squares[:, ::4, ::4], small)
    assert smooth.shape == squares.shape == (3, 64, 64)
    assert 0 < (smooth - squares).abs().mean() < 0.1


def test_an_edit_without_concepts_is_the_reconstruction(
    workbench: FakeWorkbench, painter: Painter
) -> None:
    run = edited(workbench)

    wanted = painter.decode(painter.encode(photo()[None]))[0]
    assert (run.outputs[0] - wanted).abs().max() < TOLERANCE
    assert run.result["seeds"] == []


def test_concepts_are_added_to_the_code(workbench: FakeWorkbench, painter: Painter) -> None:
    plain, moved = edited(workbench), edited(workbench, concepts={"smile": 0.3, "hat": -0.2})

    change = torch.tensor(moved.result["latents"]) - torch.tensor(plain.result["latents"])
    wanted = 0.3 * direction(painter, "smile") - 0.2 * direction(painter, "hat")
    torch.testing.assert_close(change[0], wanted, atol=1e-3, rtol=0)
    assert (moved.outputs[0] - plain.outputs[0]).abs().mean() > 1 / 255
    assert moved.result["bounded"] == []


def test_a_result_tells_which_concepts_met_their_bounds(
    workbench: FakeWorkbench, painter: Painter
) -> None:
    far, farther = (edited(workbench, concepts={"hat": strength}) for strength in (9.0, 20.0))
    across = sampled(workbench, mode="grid", across="smile", columns=3, rows=1, layout="images")

    assert far.result["bounded"] == farther.result["bounded"] == ["hat"]
    assert far.result["latents"] == farther.result["latents"]
    assert across.result["bounded"] == ["smile"]
    place = torch.tensor(far.result["latents"]) @ painter.reach.normals[1]
    torch.testing.assert_close(place, painter.reach.high[1:], atol=1e-3, rtol=0)


def test_two_pictures_are_mixed_by_weight(workbench: FakeWorkbench) -> None:
    def code(**fields: Any) -> torch.Tensor:
        return torch.tensor(edited(workbench, **fields).result["latents"][0])

    first, second = code(), code(image=OTHER)

    torch.testing.assert_close(code(mix=OTHER, mix_weight=0.0), first, atol=2e-4, rtol=0)
    torch.testing.assert_close(code(mix=OTHER, mix_weight=1.0), second, atol=2e-4, rtol=0)
    torch.testing.assert_close(code(mix=OTHER), (first + second) / 2, atol=2e-4, rtol=0)


def test_the_square_at_the_centre_is_encoded(workbench: FakeWorkbench, painter: Painter) -> None:
    run = edited(workbench, image=WIDE)

    wanted = painter.encode(photo(2, 16, 40)[None, :, :, 12:28])[0]
    torch.testing.assert_close(torch.tensor(run.result["latents"][0]), wanted, atol=2e-4, rtol=0)


def test_a_damaged_picture_fails_its_own_job_alone(workbench: FakeWorkbench) -> None:
    runs = [FakeRun(VaeEditRequest(image=image)) for image in (PHOTO, BROKEN, OTHER)]

    edit(runs, workbench)

    assert runs[1].failure is not None
    assert runs[1].failure[0] == "invalid_image"
    assert runs[0].artwork is not None
    assert runs[2].artwork is not None


def test_what_the_model_has_not_fails_where_the_gateway_did_not_know_it(
    workbench: FakeWorkbench,
) -> None:
    run = edited(workbench, concepts={"wings": 1.0})

    assert run.failure is not None
    assert run.failure == ("invalid_request", "Unknown concepts wings; portraits has smile, hat")


def test_a_stopped_run_leaves_the_others_alone(workbench: FakeWorkbench) -> None:
    stopped = FakeRun(VaeSampleRequest(seed=1, count=64, scale=1), stop_at_look=2)
    other = FakeRun(VaeSampleRequest(seed=2, count=20, scale=1))

    sample([stopped, other], workbench)

    assert stopped.artwork is None
    assert stopped.steps[-1][0] < 64
    assert len(other.outputs) == 20


def test_files_carry_their_request_unless_it_is_too_long(workbench: FakeWorkbench) -> None:
    run = sampled(workbench, format="jpeg")
    assert run.artwork is not None
    assert read_metadata(run.artwork.outputs[0].data)["seed"] == 1

    many = VaeSampleRequest(mode="point", latents=[[0.123456789] * 600] * 20)

    (first, *_) = shown(many, torch.zeros(20, 3, TINY.size, TINY.size))
    assert read_metadata(first.data)["latents"] is None


def test_grey_networks_take_and_give_colour_pictures() -> None:
    grey = dataclasses.replace(TINY, channels=1)
    workbench = FakeWorkbench(Painter(tiny_model(grey), "cpu", torch.float32))

    (image,) = edited(workbench).outputs

    assert image.shape == (3, 16, 16)
    assert torch.equal(image[0], image[1])


@pytest.mark.parametrize(
    "config",
    [
        TINY,
        Config(size=28, channels=1, latent=5, widths=(3, 8, 8)),
        Config(size=8, channels=3, latent=4, widths=(5, 7)),
    ],
)
def test_a_prepared_decoder_computes_what_the_trained_one_does(config: Config) -> None:
    model = tiny_model(config)
    points = torch.randn(21, config.latent, generator=torch.Generator().manual_seed(0))

    images = Painter(model, "cpu", torch.float32).decode(points)

    with torch.inference_mode():
        wanted = model.network.decoder(points).sigmoid()
    torch.testing.assert_close(images, wanted, atol=1e-5, rtol=0)
