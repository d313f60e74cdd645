"""Pictures that a student or its teacher dreams on, as lessons for the student.

A student that matches its teacher on photographs still leaves it in dreams: gradient ascent looks
for the very pictures that the student sees more in than its teacher does. So it is shown some of
its own dreams, and what the teacher sees there; and some of its teacher's, which it would not see
enough in. This is what on-policy distillation does for sequences. A whole dream takes many steps:
groups of pictures are kept, and each time one is shown it is dreamt on a little further, as chains
of samples are kept for energy-based models.

1. Agarwal et al., On-policy distillation of language models, arXiv:2306.13649
2. Tieleman, Training restricted Boltzmann machines using approximations to the likelihood
   gradient, ICML 2008
3. Mordvintsev, Olah & Tyka, Inceptionism, 2015
"""

import random
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor

from genart_core.nn.backbone import Backbone
from genart_core.nn.teacher import Teacher

LAYERS = ("relu3_2", "relu4_2", "relu5_1", "relu5_2")
DRAWN = (*LAYERS, "relu4_2")  # the last to dream alike, as shapes of two octaves meet there
GROUPS = 16
OCTAVES = 4
VISITS = 5  # to a group, per octave
STEPS = 2  # per visit
SIZES = (0.02, 0.05)  # mean change of a value per step, in shares of its range
ZOOM = 1.4  # from octave to octave

Look: TypeAlias = Callable[[Tensor], Tensor]


class Turn(NamedTuple):
    """Which group is dreamt on, which of its dreams that is, and how often it was visited."""

    group: int
    life: int
    visit: int

    @classmethod
    def of(cls, step: int) -> "Turn":
        """Return whose turn it is at a step of training; groups begin one after another."""
        whole = OCTAVES * VISITS
        rounds, group = divmod(step, GROUPS)
        life, visit = divmod(rounds + group * whole // GROUPS, whole)
        return cls(group, life, visit)

    @property
    def random(self) -> random.Random:
        """Return the draws that hold for all of a dream."""
        return random.Random(self.life * GROUPS + self.group)


class Dreams:
    """Groups of pictures on the way from photographs to dreams.

    Which layer is climbed, by steps of which size and in which network is drawn for each dream;
    every second group is the student's. What a step shows depends on the steps before it, so the
    pictures belong to a checkpoint: see `state`.
    """

    def __init__(self, teacher: Teacher) -> None:
        self.teacher = teacher
        self.groups: dict[int, Tensor] = {}

    def further(self, student: Backbone, images: Tensor, step: int) -> Tensor:
        """Dream on the group whose turn it is and return it.

        Where its dream is over, the next one begins on `images` `(B, 3, H, W)` in [0, 1].
        """
        turn = Turn.of(step)
        draw = turn.random
        layer, size = draw.choice(DRAWN), draw.uniform(*SIZES)
        x = self.groups.get(turn.group)
        if x is None or turn.visit == 0:
            x = images
        elif turn.visit % VISITS == 0:
            x = zoomed(x, random.Random(step))
        look = look_of(student if turn.group % 2 == 0 else self.teacher, layer)
        self.groups[turn.group] = x = climbed(look, x, size, STEPS)
        return x

    def state(self) -> dict[str, Tensor]:
        """Return the pictures, by their group."""
        return {str(group): images for group, images in self.groups.items()}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on with pictures that `state` gave; they lie in memory as crops do."""
        last = torch.channels_last
        self.groups = {int(name): t.contiguous(memory_format=last) for name, t in state.items()}


def look_of(network: Backbone | Teacher, layer: str) -> Look:
    """Return what a network sees at a layer, as a function of images in [0, 1]."""
    if isinstance(network, Teacher):
        return lambda x: network.activations(x, layer)[layer]
    return lambda x: network.until(layer, x)


def whole_dream(look: Look, images: Tensor, size: float) -> Tensor:
    """Return images `(B, 3, H, W)` after all octaves of one dream, each a zoom into the last."""
    x = images
    for octave in range(OCTAVES):
        x = zoomed(x, random.Random(octave)) if octave else x
        x = climbed(look, x, size, STEPS * VISITS)
    return x


def zoomed(images: Tensor, draw: random.Random) -> Tensor:
    """Return a part of images `(B, 3, H, W)`, enlarged to their size by `ZOOM`."""
    height, width = images.shape[-2:]
    inner = (round(height / ZOOM), round(width / ZOOM))
    top, left = draw.randint(0, height - inner[0]), draw.randint(0, width - inner[1])
    part = images[..., top : top + inner[0], left : left + inner[1]]
    enlarged = F.interpolate(part, (height, width), mode="bicubic", align_corners=False)
    return enlarged.clamp(0.0, 1.0)


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
