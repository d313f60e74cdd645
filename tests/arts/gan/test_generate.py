"""The adapter: runs in, pictures out, each as if it were alone."""

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from genart_core.arts.gan.generate import draw, generate
from genart_core.arts.gan.painter import Painter
from genart_core.catalogue import find_kind, load_generator
from genart_core.nn.image import read_metadata
from genart_core.request import sample_seed
from tests.support.gan import CLASSES, TINY, tiny_generator

from .conftest import CARD, FakeRun, FakeWorkbench
from .golden import FILE, make

TOLERANCE = 1.01 / 255  # files hold 8 bits


def sampled(workbench: FakeWorkbench, **fields: Any) -> FakeRun:
    run = FakeRun(**fields)
    generate([run], workbench)
    return run


def test_the_catalogue_finds_the_generator() -> None:
    assert load_generator("gan-sample") is generate
    assert find_kind("gan-sample").models == "gan"


def test_an_image_is_the_same_whoever_shares_its_batch(workbench: FakeWorkbench) -> None:
    alone = sampled(workbench, seed=7)
    company = [FakeRun(seed=seed, count=count) for seed, count in ((3, 5), (7, 30), (9, 2))]

    generate(company, workbench)

    assert torch.equal(company[1].outputs[0], alone.outputs[0])
    third = sampled(workbench, seed=company[1].result["seeds"][2])
    assert torch.equal(company[1].outputs[2], third.outputs[0])
    assert [len(run.outputs) for run in company] == [5, 30, 2]
    assert company[0].steps[-1] == (5, 5)


def test_in_bfloat16_an_image_is_the_same_too() -> None:
    exact = FakeWorkbench(Painter(tiny_generator(), CARD, "cpu", torch.float32))
    workbench = FakeWorkbench(Painter(tiny_generator(), CARD, "cpu", torch.bfloat16))

    alone, many = (sampled(workbench, count=count, seed=7) for count in (1, 40))

    assert torch.equal(many.outputs[0], alone.outputs[0])
    assert (alone.outputs[0] - sampled(exact, seed=7).outputs[0]).abs().mean() < 2 / 255


def test_a_prepared_generator_draws_what_it_drew_in_training(painter: Painter) -> None:
    points = torch.randn(20, TINY.latent, generator=torch.Generator().manual_seed(0))
    classes = torch.arange(20) % len(CLASSES)

    got = painter.paint(points, torch.eye(len(CLASSES))[classes])

    with torch.no_grad():
        wanted = tiny_generator()(points, classes).add(1.0).div(2.0)
    torch.testing.assert_close(got, wanted, atol=2e-6, rtol=1e-4)


def test_picture_i_is_that_of_seed_and_i(workbench: FakeWorkbench) -> None:
    run = sampled(workbench, count=3, seed=5)

    assert run.result["seeds"] == [sample_seed(5, i) for i in range(3)]
    assert run.result["seeds"][0] == 5
    assert not torch.equal(run.outputs[0], run.outputs[1])


def test_a_class_is_chosen_by_name_index_or_turns(workbench: FakeWorkbench) -> None:
    by_name, by_index = (sampled(workbench, **{"class": c}) for c in ("Blue", 1))
    turns = sampled(workbench, **{"class": ["green", 0], "count": 5})

    assert torch.equal(by_name.outputs[0], by_index.outputs[0])
    assert by_name.result["classes"] == ["blue"]
    assert turns.result["classes"] == ["green", "red", "green", "red", "green"]


def test_the_class_decides_what_is_drawn(workbench: FakeWorkbench) -> None:
    red, blue = (sampled(workbench, **{"class": c}).outputs[0] for c in ("red", "blue"))

    assert (red - blue).abs().mean() > 0.02


def test_without_a_wish_the_seed_chooses_the_class(workbench: FakeWorkbench) -> None:
    many = sampled(workbench, count=30)
    place = many.result["classes"].index("green")

    alone = sampled(workbench, seed=many.result["seeds"][place])

    assert set(many.result["classes"]) == set(CLASSES)
    assert alone.result["classes"] == ["green"]
    assert torch.equal(alone.outputs[0], many.outputs[place])


def test_an_unknown_class_fails_with_the_known_ones(workbench: FakeWorkbench) -> None:
    fields: dict[str, Any] = {"class": "cat"}
    run, fine = FakeRun(**fields), FakeRun()

    generate([run, fine], workbench)

    assert run.failure is not None
    assert run.failure[0] == "invalid_request"
    assert "red, blue, green" in run.failure[1]
    assert len(fine.outputs) == 1


def test_result_tells_points_that_give_the_same_pictures(workbench: FakeWorkbench) -> None:
    drawn = sampled(workbench, count=3)

    again = sampled(
        workbench,
        mode="point",
        latents=drawn.result["latents"],
        **{"class": drawn.result["classes"]},
    )

    assert again.result["seeds"] == []
    for one, other in zip(drawn.outputs, again.outputs, strict=True):
        assert (one - other).abs().max() < TOLERANCE


def test_points_that_are_given_are_never_moved(workbench: FakeWorkbench) -> None:
    point = draw(3, TINY.latent)[0].tolist()

    whole, led = (
        sampled(workbench, mode="point", latents=[point], truncation=t) for t in (1.0, 0.1)
    )

    assert torch.equal(whole.outputs[0], led.outputs[0])


def test_truncated_pictures_are_those_of_the_points_that_are_told(workbench: FakeWorkbench) -> None:
    whole, led = (sampled(workbench, count=3, truncation=t) for t in (1.0, 0.4))

    again = sampled(
        workbench,
        mode="point",
        latents=led.result["latents"],
        **{"class": led.result["classes"]},
    )

    assert (led.result["seeds"], led.result["classes"]) == (
        whole.result["seeds"],
        whole.result["classes"],
    )
    for one, other, drawn in zip(led.outputs, again.outputs, whole.outputs, strict=True):
        assert (one - other).abs().max() < TOLERANCE
        assert not torch.equal(one, drawn)


def test_a_sheet_holds_all_pictures_in_order(workbench: FakeWorkbench) -> None:
    images = sampled(workbench, count=5).outputs
    (sheet,) = sampled(workbench, count=5, layout="sheet", columns=3).outputs

    assert sheet.shape == (3, 2 * 16 + 2, 3 * 16 + 2 * 2)
    for place, image in enumerate(images):
        top, left = place // 3 * 18, place % 3 * 18
        assert torch.equal(sheet[:, top : top + 16, left : left + 16], image)


@pytest.mark.parametrize("resample", ["nearest", "lanczos"])
def test_pictures_are_enlarged(workbench: FakeWorkbench, resample: str) -> None:
    (plain,) = sampled(workbench).outputs
    (large,) = sampled(workbench, scale=3, resample=resample).outputs

    assert large.shape == (3, 48, 48)
    small = large.reshape(3, 16, 3, 16, 3).mean((2, 4))
    assert (small - plain).abs().mean() < (1e-6 if resample == "nearest" else 0.05)


@pytest.mark.parametrize("format", ["webp", "gif"])
def test_a_walk_is_a_film_from_point_to_point(workbench: FakeWorkbench, format: str) -> None:
    fields = {"mode": "walk", "seeds": [4, 9], "class": ["red", "blue"], "loop": False}
    shown = {"frames": 5, "scale": 4}  # colours are stored coarsely
    film = sampled(workbench, frame_ms=120, format=format, **fields, **shown)
    still = sampled(workbench, layout="images", **fields, **shown)

    ends = [
        sampled(workbench, seed=seed, scale=4, **{"class": name})
        for seed, name in ((4, "red"), (9, "blue"))
    ]
    assert torch.equal(still.outputs[0], ends[0].outputs[0])
    assert (still.outputs[-1] - ends[1].outputs[0]).abs().max() < TOLERANCE
    assert film.result["seeds"] == [4, 9]
    assert film.result["classes"] == ["red", "blue"]
    assert len(film.frames) == 5
    for frame, image in zip(film.frames, still.outputs, strict=True):
        assert np.abs(frame / 255.0 - image.permute(1, 2, 0).numpy()).mean() < 0.06
    assert film.artwork is not None
    assert read_metadata(film.artwork.outputs[0].data) == film.request.model_dump(mode="json")


def test_a_walk_can_be_a_sheet(workbench: FakeWorkbench) -> None:
    run = sampled(workbench, mode="walk", frames=6, layout="sheet", columns=6)
    assert run.outputs[0].shape == (3, 16, 6 * 16 + 5 * 2)


def test_a_stopped_run_is_dropped_and_others_go_on(workbench: FakeWorkbench) -> None:
    stopped, other = FakeRun(count=40, stop_at_look=2), FakeRun(count=40, seed=2)

    generate([stopped, other], workbench)

    assert stopped.artwork is None
    assert len(other.outputs) == 40


def test_a_sheet_too_large_for_its_format_fails_alone(workbench: FakeWorkbench) -> None:
    run = FakeRun(count=64, scale=16, layout="sheet", columns=1, format="webp")
    run.request = run.request.model_copy(update={"count": 64})

    generate([run, FakeRun()], workbench)

    assert run.failure is not None
    assert run.failure[0] == "too_large"


def test_what_is_too_large_fails_before_it_is_drawn(workbench: FakeWorkbench) -> None:
    run = FakeRun(mode="walk", frames=600, scale=16)

    generate([run, FakeRun()], workbench)

    assert run.failure is not None
    assert run.failure[0] == "too_large"
    assert "scale 14 would fit" in run.failure[1]
    assert run.steps == []


def test_a_generator_without_classes_draws_too() -> None:
    network = tiny_generator(config=type(TINY)(size=16, latent=8, width=4, depth=0, classes=0))
    run = sampled(FakeWorkbench(Painter(network, {}, "cpu", torch.float32)), count=2)

    assert run.result["classes"] == []
    assert len(run.outputs) == 2


def test_the_golden_sheet_is_drawn_again() -> None:
    with Image.open(FILE) as golden:
        wanted = np.asarray(golden).astype(int)

    assert np.abs(np.asarray(make()).astype(int) - wanted).mean() <= 2.0
