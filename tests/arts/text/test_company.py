"""A text is the same whoever else is written with it, and in which way."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genart_core.arts.text import cell as cells
from genart_core.arts.text.generate import MAX_ROWS, generate
from genart_core.arts.text.native.library import Library
from genart_core.native.kernel import Kernel

from .conftest import FakeRun, FakeWorkbench, text_of

ASKED = st.fixed_dictionaries(
    {"temperature": st.sampled_from([0.7, 1.0, 1.5])},
    optional={
        "top_k": st.integers(2, 20),
        "top_p": st.floats(0.5, 0.99),
        "min_p": st.floats(0.01, 0.2),
        "repetition_penalty": st.floats(1.1, 3.0),
        "strategy": st.just("uniform"),
    },
)


@pytest.mark.usefixtures("way")
def test_texts_of_10000_characters_are_equal_at_batch_1_3_and_16(workbench: FakeWorkbench) -> None:
    fields = {"length": 10_000, "seed": 3, "temperature": 1.0}
    alone = text_of(workbench, **fields)

    for company in (2, 15):
        assert text_in_company(workbench, company, **fields) == alone


@pytest.mark.usefixtures("way")
@given(asked=ASKED, seed=st.integers(0, 1000), company=st.integers(1, 15))
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_texts_asked_for_in_any_way_are_equal_in_company(
    workbench: FakeWorkbench, asked: dict[str, Any], seed: int, company: int
) -> None:
    fields = {"length": 300, "seed": seed, **asked}

    assert text_in_company(workbench, company, **fields) == text_of(workbench, **fields)


def text_in_company(workbench: FakeWorkbench, company: int, **fields: Any) -> str:
    """Return what a run becomes beside others that are like it but for their seeds."""
    run = FakeRun(**fields)
    others = [
        FakeRun(**{**fields, "seed": 2000 + i, "top_k": 3 if i % 2 else None})
        for i in range(company)
    ]
    generate([*others, run], workbench)
    return run.texts[0]


def test_texts_are_the_same_in_c_and_in_torch(
    word_path: Path, model_path: Path, native: Kernel[Library], monkeypatch: pytest.MonkeyPatch
) -> None:
    if native.wait() is None:
        pytest.skip("no C compiler, or no AVX-512 VNNI")
    found = []
    for _ in range(2):
        for path in (model_path, word_path):
            runs = [
                FakeRun(length=2000, prompt="the old ", temperature=1.1, num_samples=3),
                FakeRun(length=1500, temperature=0.9, seed=4, stop=["hen"]),
                FakeRun(length=1000, strategy="greedy"),
            ]
            generate(runs, FakeWorkbench(path))
            filtered = FakeRun(length=500, temperature=1.0, top_p=0.9, repetition_penalty=1.5)
            generate([filtered], FakeWorkbench(path))
            found.append([run.texts for run in (*runs, filtered)])
        monkeypatch.setattr(cells, "kernel", lambda: native)

    assert found[:2] == found[2:]


COMPANY = st.lists(
    st.tuples(
        st.integers(1, 6),  # the ask for more at which the run comes
        st.integers(1, 200),  # length
        st.sampled_from(["", "a", "the end, ", "q" * 90]),
        st.sampled_from([0.0, 0.5, 2.0]),
        st.integers(1, 3),  # samples
        st.none() | st.integers(0, 150),  # stopped after so many characters
    ),
    max_size=8,
)


@pytest.mark.usefixtures("way")
@given(company=COMPANY)
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_texts_do_not_depend_on_who_joins_and_leaves(
    company: list[tuple[int, int, str, float, int, int | None]], model_path: Path
) -> None:
    fields: list[dict[str, Any]] = [
        {"length": length, "prompt": prompt, "temperature": t, "num_samples": n, "seed": i}
        for i, (_, length, prompt, t, n, _) in enumerate(company)
    ]
    later: dict[int, list[FakeRun]] = {}
    for (ask, *_, stop), field in zip(company, fields, strict=True):
        later.setdefault(ask, []).append(FakeRun(stop_after=stop, **field))
    first = FakeRun(length=300, temperature=1.0, seed=77)

    generate([first], FakeWorkbench(model_path, later))

    alone = FakeWorkbench(model_path)
    assert first.texts == [text_of(alone, length=300, temperature=1.0, seed=77)]
    for run in [run for runs in later.values() for run in runs]:
        if run.artwork is not None:
            again = FakeRun(**run.request.model_dump())
            generate([again], alone)
            assert run.artwork == again.artwork


@pytest.mark.usefixtures("way")
def test_more_samples_than_rows_queue_inside(workbench: FakeWorkbench) -> None:
    runs = [FakeRun(num_samples=16, length=30, seed=i) for i in range(MAX_ROWS // 16 + 2)]

    generate(runs, workbench)

    assert all(len(run.texts) == 16 for run in runs)
    assert all(0 < room <= MAX_ROWS for room in workbench.asked)


@pytest.mark.usefixtures("way")
def test_free_rows_are_filled_by_runs_that_come_later(model_path: Path) -> None:
    late = FakeRun(length=10)
    workbench = FakeWorkbench(model_path, {1: [late]})

    generate([FakeRun(length=2000)], workbench)

    assert late.artwork is not None
    assert workbench.asked[0] == MAX_ROWS - 1


@pytest.mark.usefixtures("way")
def test_texts_of_words_are_equal_in_any_company(word_path: Path) -> None:
    fields: dict[str, Any] = {"length": 200, "temperature": 1.5, "seed": 8}
    alone = text_of(FakeWorkbench(word_path), **fields)
    later = {1: [FakeRun(prompt="the ", length=90)], 2: [FakeRun(num_samples=5, length=40)]}
    run = FakeRun(**fields)

    generate([FakeRun(length=30), run], FakeWorkbench(word_path, later))

    assert run.texts == [alone]
