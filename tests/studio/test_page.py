"""The page as a whole: for everybody, on every screen, by its own means alone."""

import pytest
from playwright.sync_api import Route, ViewportSize, expect

from tests.studio.browser import PHONE, Studio
from tests.studio.conftest import Visit
from tests.studio.test_pictures import PICTURE, give

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


def test_a_form_keeps_what_was_typed_while_another_is_looked_at(visit: Visit) -> None:
    studio = visit("text")
    studio.fill(prompt="kept")
    studio.go("dream")
    studio.go("text")

    assert studio.control("prompt").input_value() == "kept"


def test_a_service_that_wants_a_key_is_given_one(visit: Visit) -> None:
    studio = visit("text")
    given: list[str | None] = []

    def guard(route: Route) -> None:
        key = route.request.headers.get("authorization")
        given.append(key)
        if key == "Bearer open sesame":
            route.continue_()
        else:
            problem = '{"code": "unauthorized", "title": "Key", "detail": "a key", "status": 401}'
            route.fulfill(status=401, content_type="application/problem+json", body=problem)

    studio.page.route("**/v1/**", guard)
    studio.page.reload()
    box = studio.page.get_by_label("API key", exact=True).and_(studio.page.locator("input"))
    box.fill("open sesame")
    box.press("Enter")
    expect(studio.submit).to_be_visible()
    studio.go("pictured")
    give(studio, "drop", '[data-field="image"] .drop', PICTURE)
    studio.create()
    studio.finish()

    image = studio.stage.locator(".compare img").first
    assert str(image.get_attribute("src")).startswith("blob:")
    assert given.count(None) == 1
    assert set(given) == {None, "Bearer open sesame"}
    studio.stage.get_by_text("As curl").click()
    line = studio.stage.locator("code.curl").text_content() or ""
    assert "$GENART_KEY" in line
    assert "sesame" not in line
    assert studio.page.evaluate("JSON.stringify(localStorage).includes('sesame')") is False
