"""The documentation's pictures: that they are laid out and asked for by name."""

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from examples import gallery
from examples.portraits import KEPT
from genart_core.arts.gan.request import GanSampleRequest


class FakeService:
    """Answers every job with a picture of one size, and keeps what was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def post(self, kind: str, body: dict[str, Any]) -> str:
        self.asked.append((kind, body))
        return "/v1/jobs/1"

    def wait(self, address: str) -> dict[str, Any]:
        return {}

    def output(self, job: dict[str, Any], number: int = 0) -> bytes:
        return gallery_picture()


def gallery_picture() -> bytes:
    return KEPT.read_bytes()


def test_rows_have_one_height_and_gaps_between() -> None:
    wide, high = Image.new("RGB", (60, 30), "red"), Image.new("RGB", (30, 60), "blue")

    sheet = gallery.laid_out([[wide, high], [high]], height=30)

    assert sheet.size == (60 + gallery.GAP + 15, 2 * 30 + gallery.GAP)
    assert sheet.getpixel((5, 5)) == (255, 0, 0)
    assert sheet.getpixel((60 + gallery.GAP + 5, 5)) == (0, 0, 255)
    assert sheet.getpixel((62, 5)) == sheet.getpixel((40, 50)) == (255, 255, 255)


def test_edits_show_the_drawn_portrait_and_each_concept() -> None:
    service = FakeService()

    sheet = gallery.edits(gallery.Studio(service, []))  # type: ignore[arg-type]  # stands in

    assert [body["concepts"] for _, body in service.asked] == list(gallery.EDITS)
    assert {kind for kind, _ in service.asked} == {"vae-edit"}
    assert sheet.width == 64 * (1 + len(gallery.EDITS)) + gallery.GAP * len(gallery.EDITS)


def test_a_sheet_of_a_generator_has_a_row_for_each_class() -> None:
    service = FakeService()

    sheet = gallery.classes(gallery.Studio(service, []))  # type: ignore[arg-type]  # stands in

    asked = [GanSampleRequest.model_validate(body) for _, body in service.asked]
    assert len({request.seed for request in asked}) == len(asked) == 2
    for request in asked:
        assert request.wishes is not None
        rows = [request.wishes[i : i + request.columns] for i in range(0, 60, request.columns)]
        assert rows == [[index] * request.columns for index in range(10)]
        assert (request.layout, request.pictures) == ("sheet", 60)
    assert sheet.width == 2 * 64 + gallery.GAP


def test_a_walk_of_a_generator_begins_a_row_with_each_class() -> None:
    service = FakeService()

    gallery.changes(gallery.Studio(service, []))  # type: ignore[arg-type]  # stands in

    ((kind, body),) = service.asked
    request = GanSampleRequest.model_validate(body)
    assert (kind, request.mode, request.loop) == ("gan-sample", "walk", True)
    assert request.wishes == list(gallery.PASSED)
    assert request.frames == request.columns * request.points == 48


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    studio = gallery.Studio(FakeService(), [tmp_path])  # type: ignore[arg-type]  # stands in

    with pytest.raises(FileNotFoundError, match="kodim21_lighthouse_on_rocks.jpg"):
        gallery.dreams(studio)
