"""Folders of small drawn pictures, and a teacher of random weights for them."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

from genart_core.nn.teacher import CONVOLUTIONS

CHANNELS = (4, 4, 4, 8, 4, 8, 4, 8, 4, 8, 4, 8, 4, 8, 4, 3)  # of each convolution of the teacher


def draw_photos(root: Path, folders: tuple[str, ...] = ("red", "blue"), count: int = 20) -> Path:
    """Write pictures that differ by folder: their colour; and by number: their brightness."""
    for place, folder in enumerate(folders):
        (root / folder).mkdir(parents=True)
        for number in range(count):
            random = np.random.default_rng((place, number))
            pixels = random.integers(0, 60, (48, 64, 3), dtype=np.uint8)
            pixels[..., 2 * place % 3] += np.uint8(100 + number)
            Image.fromarray(pixels).save(root / folder / f"{number:04}.png")
    return root


def write_teacher(folder: Path) -> Path:
    """Write weights and labels in the form of Tiny Darknet, with few channels."""
    random = np.random.default_rng(0)
    arrays = {}
    inputs = 3
    for number, outputs in enumerate(CHANNELS, start=1):
        size = 3 if number in (1, 2) or number % 2 == 0 and number < CONVOLUTIONS else 1
        kernel = random.normal(
            0, (2 / (inputs * size * size)) ** 0.5, (size, size, inputs, outputs)
        )
        arrays[f"conv2d_{number}__kernel"] = kernel.astype(np.float32)
        if number < CONVOLUTIONS:
            norm = f"batch_normalization_{number}__"
            arrays[f"{norm}gamma"] = random.uniform(0.5, 1.5, outputs).astype(np.float32)
            arrays[f"{norm}beta"] = random.normal(0, 0.1, outputs).astype(np.float32)
            arrays[f"{norm}moving_mean"] = random.normal(0, 0.1, outputs).astype(np.float32)
            arrays[f"{norm}moving_variance"] = random.uniform(0.5, 1.5, outputs).astype(np.float32)
        else:
            arrays[f"conv2d_{number}__bias"] = random.normal(0, 0.1, outputs).astype(np.float32)
        inputs = outputs
    names = ("cat", "dog", "owl")
    labels = [{"index": i, "wnid": f"n{i:08d}", "name": name} for i, name in enumerate(names)]
    (folder / "labels.json").write_text(json.dumps(labels))
    path = folder / "darknet.npz"
    np.savez(path, **arrays)  # type: ignore[arg-type]  # no name here is that of an option
    return path
