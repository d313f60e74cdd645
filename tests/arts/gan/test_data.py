"""Pictures from folders and archives, in batches."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from genart_core.arts.gan.data import Batches, as_images, as_pixels, read_pictures
from tests.support.gan import discs, write_discs


def write_archive(path: Path, *, named: bool = True) -> Path:
    pictures = discs(8)
    files = []
    for pixels in pictures.pixels:
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "JPEG", quality=95)
        files.append(file.getvalue())
    arrays: dict[str, Any] = {
        "train_bytes": np.frombuffer(b"".join(files), np.uint8),
        "train_offsets": np.cumsum([0, *map(len, files)]),
        "y_train": pictures.labels.astype(np.uint8),
    }
    if named:
        arrays["classes"] = np.array(pictures.classes)
    np.savez(path, **arrays)
    return path


def test_folders_are_classes(tmp_path: Path) -> None:
    pictures = read_pictures(write_discs(tmp_path), size=16)

    assert pictures.classes == ("blue", "red")
    assert pictures.pixels.shape == (24, 16, 16, 3)
    blue = pictures.pixels[pictures.labels == 0]
    assert (blue[..., 2].max((1, 2)) > blue[..., 0].max((1, 2))).all()


def test_a_folder_without_folders_has_no_classes(tmp_path: Path) -> None:
    pictures = read_pictures(write_discs(tmp_path) / "red", size=16)

    assert pictures.classes == ()
    assert len(pictures) == 12


def test_pictures_of_other_sizes_are_cut_square(tmp_path: Path) -> None:
    wide = np.zeros((20, 60, 3), np.uint8)
    wide[:, 20:40] = 255
    for name in "ab":
        Image.fromarray(wide).save(tmp_path / f"{name}.png")

    assert read_pictures(tmp_path, size=8).pixels.min() > 230


def test_an_archive_is_read(tmp_path: Path) -> None:
    pictures = read_pictures(write_archive(tmp_path / "discs.npz"), size=16)

    assert pictures.classes == ("red", "blue")
    assert pictures.labels.tolist() == [0, 1] * 4
    error = np.abs(pictures.pixels.astype(int) - discs(8).pixels.astype(int)).mean()
    assert error < 10


def test_classes_without_names_are_numbered(tmp_path: Path) -> None:
    pictures = read_pictures(write_archive(tmp_path / "discs.npz", named=False), size=16)
    assert pictures.classes == ("0", "1")


def test_a_split_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no archive of pictures"):
        read_pictures(write_archive(tmp_path / "discs.npz"), size=16, split="test")


def test_a_damaged_picture_of_an_archive_is_told_by_its_place(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "discs.npz")
    with np.load(path) as found:
        arrays = dict(found)
    arrays["train_bytes"][arrays["train_offsets"][5] :][:40] = 0
    np.savez(path, **arrays)

    with pytest.raises(ValueError, match=r"discs\.npz: picture 5 can't be read: "):
        read_pictures(path, size=16)


def test_too_few_pictures_are_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="0 pictures"):
        read_pictures(tmp_path, size=16)


def test_pixels_come_back_from_images() -> None:
    pixels = discs(4).pixels
    images = as_images(pixels)

    assert images.shape == (4, 3, 16, 16)
    assert images.min() >= -1.0
    assert np.array_equal(as_pixels(images), pixels)


def test_an_epoch_shows_each_picture_once() -> None:
    pictures = discs(12)
    batches = Batches(pictures, batch=5, mirror=False, seed=1)

    shown = torch.cat([batches[n][0] for n in range(12)])  # five epochs

    wanted = as_images(pictures.pixels)
    for epoch in shown.reshape(5, 12, 3, 16, 16):
        found = [(epoch == image).all((1, 2, 3)).sum() for image in wanted]
        assert found == [1] * 12


def test_a_batch_depends_on_its_number_alone() -> None:
    forward = Batches(discs(12), batch=5, mirror=True, seed=1)
    backward = Batches(discs(12), batch=5, mirror=True, seed=1)
    first = [forward[n] for n in range(6)]

    for n in reversed(range(6)):
        assert all(map(torch.equal, first[n], backward[n]))


def test_half_of_the_pictures_are_mirrored() -> None:
    pictures = discs(64)
    plain = Batches(pictures, batch=64, mirror=False, seed=1)[0][0]
    mirrored = Batches(pictures, batch=64, mirror=True, seed=1)[0][0]

    same = (plain == mirrored).flatten(1).all(1)
    turned = (plain.flip(-1) == mirrored).flatten(1).all(1)
    assert (same | turned).all()
    assert 16 < int(turned.sum()) < 48
    assert torch.equal(as_images(pictures.pixels).sum(), plain.sum())
