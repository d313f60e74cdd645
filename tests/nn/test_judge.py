"""What a feature network sees, as told by the command line."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from genart_core.nn.judge import classify_app, eval_app
from tests.support.features import write_tiny_network
from tests.support.photos import draw_photos, write_teacher

WIDE = {"COLUMNS": "400"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    write_tiny_network(tmp_path / "models" / "features" / "tiny.safetensors")
    return tmp_path


def test_classify_prints_nothing_but_the_likeliest_classes(home: Path) -> None:
    photos = draw_photos(home / "photos", count=2)
    paths = [str(photos / "red" / "0001.png"), str(photos / "blue" / "0000.png")]

    result = CliRunner().invoke(classify_app, [*paths, "--model", "tiny", "--home", str(home)])

    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert [each["image"] for each in found] == paths
    for each in found:
        assert {top["name"] for top in each["top"]} == {"cat", "dog", "owl"}
        assert set(each["top"][0]) == {"wnid", "name", "probability"}
        probabilities = [top["probability"] for top in each["top"]]
        assert probabilities == sorted(probabilities, reverse=True)
        assert sum(probabilities) == pytest.approx(1.0, abs=1e-4)


def test_classify_tells_what_it_cannot_read_and_goes_on(home: Path) -> None:
    (home / "note.txt").write_text("no picture")
    photo = draw_photos(home / "photos", count=1) / "red" / "0000.png"
    paths = [str(home / "none.png"), str(photo), str(home / "note.txt")]

    result = CliRunner().invoke(classify_app, [*paths, "--model", "tiny", "--home", str(home)])

    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert [each["image"] for each in found] == paths
    assert [len(each["top"]) for each in found] == [0, 3, 0]
    said = result.stderr.splitlines()
    assert said[0] == f"genart: {paths[0]} can't be read as a picture: No such file or directory"
    assert said[1].startswith(f"genart: {paths[2]} can't be read as a picture: ")


def test_classify_sees_deep_grey_as_it_sees_grey(home: Path) -> None:
    ramp = np.linspace(0, 255, 64 * 64).reshape(64, 64).astype(np.uint8)
    Image.fromarray(ramp).save(home / "grey.png")
    Image.fromarray(ramp.astype(np.uint16) * 257).save(home / "deep.png")
    words = [str(home / "grey.png"), str(home / "deep.png"), "--model", "tiny"]

    result = CliRunner().invoke(classify_app, [*words, "--home", str(home)])

    grey, deep = json.loads(result.stdout)
    assert deep["top"] == grey["top"]


def test_eval_counts_agreement_on_every_tenth_picture(home: Path) -> None:
    draw_photos(home / "photos")
    teacher = write_teacher(home)
    words = ["features", str(home / "photos"), "--teacher", str(teacher), "--model", "tiny"]

    result = CliRunner().invoke(eval_app, [*words, "--home", str(home)])

    assert result.exit_code == 0, result.output
    facts = json.loads(result.stdout)
    assert facts["pictures"] == 4
    assert facts["agreement"] == facts["same_first_class"] / 4


def test_eval_tells_what_it_cannot_compare(home: Path) -> None:
    photos = draw_photos(home / "photos")
    words = ["features", str(photos), "--teacher", str(write_teacher(home)), "--home", str(home)]

    (photos / "red" / "0009.png").write_bytes(b"no picture")
    damaged = CliRunner().invoke(eval_app, [*words, "--model", "tiny"], env=WIDE)
    other = CliRunner().invoke(eval_app, [*words, "--model", "features"], env=WIDE)

    assert (damaged.exit_code, other.exit_code) == (2, 2)
    assert "0009.png can't be read as a picture" in damaged.output
    assert "The model tells 1000 classes apart, its teacher 3" in other.output
