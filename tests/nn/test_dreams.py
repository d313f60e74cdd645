"""Dreams as lessons: what is climbed, who dreams, and that a student learns from them."""

import copy
import random
from pathlib import Path

import pytest
import torch

from genart_core.nn.backbone import Backbone, Config
from genart_core.nn.dreams import (
    GROUPS,
    LAYERS,
    OCTAVES,
    VISITS,
    Dreams,
    Turn,
    look_of,
    whole_dream,
    zoomed,
)
from genart_core.nn.objectives import Distillation
from genart_core.nn.photos import Crops, find_photos
from genart_core.nn.teacher import Teacher, load_teacher
from genart_core.nn.training import Recipe, Training
from tests.support.photos import draw_photos, write_teacher


@pytest.fixture
def teacher(tmp_path: Path) -> Teacher:
    return load_teacher(write_teacher(tmp_path))


@pytest.fixture
def student() -> Backbone:
    config = Config((4, 4, 8, 8, 8), (8, 8, 8), neck=8, classes=3)
    return Backbone(config, torch.Generator().manual_seed(0))


@pytest.fixture
def images() -> torch.Tensor:
    return torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))


def training(
    tmp_path: Path, teacher: Teacher, student: Backbone, dreamt: float
) -> Training[Backbone]:
    photos = tmp_path / "photos"
    train, test = find_photos([photos if photos.exists() else draw_photos(photos)])
    crops = Crops(train, batch=4, side=32, seed=0)
    objective = Distillation(teacher, crops, test, dreamt=dreamt)
    return Training(student, objective, Recipe(steps=60, batch=4, averaging=0.9))


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("is_teacher", [False, True])
def test_a_dream_has_more_of_what_it_climbs(
    student: Backbone, teacher: Teacher, images: torch.Tensor, layer: str, is_teacher: bool
) -> None:
    look = look_of(teacher if is_teacher else student, layer)
    with torch.no_grad():
        before = look(images).square().mean()

    dream = whole_dream(look, images, 0.03)

    with torch.no_grad():
        assert look(dream).square().mean() > 1.2 * before
    assert dream.shape == images.shape
    assert dream.min() >= 0
    assert dream.max() <= 1
    assert not dream.requires_grad
    assert all(parameter.grad is None for parameter in student.parameters())


def test_a_zoom_enlarges_a_part() -> None:
    slope = torch.linspace(0, 1, 32).expand(1, 3, 32, 32)

    part = zoomed(slope, random.Random(0))

    assert part.shape == slope.shape
    middle = part[0, 0, 16]
    assert (middle[24] - middle[8]).item() == pytest.approx(16 / 31 / 1.4, rel=0.05)


def test_groups_take_turns_and_begin_one_after_another() -> None:
    whole = OCTAVES * VISITS
    turns = [Turn.of(step) for step in range(3 * whole * GROUPS)]

    assert [turn.group for turn in turns[: 2 * GROUPS]] == 2 * list(range(GROUPS))
    begun = [step // GROUPS for step, turn in enumerate(turns) if turn.visit == 0]
    assert max(begun.count(when) for when in begun) == 1
    of_one = [turn for turn in turns if turn.group == 5]
    assert all((b.visit - a.visit) % whole == 1 for a, b in zip(of_one, of_one[1:], strict=False))
    assert {turn.life for turn in of_one} == {0, 1, 2, 3}


def test_every_second_group_is_the_students(
    student: Backbone, teacher: Teacher, images: torch.Tensor
) -> None:
    other = Backbone(student.config, torch.Generator().manual_seed(9))

    shown = [[Dreams(teacher).further(who, images, n) for who in (student, other)] for n in (0, 1)]

    assert not torch.equal(*shown[0])
    assert torch.equal(*shown[1])


def test_a_group_is_dreamt_on_until_its_dream_is_over(
    student: Backbone, teacher: Teacher, images: torch.Tensor
) -> None:
    dreams = Dreams(teacher)
    begun, fresh = torch.zeros_like(images), images
    steps = range(0, GROUPS * OCTAVES * VISITS, GROUPS)  # of group 0

    shown = [dreams.further(student, fresh if step else begun, step) for step in steps]
    anew = dreams.further(student, fresh, steps[-1] + GROUPS)

    assert all(not torch.equal(a, b) for a, b in zip(shown, shown[1:], strict=False))
    assert (anew - fresh).abs().mean() < 0.5 * (shown[-1] - fresh).abs().mean()


def test_the_stages_up_to_one_are_those_of_the_whole(
    student: Backbone, teacher: Teacher, images: torch.Tensor
) -> None:
    for layer in LAYERS:
        assert torch.equal(student.until(layer, images), student(images)[layer])
        assert torch.equal(teacher.activations(images, layer)[layer], teacher(images)[layer])
    with pytest.raises(KeyError):
        student.until("relu9_9", images)


def test_a_share_of_each_batch_is_dreamt_on(
    tmp_path: Path, student: Backbone, teacher: Teacher
) -> None:
    crops = Crops(find_photos([draw_photos(tmp_path / "photos")])[0], batch=4, side=32, seed=0)
    seen: list[torch.Tensor] = []
    teacher.register_forward_pre_hook(lambda _, given: seen.append(given[0]))

    for share in (0.0, 0.5):
        Distillation(teacher, crops, [], dreamt=share).loss(student, 0, 1.0)

    images = crops[0]
    assert torch.equal(seen[0], images)
    assert torch.equal(seen[1][:2], images[:2])
    assert torch.equal(seen[1][2:], Dreams(teacher).further(student, images[2:], 0))


def test_a_stopped_training_goes_on_with_its_dreams(
    tmp_path: Path, student: Backbone, teacher: Teacher
) -> None:
    whole = training(tmp_path, teacher, copy.deepcopy(student), dreamt=0.5)
    for _ in range(3):
        whole.advance()
    whole.save(tmp_path / "checkpoint.safetensors")
    rest = training(tmp_path, teacher, student, dreamt=0.5)

    rest.load(tmp_path / "checkpoint.safetensors")
    for _ in range(GROUPS):
        whole.advance()
        rest.advance()

    assert all(torch.equal(t, rest.average[name]) for name, t in whole.average.items())


def test_a_student_comes_nearer_to_its_teacher_in_dreams(
    tmp_path: Path, student: Backbone, teacher: Teacher
) -> None:
    lessons = training(tmp_path, teacher, student, dreamt=0.5)
    before = lessons.evaluate()

    for _ in range(60):
        lessons.advance()

    assert lessons.evaluate()["error_dreamt"] < 0.8 * before["error_dreamt"]
