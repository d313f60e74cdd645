"""Dreams as lessons: what is climbed, who dreams, and that a student learns from them."""

from pathlib import Path

import pytest
import torch

from genart_core.nn.backbone import Backbone, Config
from genart_core.nn.dreams import LAYERS, ascended, dream_on
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
    train, test = find_photos([draw_photos(tmp_path / "photos")])
    crops = Crops(train, batch=4, side=32, seed=0)
    objective = Distillation(teacher, crops, test, dreamt=dreamt)
    return Training(student, objective, Recipe(steps=60, batch=4, averaging=0.9))


@pytest.mark.parametrize("layer", LAYERS)
def test_a_dream_has_more_of_what_it_climbs(
    student: Backbone, images: torch.Tensor, layer: str
) -> None:
    before = student.until(layer, images).square().mean()

    dream = ascended(lambda x: student.until(layer, x), images, 0.03)

    assert student.until(layer, dream).square().mean() > 1.2 * before
    assert dream.shape == images.shape
    assert dream.min() >= 0
    assert dream.max() <= 1
    assert not dream.requires_grad


def test_student_and_teacher_dream_in_turn(
    student: Backbone, teacher: Teacher, images: torch.Tensor
) -> None:
    other = Backbone(student.config, torch.Generator().manual_seed(9))

    dreams = [[dream_on(who, teacher, images, n) for who in (student, other)] for n in (0, 1)]

    assert not torch.equal(*dreams[0])
    assert torch.equal(*dreams[1])
    assert torch.equal(dreams[0][0], dream_on(student, teacher, images, 0))
    assert all(parameter.grad is None for parameter in student.parameters())


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
    assert torch.equal(seen[1][2:], dream_on(student, teacher, images[2:], 0))


def test_a_student_comes_nearer_to_its_teacher_in_dreams(
    tmp_path: Path, student: Backbone, teacher: Teacher
) -> None:
    lessons = training(tmp_path, teacher, student, dreamt=0.5)
    before = lessons.evaluate()

    for _ in range(60):
        lessons.advance()

    assert lessons.evaluate()["error_dreamt"] < 0.8 * before["error_dreamt"]
