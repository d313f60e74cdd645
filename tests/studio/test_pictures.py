"""Pictures: dropped, pasted, chosen, taken from the gallery, and shown beside what they became."""

import base64
import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.studio.browser import PATIENCE_MS, Studio
from tests.studio.conftest import Visit, read
from tests.support.pictures import saved, scene

PICTURE = saved(scene(96, 64), "PNG")
OTHER = saved(scene(64, 64).rotate(90), "JPEG")

_GIVE = """([selector, type, files]) => {
    const data = new DataTransfer();
    for (const [name, mime, text] of files) {
        const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
        data.items.add(new File([bytes], name, {type: mime}));
    }
    const init = {bubbles: true, cancelable: true};
    const event = type === 'paste'
        ? new ClipboardEvent(type, {...init, clipboardData: data})
        : new DragEvent(type, {...init, dataTransfer: data});
    document.querySelector(selector).dispatchEvent(event);
}"""


def give(studio: Studio, how: str, selector: str, *pictures: bytes) -> None:
    """Drop or paste files."""
    files = [
        [f"{n}.png", "image/png", base64.b64encode(p).decode()] for n, p in enumerate(pictures)
    ]
    studio.page.evaluate(_GIVE, [selector, how, files])


def chosen(studio: Studio, name: str, count: int) -> None:
    """Wait until a field shows so many pictures."""
    images = studio.row(name).locator(".chosen img")
    expect(images).to_have_count(count)
    for place in range(count):
        expect(images.nth(place)).to_have_js_property("complete", True)


def job_of(studio: Studio) -> dict[str, Any]:
    """Return the newest job as the service has it."""
    found: dict[str, Any] = read(f"{studio.url}/v1/jobs/{studio.jobs()[0]['id']}")
    return found


def asset(data: bytes) -> str:
    """Return what a stored picture is called."""
    return f"asset:{hashlib.sha256(data).hexdigest()}"


@pytest.mark.parametrize("how", ["drop", "paste", "choose"])
def test_a_picture_comes_to_the_worker_as_it_was_given(visit: Visit, how: str) -> None:
    studio = visit("pictured")
    if how == "drop":
        give(studio, "drop", '[data-field="image"] .drop', PICTURE)
    elif how == "paste":
        give(studio, "paste", "body", PICTURE)
    else:
        studio.control("image").set_input_files(
            {"name": "a.png", "mimeType": "image/png", "buffer": PICTURE}
        )
    chosen(studio, "image", 1)
    studio.create()
    studio.finish()

    assert job_of(studio)["request"]["image"] == asset(PICTURE)


def test_pasted_pictures_go_where_the_focus_is_and_else_where_there_is_room(visit: Visit) -> None:
    studio = visit("pictured")
    give(studio, "paste", "body", PICTURE)
    give(studio, "paste", "body", OTHER)
    chosen(studio, "image", 1)
    chosen(studio, "guide", 1)
    studio.control("style").focus()
    give(studio, "paste", "body", OTHER, PICTURE)
    chosen(studio, "style", 2)


def test_a_list_of_pictures_is_sent_in_its_order_without_those_taken_back(visit: Visit) -> None:
    studio = visit("pictured")
    give(studio, "drop", '[data-field="image"] .drop', PICTURE)
    give(studio, "drop", '[data-field="style"] .drop', PICTURE, OTHER, PICTURE)
    chosen(studio, "style", 3)
    studio.row("style").locator(".chosen button").first.click()
    chosen(studio, "style", 2)
    studio.create()
    studio.finish()
    request = job_of(studio)["request"]

    assert request["style"] == [asset(OTHER), asset(PICTURE)]
    assert request["image"] == asset(PICTURE)


def test_what_is_no_picture_is_complained_of_at_its_field(visit: Visit) -> None:
    studio = visit("pictured")
    give(studio, "drop", '[data-field="image"] .drop', b"no picture at all")
    studio.create()

    expect(studio.row("image").locator(".wrong")).to_contain_text("no picture that can be read")


def test_a_picture_stands_beside_what_it_was_made_from(visit: Visit) -> None:
    studio = visit("pictured")
    give(studio, "drop", '[data-field="image"] .drop', PICTURE)
    studio.create()
    studio.finish()
    slider = studio.stage.get_by_label("Before and after")
    expect(slider).to_have_attribute("aria-valuetext", "30 % before")
    slider.focus()
    studio.page.keyboard.press("End")
    expect(slider).to_have_attribute("aria-valuetext", "100 % before")
    before = studio.stage.locator(".compare .before")
    assert before.evaluate("image => image.naturalWidth") == 96

    studio.page.reload()
    expect(slider).to_be_visible()
    assert before.evaluate("image => image.decode().then(() => image.naturalWidth)") == 96


def test_an_earlier_result_is_chosen_as_input(visit: Visit) -> None:
    studio = visit("pictured")
    give(studio, "drop", '[data-field="image"] .drop', PICTURE)
    studio.create()
    studio.finish()
    first = studio.jobs()[0]["id"]
    studio.row("image").get_by_text("From the gallery").click()
    studio.page.locator("dialog.picker .tile").click()
    chosen(studio, "image", 1)
    studio.create()
    expect(studio.cards).to_have_count(2)
    studio.finish()

    assert studio.bodies("/v1/pictured")[-1] == {"image": f"job:{first}/0"}
    assert job_of(studio)["result"]["sizes"] == [[96, 64]]
    expect(studio.stage.get_by_label("Before and after")).to_be_visible()


def test_a_result_is_used_for_another_kind_and_dragged_into_a_form(visit: Visit) -> None:
    studio = visit("pictured")
    give(studio, "drop", '[data-field="image"] .drop', PICTURE)
    studio.create()
    studio.finish()
    first = studio.jobs()[0]["id"]
    studio.stage.get_by_label("Use this picture as").select_option(label="Dream: image")
    expect(studio.page.locator("#workshop-title")).to_have_text("Dream")
    chosen(studio, "image", 1)

    studio.unfold()
    studio.cards.first.locator("img").drag_to(studio.row("guide").locator(".drop"))
    chosen(studio, "guide", 1)
    studio.fill(size=64, iterations=1, octaves=1)
    studio.create()
    studio.finish()
    body = studio.bodies("/v1/dream")[0]
    assert (body["image"], body["guide"]) == (f"job:{first}/0", f"job:{first}/0")


def test_the_curl_line_of_a_picture_runs_without_the_file(visit: Visit) -> None:
    studio = visit("pictured")
    give(studio, "drop", '[data-field="image"] .drop', PICTURE)
    give(studio, "drop", '[data-field="style"] .drop', OTHER)
    studio.create()
    studio.finish()
    studio.stage.get_by_text("As curl").click()
    line = studio.stage.locator("code.curl").text_content() or ""
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60)

    again = json.loads(done.stdout)
    assert again["status"] == "succeeded"
    assert again["request"] == job_of(studio)["request"]


def test_a_work_from_pictures_is_edited_with_them(visit: Visit) -> None:
    studio = visit("pictured")
    give(studio, "drop", '[data-field="image"] .drop', PICTURE)
    studio.create()
    studio.finish()
    studio.page.reload()
    studio.finish()
    studio.tool("Edit as new").click()
    chosen(studio, "image", 1)
    studio.create()
    expect(studio.cards).to_have_count(2)
    studio.finish()

    assert job_of(studio)["request"]["image"] == asset(PICTURE)


def test_a_picture_is_moved_along_the_concepts_of_a_model(visit: Visit) -> None:
    studio = visit("vae-edit")
    concepts = studio.row("concepts")
    model = read(f"{studio.url}/v1/models/portraits")
    names = [each["name"].replace("_", " ") for each in model["concepts"]]
    expect(concepts.locator(".weight label")).to_have_text(names)
    give(studio, "drop", '[data-field="image"] .drop', PICTURE)
    concepts.get_by_label("hat", exact=True).fill("1.5")
    studio.create()
    studio.finish()

    request = job_of(studio)["request"]
    assert (request["image"], request["concepts"]) == (asset(PICTURE), {"hat": 1.5})
    expect(studio.stage.get_by_label("Before and after")).to_be_visible()


def test_a_film_and_a_sheet_are_pictures_too(visit: Visit) -> None:
    studio = visit("vae-sample")
    studio.control("mode").select_option("walk")
    studio.unfold()
    studio.fill(frames=4)
    studio.create()
    studio.finish()
    expect(studio.stage.locator(".picture img")).to_have_js_property("naturalWidth", 256)

    studio.control("mode").select_option("sample")
    studio.fill(count=5)
    studio.create()
    expect(studio.stage.locator(".sheet .tile")).to_have_count(5, timeout=PATIENCE_MS)
    studio.stage.locator(".tile").nth(4).click()
    studio.page.keyboard.press("ArrowRight")
    expect(studio.page.locator("dialog.lightbox .told")).to_have_text("1 of 5")


def test_a_dream_is_seen_while_it_grows(visit: Visit) -> None:
    studio = visit("dream")
    studio.fill(size=128, iterations=400, octaves=2)
    studio.create()
    expect(studio.stage.get_by_alt_text("The picture so far")).to_be_visible(timeout=PATIENCE_MS)
    expect(studio.stage.locator(".meter")).to_contain_text("of 800")
    studio.stage.get_by_text("Cancel").click()
    expect(studio.stage.locator(".notice-title")).to_have_text("Canceled", timeout=PATIENCE_MS)


def test_a_dream_is_enlarged_and_downloaded_as_it_is(visit: Visit) -> None:
    studio = visit("dream")
    studio.fill(size=64, iterations=1, octaves=1)
    studio.create()
    studio.finish()
    with studio.page.expect_download() as download:
        studio.tool("Download").click()

    data = Path(download.value.path()).read_bytes()
    assert hashlib.sha256(data).hexdigest() == job_of(studio)["outputs"][0]["sha256"]
    assert download.value.suggested_filename.endswith(".png")
    studio.stage.get_by_label("Enlarge").click()
    expect(studio.page.locator("dialog.lightbox img")).to_be_visible()
    studio.page.keyboard.press("Escape")
    expect(studio.page.locator("dialog")).to_have_count(0)
