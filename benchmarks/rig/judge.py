"""A classifier that reads the attributes of portraits, trained on clean renders alone."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from genart_core.arts.vae.portraits import ATTRIBUTES, draw_attributes, numbered, render
from genart_core.nn.device import working_dtype

BINARY = tuple(name for name, each in ATTRIBUTES.items() if each.kind == "flag")
NUMBERS = tuple(name for name, each in ATTRIBUTES.items() if each.kind == "number")
EYEWEAR = ATTRIBUTES["eyewear"].words
TRAINING_SET = 101  # of seeds; the sets that models are trained on have small numbers
SHIFT = 2  # pixels: a picture may be shifted by up to so many
BATCH = 64


@dataclass(frozen=True)
class Reading:
    """What is read of N pictures: flags, the place of the eyewear, numbers."""

    flags: dict[str, NDArray[np.bool_]]
    eyewear: NDArray[np.int64]
    numbers: dict[str, NDArray[np.float64]]

    def at(self, places: NDArray[np.int64]) -> "Reading":
        """Return what is read of some of the pictures."""
        flags = {name: values[places] for name, values in self.flags.items()}
        numbers = {name: values[places] for name, values in self.numbers.items()}
        return Reading(flags, self.eyewear[places], numbers)


class Judge(nn.Module):
    """Convolutions of stride 2, batch norm, two dense layers: one output per attribute."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 32, 64, 96, 128)
        self.stages = nn.Sequential(
            *(
                nn.Sequential(
                    nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False),
                    nn.BatchNorm2d(outputs),
                    nn.ReLU(),
                )
                for inputs, outputs in zip(widths, widths[1:], strict=False)
            )
        )
        outputs = len(BINARY) + len(EYEWEAR) + len(NUMBERS)
        self.head = nn.Sequential(nn.Linear(128 * 16, 128), nn.ReLU(), nn.Linear(128, outputs))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return logits of flags, logits of eyewear, and numbers, of images (B, 3, 64, 64)."""
        features = self.stages(images - 0.5).flatten(1)
        flags, eyewear, numbers = self.head(features).split(
            [len(BINARY), len(EYEWEAR), len(NUMBERS)], dim=1
        )
        return flags, eyewear, numbers

    def read(self, pixels: NDArray[np.uint8]) -> Reading:
        """Return what is read of pictures (N, 64, 64, 3)."""
        self.eval()
        with torch.inference_mode():
            parts = [self(as_images(pixels[i : i + 100])) for i in range(0, len(pixels), 100)]
        flags, eyewear, numbers = (torch.cat(part) for part in zip(*parts, strict=True))
        return Reading(
            dict(zip(BINARY, (flags > 0).numpy().T, strict=True)),
            eyewear.argmax(1).numpy(),
            dict(zip(NUMBERS, numbers.double().numpy().T, strict=True)),
        )


def as_images(pixels: NDArray[np.uint8]) -> Tensor:
    """Return pictures as (N, 3, 64, 64) in [0, 1], channels last in memory."""
    return torch.from_numpy(pixels.astype(np.float32) / 255.0).movedim(-1, 1)


def trained_judge(folder: Path, *, renders: int, epochs: int) -> Judge:
    """Return the judge that is kept in a folder, or train it and keep it there."""
    path = folder / f"judge-{renders}-{epochs}.safetensors"
    judge = Judge()
    if path.exists():
        judge.load_state_dict(load_file(path))
        return judge.eval()
    folder.mkdir(parents=True, exist_ok=True)
    begin = time.monotonic()
    torch.manual_seed(0)
    judge = Judge().to(memory_format=torch.channels_last)
    _train(judge, *_renders(renders), epochs)
    print(f"judge trained in {time.monotonic() - begin:.0f} s\n", file=sys.stderr)
    part = path.with_suffix(".part")
    save_file({name: t.contiguous() for name, t in judge.state_dict().items()}, part)
    part.replace(path)
    return judge.eval()


def _train(judge: Judge, pixels: NDArray[np.uint8], truth: Tensor, epochs: int) -> None:
    random = np.random.default_rng(0)
    steps = epochs * (len(pixels) // BATCH)
    optimizer = torch.optim.AdamW(judge.parameters(), lr=2e-3, weight_decay=0.05, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=max(steps, 2))
    is_bf16 = working_dtype("cpu") is torch.bfloat16
    judge.train()
    for _ in range(epochs):
        order = random.permutation(len(pixels))
        for start in range(0, len(order) - BATCH + 1, BATCH):
            places = order[start : start + BATCH]
            images = _shifted(pixels[places], random)
            with torch.autocast("cpu", torch.bfloat16, enabled=is_bf16):
                outputs = judge(images)
            loss = _loss(outputs, truth[torch.from_numpy(places)])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch ships no type for it
            optimizer.step()
            schedule.step()


def _loss(outputs: Sequence[Tensor], truth: Tensor) -> Tensor:
    flags, eyewear, numbers = (each.float() for each in outputs)
    count = len(BINARY)
    wanted_flags, wanted_eyewear, wanted = truth[:, :count], truth[:, count], truth[:, count + 1 :]
    loss = F.binary_cross_entropy_with_logits(flags, wanted_flags) * count
    loss = loss + F.cross_entropy(eyewear, wanted_eyewear.long())
    return loss + 4.0 * F.mse_loss(numbers, wanted) * len(NUMBERS)


def _renders(count: int) -> tuple[NDArray[np.uint8], Tensor]:
    """Return portraits and their attributes: flags, the place of the eyewear, numbers."""
    seeds = [numbered(TRAINING_SET, number) for number in range(count)]
    attributes: list[Any] = [draw_attributes(seed) for seed in seeds]
    pixels = np.stack([render(a, seed) for a, seed in zip(attributes, seeds, strict=True)])
    rows = [
        [
            *(float(a[name]) for name in BINARY),
            float(EYEWEAR.index(a["eyewear"])),
            *(float(a[name]) for name in NUMBERS),
        ]
        for a in attributes
    ]
    return pixels, torch.tensor(rows)


def _shifted(pixels: NDArray[np.uint8], random: np.random.Generator) -> Tensor:
    """Return pictures moved by a few pixels, their edges repeated."""
    padded = np.pad(pixels, ((0, 0), (SHIFT, SHIFT), (SHIFT, SHIFT), (0, 0)), mode="edge")
    size = pixels.shape[1]
    moved = np.empty_like(pixels)
    for place, (top, left) in enumerate(random.integers(0, 2 * SHIFT + 1, (len(pixels), 2))):
        moved[place] = padded[place, top : top + size, left : left + size]
    return as_images(moved)
