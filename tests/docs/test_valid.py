"""What the documentation names is there: commands, options, fields, addresses, settings, places."""

import ast
import json
import re
from pathlib import Path

import pytest

from cli.reference import SECTIONS, _variable
from tests.docs.blocks import ROOT, Block, blocks, pages
from tests.docs.commands import OPENAPI, check, commands_of

SHELL = [b for b in blocks() if b.language in ("sh", "bash", "console") and "run" not in b.mark]
TEXTS = {page: page.read_text() for page in pages()}
SETTINGS = {_variable(name, f) for _, kind in SECTIONS for name, f in kind.model_fields.items()}
COMPOSED = {  # what the compose files take from their environment
    name
    for path in ROOT.glob("docker-compose*.yml")
    for name in re.findall(r"\$\{(GENART_[A-Z_]+)", path.read_text())
}


@pytest.mark.parametrize("block", SHELL, ids=lambda block: block.place)
def test_commands_name_what_there_is(block: Block) -> None:
    found = list(commands_of(block.text))

    assert found
    for words in found:
        check(words)


@pytest.mark.parametrize(
    "wrong",
    [
        "genart run dream --octave 4",
        "genart run dance",
        "genart train text a.txt --name b --minute 10",
        "curl -s --json '{\"lenght\":3}' http://127.0.0.1:8000/v1/text",
        "curl -s -F image=@a.png -F octaves=many http://127.0.0.1:8000/v1/dream",
        "curl -s 'http://127.0.0.1:8000/v1/jobs?state=queued'",
        "curl -s http://127.0.0.1:8000/v1/artworks",
        "make everything",
        "python -m examples.gallery --all",
    ],
)
def test_a_command_that_names_something_else_is_noticed(wrong: str) -> None:
    (words,) = commands_of(wrong)

    with pytest.raises((Exception, SystemExit)):
        check(words)


@pytest.mark.parametrize("block", [b for b in blocks() if b.language in ("json", "python")])
def test_json_and_python_can_be_read(block: Block) -> None:
    if block.language == "python":
        ast.parse(block.text)
    elif block.mark != "prints":
        json.loads(block.text)


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_setting_that_is_named_exists(page: Path) -> None:
    text = TEXTS[page]

    named = set(re.findall(r"\b(GENART_[A-Z_]+[A-Z])\b", text))

    assert named <= SETTINGS | COMPOSED


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_address_that_is_named_exists(page: Path) -> None:
    paths = [re.sub(r"\{[^}]*\}", "x", path) for path in OPENAPI["paths"]]
    templates = [re.sub(r"\{\w+\}", "[^/]+", path) for path in OPENAPI["paths"]]
    named = re.findall(r"`(?:[A-Z]+ )?(/v1/[^`\s?]*)`", TEXTS[page])

    for path in set(named) - {"/v1/{kind}", "/v1/<kind>"}:  # any of them
        filled = re.sub(r"\{[^}]*\}|<[^>]*>", "x", path)
        assert filled in paths or any(re.fullmatch(t, filled) for t in templates), path


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub and most others make them."""
    found: set[str] = set()
    outside = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    for heading in re.findall(r"^#+ (.+)$", outside, re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)|`", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        found.add(slug if slug not in found else f"{slug}-1")
    return found


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_into_a_page_meets_a_heading(page: Path) -> None:
    text = TEXTS[page]

    for link, anchor in re.findall(r"\]\(([^)#\s:]*)#([^)\s]+)\)", text):
        target = (page.parent / link).resolve() if link else page
        assert anchor in anchors(TEXTS[target]), f"{link}#{anchor}"


def test_the_alerts_that_are_listed_are_those_that_ship() -> None:
    shipped = re.findall(
        r"- alert: (\w+)", (ROOT / "deploy" / "prometheus" / "alerts.yml").read_text()
    )
    listed = re.findall(r"^\| `(Genart\w+)` \|", TEXTS[ROOT / "docs" / "observability.md"], re.M)

    assert shipped
    assert listed == shipped
