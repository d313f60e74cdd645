import dataclasses
import json
import struct
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from genart_core.arts.text.stored import (
    load_model,
    pack,
    quantize,
    save_model,
    unpack,
)
from genart_core.errors import DamagedWeightsError
from genart_core.weights import read_card

from .conftest import random_model, word_model


def test_model_comes_back_from_its_file_as_it_was(tmp_path: Path) -> None:
    model = random_model()
    path = tmp_path / "new" / "tiny.safetensors"

    save_model(path, model)
    back = load_model(path)

    assert (back.config, back.vocabulary) == (model.config, model.vocabulary)
    assert all(torch.equal(back.tensors[name], t) for name, t in model.tensors.items())
    assert [p.name for p in path.parent.iterdir()] == ["tiny.safetensors"]


def test_card_is_read_without_torch_and_stays_short(model_path: Path) -> None:
    card = read_card(model_path)

    assert card["name"] == "tiny"
    assert card["config"]["vocabulary_size"] == len(random_model().vocabulary)
    assert "vocabulary" not in card["config"]  # one of words has thousands


def test_characters_in_the_config_are_still_read(tmp_path: Path, model_path: Path) -> None:
    model = load_model(model_path)
    characters = "".join(model.vocabulary.tokens)
    config = dataclasses.asdict(model.config) | {"vocabulary": characters}
    card = json.dumps({"name": "old", "config": config})
    path = tmp_path / "old.safetensors"
    path.write_bytes(save(model.tensors, {"card": card}))

    assert load_model(path).vocabulary == model.vocabulary


def test_model_of_words_with_its_index_comes_back(tmp_path: Path) -> None:
    model = word_model()
    path = tmp_path / "words.safetensors"
    save_model(path, model)

    back = load_model(path)

    assert (back.config, back.vocabulary) == (model.config, model.vocabulary)
    assert back.quotes is not None
    assert model.quotes is not None
    assert (back.quotes.bits == model.quotes.bits).all()
    assert (back.quotes.order, back.quotes.run) == (5, 8)
    assert set(back.tensors) == set(model.tensors)
    assert " womanly" in back.vocabulary.spelled
    assert "embedding" not in back.tensors  # it is the head's matrix


def test_stored_weights_are_within_half_a_step_of_the_trained_ones() -> None:
    weight = torch.randn(20, 30)

    rounded, scale = quantize(weight)

    assert rounded.dtype == torch.int8
    assert ((rounded.float() * scale[:, None] - weight).abs() <= scale[:, None] * 0.5001).all()


def test_packing_what_was_unpacked_changes_nothing() -> None:
    model = random_model(layers=3)

    again = pack(unpack(model.config, model.tensors))

    assert all(torch.equal(again[n], t) for n, t in model.tensors.items() if t.dtype == torch.int8)
    assert all(torch.allclose(again[name], t) for name, t in model.tensors.items())


@pytest.mark.parametrize("keep", [0, 4, 100, 0.5, -1])
def test_cut_off_file_is_damaged(model_path: Path, tmp_path: Path, keep: float) -> None:
    data = model_path.read_bytes()
    size = int(len(data) * keep) if isinstance(keep, float) else keep
    path = tmp_path / "cut.safetensors"
    path.write_bytes(data[:size])

    with pytest.raises(DamagedWeightsError, match=r"cut\.safetensors"):
        load_model(path)


@pytest.mark.parametrize(
    "change",
    [
        {"hidden": 64},
        {"layers": 3},
        {"vocabulary_size": 5},
        {"unheard_of": 1},
        {"vocabulary": "aa"},
        {"vocabulary": 7},
    ],
)
def test_config_that_does_not_fit_the_tensors_is_damaged(
    model_path: Path, tmp_path: Path, change: dict[str, object]
) -> None:
    path = tmp_path / "odd.safetensors"
    data = model_path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    card = json.loads(header["__metadata__"]["card"])
    card["config"] |= change
    header["__metadata__"]["card"] = json.dumps(card)
    new = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(new)) + new + data[8 + size :])

    with pytest.raises(DamagedWeightsError, match="not a text model"):
        load_model(path)


@pytest.mark.parametrize("value", [torch.nan, -torch.inf])
def test_weights_that_are_not_finite_are_damage(tmp_path: Path, value: float) -> None:
    model = random_model()
    model.tensors["layers.1.bias"][3] = value
    path = tmp_path / "endless.safetensors"
    save_model(path, model)

    with pytest.raises(DamagedWeightsError, match=r"not finite in layers\.1\.bias"):
        load_model(path)


def test_weights_in_another_precision_are_damaged(tmp_path: Path) -> None:
    model = random_model()
    tensors = model.tensors | {"head.weight": model.tensors["head.weight"].float()}
    path = tmp_path / "odd.safetensors"
    save_model(path, dataclasses.replace(model, tensors=tensors))

    with pytest.raises(DamagedWeightsError, match=r"head\.weight"):
        load_model(path)


@pytest.mark.parametrize("spelled", [b"the\0zebra", b"the\xff", b""])
def test_words_that_the_vocabulary_cannot_spell_are_damage(tmp_path: Path, spelled: bytes) -> None:
    model = word_model()
    data = torch.tensor(list(spelled), dtype=torch.uint8)
    tensors = model.tensors | {"spelled": data}
    path = tmp_path / "odd.safetensors"
    save_model(
        path,
        dataclasses.replace(
            model, tensors=tensors, vocabulary=dataclasses.replace(model.vocabulary, spelled=())
        ),
    )

    with pytest.raises(DamagedWeightsError, match="not a text model"):
        load_model(path)
