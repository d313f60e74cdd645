"""Small square pictures with classes: from folders, or from an archive of JPEGs.

An archive is an `.npz` with `train_bytes` (all files one after the other), `train_offsets` (picture
i is `bytes[offsets[i]:offsets[i + 1]]`), `y_train` (its class) and, if they have names, `classes`;
further splits, as `test`, have the same three.
"""

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from genart_core.errors import InvalidImageError
from genart_core.nn.opening import as_photo, open_photo
from genart_core.nn.photos import SUFFIXES


@dataclass(frozen=True)
class Pictures:
    """`pixels` uint8 `(N, size, size, 3)`, the class of each `(N,)`, and the classes' names."""

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    sha256: str

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.pixels)


def read_pictures(path: Path, *, size: int, split: str = "train") -> Pictures:
    """Return the pictures of a folder of class folders, or of a split of an archive.

    Raises:
        ValueError: if there are fewer than two, or one can't be read.
    """
    if path.is_dir():
        pixels, labels, classes = _folder(path, size)
    else:
        pixels, labels, classes = _archive(path, size, split)
    if len(pixels) < 2:
        raise ValueError(f"{path} has {len(pixels)} pictures; at least 2 are needed")
    digest = hashlib.sha256(pixels.tobytes() + labels.tobytes()).hexdigest()
    return Pictures(pixels, labels, classes, digest)


def as_images(pixels: NDArray[np.uint8]) -> Tensor:
    """Return pixels `(B, H, W, 3)` as `(B, 3, H, W)` in [-1, 1], channels last in memory."""
    return torch.from_numpy(pixels).movedim(-1, -3).float().div_(127.5).sub_(1.0)


def as_pixels(images: Tensor) -> NDArray[np.uint8]:
    """Return images `(B, 3, H, W)` in [-1, 1] as uint8 `(B, H, W, 3)`."""
    scaled = images.float().add(1.0).mul_(127.5).round_().clamp_(0.0, 255.0)
    pixels: NDArray[np.uint8] = scaled.to(torch.uint8).movedim(-3, -1).contiguous().cpu().numpy()
    return pixels


class Batches:
    """Batches of pictures; which ones depends on the seed and the number of the batch alone."""

    def __init__(self, pictures: Pictures, *, batch: int, mirror: bool, seed: int) -> None:
        self.pictures, self.batch, self.mirror, self.seed = pictures, batch, mirror, seed
        self._epoch = -1
        self._order: NDArray[np.int64] = np.empty(0, np.int64)

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        """Return images `(B, 3, H, W)` in [-1, 1] and classes `(B,)` of batch `number`."""
        count = len(self.pictures)
        places = np.arange(number * self.batch, (number + 1) * self.batch)
        chosen = np.concatenate(
            [
                self._order_of(int(epoch))[places[places // count == epoch] % count]
                for epoch in np.unique(places // count)
            ]
        )
        pixels = self.pictures.pixels[chosen]
        if self.mirror:
            turned = np.random.default_rng((self.seed, number, 1)).random(self.batch) < 0.5
            pixels[turned] = pixels[turned, :, ::-1]
        return as_images(pixels), torch.from_numpy(self.pictures.labels[chosen])

    def _order_of(self, epoch: int) -> NDArray[np.int64]:
        if epoch != self._epoch:
            random = np.random.default_rng((self.seed, epoch))
            self._epoch, self._order = epoch, random.permutation(len(self.pictures))
        return self._order


def _folder(path: Path, size: int) -> tuple[NDArray[np.uint8], NDArray[np.int64], tuple[str, ...]]:
    folders = sorted(folder for folder in path.iterdir() if folder.is_dir())
    files = [
        (file, label)
        for label, folder in enumerate(folders)
        for file in sorted(folder.rglob("*"))
        if file.suffix.lower() in SUFFIXES
    ]
    if not folders:  # one class of all
        files = [(f, 0) for f in sorted(path.iterdir()) if f.suffix.lower() in SUFFIXES]
    pixels = [_square(open_photo(file), size) for file, _ in files]
    labels = np.array([label for _, label in files], np.int64)
    stacked = np.stack(pixels) if pixels else np.empty((0, size, size, 3), np.uint8)
    return stacked, labels, tuple(folder.name for folder in folders)


def _archive(
    path: Path, size: int, split: str
) -> tuple[NDArray[np.uint8], NDArray[np.int64], tuple[str, ...]]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            whole, offsets = arrays[f"{split}_bytes"], arrays[f"{split}_offsets"]
            labels = arrays[f"y_{split}"].astype(np.int64)
            names = arrays["classes"] if "classes" in arrays.files else ()
            classes = tuple(str(name) for name in names)
        files = [bytes(whole[a:b]) for a, b in zip(offsets, offsets[1:], strict=False)]
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} is no archive of pictures: {error}") from error
    if len(files) != len(labels) or (len(labels) and labels.min() < 0):
        raise ValueError(f"{path}: {len(files)} pictures but {len(labels)} classes from 0")
    count = int(labels.max()) + 1 if len(labels) else 0
    if not classes:
        classes = tuple(str(number) for number in range(count))
    if count > len(classes):
        raise ValueError(f"{path}: there is a class {count - 1} but {len(classes)} names")
    pixels = [_square(_opened(path, place, file), size) for place, file in enumerate(files)]
    return np.stack(pixels), labels, classes


def _opened(archive: Path, place: int, data: bytes) -> Image.Image:
    try:
        return as_photo(data)
    except InvalidImageError as error:
        raise ValueError(f"{archive}: picture {place} can't be read: {error}") from error


def _square(image: Image.Image, size: int) -> NDArray[np.uint8]:
    if image.size == (size, size):
        return np.asarray(image)
    short = min(image.size)
    left, top = (image.width - short) / 2, (image.height - short) / 2
    box = (left, top, left + short, top + short)
    return np.asarray(image.resize((size, size), Image.Resampling.LANCZOS, box))
