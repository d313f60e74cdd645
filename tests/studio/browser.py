"""The studio in Chromium, as a person meets it."""

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from playwright.sync_api import Browser, Locator, Page, Playwright, Request, ViewportSize, expect

ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
DESKTOP: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
PATIENCE_MS = 60_000  # for what a worker does, maybe beside others
AXE = (files("axe_playwright_python") / "axe.min.js").read_text()


@contextmanager
def running_chromium(playwright: Playwright) -> Iterator[Browser]:
    """Start the browser of the system.

    Raises:
        RuntimeError: if there is none.
    """
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        raise RuntimeError("no Chromium here; apt-get install chromium")
    browser = playwright.chromium.launch(executable_path=path, headless=True, args=list(ARGUMENTS))
    try:
        yield browser
    finally:
        browser.close()


@dataclass
class Studio:
    """A page of the studio, and what went over its wires."""

    page: Page
    url: str
    requests: list[Request] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", lambda request: self.requests.append(request))
        self.page.on("console", lambda message: self._note(message.type, message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, place: str = "", *, wait: bool = True) -> "Studio":
        """Load the page at a kind, and wait for its form."""
        self.page.goto(f"{self.url}/#{place}")
        if wait:
            expect(self.form).to_be_attached(timeout=PATIENCE_MS)
        return self

    def go(self, place: str) -> None:
        """Follow a link within the page."""
        self.page.evaluate("place => { location.hash = place; }", place)
        expect(self.page).to_have_url(f"{self.url}/#{place}")

    @property
    def form(self) -> Locator:
        return self.page.locator("#form form")

    @property
    def stage(self) -> Locator:
        return self.page.locator("#stage")

    @property
    def cards(self) -> Locator:
        return self.page.locator("#gallery .card")

    @property
    def submit(self) -> Locator:
        return self.form.locator("button[type=submit]")

    def control(self, name: str) -> Locator:
        """Return the controls of a field, by its name in the request."""
        return self.form.locator(f'[name="{name}"]')

    def row(self, name: str) -> Locator:
        """Return all that belongs to a field."""
        return self.form.locator(f'[data-field="{name}"]')

    def unfold(self) -> None:
        """Show the fields that are seldom needed."""
        self.form.locator("details.advanced > summary").click()

    def fill(self, **values: object) -> None:
        """Type values into fields."""
        for name, value in values.items():
            self.control(name).fill(str(value))

    def create(self) -> None:
        """Press the button."""
        self.submit.click()

    def finish(self) -> None:
        """Wait for the work on the stage to be done."""
        expect(self.tool("Edit as new")).to_be_visible(timeout=PATIENCE_MS)

    def tool(self, title: str) -> Locator:
        """Return a button below the work."""
        return self.stage.locator(".toolbar").get_by_text(title, exact=True)

    def bodies(self, path: str) -> list[Any]:
        """Return what was posted to an address as JSON."""
        posted = [r for r in self.requests if r.method == "POST" and r.url == self.url + path]
        return [request.post_data_json for request in posted]

    def jobs(self) -> list[Mapping[str, Any]]:
        """Return the jobs that the gallery remembers, newest first."""
        stored = "JSON.parse(localStorage.getItem('genart-jobs') || '[]')"
        found: list[Mapping[str, Any]] = self.page.evaluate(stored)
        return found

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than its window."""
        wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        return int(self.page.evaluate(wider))

    def barriers(self) -> list[str]:
        """Return what axe finds in the way of people who can't see, hear or point."""
        self.page.evaluate(AXE)
        found = self.page.evaluate("axe.run().then(found => found.violations)")
        return [
            f"{each['id']}: {node['target']} {node['failureSummary']}"
            for each in found
            for node in each["nodes"]
        ]

    def foreign(self) -> list[str]:
        """Return addresses outside of the service that were asked for."""
        own = re.compile(rf"{re.escape(self.url)}/|blob:{re.escape(self.url)}/|data:")
        return [request.url for request in self.requests if not own.match(request.url)]

    def _note(self, kind: str, text: str) -> None:
        # what the service refused is shown on the page; the browser tells it here too
        if kind in ("error", "warning") and not text.startswith("Failed to load resource"):
            self.complaints.append(text)
