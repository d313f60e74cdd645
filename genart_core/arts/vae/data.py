"""Pictures to train on, all of one size, from a folder or an archive of arrays.

They are read once, into a file that is mapped into memory, so that there may be more of them than
memory holds.
"""

import hashlib
import json
import zipfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from genart_core.arts.vae.labels import Labels, read_labels
from genart_core.nn.opening import open_photo
from genart_core.nn.photos import HELD_OUT, SUFFIXES, as_tensor

READERS = 2
FEWEST = 10
_MODES = {1: "L", 3: "RGB"}


@dataclass(frozen=True)
class Pictures:
    """The pictures at some `rows` of `pixels` `(N, size, size, channels)`, with their labels."""

    pixels: NDArray[np.uint8]
    rows: NDArray[np.int64]
    labels: Labels | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def images(self, places: NDArray[np.int64] | slice) -> Tensor:
        """Return some of them as `(B, channels, size, size)` in [0, 1], channels last in memory."""
        return as_tensor(self.pixels[self.rows[places]])


@dataclass(frozen=True)
class Batches:
    """An endless stream of shuffled batches; which ones depends on seed and number alone."""

    count: int
    batch: int
    seed: int

    def __getitem__(self, number: int) -> NDArray[np.int64]:
        """Return the places of the pictures in batch `number`."""
        places = np.arange(number * self.batch, (number + 1) * self.batch)
        epochs, within = places // self.count, places % self.count
        return np.concatenate([self._order(e)[within[epochs == e]] for e in np.unique(epochs)])

    def _order(self, epoch: int) -> NDArray[np.int64]:
        return np.random.default_rng((self.seed, epoch)).permutation(self.count)


def read_pictures(
    source: Path, store: Path, *, size: int, channels: int, labels: Path | None = None
) -> tuple[Pictures, Pictures]:
    """Return the pictures to train on, and those that are kept to measure with.

    `source` is a folder, of whose pictures every tenth by name is kept, or an `.npz` archive with
    `x_train` `(N, H, W)` or `(N, H, W, C)` and perhaps `x_test`. They are cut to the square at
    their centre and resized; the result is written to `store`, and found there the next time.

    Raises:
        ValueError: if there are too few, or if some can't be read.
    """
    if source.is_dir():
        paths = sorted(p for p in source.rglob("*") if p.suffix.lower() in SUFFIXES)
        names = [path.relative_to(source).as_posix() for path in paths]
        facts: list[object] = [[n, *_stamp(p)] for n, p in zip(names, paths, strict=True)]
        openers = [_Opener(path) for path in paths]
        held = np.arange(len(paths)) % HELD_OUT == HELD_OUT - 1
        known = None if labels is None else read_labels(labels, names)
    else:
        if labels is not None:
            raise ValueError("Labels belong to a folder of pictures, not to an archive")
        arrays, held = _read_archive(source)
        facts = [source.name, *_stamp(source)]
        openers = [_Opener(source, array) for array in arrays]
        known = None
    if len(openers) < FEWEST:
        raise ValueError(f"{source} has {len(openers)} pictures; at least {FEWEST} are needed")
    pixels = _stored(store, openers, facts, size, channels)
    parts = [np.flatnonzero(~held), np.flatnonzero(held)]
    train, test = (Pictures(pixels, rows, known and known[rows]) for rows in parts)
    return train, test


def squared(image: Image.Image, *, size: int, channels: int) -> NDArray[np.uint8]:
    """Return the largest square at the centre as `(size, size, channels)`."""
    short = min(image.size)
    left, top = (image.width - short) / 2, (image.height - short) / 2
    box = (left, top, left + short, top + short)
    image = image.convert(_MODES[channels])
    pixels = np.asarray(image.resize((size, size), Image.Resampling.BICUBIC, box))
    return pixels.reshape(size, size, channels)


@dataclass(frozen=True)
class _Opener:
    """Opens one picture: a file, or an array of an archive."""

    path: Path
    array: NDArray[np.uint8] | None = None

    def __call__(self) -> Image.Image:
        return open_photo(self.path) if self.array is None else Image.fromarray(self.array)


def _read_archive(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Return the pictures of an archive and which are kept: its test pictures or every tenth."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            parts = [archive[name] for name in ("x_train", "x_test") if name in archive]
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} is no archive of arrays: {error}") from error
    if not parts or any(p.dtype != np.uint8 or p.shape[1:] != parts[0].shape[1:] for p in parts):
        raise ValueError(f"{path} needs x_train, and perhaps x_test, of 0 to 255 and one shape")
    pixels = np.concatenate(parts)
    if pixels.ndim == 4 and pixels.shape[3] == 1:
        pixels = pixels[..., 0]
    if not (pixels.ndim == 3 or (pixels.ndim == 4 and pixels.shape[3] == 3)):
        raise ValueError(f"{path} has arrays of shape {pixels.shape}; pictures are (N, H, W, 1|3)")
    place = np.arange(len(pixels))
    last = len(parts[0]) if len(parts) == 2 else 0
    return pixels, place >= last if last else place % HELD_OUT == HELD_OUT - 1


def _stored(
    store: Path,
    openers: Sequence[Callable[[], Image.Image]],
    facts: Sequence[object],
    size: int,
    channels: int,
) -> NDArray[np.uint8]:
    """Return all pictures, from `store` if the same were written there before."""
    told = json.dumps([*facts, size, channels]).encode()
    path = store.with_name(f"{store.name}.{hashlib.sha256(told).hexdigest()[:16]}.npy")
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        shape = (len(openers), size, size, channels)
        pixels = np.lib.format.open_memmap(part, mode="w+", dtype=np.uint8, shape=shape)

        def read(place: int) -> None:
            pixels[place] = squared(openers[place](), size=size, channels=channels)

        try:
            with ThreadPoolExecutor(READERS, thread_name_prefix="pictures") as pool:
                for _ in pool.map(read, range(len(openers))):
                    pass
            pixels.flush()
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)  # of all the pictures' size
    stored: NDArray[np.uint8] = np.load(path, mmap_mode="r", allow_pickle=False)
    return stored


def _stamp(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns
