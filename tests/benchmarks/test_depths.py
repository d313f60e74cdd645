"""The picture of teacher and student: that both dream and are told apart."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from benchmarks import depths
from genart_core.nn.photos import Crops, find_photos
from genart_core.nn.teacher import load_teacher
from tests.support.features import write_tiny_network
from tests.support.photos import draw_photos, write_teacher


def test_a_teachers_stages_give_what_the_teacher_gives(tmp_path: Path) -> None:
    teacher = load_teacher(write_teacher(tmp_path))
    train, _ = find_photos([draw_photos(tmp_path / "photos")])
    images = Crops(train, batch=2, side=64, seed=0)[0]

    network = depths.network_of(teacher)

    wanted = teacher(images)
    got = network.cut(list(network.layers), dtype=torch.float32)(images)
    assert set(got) == set(wanted) - {"logits"}
    for name, activations in got.items():
        torch.testing.assert_close(activations, wanted[name].clone(), rtol=1e-4, atol=1e-4)


def test_two_rows_of_dreams_are_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = next((draw_photos(tmp_path / "photos") / "red").iterdir())
    out, student = tmp_path / "depths.png", tmp_path / "student.safetensors"
    write_tiny_network(student)
    words = [photo, "--teacher", write_teacher(tmp_path), "--model", student]
    words += ["--size", 96, "--out", out]
    monkeypatch.setattr(sys, "argv", ["depths", *(str(word) for word in words)])

    depths.main()

    pixels = np.asarray(Image.open(out)).astype(int)
    width, height = 4 * (96 + depths.GAP) - depths.GAP, 2 * (72 + depths.GAP) - depths.GAP
    assert pixels.shape == (height, width, 3)
    tiles = [pixels[y : y + 72, x : x + 96] for y in (0, 78) for x in range(0, width, 102)]
    assert all(abs(a - b).mean() > 1 for i, a in enumerate(tiles) for b in tiles[:i])
