"""Forms: what the OpenAPI document says is what can be filled in, and what is sent."""

from typing import Any

from playwright.sync_api import expect

from tests.studio.browser import PATIENCE_MS, Studio
from tests.studio.conftest import Visit

KINDS = (
    "text",
    "dream",
    "style",
    "vae-sample",
    "vae-edit",
    "gan-sample",
    "steps",
    "pictured",
    "plane",
)
_NUMERIC = ("integer", "number")


def properties(document: dict[str, Any], kind: str) -> dict[str, Any]:
    post = document["paths"][f"/v1/{kind}"]["post"]
    reference = post["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    found: dict[str, Any] = document["components"]["schemas"][reference.rpartition("/")[2]]
    return dict(found["properties"])


def forms_of(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return [form for form in schema.get("anyOf", [schema]) if form.get("type") != "null"]


def test_a_form_has_every_field_under_its_name_and_nothing_else(
    visit: Visit, document: dict[str, Any]
) -> None:
    studio = visit(KINDS[0])
    for kind in KINDS:
        studio.go(kind)
        names = studio.form.locator("[name]").evaluate_all("all => all.map(each => each.name)")
        fields = properties(document, kind)

        assert set(names) == {name for name in fields if "const" not in fields[name]}, kind


def test_numbers_have_the_bounds_and_defaults_of_the_document(
    visit: Visit, document: dict[str, Any]
) -> None:
    studio = visit(KINDS[0])
    checked = 0
    for kind in KINDS:
        studio.go(kind)
        fields = properties(document, kind)
        for name in fields.keys() - presets_of(document, kind):
            checked += check_number(studio, name, fields[name])

    assert checked > 40


def check_number(studio: Studio, name: str, schema: dict[str, Any]) -> bool:
    """Compare a field with the document, if it is a number."""
    (form, *others) = forms_of(schema)
    if others or form.get("type") not in _NUMERIC:
        return False
    box = studio.control(name)
    low = form.get("minimum", form.get("exclusiveMinimum"))
    high = form.get("maximum", form.get("exclusiveMaximum"))
    for bound, attribute in ((low, "min"), (high, "max")):
        shown = box.get_attribute(attribute)
        assert (shown and float(shown)) == bound, f"{name}: {attribute}"
    if schema.get("default") is not None:
        assert float(box.input_value()) == schema["default"], name
    has_slider = studio.row(name).locator("input[type=range]").count()
    assert bool(has_slider) == (low is not None and high is not None and name != "seed"), name
    return True


def presets_of(document: dict[str, Any], kind: str) -> set[str]:
    presets = properties(document, kind).get("preset", {}).get("x-presets", {})
    return {name for values in presets.values() for name in values}


def test_choices_switches_and_help_are_those_of_the_document(
    visit: Visit, document: dict[str, Any]
) -> None:
    studio = visit("text")
    for kind in ("text", "dream", "style"):
        studio.go(kind)
        for name, schema in properties(document, kind).items():
            check_words(studio, name, schema)


def check_words(studio: Studio, name: str, schema: dict[str, Any]) -> None:
    """Compare a field's choices and its help with the document."""
    row = studio.row(name)
    if "enum" in schema:
        options = row.locator("option, input[type=radio]")
        values = options.evaluate_all("all => all.map(each => each.value)")
        assert values == schema["enum"], name
    if schema.get("type") == "boolean":
        assert studio.control(name).is_checked() == schema["default"], name
    if "const" not in schema:
        told = row.locator(".help").text_content() or ""
        assert schema["description"].replace("`", "") in told, name


def test_only_what_was_said_is_sent(visit: Visit) -> None:
    studio = visit("text")
    studio.fill(length=3, prompt="so ")
    studio.control("length").fill("5")
    studio.create()
    studio.finish()

    assert studio.bodies("/v1/text") == [{"prompt": "so ", "length": 5}]


def test_what_is_reset_is_not_sent(visit: Visit) -> None:
    studio = visit("text")
    studio.fill(length=2, temperature=0.9)
    studio.row("temperature").get_by_role("button", name="Reset Temperature").click()
    studio.create()
    studio.finish()

    assert studio.bodies("/v1/text") == [{"length": 2}]
    assert studio.control("temperature").input_value() == "0.5"


def test_a_preset_shows_what_it_sets(visit: Visit) -> None:
    studio = visit("dream")
    studio.form.get_by_text("Creatures", exact=True).click()

    assert studio.control("iterations").input_value() == "30"
    assert studio.control("octaves").input_value() == "5"

    studio.form.get_by_text("Curves", exact=True).click()

    assert studio.control("iterations").input_value() == "20"


def test_a_default_that_follows_other_fields_is_shown(visit: Visit) -> None:
    studio = visit("gan-sample")
    scale = studio.control("scale")
    assert scale.input_value() == "4"

    studio.unfold()
    studio.control("layout").select_option("sheet")
    assert scale.input_value() == "2"

    studio.fill(scale=3)
    studio.control("layout").select_option("images")
    assert scale.input_value() == "3"

    studio.row("scale").get_by_role("button", name="Reset Scale").click()
    assert scale.input_value() == "4"


def test_a_slider_moves_its_number_by_mouse_and_by_keys(visit: Visit) -> None:
    studio = visit("text")
    slider = studio.row("temperature").locator("input[type=range]")
    box = studio.control("temperature")
    slider.focus()
    studio.page.keyboard.press("ArrowRight")
    by_key = float(box.input_value())
    assert 0.5 < by_key < 1

    studio.control("length").fill("100000")
    assert studio.row("length").locator("input[type=range]").input_value() == "1000"

    place = slider.bounding_box()
    assert place is not None
    studio.page.mouse.click(place["x"] + place["width"] - 2, place["y"] + place["height"] / 2)
    assert float(box.input_value()) > 50


def test_layers_are_picked_from_those_of_the_model_and_weighed(visit: Visit) -> None:
    studio = visit("dream")
    row = studio.row("layer_contributions")
    picker = row.get_by_label("Add to Layer contributions")
    assert "relu4_1" in picker.locator("option").all_text_contents()
    picker.select_option("relu4_1")
    picker.select_option("relu5_1")
    row.get_by_label("relu5_1", exact=True).fill("0.6")
    row.get_by_role("button", name="Remove relu4_1").click()

    assert studio.control("layer_contributions").input_value() == '{"relu5_1":0.6}'


def test_a_complaint_of_the_service_stands_at_its_field_and_goes_with_the_mistake(
    visit: Visit,
) -> None:
    studio = visit("text")
    studio.fill(length=0)
    studio.create()
    wrong = studio.row("length").locator(".wrong")

    expect(wrong).to_contain_text("greater than or equal to 1")
    expect(studio.control("length")).to_be_focused()
    expect(studio.control("length")).to_have_attribute("aria-invalid", "true")
    assert studio.jobs() == []

    studio.fill(length=2)
    expect(wrong).to_be_empty()


def test_a_complaint_unfolds_the_fields_that_it_is_about(visit: Visit) -> None:
    studio = visit("dream")
    studio.control("channels").evaluate("box => { box.value = '{\"nope\": [1]}'; }")
    studio.create()

    expect(studio.row("channels").locator(".wrong")).to_contain_text("Unknown layers nope")
    expect(studio.control("channels")).to_be_visible()


def test_a_complaint_without_a_field_stands_above_the_button(visit: Visit) -> None:
    studio = visit("style")
    studio.create()

    expect(studio.row("content").locator(".wrong")).to_contain_text("required")
    expect(studio.row("style").locator(".wrong")).to_contain_text("required")

    studio.page.context.set_offline(True)
    studio.create()
    expect(studio.form.locator(".wrong.whole")).to_contain_text("can't be reached")
    studio.page.context.set_offline(False)


def test_a_seed_is_drawn_held_and_let_go(visit: Visit) -> None:
    studio = visit("text")
    row, seed = studio.row("seed"), studio.control("seed")
    row.get_by_role("button", name="Draw a seed").click()
    first = seed.input_value()
    lock = row.get_by_role("button", name="Keep this seed")

    assert first.isdigit()
    expect(lock).to_have_attribute("aria-pressed", "true")
    lock.click()
    assert seed.input_value() == ""
    expect(lock).to_have_attribute("aria-pressed", "false")


def test_stop_strings_are_a_list_in_which_a_line_break_can_be_written(visit: Visit) -> None:
    studio = visit("text")
    studio.unfold()
    studio.control("stop").first.fill("\\n\\n")
    studio.row("stop").get_by_text("Another").click()
    studio.control("stop").nth(1).fill("end")
    studio.fill(length=3)
    studio.create()
    studio.finish()

    assert studio.bodies("/v1/text")[0]["stop"] == ["\n\n", "end"]


def test_classes_are_offered_by_name_and_several_can_be_said(visit: Visit) -> None:
    studio = visit("gan-sample")
    box = studio.control("class")
    box.focus()
    options = studio.row("class").locator("option")
    expect(options).to_have_count(10)
    box.fill(f"{options.nth(7).get_attribute('value')}, 3")
    studio.fill(count=2)
    studio.create()
    expect(studio.stage.locator(".tile")).to_have_count(2, timeout=PATIENCE_MS)

    assert studio.bodies("/v1/gan-sample") == [{"class": ["horse", 3], "count": 2}]
