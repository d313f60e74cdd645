"""Pictures that a student or its teacher has dreamt on, as lessons for the student.

A student that matches its teacher on photographs still leaves it in dreams: gradient ascent looks
for the very pictures that the student sees more in than its teacher does. So it is shown some of
its own dreams, and what the teacher sees there; and some of its teacher's, which it would not see
enough in. This is what on-policy distillation does for sequences.

1. Agarwal et al., On-policy distillation of language models, arXiv:2306.13649
2. Mordvintsev, Olah & Tyka, Inceptionism, 2015
"""

import random
from collections.abc import Callable
from typing import TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor

from genart_core.nn.backbone import Backbone
from genart_core.nn.teacher import Teacher

LAYERS = ("relu3_2", "relu4_2", "relu5_1", "relu5_2")
COARSE, FINE = 8, 2  # steps at half the size, which cost a quarter, then at the whole one
STEPS = (0.02, 0.08)  # mean change of a value per step, in shares of its range

Look: TypeAlias = Callable[[Tensor], Tensor]


def dream_on(student: Backbone, teacher: Teacher, images: Tensor, number: int) -> Tensor:
    """Return what one of both dreams on images `(B, 3, H, W)` in [0, 1].

    The student does at even numbers; the number draws layer and size of the steps as well.
    """
    draw = random.Random(number)
    layer, size = draw.choice(LAYERS), draw.uniform(*STEPS)
    if number % 2:
        return ascended(lambda x: teacher.activations(x, layer)[layer], images, size)
    return ascended(lambda x: student.until(layer, x), images, size)


def ascended(look: Look, images: Tensor, size: float) -> Tensor:
    """Return images climbed by `size` a step towards more in the activations that `look` gives.

    Two octaves: first at half the height and width; what was dreamt there is added, enlarged.
    """
    height, width = images.shape[-2:]
    small = F.interpolate(images, (height // 2, width // 2), mode="area")
    dream = climbed(look, small, size, COARSE) - small
    enlarged = F.interpolate(dream, (height, width), mode="bilinear", align_corners=False)
    return climbed(look, (images + enlarged).clamp(0.0, 1.0), size, FINE)


def climbed(look: Look, images: Tensor, size: float, steps: int) -> Tensor:
    """Return images after some steps along the gradient of the activations' mean square."""
    x = images
    for _ in range(steps):
        x = x.detach().requires_grad_()
        with torch.enable_grad():
            (slope,) = torch.autograd.grad(look(x).float().square().mean(), x)
        mean = slope.abs().mean((1, 2, 3), keepdim=True).clamp_min(1e-12)
        x = (x + size * slope / mean).clamp(0.0, 1.0)
    return x.detach()
