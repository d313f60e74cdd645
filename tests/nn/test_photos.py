"""Pictures as training crops: which are kept out, and that batches can be had again."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from genart_core.errors import PicturesLostError
from genart_core.nn.opening import open_photo
from genart_core.nn.photos import (
    MOST_UNREAD,
    Crops,
    central_square,
    exaggerated,
    find_photos,
    mingled,
    times,
)
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


def test_a_damaged_picture_gives_way_to_the_next_and_all_others_stay(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    train, _ = find_photos([draw_photos(tmp_path)])
    whole = Crops(train, batch=9, side=32, seed=1)
    batches = [(whole[n], whole.photos_of(n)) for n in range(8)]
    lost, heir = batches[1][1][3:5]
    lost.path.write_bytes(lost.path.read_bytes()[:500])

    crops = Crops(train, batch=9, side=32, seed=1)
    found = [(crops[n], crops.photos_of(n)) for n in range(8)]

    gone = 0
    for (before, photos), (after, shown) in zip(batches, found, strict=True):
        for row, (was, now) in enumerate(zip(photos, shown, strict=True)):
            assert (was == lost) or (was == now and torch.equal(before[row], after[row]))
            gone += was == lost
    assert gone == 2  # once in each of the two epochs
    assert found[1][1][3] == heir
    assert torch.equal(Crops(train, batch=9, side=32, seed=1)[1], found[1][0])
    assert crops.photos_of(1) == found[1][1]
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 1
    assert said[0].startswith(f"left out: {lost.path} can't be read as a picture: ")


def test_the_label_of_a_crop_is_that_of_the_picture_it_shows(tmp_path: Path) -> None:
    train, _ = find_photos([draw_photos(tmp_path)])
    for photo in train[::3]:
        photo.path.write_bytes(b"damaged")
    crops = Crops(train, batch=8, side=32, seed=0)

    for number in range(6):
        images, photos = crops[number], crops.photos_of(number)
        is_red = images[:, 0].mean((1, 2)) > images[:, 2].mean((1, 2))
        assert is_red.tolist() == [photo.folder == "red" for photo in photos]


def test_pictures_that_are_gone_altogether_are_not_left_out_one_by_one(tmp_path: Path) -> None:
    few, _ = find_photos([draw_photos(tmp_path / "few")])
    many, _ = find_photos([draw_photos(tmp_path / "many", ("a", "b", "c"), count=MOST_UNREAD)])
    for photo in (*few, *many):
        photo.path.unlink()

    with pytest.raises(PicturesLostError, match="no picture can be read any more"):
        Crops(few, batch=4, side=32, seed=0)[0]
    with pytest.raises(PicturesLostError, match=f"{MOST_UNREAD + 1} pictures can't be read: .*png"):
        Crops(many, batch=4, side=32, seed=0)[0]


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


def test_a_share_of_the_crops_is_mingled_with_others(tmp_path: Path) -> None:
    train, _ = find_photos([draw_photos(tmp_path)])
    plain = Crops(train, batch=8, side=32, seed=0)[0]
    mixed = Crops(train, batch=8, side=32, seed=0, mixed=0.5)

    batch = mixed[0]

    changed = [not torch.equal(*pair) for pair in zip(batch, plain, strict=True)]
    assert changed == [True] * 4 + [False] * 4
    assert torch.equal(batch, Crops(train, batch=8, side=32, seed=0, mixed=0.5)[0])
    assert not torch.equal(mixed[1][:4], batch[:4])


def test_mingled_crops_are_blends_or_have_a_part_of_another() -> None:
    black, white = (np.full((40, 40, 3), value, dtype=np.uint8) for value in (0, 255))
    random = np.random.default_rng(0)

    found = [mingled(black, white, random) for _ in range(60)]

    blends = [each for each in found if each.min() == each.max()]
    pastes = [each for each in found if set(np.unique(each)) == {0, 255}]
    assert min(len(blends), len(pastes)) > 15
    assert len({int(each[0, 0, 0]) for each in blends}) > 10
    for each in pastes:
        rows, columns, _ = np.nonzero(each)
        side = rows.max() - rows.min() + 1
        assert side == columns.max() - columns.min() + 1
        assert (each == 255).sum() == 3 * side * side
    shares = [each.mean() / 255 for each in found]
    assert 0.35 < np.mean(shares) < 0.65
    assert black.max() == 0


def test_a_large_picture_is_cut_down_to_its_own_pixels(tmp_path: Path) -> None:
    """Enlarged crops of small pictures are soft; those of a large one are to be as sharp as it."""
    fine = np.random.default_rng(0).integers(0, 256, (320, 320, 3), dtype=np.uint8)
    for number in range(10):
        Image.fromarray(fine).save(tmp_path / f"{number}.png")
    train, _ = find_photos([tmp_path])

    batch = Crops(train, batch=40, side=32, seed=0)[0]

    # Noise that is averaged over more pixels than one has less contrast.
    spreads = batch.std((1, 2, 3))
    assert spreads.max() > 0.6 * (fine / 255.0).std()
    assert spreads.min() < 0.2 * (fine / 255.0).std()


def test_a_folder_says_how_often_it_is_shown(tmp_path: Path) -> None:
    odd = tmp_path / "a:b"
    odd.mkdir()

    assert times(str(tmp_path)) == (tmp_path, 1)
    assert times(f"{tmp_path}:3") == (tmp_path, 3)
    assert times(str(odd)) == (odd, 1)
    assert times(f"{odd}:2") == (odd, 2)
    (tmp_path / "c:3").mkdir()
    assert times(f"{tmp_path}/c:3") == (tmp_path / "c:3", 1)
    with pytest.raises(ValueError, match="at least once"):
        times(f"{tmp_path}:0")
    for none in (tmp_path / "none", f"{tmp_path / 'none'}:2", ":2", f"{tmp_path}:two"):
        with pytest.raises(ValueError, match="is no folder"):
            times(str(none))
