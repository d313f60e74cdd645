"""The page as a whole: for everybody, on every screen, by its own means alone."""

import json
import os
import subprocess

import pytest
from playwright.sync_api import ViewportSize, expect

from genart_core.jobs.connection import connect
from tests.studio.browser import PHONE, Studio
from tests.studio.conftest import Visit
from tests.studio.test_pictures import PICTURE, give
from tests.support.gateway import RunningGateway
from tests.support.keys import make_key

SCREENS: tuple[ViewportSize, ...] = (
    {"width": 320, "height": 640},
    PHONE,
    {"width": 820, "height": 1180},
    {"width": 2560, "height": 1300},
)
_TRIES = """async () => {
    const broken = [];
    document.addEventListener('securitypolicyviolation', e => broken.push(e.effectiveDirective));
    const attempt = (name, act) => { try { act(); } catch { broken.push(name); } };
    attempt('html', () => document.body.insertAdjacentHTML('beforeend', '<b>x</b>'));
    attempt('text', () => {
        const script = document.createElement('script');
        script.text = 'window.ran = true';
        document.body.append(script);
    });
    const style = document.createElement('style');
    style.textContent = 'body { display: none }';
    document.head.append(style);
    await new Promise(resolve => setTimeout(resolve, 100));
    return {broken, ran: window.ran ?? false, shown: document.body.checkVisibility()};
}"""
KINDS = ("text", "dream", "style", "text/temperatures", "vae-sample", "vae-edit", "vae-sample/pad")


def unfold_all(studio: Studio) -> None:
    """Show all that can be folded away: details, and the help of each field."""
    studio.page.evaluate("""() => {
        for (const each of document.querySelectorAll('details')) each.open = true;
        for (const each of document.querySelectorAll('[aria-expanded=false]')) each.click();
    }""")


def show_a_work(studio: Studio) -> None:
    """Have a picture on the stage and a text in the gallery."""
    studio.go("text")
    studio.fill(length=40, num_samples=2)
    studio.create()
    studio.finish()
    studio.go("pictured")
    give(studio, "drop", '[data-field="image"] .drop', PICTURE)
    studio.create()
    expect(studio.stage.locator(".compare")).to_be_visible(timeout=60_000)
    unfold_all(studio)


def test_a_barrier_would_be_found(visit: Visit) -> None:
    studio = visit("text")
    studio.page.evaluate("document.querySelector('#form').append(document.createElement('input'))")

    assert [found for found in studio.barriers() if found.startswith("label: ")]


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_nothing_is_in_anybodys_way(visit: Visit, colours: str) -> None:
    studio = visit("text", color_scheme=colours, reduced_motion="reduce")
    found = {}
    for kind in KINDS:
        studio.go(kind)
        expect(studio.form).to_be_attached()
        unfold_all(studio)
        found[kind] = studio.barriers()
    show_a_work(studio)
    found["work"] = studio.barriers()
    studio.row("image").get_by_text("From the gallery").click()
    found["dialog"] = studio.barriers()

    assert found == dict.fromkeys(found, [])


def test_no_screen_is_too_narrow(visit: Visit) -> None:
    studio = visit("text")
    show_a_work(studio)
    found = {}
    for size in SCREENS:
        studio.page.set_viewport_size(size)
        found[size["width"], "work"] = studio.overflow()
        for kind in KINDS:
            studio.go(kind)
            unfold_all(studio)
            found[size["width"], kind] = studio.overflow()
        studio.go("pictured")

    assert found == dict.fromkeys(found, 0)


def test_a_phone_goes_to_the_work_that_was_asked_for(visit: Visit) -> None:
    studio = visit("text", viewport=PHONE, has_touch=True, reduced_motion="reduce")
    studio.fill(length=10)
    studio.submit.tap()
    studio.finish()

    expect(studio.stage.locator(".verse")).to_be_in_viewport()


def test_the_theme_follows_the_system_until_one_is_chosen(visit: Visit) -> None:
    studio = visit("text", color_scheme="dark")
    paper = "getComputedStyle(document.body).backgroundColor"
    dark = studio.page.evaluate(paper)
    studio.page.get_by_role("button", name="Turn light").click()
    light = studio.page.evaluate(paper)
    studio.page.reload()
    expect(studio.submit).to_be_visible()

    assert dark != light
    assert studio.page.evaluate(paper) == light
    assert studio.page.get_by_role("button", name="Turn dark").is_visible()


def test_motion_is_left_out_where_it_is_not_wanted(visit: Visit) -> None:
    studio = visit("steps", reduced_motion="reduce")
    studio.fill(steps=400, ms=20)
    studio.create()
    expect(studio.stage.locator(".meter")).to_be_visible()

    running = "document.getAnimations().filter(each => each.playState === 'running').length"
    assert studio.page.evaluate(running) == 0
    studio.stage.get_by_text("Cancel").click()


def test_the_policy_stops_what_the_page_does_not_do_itself(visit: Visit) -> None:
    studio = visit("text")
    tried = studio.page.evaluate(_TRIES)
    studio.complaints.clear()  # they were provoked

    assert (tried["ran"], tried["shown"]) == (False, True)
    assert {"html", "text", "style-src-elem"} <= set(tried["broken"])


def test_each_kind_has_an_address_and_the_way_back_works(visit: Visit) -> None:
    studio = visit("dream")
    title = studio.page.locator("#workshop-title")
    expect(title).to_have_text("Dream")
    studio.page.get_by_role("link", name="Style", exact=True).click()
    expect(title).to_have_text("Style")
    expect(studio.page).to_have_title("Style · genart")
    studio.page.go_back()
    expect(title).to_have_text("Dream")
    expect(studio.page.locator("#kinds [aria-current]")).to_have_text("Dream")


def test_another_kind_is_seen_from_its_beginning(visit: Visit) -> None:
    studio = visit("dream", viewport=PHONE)
    studio.page.locator("#gallery").scroll_into_view_if_needed()
    studio.page.get_by_role("link", name="GAN sample").click()

    expect(studio.page.locator("#workshop-title")).to_be_in_viewport()
    expect(studio.page.locator("#kinds [aria-current]")).to_be_in_viewport()


def test_a_form_keeps_what_was_typed_while_another_is_looked_at(visit: Visit) -> None:
    studio = visit("text")
    studio.fill(prompt="kept")
    studio.go("dream")
    studio.go("text")

    assert studio.control("prompt").input_value() == "kept"


def test_a_service_that_wants_a_key_is_given_one(visit: Visit, locked: RunningGateway) -> None:
    with connect(locked.settings.redis_url) as redis:
        key = make_key(redis, name="visitor")
    studio = visit("pictured", url=locked.url, wait=False)
    box = studio.page.locator("dialog.key input")
    box.fill("not the key")
    box.press("Enter")
    expect(box).to_have_value("not the key")  # asked again
    box.fill(key)
    box.press("Enter")
    expect(studio.submit).to_be_visible()
    give(studio, "drop", '[data-field="image"] .drop', PICTURE)
    studio.fill(steps=2, ms=100)
    studio.create()
    studio.finish()

    images = studio.stage.locator(".compare img")
    expect(images).to_have_count(2)
    shown = images.evaluate_all("all => all.map(each => [each.src.slice(0, 5), each.complete])")
    assert shown == [["blob:", True], ["blob:", True]]
    studio.stage.get_by_text("As curl").click()
    line = studio.stage.locator("code.curl").text_content() or ""
    assert key not in line
    done = subprocess.run(
        ["bash", "-c", line], env={**os.environ, "GENART_KEY": key}, capture_output=True, timeout=60
    )
    assert json.loads(done.stdout)["status"] == "succeeded"
    assert key not in str(studio.page.evaluate("JSON.stringify(localStorage)"))
