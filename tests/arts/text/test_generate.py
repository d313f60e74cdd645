"""The adapter: runs in, artworks out."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genart_core.arts.text.generate import generate
from genart_core.arts.text.request import TextRequest
from genart_core.arts.text.vocabulary import split
from genart_core.catalogue import load_generator
from genart_core.weights import SHIPPED

from .conftest import RARE, TALE, FakeRun, FakeWorkbench, text_of


def test_catalogue_finds_the_generator() -> None:
    assert load_generator("text") is generate


def test_one_run_becomes_one_text_of_the_asked_length(workbench: FakeWorkbench) -> None:
    run = FakeRun(prompt="the ", length=120, temperature=1.0)

    generate([run], workbench)

    assert run.artwork is not None
    (output,) = run.artwork.outputs
    assert output.media_type == "text/plain; charset=utf-8"
    assert len(output.data.decode()) == 120
    (sample,) = run.samples
    assert set(sample) == {
        "text", "seed", "tokens", "finish_reason", "entropy_bits", "verbatim_share",
        "unknown_characters",
    }  # fmt: skip
    assert (sample["tokens"], sample["finish_reason"]) == (120, "length")
    assert sample["verbatim_share"] is None  # this model has no index of its training text
    assert sample["text"] == output.data.decode()
    assert (sample["seed"], sample["unknown_characters"]) == (1, "")
    assert 0 < sample["entropy_bits"] < 6
    assert run.failure is None


def test_same_seed_gives_the_same_text_and_another_seed_another(workbench: FakeWorkbench) -> None:
    fields = {"temperature": 1.0, "prompt": "so"}

    assert text_of(workbench, seed=5, **fields) == text_of(workbench, seed=5, **fields)
    assert text_of(workbench, seed=5, **fields) != text_of(workbench, seed=6, **fields)


def test_sample_is_had_again_alone_by_its_own_seed(workbench: FakeWorkbench) -> None:
    run = FakeRun(num_samples=4, temperature=1.0, seed=9)
    generate([run], workbench)

    again = [text_of(workbench, temperature=1.0, seed=sample["seed"]) for sample in run.samples]

    assert run.samples[0]["seed"] == 9
    assert run.texts == again
    assert len(set(again)) == 4


@pytest.mark.parametrize("fields", [{"strategy": "greedy"}, {"temperature": 0.0}])
def test_greedy_needs_no_seed_and_has_no_entropy(
    workbench: FakeWorkbench, fields: dict[str, Any]
) -> None:
    first, second = FakeRun(seed=1, **fields), FakeRun(seed=2, **fields)

    generate([first, second], workbench)

    assert first.texts == second.texts
    assert first.samples[0]["entropy_bits"] == 0.0


def test_prompt_steers_the_text(workbench: FakeWorkbench) -> None:
    greedy = {"strategy": "greedy", "length": 40}
    whole = text_of(workbench, prompt="so it was", **greedy)

    assert text_of(workbench, prompt="so it was" + whole[:15], **greedy)[:25] == whole[15:]
    assert text_of(workbench, prompt="no", **greedy) != whole


@pytest.mark.parametrize("length", [1, 7, 30])
def test_a_text_that_is_cut_off_and_given_back_goes_on_as_it_did(
    workbench: FakeWorkbench, length: int
) -> None:
    whole = text_of(workbench, prompt="", length=60, strategy="greedy")

    rest = text_of(workbench, prompt=whole[:length], length=60 - length, strategy="greedy")

    assert rest == whole[length:]


def test_unknown_characters_are_told_and_left_out(workbench: FakeWorkbench) -> None:
    strange, plain = FakeRun(prompt="THÉ 漢字“x” 漢"), FakeRun(prompt="the x ")

    generate([strange, plain], workbench)

    assert strange.samples[0]["unknown_characters"] == "漢字“”"
    assert strange.texts == plain.texts


def test_prompt_of_unknown_characters_alone_is_as_none(workbench: FakeWorkbench) -> None:
    assert text_of(workbench, prompt="漢字") == text_of(workbench, prompt="")


@pytest.mark.usefixtures("way")
def test_stopped_run_leaves_and_the_others_go_on(workbench: FakeWorkbench) -> None:
    stopped = FakeRun(length=100_000, num_samples=2, stop_after=100)
    other = FakeRun(length=500)

    generate([stopped, other], workbench)

    assert stopped.artwork is None
    assert stopped.failure is None
    assert sum(map(len, stopped.partial.values())) < 50_000
    assert len(other.texts[0]) == 500


def test_run_that_was_stopped_before_it_began_is_dropped(workbench: FakeWorkbench) -> None:
    run = FakeRun(stop_after=0)

    generate([run], workbench)

    assert (run.artwork, run.partial) == (None, {})


def test_tokens_add_up_to_the_texts_and_progress_to_the_total(workbench: FakeWorkbench) -> None:
    run = FakeRun(num_samples=3, length=700, prompt="on and on " * 30)

    generate([run], workbench)

    assert [run.partial[i] for i in range(3)] == run.texts
    assert run.steps[-1] == (2100, 2100)
    assert run.steps == sorted(run.steps)


def test_text_ends_before_its_stop_string(workbench: FakeWorkbench) -> None:
    whole = text_of(workbench, length=600, temperature=1.0, seed=4)
    stop = whole[200:203]
    run = FakeRun(length=600, temperature=1.0, seed=4, stop=["never there!", stop], num_samples=2)

    generate([run], workbench)

    (first, _), text = run.samples, whole[: whole.index(stop)]
    assert run.texts[0] == run.partial.get(0, "") == first["text"] == text
    assert first["finish_reason"] == "stop"
    assert first["tokens"] == len(text) + len(stop)
    assert run.steps[-1] == (1200, 1200)


def test_text_without_its_stop_string_is_whole(workbench: FakeWorkbench) -> None:
    plain = text_of(workbench, length=300, temperature=1.0)
    run = FakeRun(length=300, temperature=1.0, stop=[plain[-2:] + "x"])

    generate([run], workbench)

    assert run.texts == [plain] == [run.partial[0]]
    assert run.samples[0]["finish_reason"] == "length"


def test_penalty_breaks_the_loops_of_greedy_choice(workbench: FakeWorkbench) -> None:
    def distinct(text: str) -> int:
        return len({text[i : i + 6] for i in range(len(text) - 5)})

    greedy = {"strategy": "greedy", "length": 500}
    penalised = text_of(workbench, repetition_penalty=5.0, **greedy)

    assert distinct(penalised) > 1.5 * distinct(text_of(workbench, **greedy))


@pytest.mark.parametrize("stop", [[], ["hen,", "\n"]])
def test_a_prompt_that_ends_in_a_space_goes_on_with_a_word(
    word_path: Path, stop: list[str]
) -> None:
    workbench = FakeWorkbench(word_path)
    run = FakeRun(prompt="the fox ", length=9, strategy="uniform", num_samples=16, stop=stop)

    generate([run], workbench)

    known = {piece.removeprefix(" ") for piece in split(TALE + RARE) if piece[0] == " "}
    first = [split(text)[0] for text in run.texts if text]
    assert set(first) <= known
    assert len(set(first)) > 3
    assert all(run.partial[i] == text for i, text in enumerate(run.texts))


def test_a_word_begun_in_the_prompt_is_ended(word_path: Path) -> None:
    texts = {
        text_of(FakeWorkbench(word_path), prompt="saw the ol", length=1, seed=n) for n in (1, 2)
    }

    assert texts == {"d"}


def test_a_model_of_words_writes_no_others(word_path: Path) -> None:
    fields: dict[str, Any] = {"prompt": "the hen ", "length": 300}
    drawn = FakeRun(temperature=2.0, num_samples=8, **fields)
    others = [FakeRun(strategy="uniform", **fields), FakeRun(temperature=0.0, **fields)]
    cut = FakeRun(temperature=100.0, top_k=5, repetition_penalty=2.0, **fields)

    generate([drawn, *others, cut], FakeWorkbench(word_path))

    texts = [text for run in (drawn, *others, cut) for text in run.texts]
    pieces = [piece for text in texts for piece in split("the hen " + text)[:-1]]
    assert set(pieces) <= set(split(TALE + RARE))
    assert {" foxy", " fox's", " homes"} < set(pieces)
    assert drawn.samples[0]["tokens"] == 300 < len(drawn.texts[0])


def test_share_of_quotes_is_that_of_the_training_text(word_path: Path) -> None:
    class Quoting(FakeWorkbench):
        """A workbench whose model says nothing but the training text."""

        def model(self, art: str, name: str, load: Callable[[Path, str], Any]) -> Any:
            cell = super().model(art, name, load)
            assert cell.quotes is not None
            everything = np.full_like(cell.quotes.bits, 255)
            cell.quotes = dataclasses.replace(cell.quotes, bits=everything)
            return cell

    free, quoted, brief = (FakeRun(length=n, temperature=1.0) for n in (200, 200, 7))
    generate([free], FakeWorkbench(word_path))
    generate([quoted, brief], Quoting(word_path))

    assert free.samples[0]["verbatim_share"] < 0.2
    assert quoted.samples[0]["verbatim_share"] == 1.0
    assert brief.samples[0]["verbatim_share"] == 0.0  # too short to be a quote


def test_result_stays_small_while_the_output_is_whole(workbench: FakeWorkbench) -> None:
    run = FakeRun(length=3500, num_samples=16, temperature=100.0, prompt="漢" * 20 + "字")

    generate([run], workbench)

    assert run.artwork is not None
    assert len(json.dumps(run.artwork.result)) <= 64 * 1024
    assert all(len(text) == 3500 for text in run.texts)
    for sample, text in zip(run.samples, run.texts, strict=True):
        assert text.startswith(sample["text"])
        assert 2500 < len(sample["text"]) < 3500


def test_request_of_the_catalogue_is_what_runs_carry() -> None:
    assert isinstance(FakeRun().request, TextRequest)


@pytest.mark.parametrize("model", ["nietzsche", "shakespeare", "tales"])
def test_without_a_prompt_models_that_ship_write_words(model: str) -> None:
    # After a line's end alone `tales` wrote nothing but spaces, and `nietzsche` one time in twenty.
    run = FakeRun(model=model, seed=5, length=60, num_samples=12)

    generate([run], FakeWorkbench(SHIPPED / "text" / f"{model}.safetensors"))

    filled = [len("".join(text.split())) / len(text) for text in run.texts]
    assert min(filled) > 0.4
