"""A whole service - gateway, worker, Valkey - and a browser that visits it."""

import json
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.studio.browser import DESKTOP, Studio, running_chromium
from tests.support.gateway import RunningGateway
from tests.support.studio import running_studio
from tests.support.workers import WorkerProcess

KINDS = "text,dream,vae-sample,vae-edit,gan-sample,steps,pictured,plane,refused"
MOST = {"max_image_bytes": 5_000_000, "max_pixels": 4_000_000, "max_body_bytes": 1_000_000}

Visit = Callable[..., Studio]

expect.set_options(timeout=20_000)  # a busy machine is no fault of the page


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/studio/" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def service(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    home = tmp_path_factory.mktemp("service")
    worker = WorkerProcess(home, redis_url, kinds=KINDS)
    try:
        with running_studio(redis_url, home, access="open", **MOST) as gateway:
            worker.wait_until_ready()
            yield gateway
    finally:
        worker.kill()


@pytest.fixture
def locked(service: RunningGateway) -> Iterator[RunningGateway]:
    """Another gateway of the same service, which wants keys."""
    settings = service.settings
    with running_studio(settings.redis_url, settings.home, access="keys", **MOST) as gateway:
        yield gateway


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright, running_chromium(playwright) as browser:
        yield browser


@pytest.fixture
def visit(service: RunningGateway, chromium: Browser) -> Iterator[Visit]:
    """Opens the studio as somebody who was never there; checks that nothing went wrong unseen."""
    visits: list[Studio] = []

    def visit(
        place: str = "", *, url: str = service.url, wait: bool = True, **options: Any
    ) -> Studio:
        context = chromium.new_context(**{"viewport": DESKTOP, **options})
        studio = Studio(context.new_page(), url)
        visits.append(studio)
        return studio.open(place, wait=wait)

    yield visit
    try:
        for studio in visits:
            assert studio.complaints == [], "the console is silent"
            assert studio.foreign() == [], "nothing is loaded from elsewhere"
    finally:
        for studio in visits:
            studio.page.context.close()


@pytest.fixture(scope="session")
def document(service: RunningGateway) -> dict[str, Any]:
    """The service's OpenAPI document."""
    found: dict[str, Any] = read(f"{service.url}/openapi.json")
    return found


def read(url: str) -> Any:
    """Return the JSON at an address."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)
