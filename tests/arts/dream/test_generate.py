"""The adapter: a run in, an artwork out; and what each field does to it."""

from pathlib import Path
from typing import Any

import pytest
import torch

from genart_core.arts.dream import generate as module
from genart_core.arts.dream.generate import generate, window_side
from genart_core.arts.dream.presets import PRESETS
from genart_core.arts.dream.request import PICTURE_BYTES, SMALLEST_WINDOW
from genart_core.catalogue import find_kind, load_generator
from genart_core.nn.conversion import convert
from genart_core.nn.features import Network, load_network
from genart_core.nn.image import decode, luma_of, read_metadata, resize
from genart_core.public import PUBLIC
from genart_core.weights import SHIPPED
from tests.support.features import tiny_network, watched_order
from tests.support.public import write_state

from . import golden
from .conftest import (
    BROKEN,
    CUT_OUT,
    GUIDE,
    PHOTO,
    SLIVER,
    FakeRun,
    FakeWorkbench,
    distance,
    photo,
    pixels,
)


def made(workbench: FakeWorkbench, **fields: Any) -> torch.Tensor:
    run = FakeRun(**fields)
    generate([run], workbench)
    return pixels(run)


def failure(workbench: FakeWorkbench, **fields: Any) -> tuple[str, str]:
    run = FakeRun(**fields)
    generate([run], workbench)
    assert run.artwork is None
    assert run.failure is not None
    return run.failure


def test_catalogue_finds_the_generator_and_the_networks() -> None:
    assert load_generator("dream") is generate
    kind = find_kind("dream")
    assert (kind.models, kind.batch_limit, kind.threads) == ("features", 1, 0)


def test_what_memory_there_is_is_asked_once_the_network_has_taken_its_own(
    monkeypatch: pytest.MonkeyPatch, workbench: FakeWorkbench
) -> None:
    order = watched_order(monkeypatch, module)
    made(workbench)

    assert order == ["cut", "asked"]


def test_a_photo_becomes_a_dream_that_keeps_its_layout(workbench: FakeWorkbench) -> None:
    run = FakeRun()

    generate([run], workbench)

    assert run.artwork is not None
    (output,) = run.artwork.outputs
    assert (output.media_type, output.width, output.height) == ("image/png", 64, 48)
    image = pixels(run)
    assert distance(image, photo()) > 0.01
    both = torch.stack([luma_of(image).flatten(), luma_of(photo()).flatten()])
    assert float(both.corrcoef()[0, 1]) > 0.7
    result = run.result
    assert set(result) == {"losses", "steps", "width", "height", "layers"}
    assert (result["steps"], result["width"], result["height"]) == (6, 64, 48)
    assert len(result["losses"]) == 6
    assert result["losses"][5] > result["losses"][0]
    assert result["layers"] == {"relu5_1": 1.0}
    assert run.failure is None


def test_the_golden_dream_is_made_again() -> None:
    wanted = decode(golden.FILE.read_bytes(), max_pixels=10**6).rgb

    got = decode(golden.make(), max_pixels=10**6).rgb

    assert distance(got, wanted) < 2 / 255
    assert float((got - photo()[0]).abs().mean()) > 8 / 255


def test_a_dream_in_bfloat16_climbs_as_high(tmp_path: Path) -> None:
    losses = {}
    for dtype in (torch.float32, torch.bfloat16):
        network = tiny_network(tmp_path)
        network.dtype = dtype
        run = FakeRun()
        generate([run], FakeWorkbench(network))
        assert run.artwork is not None, run.failure
        losses[dtype] = run.artwork.result["losses"]

    exact, rough = losses[torch.float32], losses[torch.bfloat16]
    assert rough[0] == pytest.approx(exact[0], rel=0.02)
    assert rough[-1] == pytest.approx(exact[-1], rel=0.15)
    assert rough != exact


def test_same_seed_gives_the_same_picture_and_another_seed_another(
    workbench: FakeWorkbench,
) -> None:
    one = made(workbench, seed=5)

    assert torch.equal(made(workbench, seed=5), one)
    assert distance(made(workbench, seed=6), one) > 1e-3


@pytest.mark.parametrize(
    "fields",
    [
        {"layer_contributions": {"relu2_1": 1.0}},
        {"layer_contributions": {"relu5_1": 1.0, "relu3_1": 5.0}},
        {"channels": {"relu5_1": [2]}},
        {"target_class": "owl"},
        {"guide": GUIDE},
        {"octaves": 1},
        {"octave_scale": 1.7},
        {"iterations": 5},
        {"step_size": 0.03},
        {"jitter": 9},
        {"detail": 0.2},
        {"gradient_normalization": "std"},
        {"gradient_normalization": "laplacian"},
        {"decorrelate": 0.0},
        {"max_loss": 1e-9},
        {"blend": 0.5},
        {"preserve_colors": True},
    ],
    ids=str,
)
def test_every_field_has_an_effect(workbench: FakeWorkbench, fields: dict[str, Any]) -> None:
    assert distance(made(workbench, **fields), made(workbench)) > 1.5e-3


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_dreams_its_own(workbench: FakeWorkbench, name: str) -> None:
    run = FakeRun(preset=name)
    generate([run], workbench)
    other = made(workbench, preset="fur" if name == "curves" else "curves")

    assert len(run.result["layers"]) == len(PRESETS[name].depths)
    assert distance(pixels(run), other) > 1e-3


def test_a_negative_weight_calms_a_layer(workbench: FakeWorkbench) -> None:
    calm: dict[str, Any] = {"octaves": 1, "iterations": 5, "step_size": 0.002, "jitter": 0}
    run = FakeRun(layer_contributions={"relu3_1": -1.0}, **calm)

    generate([run], workbench)

    assert run.result["losses"][-1] > run.result["losses"][0]  # both below 0


def test_a_class_is_climbed_by_any_of_its_names(workbench: FakeWorkbench) -> None:
    pictures = [made(workbench, target_class=name) for name in (1, "1", "dog", "n00000001")]

    assert all(torch.equal(picture, pictures[0]) for picture in pictures)
    assert distance(made(workbench, target_class="cat"), pictures[0]) > 1e-3


@pytest.mark.parametrize("name", ["goldfish", "zebra", "strawberry", "school bus"])
def test_the_network_that_ships_sees_the_class_that_it_dreams_of(name: str) -> None:
    network = load_network(SHIPPED / "features" / "features.safetensors", "cpu")
    run = FakeRun(image=None, size=128, octaves=2, iterations=12, target_class=name)

    generate([run], FakeWorkbench(network))

    with torch.inference_mode():
        likely = network.cut(["logits"])(pixels(run))["logits"].float().softmax(1)[0]
    assert network.card["classes"][int(likely.argmax())]["name"] == name
    assert likely.max() > 0.9


def test_a_blend_goes_all_the_way_to_the_original(workbench: FakeWorkbench) -> None:
    plain = made(workbench)

    assert distance(made(workbench, blend=1.0), photo()) < 1 / 255
    half = made(workbench, blend=0.5)
    assert distance(half, (plain + photo()) / 2) < 1 / 255


def test_preserved_colours_are_the_photos(workbench: FakeWorkbench) -> None:
    def chroma(image: torch.Tensor) -> torch.Tensor:
        return image - luma_of(image)

    kept = made(workbench, preserve_colors=True, step_size=0.01)
    plain = made(workbench, step_size=0.01, decorrelate=0.0)

    assert distance(chroma(kept), chroma(photo())) < 0.3 * distance(chroma(plain), chroma(photo()))
    assert distance(luma_of(kept), luma_of(photo())) > 5e-3


@pytest.mark.parametrize("size", [64, 100, 150])
def test_the_longest_side_is_the_size(workbench: FakeWorkbench, size: int) -> None:
    image = made(workbench, size=size, iterations=1)

    assert tuple(image.shape[-2:]) == (round(size * 3 / 4), size)


@pytest.mark.parametrize("name", ["png", "jpeg", "webp"])
def test_each_format_carries_the_request(workbench: FakeWorkbench, name: str) -> None:
    run = FakeRun(format=name, iterations=1, seed=77)
    generate([run], workbench)

    assert run.artwork is not None
    (output,) = run.artwork.outputs
    metadata = read_metadata(output.data)
    assert output.media_type == f"image/{name}"
    assert (metadata["seed"], metadata["iterations"]) == (77, 1)
    assert distance(pixels(run), made(workbench, iterations=1, seed=77)) < 0.03


def test_alpha_is_kept(workbench: FakeWorkbench) -> None:
    run = FakeRun(image=CUT_OUT, size=128, iterations=1)
    generate([run], workbench)

    assert run.artwork is not None
    picture = decode(run.artwork.outputs[0].data, max_pixels=10**6)
    assert picture.alpha is not None
    wanted = resize((photo()[:, :1] > 0.5).float(), 96, 128)
    assert distance(picture.alpha[None], wanted.clamp(0, 1)) < 0.02


def test_without_an_image_the_dream_comes_from_noise(workbench: FakeWorkbench) -> None:
    one, other = (made(workbench, image=None, seed=seed) for seed in (1, 2))

    assert tuple(one.shape[-2:]) == (64, 64)
    assert distance(one, other) > 0.02
    assert torch.equal(made(workbench, image=None, seed=1), one)
    assert 0.3 < float(one.mean()) < 0.7


def test_a_guide_leads_towards_itself(workbench: FakeWorkbench, network: Network) -> None:
    """The dream's features come to resemble the guide's more than an unguided dream's do."""
    fields = {"layer_contributions": {"relu3_1": 1.0}, "octaves": 1, "iterations": 10, "jitter": 0}
    guided, free = made(workbench, guide=GUIDE, **fields), made(workbench, guide=None, **fields)
    extractor = network.cut(["relu3_1"], dtype=torch.float32)

    run = FakeRun()
    with torch.no_grad():
        guide = decode(run.input(GUIDE), max_pixels=10**6).rgb[None]
        vectors = extractor(guide)["relu3_1"][0].flatten(1)
        likeness = []
        for image in (guided, free):
            rows = extractor(image)["relu3_1"][0].flatten(1)
            cosine = torch.nn.functional.normalize(rows, dim=0).t() @ torch.nn.functional.normalize(
                vectors, dim=0
            )
            likeness.append(float(cosine.max(dim=1).values.mean()))

    assert likeness[0] > likeness[1]


def test_what_the_network_has_not_is_told(workbench: FakeWorkbench) -> None:
    code, detail = failure(workbench, layer_contributions={"conv9": 1.0})

    assert code == "invalid_request"
    assert "conv9" in detail
    assert "relu5_2" in detail
    assert failure(workbench, target_class="unicorn")[0] == "invalid_request"


def test_an_image_that_is_damaged_or_gone_fails_the_run(workbench: FakeWorkbench) -> None:
    assert failure(workbench, image=BROKEN)[0] == "invalid_image"
    assert failure(workbench, guide=BROKEN)[0] == "invalid_image"
    assert failure(workbench, image=f"asset:{'e' * 64}")[0] == "input_gone"


@pytest.mark.parametrize("field", ["image", "guide"])
def test_an_image_too_narrow_for_the_network_is_told_to_be(
    workbench: FakeWorkbench, field: str
) -> None:
    code, detail = failure(workbench, **{field: SLIVER})

    assert code == "invalid_image"
    assert "px at this size" in detail
    # A guide is seen at a size of its own, whatever the caller asks for.
    assert ("larger size" in detail) == (field == "image")
    assert detail.endswith("crop it")


def test_octaves_that_are_too_small_for_an_unpadded_network_are_left_out(tmp_path: Path) -> None:
    target = tmp_path / "inception_v3.safetensors"
    state = write_state(tmp_path / "state.pth", "inception_v3")
    convert(state, target, PUBLIC["inception_v3"])
    run = FakeRun(size=100, octaves=4, octave_scale=1.1, iterations=1)

    generate([run], FakeWorkbench(load_network(target, "cpu")))

    assert run.failure is None
    assert run.result["layers"] == {"Mixed_7a": 1.0}
    assert (
        run.result["steps"] == 1
    )  # the next octave would be 91 x 68, and less than 75 is not seen


def test_windows_are_as_large_as_memory_allows(network: Network) -> None:
    extractor = network.cut(["relu5_1"])
    cost = extractor.bytes_per_pixel

    def side(memory: int | None) -> int:
        return window_side(extractor, (1000, 1000), memory)

    assert side(None) == side(2**50)
    assert side(None) ** 2 * cost <= module.WINDOW_BYTES < (side(None) + 16) ** 2 * cost
    free = PICTURE_BYTES * 1000**2 + 600**2 * cost
    assert side(free) == 592
    assert side(0) == SMALLEST_WINDOW
    assert side(None) % 16 == 0


def test_the_photo_is_read_once(workbench: FakeWorkbench) -> None:
    read = []

    class Reading(FakeRun):
        def input(self, ref: str) -> bytes:
            read.append(ref)
            return super().input(ref)

    generate([Reading(guide=GUIDE)], workbench)

    assert sorted(read) == sorted([PHOTO, GUIDE])
