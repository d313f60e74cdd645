"""Small generators and the pictures that they learn from: discs, red ones and blue ones."""

import io
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from genart_core.arts.gan.data import Pictures
from genart_core.arts.gan.model import Config, Generator, statistics_kept
from genart_core.arts.gan.stored import save_generator

CLASSES = ("red", "blue", "green")
TINY = Config(size=16, latent=8, width=4, depth=1, classes=len(CLASSES))


def discs(count: int = 64, size: int = 16, seed: int = 0) -> Pictures:
    """Return discs somewhere on a dark ground, red and blue by turns."""
    random = np.random.default_rng(seed)
    pixels = np.full((count, size, size, 3), 30, np.uint8)
    y, x = np.mgrid[:size, :size]
    for i, picture in enumerate(pixels):
        centre = random.uniform(0.3 * size, 0.7 * size, 2)
        inside = (y - centre[0]) ** 2 + (x - centre[1]) ** 2 < (0.3 * size) ** 2
        picture[inside] = (220, 40, 40) if i % 2 == 0 else (40, 40, 220)
    return Pictures(pixels, np.arange(count) % 2, CLASSES[:2], f"discs {count} {size} {seed}")


def write_discs(folder: Path, count: int = 24, size: int = 16) -> Path:
    """Write such pictures as a folder of two class folders."""
    pictures = discs(count, size)
    for i, (picture, label) in enumerate(zip(pictures.pixels, pictures.labels, strict=True)):
        path = folder / pictures.classes[label] / f"{i:03d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(path)
    return folder


def write_archive(path: Path) -> Path:
    """Write discs as an archive of JPEGs with both splits."""
    arrays: dict[str, np.ndarray] = {}
    for split, seed in (("train", 0), ("test", 1)):
        pictures = discs(12, seed=seed)
        files = []
        for pixels in pictures.pixels:
            file = io.BytesIO()
            Image.fromarray(pixels).save(file, "JPEG")
            files.append(file.getvalue())
        arrays[f"{split}_bytes"] = np.frombuffer(b"".join(files), np.uint8)
        arrays[f"{split}_offsets"] = np.cumsum([0, *map(len, files)])
        arrays[f"y_{split}"] = pictures.labels
    np.savez(path, allow_pickle=False, **arrays)
    return path


def tiny_generator(seed: int = 0, config: Config = TINY) -> Generator:
    """Return a random generator whose weights and statistics are large enough to be seen."""
    random = torch.Generator().manual_seed(seed)
    network = Generator(config, random)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith(("gain", "bias")):
                parameter.add_(0.3 * torch.randn(parameter.shape, generator=random))
            else:
                parameter.mul_(8.0)
        latents = torch.randn(64, config.latent, generator=random)
        classes = torch.arange(64) % max(1, config.classes)
        with statistics_kept(network, 1.0):
            network.train()(latents, classes)
    return network.eval()


def write_tiny_generator(path: Path, seed: int = 0, config: Config = TINY) -> Path:
    """Write such a generator as its training would."""
    card = {
        "name": path.stem,
        "licence": "none",
        "size": config.size,
        "latent": config.latent,
        "classes": [{"name": name} for name in CLASSES[: config.classes]],
    }
    save_generator(path, tiny_generator(seed, config), card)
    return path
