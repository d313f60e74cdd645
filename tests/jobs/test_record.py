import json
from collections.abc import Callable
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genart_core.jobs.record import (
    STATUSES,
    TERMINAL,
    JobId,
    StoredOutput,
    decode_job,
    encode_outputs,
    encode_result,
    new_job_id,
    parse_job_id,
)


def json_objects_of(
    integers: st.SearchStrategy[int], floats: st.SearchStrategy[float]
) -> st.SearchStrategy[dict[str, object]]:
    values: st.SearchStrategy[object] = st.recursive(
        st.none() | st.booleans() | integers | floats | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    )
    return st.dictionaries(st.text(), values, max_size=5)


json_objects = json_objects_of(st.integers(), st.floats(allow_nan=False))
results = json_objects_of(
    st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False, allow_infinity=False)
)
sizes = st.none() | st.integers(1, 10_000)
stored_outputs = st.builds(
    StoredOutput, st.text(), st.text(), st.integers(0), st.text(), sizes, sizes
)
numbers = st.integers(0, 2**53 - 1)


@given(st.tuples(stored_outputs, stored_outputs) | st.just(()))
def test_outputs_come_back_as_they_were_written(outputs: tuple[StoredOutput, ...]) -> None:
    job = decode_job({b"request": b"{}", b"outputs": encode_outputs(outputs).encode()})

    assert job.outputs == outputs


@given(
    texts=st.fixed_dictionaries({name: st.text() for name in ("kind", "client", "worker")}),
    counts=st.fixed_dictionaries(
        dict.fromkeys(("version", "attempt", "fence", "step", "total", "started_at"), numbers)
    ),
    objects=st.fixed_dictionaries(dict.fromkeys(("request", "provenance", "error"), json_objects)),
    status=st.sampled_from(STATUSES),
)
def test_record_comes_back_as_it_was_written(
    texts: dict[str, str], counts: dict[str, int], objects: dict[str, object], status: str
) -> None:
    fields = {**texts, "status": status, **{name: str(n) for name, n in counts.items()}}
    fields |= {name: json.dumps(value) for name, value in objects.items()}

    job = decode_job({name.encode(): value.encode() for name, value in fields.items()})

    written = {**texts, **counts, **objects, "status": status}
    assert {name: value for name, value in asdict(job).items() if name in written} == written
    assert job.is_terminal == (status in TERMINAL)


@given(results)
def test_results_come_back_as_they_were_written(result: dict[str, object]) -> None:
    job = decode_job({b"request": b"{}", b"result": encode_result(result)})

    assert job.result == result


@pytest.mark.parametrize("beyond", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("where", [lambda x: x, lambda x: [None, {"deep": [0.5, x]}]])
def test_a_result_that_json_cannot_hold_is_refused(
    beyond: float, where: Callable[[float], object]
) -> None:
    with pytest.raises(ValueError, match="JSON"):
        encode_result({"x": where(beyond)})
    with pytest.raises(TypeError):
        encode_result({"x": {1}})


def test_new_ids_are_well_formed_and_differ() -> None:
    ids = {new_job_id() for _ in range(1000)}

    assert len(ids) == 1000
    assert all(parse_job_id(job_id) == job_id for job_id in ids)


def test_ids_sort_by_time() -> None:
    times = [job_id[:10] for job_id in (new_job_id() for _ in range(1000))]

    assert times == sorted(times)


@given(st.text())
def test_no_other_text_is_taken_for_an_id(text: str) -> None:
    parsed = parse_job_id(text)

    assert parsed is None or (parsed == JobId(text) and len(text) == 26 and text.isascii())


def test_ids_of_one_process_sort_in_the_order_they_were_made() -> None:
    ids = [new_job_id() for _ in range(2000)]

    assert ids == sorted(set(ids))
    assert all(parse_job_id(job_id) == job_id for job_id in ids)
