from pathlib import Path

import pytest
from torchvision.models import GoogLeNet_Weights, Inception_V3_Weights, VGG16_Weights, VGG19_Weights

from genart_core.errors import ModelNotPulledError, UnknownModelError
from genart_core.public import PUBLIC
from genart_core.weights import find_model, not_pulled
from tests.support.weights import place_weights

WEIGHTS = {
    "vgg16": VGG16_Weights.IMAGENET1K_V1,
    "vgg19": VGG19_Weights.IMAGENET1K_V1,
    "googlenet": GoogLeNet_Weights.IMAGENET1K_V1,
    "inception_v3": Inception_V3_Weights.IMAGENET1K_V1,
}


@pytest.mark.parametrize("name", WEIGHTS)
def test_the_files_are_those_that_torchvision_names(name: str) -> None:
    network = PUBLIC[name]

    assert network.url == WEIGHTS[name].url
    assert network.megabytes == pytest.approx(WEIGHTS[name].meta["_file_size"] * 1.048576, rel=0.01)


@pytest.mark.parametrize("name", PUBLIC)
def test_a_digest_begins_as_the_file_says(name: str) -> None:
    network = PUBLIC[name]

    assert len(bytes.fromhex(network.sha256)) == 32
    assert network.file.removesuffix(".pth").endswith(f"-{network.sha256[:8]}")


def test_a_public_model_that_isnt_here_is_told_with_the_command(home: Path) -> None:
    with pytest.raises(ModelNotPulledError, match="genart models pull vgg19"):
        find_model("features", "vgg19", home)


def test_of_other_arts_no_public_model_is_known(home: Path) -> None:
    with pytest.raises(UnknownModelError):
        find_model("text", "vgg19", home)


def test_unknown_names_are_told_with_those_that_can_be_pulled(home: Path) -> None:
    with pytest.raises(UnknownModelError, match="googlenet, inception_v3, vgg16, vgg19"):
        find_model("features", "vgg20", home)


def test_a_model_is_found_once_it_is_pulled(home: Path) -> None:
    place_weights(home, "vgg16", art="features")

    assert find_model("features", "vgg16", home).name == "vgg16"
    assert not_pulled("features", home) == ["vgg19", "googlenet", "inception_v3"]
    assert not_pulled("text", home) == []
