"""Pictures as training crops: which are kept out, and that batches can be had again."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from genart_core.nn.photos import Crops, central_square, exaggerated, find_photos, open_photo
from tests.support.photos import draw_photos


def test_every_tenth_picture_of_each_folder_is_kept_to_test_with(tmp_path: Path) -> None:
    train, test = find_photos([draw_photos(tmp_path)])

    assert [(p.folder, p.path.name) for p in test] == [
        ("blue", "0009.png"),
        ("blue", "0019.png"),
        ("red", "0009.png"),
        ("red", "0019.png"),
    ]
    assert len(train) == 36
    assert not {p.path for p in train} & {p.path for p in test}


def test_clutter_is_left_out(tmp_path: Path) -> None:
    draw_photos(tmp_path, ("red", "BACKGROUND_Google", "Faces_easy"))

    train, test = find_photos([tmp_path])

    assert {p.folder for p in (*train, *test)} == {"red"}
    assert len(train) + len(test) == 20


def test_a_root_named_twice_is_trained_on_twice_and_tested_with_once(tmp_path: Path) -> None:
    draw_photos(tmp_path)

    train, test = find_photos([tmp_path, tmp_path / "red"])

    assert Counter(p.folder for p in train) == {"red": 36, "blue": 18}
    assert Counter(p.folder for p in test) == {"red": 2, "blue": 2}
    assert not set(train) & set(test)


def test_too_few_pictures_are_told(tmp_path: Path) -> None:
    draw_photos(tmp_path, count=4)
    with pytest.raises(ValueError, match="8 pictures are too few"):
        find_photos([tmp_path])


def test_a_batch_depends_on_seed_and_number_alone(tmp_path: Path) -> None:
    train, _ = find_photos([draw_photos(tmp_path)])
    first = Crops(train, batch=8, side=32, seed=5)
    batches = [first[i] for i in range(7)]

    again = Crops(train, batch=8, side=32, seed=5)
    other = Crops(train, batch=8, side=32, seed=6)

    assert torch.equal(again[6], batches[6])
    assert torch.equal(again[2], batches[2])
    assert not torch.equal(other[2], batches[2])
    assert batches[0].shape == (8, 3, 32, 32)
    assert batches[0].min() >= 0.0
    assert batches[0].max() <= 1.0
    assert batches[0].is_contiguous(memory_format=torch.channels_last)


def test_an_epoch_shows_each_picture_once_in_an_order_of_its_own(tmp_path: Path) -> None:
    train, _ = find_photos([draw_photos(tmp_path)])
    crops = Crops(train, batch=9, side=32, seed=1)

    epochs = [[p.path for i in range(4) for p in crops.photos_of(4 * e + i)] for e in (0, 1)]

    assert set(epochs[0]) == set(epochs[1]) == {p.path for p in train}
    assert epochs[0] != epochs[1]


def test_the_square_is_the_middle_of_an_upright_picture(tmp_path: Path) -> None:
    image = Image.new("RGB", (30, 90), "black")
    image.paste("white", (0, 30, 30, 60))
    exif = image.getexif()
    exif[0x0112] = 6  # lies on its side
    image.save(tmp_path / "turned.png", exif=exif)

    upright = open_photo(tmp_path / "turned.png")
    square = central_square(upright, 30)

    assert upright.size == (90, 30)
    assert square.mean() == pytest.approx(1.0, abs=0.01)


def test_a_file_that_is_no_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "fake.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"fake\.png can't be read as a picture"):
        open_photo(tmp_path / "fake.png")


def test_a_file_that_is_not_there_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"none\.png can't be read as a picture: No such file"):
        open_photo(tmp_path / "none.png")


def test_a_share_of_the_crops_is_vivid(tmp_path: Path) -> None:
    train, _ = find_photos([draw_photos(tmp_path)])
    plain = Crops(train, batch=32, side=32, seed=0)[0]
    vivid = Crops(train, batch=32, side=32, seed=0, vivid=0.5)

    batch = vivid[0]

    assert torch.equal(batch, Crops(train, batch=32, side=32, seed=0, vivid=0.5)[0])
    assert 0.0 <= float(batch.min()) <= float(batch.max()) <= 1.0
    # What is drawn for one crop doesn't move the next, but which colours it has: compare spreads.
    assert batch.std() > 1.2 * plain.std()
    assert not torch.equal(vivid[1], batch)


def test_vivid_crops_keep_their_shapes(tmp_path: Path) -> None:
    halves = np.zeros((64, 64, 3), dtype=np.uint8)
    halves[:, 32:] = 200
    random = np.random.default_rng(0)

    found = [exaggerated(halves, random).astype(float).mean(2) for _ in range(20)]

    edges = [abs(each[:, 31] - each[:, 32]).mean() for each in found]
    flats = [abs(each[:, 8] - each[:, 9]).mean() for each in found]
    assert np.mean(edges) > 5 * np.mean(flats)
