from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from genart_core.arts.text import cell as cells
from genart_core.arts.text.generate import generate
from genart_core.arts.text.model import Config, LanguageModel
from genart_core.arts.text.native.kernel import STEPS
from genart_core.arts.text.native.library import Library
from genart_core.arts.text.quotes import WORDS, QuoteIndex
from genart_core.arts.text.request import TextRequest
from genart_core.arts.text.stored import StoredModel, pack, save_model
from genart_core.arts.text.vocabulary import Vocabulary, split
from genart_core.artwork import Artwork, Model, Run
from genart_core.native.kernel import Kernel

CHARACTERS = "\n !',-.:;?abcdefghijklmnopqrstuvwxyz"


class FakeRun:
    """A run that remembers what was said to it, and may stop after so many tokens."""

    def __init__(self, stop_after: int | None = None, **fields: Any) -> None:
        self.request = TextRequest(**{"seed": 1, "length": 50, **fields})
        self.stop_after = stop_after
        self.artwork: Artwork | None = None
        self.failure: tuple[str, str] | None = None
        self.partial: dict[int, str] = {}
        self.steps: list[tuple[int, int]] = []

    @property
    def stopped(self) -> bool:
        written = sum(len(text) for text in self.partial.values())
        return self.stop_after is not None and written >= self.stop_after

    def progress(self, step: int, total: int) -> None:
        self.steps.append((step, total))

    def token(self, sample: int, text: str) -> None:
        self.partial[sample] = self.partial.get(sample, "") + text

    def input(self, ref: str) -> bytes:
        raise AssertionError("text reads no pictures")

    @property
    def wants_preview(self) -> bool:
        return False

    def preview(self, data: bytes, media_type: str, *, width: int, height: int) -> None:
        raise AssertionError("text shows no pictures")

    def finish(self, artwork: Artwork) -> None:
        assert self.artwork is None
        self.artwork = artwork

    def fail(self, code: str, detail: str) -> None:
        self.failure = (code, detail)

    @property
    def samples(self) -> list[dict[str, Any]]:
        assert self.artwork is not None
        samples: list[dict[str, Any]] = self.artwork.result["samples"]
        return samples

    @property
    def texts(self) -> list[str]:
        assert self.artwork is not None
        return [output.data.decode() for output in self.artwork.outputs]


class FakeWorkbench:
    """A workbench with one model; further runs come at the given asks for more."""

    device = "cpu"

    def __init__(self, path: Path, later: dict[int, list[FakeRun]] | None = None) -> None:
        self.path = path
        self.later = later or {}
        self.asked: list[int] = []
        self._held: Any = None

    def model(self, art: str, name: str, load: Callable[[Path, str], Model]) -> Model:
        if self._held is None:
            self._held = load(self.path, self.device)
        held: Model = self._held
        return held

    def more(self, room: int) -> Sequence[Run]:
        self.asked.append(room)
        return self.later.get(len(self.asked), [])


def text_of(workbench: FakeWorkbench, **fields: Any) -> str:
    """Return what a run of these fields becomes."""
    run = FakeRun(**fields)
    generate([run], workbench)
    return run.texts[0]


def random_model(
    seed: int = 0, *, hidden: int = 48, layers: int = 2, gain: float = 3.0
) -> StoredModel:
    """Return untrained weights, large enough for the texts to be lively."""
    vocabulary = Vocabulary(tuple(CHARACTERS))
    config = Config(len(vocabulary), embedding=16, hidden=hidden, layers=layers)
    network = LanguageModel(config, torch.Generator().manual_seed(seed))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(gain)
    return StoredModel(config, vocabulary, pack(network), {"name": "tiny"})


TALE = (
    "the fox saw the hen, and the hen saw the fox. " * 3 + "then the old man came home at last.\n"
)


RARE = "the foxy hens sawed the fox's homes, then olden womanly men seen\n"


def word_model(seed: int = 0) -> StoredModel:
    """Return an untrained model of words, with an index of `TALE`."""
    counts = Counter(split(TALE * 3)) | Counter(split(RARE))
    vocabulary = Vocabulary.of_words(TALE + RARE, counts, 60)
    config = Config(len(vocabulary), embedding=48, hidden=48, layers=2, tied=True)
    network = LanguageModel(config, torch.Generator().manual_seed(seed))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(3.0)
    ids = np.array(vocabulary.encode(TALE)[0])
    quotes = QuoteIndex.build(ids, **WORDS)
    return StoredModel(config, vocabulary, pack(network), {"name": "words"}, quotes)


@pytest.fixture(scope="session")
def native(tmp_path_factory: pytest.TempPathFactory) -> Kernel[Library]:
    """The steps in C, compiled for this session. Without a compiler there are none."""
    return Kernel(STEPS, [tmp_path_factory.mktemp("native")])


@pytest.fixture(params=["torch", "native"])
def way(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, native: Kernel[Library]
) -> str:
    """Both ways to step, one after the other."""
    if request.param == "native":
        if native.wait() is None:
            pytest.skip("no C compiler, or no AVX-512 VNNI")
        monkeypatch.setattr(cells, "kernel", lambda: native)
    return str(request.param)


@pytest.fixture(scope="session")
def model_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "tiny.safetensors"
    save_model(path, random_model())
    return path


@pytest.fixture
def workbench(model_path: Path) -> FakeWorkbench:
    return FakeWorkbench(model_path)


@pytest.fixture(scope="session")
def word_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "words.safetensors"
    save_model(path, word_model())
    return path


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "book.txt"
    path.write_text("a hedgehog, a fox; " * 60, encoding="utf-8")
    return path
