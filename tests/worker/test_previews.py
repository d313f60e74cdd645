"""How a job looks while it is being made."""

import json
import time
from pathlib import Path

import pytest

from genart_core.artwork import Artwork
from genart_core.catalogue import find_kind
from genart_core.errors import ArtError
from tests.support.requests import queue_art
from tests.support.table import Table
from tests.support.valkey import full
from tests.support.waiting import wait_for
from tests.worker.conftest import MakeEngine
from worker.engine import Engine
from worker.run import ActiveRun


@pytest.fixture
def engine(make_engine: MakeEngine) -> Engine:
    return make_engine()


@pytest.fixture
def run(table: Table, engine: Engine) -> ActiveRun:
    queue_art(table)
    return engine.open_runs(find_kind("steps"), engine.claim(1))[0]


def show(run: ActiveRun, data: bytes) -> None:
    """Show a picture as soon as one is wanted."""
    wait_for(lambda: run.wants_preview, 30, "a preview is wanted")
    run.preview(data, "image/png", width=8, height=4)


def previews(home: Path) -> list[bytes]:
    """Return the contents of all files of previews."""
    return [path.read_bytes() for path in (home / "blobs").rglob("*.p*") if path.is_file()]


def test_preview_replaces_the_one_before(table: Table, run: ActiveRun, home: Path) -> None:
    for data in (b"first", b"second"):
        show(run, data)

    job = table.job(run.job.id)
    events = table.events(run.job.id).events
    assert [json.loads(event.data) for event in events if event.name == "preview"] == [
        {"number": number, "media_type": "image/png", "width": 8, "height": 4} for number in (0, 1)
    ]
    assert job.preview is not None
    assert (home / "blobs" / job.preview.path).read_bytes() == b"second"
    assert (job.preview.bytes, job.preview.width, job.previews) == (6, 8, 2)
    assert previews(home) == [b"second"]


def test_previews_are_shown_twice_a_second_at_most(table: Table, run: ActiveRun) -> None:
    began = time.monotonic()
    while time.monotonic() - began < 1.2 or table.job(run.job.id).previews < 2:
        if run.wants_preview:
            run.preview(b"x", "image/png", width=1, height=1)
        run.preview(b"not asked for", "image/png", width=1, height=1)
    took = time.monotonic() - began

    assert table.job(run.job.id).previews <= 1 + took / 0.5


@pytest.mark.parametrize("ending", ["finish", "fail", "cancel", "late", "drain"])
def test_no_preview_outlives_its_run(
    table: Table, engine: Engine, run: ActiveRun, home: Path, ending: str
) -> None:
    show(run, b"so far")
    if ending == "finish":
        run.finish(Artwork((), {}))
    elif ending == "fail":
        run.fail("internal", "broke")
    else:
        run.stop("cancel" if ending == "cancel" else "late" if ending == "late" else "drain")
        assert run.stopped
    engine.ledger.wait()

    assert table.job(run.job.id).preview is None
    assert previews(home) == []


def test_stale_run_shows_nothing_and_leaves_the_right_one_alone(
    table: Table, engine: Engine, run: ActiveRun, home: Path
) -> None:
    show(run, b"stale")
    table.open_slot("s1")
    assert table.job(run.job.id).preview is None
    owner = table.take("s2", kinds={"steps": 1})
    table.show(owner, "right")

    run._previews._shown_at = 0.0  # before the lease keeper notices
    run.preview(b"staler", "image/png", width=8, height=4)

    job = table.job(owner.id)
    assert job.preview is not None
    assert (job.preview.path, job.previews) == ("right", 2)
    assert run.stopped
    engine.ledger.wait()
    assert previews(home) == []


def test_preview_that_cannot_be_told_is_left_out(
    table: Table, engine: Engine, run: ActiveRun, home: Path
) -> None:
    with full(table.redis):
        show(run, b"untold")
    show(run, b"told")

    assert table.job(run.job.id).previews == 1
    run.finish(Artwork((), {}))
    engine.ledger.wait()
    assert previews(home) == []
    assert table.job(run.job.id).status == "succeeded"


def test_run_that_is_to_stop_wants_no_preview(run: ActiveRun) -> None:
    assert run.wants_preview
    run.stop("cancel")

    assert not run.wants_preview


def test_picture_is_read_as_it_was_stored(engine: Engine, run: ActiveRun) -> None:
    engine._blobs.write_asset("a" * 64, b"picture")

    assert run.input(f"asset:{'a' * 64}") == b"picture"
    with pytest.raises(ArtError) as caught:
        run.input(f"asset:{'b' * 64}")
    assert caught.value.code == "input_gone"
