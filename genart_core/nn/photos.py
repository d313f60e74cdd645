"""Folders of pictures as an endless stream of square crops, and what is kept from training."""

import logging
import math
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps
from torch import Tensor

from genart_core.errors import PicturesLostError
from genart_core.nn.opening import open_photo

log = logging.getLogger(__name__)

SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".webp"})
HELD_OUT = 10  # every so manieth picture of a folder is never trained on
# Of Caltech-101: clutter without a class, and faces that are cut out of the pictures in `Faces`.
LEFT_OUT = frozenset({"BACKGROUND_Google", "Faces_easy"})
SMALLEST = 0.5  # of a picture's short side, the side of the smallest crop, where it isn't larger
CACHE_BYTES = 2_000_000_000
MOST_UNREAD = 100  # pictures; more are no accident, but a disk or a share that is gone


@dataclass(frozen=True)
class Photo:
    """A picture's file and the folder that it lies in, which is its class."""

    path: Path
    folder: str


def find_photos(roots: Sequence[Path]) -> tuple[list[Photo], list[Photo]]:
    """Return the pictures below some folders, to train on and, every tenth by name, to test with.

    A root that is named twice is shown twice as often in training.

    Raises:
        ValueError: if there are too few of them.
    """
    train: list[Photo] = []
    test: dict[Photo, None] = {}
    for root in roots:
        for folder in (root, *sorted(path for path in root.rglob("*") if path.is_dir())):
            if folder.name in LEFT_OUT:
                continue
            paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES)
            photos = [Photo(path, folder.name) for path in paths]
            train += [p for i, p in enumerate(photos, start=1) if i % HELD_OUT]
            test |= dict.fromkeys(photos[HELD_OUT - 1 :: HELD_OUT])
    if not train or not test:
        raise ValueError(f"{len(train) + len(test)} pictures are too few: at least 10 in a folder")
    return train, list(test)


def times(folder: str) -> tuple[Path, int]:
    """Return a folder and how often it is to be shown, of `FOLDER` or `FOLDER:TIMES`.

    Raises:
        ValueError: if there is no such folder, or it is to be shown no time.
    """
    name, _, count = folder.rpartition(":")
    path, often = Path(folder), 1
    if name and count.isdecimal() and not path.is_dir():
        path, often = Path(name), int(count)
    if not path.is_dir():
        raise ValueError(f"{path} is no folder")
    if often < 1:
        raise ValueError(f"{path} is to be shown at least once")
    return path, often


def readable(photos: Sequence[Photo]) -> Iterator[tuple[Photo, Image.Image]]:
    """Yield the pictures that can be read, with their files; the others are told."""
    for photo in photos:
        try:
            yield photo, open_photo(photo.path)
        except ValueError as error:
            tell_left_out(str(error))


@lru_cache(maxsize=1024)
def tell_left_out(why: str) -> None:
    """Say that a picture is left out; of each once, though it be met again."""
    log.warning("left out: %s", why)


def central_square(image: Image.Image, side: int) -> Tensor:
    """Return the largest square at the centre as `(3, side, side)` in [0, 1]."""
    short = min(image.size)
    left, top = (image.width - short) / 2, (image.height - short) / 2
    box = (left, top, left + short, top + short)
    return as_tensor(np.asarray(image.resize((side, side), Image.Resampling.BICUBIC, box)))


def as_tensor(pixels: NDArray[np.uint8]) -> Tensor:
    """Return pixels `(..., H, W, 3)` as `(..., 3, H, W)` in [0, 1], channels last in memory."""
    return torch.from_numpy(pixels.astype(np.float32) / 255.0).movedim(-1, -3)


def exaggerated(pixels: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    """Return pixels `(side, side, 3)` with more contrast, colours mixed at random and blotches.

    A dream leaves the photographs that a student has seen its teacher look at. Where both are to
    dream alike it must have seen what dreams look like: neon colours, hard edges.
    """
    side = len(pixels)
    mix = np.eye(3) + random.normal(0.0, 0.3, (3, 3))
    gain = math.exp(random.uniform(0.0, math.log(3.0)))
    values = (pixels / 255.0 - 0.5) @ (gain * mix.T) + random.normal(0.5, 0.1, 3)
    grains = max(2, side // int(random.integers(2, 17)))
    grain = Image.fromarray(random.integers(0, 256, (grains, grains, 3), dtype=np.uint8))
    blotches = np.asarray(grain.resize((side, side), Image.Resampling.BICUBIC)) / 255.0 - 0.5
    values += random.uniform(0.0, 0.5) * blotches
    return (255.0 * values.clip(0.0, 1.0)).round().astype(np.uint8)


def mingled(
    pixels: NDArray[np.uint8], other: NDArray[np.uint8], random: np.random.Generator
) -> NDArray[np.uint8]:
    """Return two crops `(side, side, 3)` as one: blended, or a part of one within the other.

    A teacher tells of such pictures too, and there are many more of them than of photographs.

    1. Zhang et al., mixup, arXiv:1710.09412
    2. Yun et al., CutMix, arXiv:1905.04899
    3. Beyer et al., Knowledge distillation: a good teacher is patient and consistent,
       arXiv:2106.05237
    """
    share = random.uniform()
    if random.random() < 0.5:
        return np.rint(share * pixels + (1.0 - share) * other).astype(np.uint8)
    side = len(pixels)
    width = round(side * math.sqrt(share))
    top, left = random.integers(0, side - width + 1, 2)
    place = (slice(top, top + width), slice(left, left + width))
    joined = pixels.copy()
    joined[place] = other[place]
    return joined


class Crops:
    """Batches of random crops; which ones depends on the seed and the number of the batch alone.

    A picture that can't be read is told and gives way to the next in the order: all others stay
    where they are, and so does what is kept to test with, as they wouldn't without the file.

    A share `vivid` of them have the colours of dreams rather than those of photographs, and a share
    `mixed`, from the batch's start, is mingled with the others.
    """

    def __init__(
        self,
        photos: Sequence[Photo],
        *,
        batch: int,
        side: int,
        seed: int,
        vivid: float = 0.0,
        mixed: float = 0.0,
    ) -> None:
        self.photos = photos
        self.batch = batch
        self.side = side
        self.seed = seed
        self.vivid = vivid
        self.mixed = mixed
        self.unread: set[Path] = set()
        self._cache: dict[Path, Image.Image] = {}
        self._cached = 0
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="crops")
        self._ahead: tuple[int, Future[tuple[NDArray[np.uint8], list[Photo]]]] | None = None
        self._last: tuple[int, list[Photo]] = (-1, [])

    def __getitem__(self, number: int) -> Tensor:
        """Return batch `number`, `(B, 3, side, side)` in [0, 1]; the next is begun meanwhile.

        Raises:
            PicturesLostError: if too many pictures can't be read.
        """
        if self._ahead and self._ahead[0] == number:
            pixels, photos = self._ahead[1].result()
        else:
            pixels, photos = self._make(number)
        self._last = (number, photos)
        self._ahead = (number + 1, self._pool.submit(self._make, number + 1))
        return as_tensor(pixels)

    def photos_of(self, number: int) -> list[Photo]:
        """Return the pictures that batch `number` was cut from; of the last one it is known."""
        return self._last[1] if self._last[0] == number else self._make(number)[1]

    def _photo(self, place: int) -> Photo:
        """Return the picture at a place of the endless order."""
        order = self._order(place // len(self.photos))
        return self.photos[int(order[place % len(self.photos)])]

    def _readable(self, place: int) -> tuple[Photo, Image.Image]:
        """Return the picture at a place, or the next one that can be read."""
        for further in range(len(self.photos)):
            photo = self._photo(place + further)
            if photo.path in self.unread:
                continue
            try:
                return photo, self._open(photo.path)
            except ValueError as error:
                self._leave_out(photo, error)
        raise PicturesLostError("no picture can be read any more")

    def _leave_out(self, photo: Photo, error: ValueError) -> None:
        self.unread.add(photo.path)
        if len(self.unread) > MOST_UNREAD:
            raise PicturesLostError(f"{len(self.unread)} pictures can't be read: {error}")
        tell_left_out(str(error))

    def _order(self, epoch: int) -> NDArray[np.int64]:
        return np.random.default_rng((self.seed, epoch)).permutation(len(self.photos))

    def _make(self, number: int) -> tuple[NDArray[np.uint8], list[Photo]]:
        """Return the pixels of a batch and the pictures that they are cut from."""
        random = np.random.default_rng((self.seed, number, 1))
        crops, photos = [], []
        for place in range(number * self.batch, (number + 1) * self.batch):
            photo, image = self._readable(place)
            crops.append(self._crop(image, random))
            photos.append(photo)
        count = round(self.mixed * len(crops))
        others = zip(crops, np.roll(crops, 1, axis=0)[:count], strict=False)
        pixels = np.stack([*(mingled(*pair, random) for pair in others), *crops[count:]])
        return pixels, photos

    def _crop(self, image: Image.Image, random: np.random.Generator) -> NDArray[np.uint8]:
        short = min(image.size)
        smallest = min(SMALLEST, self.side / short)  # of a large picture down to its own pixels
        side = short * math.exp(random.uniform(math.log(smallest), 0.0))
        left = random.uniform(0, image.width - side)
        top = random.uniform(0, image.height - side)
        box = (left, top, left + side, top + side)
        crop = image.resize((self.side, self.side), Image.Resampling.BICUBIC, box)
        pixels = np.asarray(ImageOps.mirror(crop) if random.random() < 0.5 else crop)
        return exaggerated(pixels, random) if random.random() < self.vivid else pixels

    def _open(self, path: Path) -> Image.Image:
        if path in self._cache:
            return self._cache[path]
        image = open_photo(path)
        size = 3 * image.width * image.height
        if self._cached + size <= CACHE_BYTES:
            self._cache[path] = image
            self._cached += size
        return image
