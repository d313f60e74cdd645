"""Takes the pictures of the studio that the docs show, of real works of every kind.

    python -m tests.studio.screenshots [--url http://127.0.0.1:8000] [--out FOLDER]

Without an address it starts a service of its own. Seeds are said, and what the page draws by chance
is drawn from one seed too: the same works come out each time.
"""

import argparse
import io
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.studio.browser import PATIENCE_MS, PHONE, Studio, running_chromium
from tests.support.up import GenartUp

ROOT = Path(__file__).parents[2]
OUT = ROOT / "docs" / "pictures" / "studio"
INPUTS = ROOT / "examples" / "pictures"
SCREEN = {"width": 1440, "height": 900}
MOST_BYTES = 150_000
QUALITIES = (88, 84, 80, 76, 72, 66, 60)
HALF = 0.5  # of its steps: by then something can be seen
_EVEN_CHANCE = "{ let n = 7; Math.random = () => (n = n * 16807 % 2147483647) / 2147483647; }"
_ALL_SEEN = """async () => {
    document.querySelector('#workshop').scrollTop = 0;
    const isSeen = ({top, bottom}) => bottom > 0 && top < innerHeight;
    const seen = [...document.images].filter(each => isSeen(each.getBoundingClientRect()));
    await Promise.all([document.fonts.ready, ...seen.map(each => each.decode().catch(() => {}))]);
}"""


@dataclass
class Camera:
    """Takes pictures of what a page shows."""

    studio: Studio
    out: Path

    @property
    def page(self) -> Page:
        return self.studio.page

    def take(self, name: str, *, at: str = "body") -> None:
        """Write what is on the screen, scrolled to a part, as a file of a bounded size."""
        self.page.locator(at).first.evaluate("part => part.scrollIntoView({behavior: 'instant'})")
        self.page.mouse.move(self.page.evaluate("innerWidth") / 2, 1)
        self.page.evaluate(_ALL_SEEN)
        data = packed(Image.open(io.BytesIO(self.page.screenshot())).convert("RGB"))
        path = self.out / f"{name}.webp"
        path.write_bytes(data)
        print(f"{path.name}: {len(data):,} bytes", flush=True)


def packed(shot: Image.Image) -> bytes:
    """Return a WebP of at most `MOST_BYTES`: without loss if that fits, else as good as fits."""
    ways: list[dict[str, Any]] = [{"lossless": True}, *({"quality": each} for each in QUALITIES)]
    for way in ways:
        file = io.BytesIO()
        shot.save(file, "WEBP", method=4, **way)
        if file.tell() <= MOST_BYTES:
            return file.getvalue()
    raise RuntimeError(f"{file.tell():,} bytes at the lowest quality")


def text(camera: Camera) -> None:
    """A long text is broken off, a short one ends."""
    studio = camera.studio
    studio.go("text")
    studio.fill(prompt="what is noble? ", length=100_000)
    studio.create()
    _until(camera, "document.querySelector('#stage .verse')?.textContent.length > 900")
    camera.take("text-running")
    studio.stage.get_by_text("Cancel").click()
    studio.finish()
    studio.tool("Delete").click()
    studio.fill(length=700, temperature=0.7, seed=3)
    studio.create()
    studio.finish()
    camera.take("text-done")


def temperatures(camera: Camera) -> None:
    """One prompt at four temperatures."""
    studio = camera.studio
    studio.go("text/temperatures")
    studio.fill(prompt="the truth ", length=260, seed=5)
    studio.create()
    expect(studio.stage.locator(".column.over")).to_have_count(4, timeout=PATIENCE_MS)
    camera.take("temperatures")


def generated(camera: Camera) -> None:
    """A sheet of a generator's pictures."""
    studio = camera.studio
    studio.go("gan-sample")
    studio.fill(count=24, scale=4, seed=11)
    studio.create()
    expect(studio.stage.locator(".tile")).to_have_count(24, timeout=PATIENCE_MS)
    camera.take("gan-sample-done")


def portraits(camera: Camera) -> None:
    """A sheet of portraits, and the pad."""
    studio = camera.studio
    studio.go("vae-sample")
    studio.fill(count=24, seed=7)
    studio.create()
    expect(studio.stage.locator(".tile")).to_have_count(24, timeout=PATIENCE_MS)
    camera.take("vae-sample-done")
    pad(camera, "pad")


def pad(camera: Camera, name: str, *, at: str = "body") -> None:
    """The point on the pad, away from the middle."""
    studio = camera.studio
    studio.go("vae-sample/pad")
    surface = studio.stage.locator(".pad")
    expect(surface.locator(".pad-picture[src]")).to_be_visible(timeout=PATIENCE_MS)
    box = surface.locator(".pad-map").bounding_box()
    assert box is not None
    surface.locator(".pad-map").click(position={"x": 0.8 * box["width"], "y": 0.72 * box["height"]})
    expect(surface).to_have_attribute("aria-busy", "false", timeout=PATIENCE_MS)
    camera.take(name, at=at)


def edited(camera: Camera) -> None:
    """A portrait that gets a smile, a hat and glasses."""
    studio = camera.studio
    studio.go("vae-edit")
    studio.control("image").set_input_files(INPUTS / "portrait.png")
    for concept in ("smile", "hat", "glasses"):
        studio.row("concepts").get_by_label(concept, exact=True).fill("1")
    studio.fill(scale=4, seed=1)
    studio.create()
    studio.finish()
    expect(studio.stage.get_by_label("Before and after")).to_be_visible(timeout=PATIENCE_MS)
    camera.take("vae-edit-done")


def painted(camera: Camera) -> None:
    """A town in strokes."""
    studio = camera.studio
    studio.go("style")
    studio.control("content").set_input_files(INPUTS / "town.jpg")
    studio.control("style").set_input_files(INPUTS / "strokes.jpg")
    studio.form.get_by_text("Draft", exact=True).click()
    studio.fill(seed=2)
    _run(camera, "style")


def dreamt(camera: Camera) -> None:
    """A lake at which somebody looked for too long."""
    studio = camera.studio
    studio.go("dream")
    studio.control("image").set_input_files(INPUTS / "lake.jpg")
    studio.fill(seed=4)
    _run(camera, "dream")


def dark(camera: Camera) -> None:
    """The same at night."""
    studio = camera.studio
    camera.page.get_by_role("button", name="Turn dark").click()
    studio.go("dream")
    camera.take("dream-dark")
    camera.take("gallery-dark", at="#gallery")


def phone(camera: Camera) -> None:
    """A form, a work and the pad between two thumbs, at night too."""
    camera.studio.go("dream")
    camera.take("phone-form")
    camera.take("phone-work", at="#stage")
    pad(camera, "phone-pad", at="#stage")


DESK: tuple[Callable[[Camera], None], ...] = (
    *(text, temperatures, generated, portraits, edited, painted, dreamt, dark),
)


def _run(camera: Camera, name: str) -> None:
    """Take a picture at half of a work's steps, and one when it is done."""
    studio = camera.studio
    studio.create()
    seen = "document.querySelector('#stage .growing img')?.complete"
    _until(camera, f"document.querySelector('#stage progress')?.value >= {HALF} && {seen}")
    camera.take(f"{name}-running")
    studio.finish()
    expect(studio.stage.get_by_label("Before and after")).to_be_visible(timeout=PATIENCE_MS)
    camera.take(f"{name}-done")


def _until(camera: Camera, claim: str) -> None:
    """Wait until something holds within the page."""
    camera.page.wait_for_function(f"() => {claim}", timeout=4 * PATIENCE_MS)


@contextmanager
def visited(browser: Browser, url: str, **options: Any) -> Iterator[Studio]:
    """Open the studio as a person without a wish for motion."""
    context = browser.new_context(
        **{"reduced_motion": "reduce", "locale": "en-GB", "timezone_id": "UTC", **options}
    )
    context.set_extra_http_headers({"cache-control": "no-cache"})  # works are made, not found
    context.add_init_script(_EVEN_CHANCE)
    try:
        yield Studio(context.new_page(), url).open()
    finally:
        context.close()


@contextmanager
def service(url: str | None) -> Iterator[str]:
    """Yield the address of a service: the one given, or that of a new one."""
    if url is not None:
        yield url.rstrip("/")
        return
    with tempfile.TemporaryDirectory() as folder:
        up = GenartUp(Path(folder) / "home", extra_arts="", kinds="", native="true")
        try:
            up.wait_until_whole()
            yield up.url
        finally:
            up.stop()


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url")
    parser.add_argument("--out", type=Path, default=OUT)
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    with (
        service(asked.url) as url,
        sync_playwright() as playwright,
        running_chromium(playwright) as browser,
    ):
        with visited(browser, url, viewport=SCREEN) as studio:
            for scene in DESK:
                scene(Camera(studio, asked.out))
            works = studio.page.context.storage_state()  # the phone has the same gallery
        with visited(browser, url, viewport=PHONE, has_touch=True, storage_state=works) as studio:
            phone(Camera(studio, asked.out))


if __name__ == "__main__":
    main()
