"""The pad: a picture that follows the hand."""

import json
import urllib.request
from typing import Any

from playwright.sync_api import Locator, expect

from tests.studio.browser import PATIENCE_MS, Studio
from tests.studio.conftest import Visit, read
from tests.support.waiting import wait_for


def open_pad(visit: Visit, **options: Any) -> Studio:
    studio = visit("plane/pad", **options)
    rest(studio)
    return studio


def rest(studio: Studio) -> None:
    """Wait until the pad has caught up with the hand."""
    expect(studio.stage.locator(".pad-picture[src]")).to_be_visible(timeout=PATIENCE_MS)
    pad = studio.stage.locator(".pad")
    expect(pad).to_have_attribute("aria-busy", "false", timeout=PATIENCE_MS)


def points(studio: Studio) -> list[list[float]]:
    """Return where the pictures that were asked for lie, by the numbers that the pad moves."""
    bodies = [body for body in studio.bodies("/v1/plane") if body["mode"] == "point"]
    return [body["latents"][0][:2] for body in bodies]


def drag(studio: Studio, path: list[tuple[float, float]]) -> None:
    """Draw a line over the map, by shares of its width and height."""
    box = studio.stage.locator(".pad-map").bounding_box()
    assert box is not None
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in path]
    studio.page.mouse.move(*places[0])
    studio.page.mouse.down()
    for place in places[1:]:
        studio.page.mouse.move(*place, steps=8)
    studio.page.mouse.up()


def settled(studio: Studio, axis: str, text: str) -> Locator:
    """Wait until the point stands at a place of an axis."""
    slider = studio.stage.get_by_label(f"{axis}, place")
    expect(slider).to_have_attribute("aria-valuetext", text)
    return slider


def test_a_kind_without_codes_has_no_pad(visit: Visit) -> None:
    studio = visit("plane")
    assert studio.page.locator("#modes").get_by_text("Pad").is_visible()

    for kind in ("text", "dream", "pictured"):
        studio.go(kind)
        expect(studio.page.locator("#modes").get_by_text("Pad")).to_have_count(0)


def test_the_picture_follows_the_hand_and_ends_where_it_does(visit: Visit) -> None:
    studio = open_pad(visit)
    middle = points(studio)[0]
    before = studio.stage.locator(".pad-picture").get_attribute("src") or ""
    drag(studio, [(0.5, 0.5), (0.2, 0.3), (1.0, 1.0)])
    settled(studio, "Across", "2")
    expect(studio.stage.locator(".pad-picture")).not_to_have_attribute("src", before)
    rest(studio)

    last = points(studio)[-1]
    assert [round(at - start, 3) for at, start in zip(last, middle, strict=True)] == [2, 2]


def test_one_picture_is_asked_for_at_a_time_and_none_is_left_behind(visit: Visit) -> None:
    studio = open_pad(visit)
    drag(studio, [(0.5, 0.5), (0.1, 0.9), (0.9, 0.1), (0.1, 0.1), (0.9, 0.9)])
    rest(studio)
    moves = 4 * 8 + 1

    assert 1 < len(points(studio)) < moves
    wait_for(lambda: len(left(studio)) == 1, 10, "the one that is shown is left alone")
    assert studio.jobs() == []


def left(studio: Studio) -> list[str]:
    """Return the ids of the jobs of this page that are still there."""
    posts = [r for r in studio.requests if r.method == "POST" and r.url.endswith("/v1/plane")]
    answers = [request.response() for request in posts]
    made = {answer.json()["id"] for answer in answers if answer is not None}
    there = read(f"{studio.url}/v1/jobs?kind=plane&limit=100")["jobs"]
    return [job["id"] for job in there if job["id"] in made]


def test_the_pad_goes_by_keys_and_by_sliders_too(visit: Visit) -> None:
    studio = open_pad(visit)
    studio.stage.locator(".pad-map").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowUp"):
        studio.page.keyboard.press(key)
    settled(studio, "Across", "0.4")
    slider = settled(studio, "Down", "-0.2")
    slider.focus()
    studio.page.keyboard.press("End")
    settled(studio, "Down", "2")


def test_a_finger_moves_the_point_and_not_the_page(visit: Visit) -> None:
    studio = open_pad(visit, viewport={"width": 390, "height": 844}, has_touch=True)
    surface = studio.stage.locator(".pad-map")
    surface.scroll_into_view_if_needed()
    surface.tap(position={"x": 1, "y": 1})

    settled(studio, "Across", "-2")
    assert surface.evaluate("map => getComputedStyle(map).touchAction") == "none"


def test_another_direction_draws_another_map(visit: Visit) -> None:
    studio = open_pad(visit)
    studio.stage.get_by_label("Across", exact=True).select_option("5")
    with studio.page.expect_request(lambda r: "grid" in (r.post_data or "")) as asked:
        studio.stage.get_by_label("Down", exact=True).select_option("7")

    body = json.loads(asked.value.post_data or "")
    assert (body["across"], body["down"], body["layout"]) == (5, 7, "sheet")


def test_concepts_of_the_model_are_directions(visit: Visit) -> None:
    studio = visit("vae-sample/pad")
    rest(studio)
    across = studio.stage.get_by_label("Across", exact=True)
    options = across.locator("option").all_text_contents()
    assert options[:3] == ["Smile", "Beard", "Long hair"]
    assert "Number 0" in options
    assert across.input_value() == "smile"

    studio.stage.get_by_label("Across, place").focus()
    studio.page.keyboard.press("End")
    rest(studio)
    bodies = studio.bodies("/v1/vae-sample")
    grid, point = bodies[1], bodies[-1]
    assert (grid["across"], grid["down"]) == ("smile", "beard")
    assert point["concepts"] == {"smile": 2, "beard": 0}
    assert point["latents"] == grid["latents"]


def test_another_model_has_another_map(visit: Visit) -> None:
    studio = visit("vae-sample/pad")
    rest(studio)
    studio.control("model").select_option("digits")
    rest(studio)

    body = studio.bodies("/v1/vae-sample")[-1]
    assert (body["mode"], body["model"]) == ("point", "digits")


def test_a_picture_that_is_kept_is_a_work_like_any_other(visit: Visit) -> None:
    studio = open_pad(visit)
    drag(studio, [(0.5, 0.5), (0.7, 0.4)])
    rest(studio)
    studio.stage.get_by_text("Keep this picture").click()
    expect(studio.cards).to_have_count(1)
    drag(studio, [(0.5, 0.5), (0.2, 0.2)])
    studio.cards.first.click()
    studio.finish()

    job = read(f"{studio.url}/v1/jobs/{studio.jobs()[0]['id']}")
    assert job["request"]["mode"] == "point"


def test_what_is_overtaken_while_it_waits_is_canceled(visit: Visit) -> None:
    studio = open_pad(visit)
    rest(studio)
    busy = post(studio, "/v1/steps", {"steps": 10_000, "ms": 20})  # the one worker has no time now
    surface = studio.stage.locator(".pad-map")
    surface.focus()
    studio.page.keyboard.press("ArrowRight")
    expect(studio.stage.locator(".pad")).to_contain_text("Waiting in line", timeout=PATIENCE_MS)
    with studio.page.expect_response("**/cancel", timeout=PATIENCE_MS) as canceled:
        studio.page.keyboard.press("ArrowRight")
    post(studio, f"{busy['urls']['cancel']}", {})
    rest(studio)

    overtaken = canceled.value.json()
    assert (overtaken["kind"], overtaken["status"]) == ("plane", "canceled")
    middle, last = points(studio)[0], points(studio)[-1]
    assert round(last[0] - middle[0], 3) == 0.4


def post(studio: Studio, path: str, body: dict[str, object]) -> Any:
    """Post JSON and return the answer."""
    request = urllib.request.Request(
        studio.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)
