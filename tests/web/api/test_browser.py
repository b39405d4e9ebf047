"""The pages that explain the interface, in a real browser: no barrier that axe knows, in both themes and on a phone."""

import asyncio
import re
from collections.abc import Iterator

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, sync_playwright

from bot.storage.database import Database
from tests.chromium import ARGUMENTS, CHROMIUM, needs_chromium
from tests.web.api.world import URL, World

pytestmark = needs_chromium

PAGES = ("/api/v1/docs", "/api/v1/problems", "/api/v1/problems/not-yours")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


async def _answers(database: Database) -> dict[str, httpx.Response]:
    """Each page, and each file that it names."""
    transport = httpx.ASGITransport(World(database).app)
    async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
        found = {path: await client.get(path) for path in PAGES}
        files = {file for page in found.values() for file in re.findall(r'"(/static/[^"]+)"', page.text)}
        return found | {file: await client.get(file) for file in files}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, httpx.Response]:
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('api') / 'unused.sqlite3'}")
    return asyncio.run(_answers(database))


@pytest.fixture(scope="module")
def page(answers: dict[str, httpx.Response]) -> Iterator[Page]:
    def answer(route: Route) -> None:
        found = answers[route.request.url.removeprefix(URL)]
        route.fulfill(status=found.status_code, headers=dict(found.headers), body=found.content)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        opened = browser.new_page()
        opened.route("**/*", answer)
        yield opened
        browser.close()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_no_barriers(path: str, page: Page) -> None:
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(URL + path)
        found = Axe().run(page, options={"runOnly": TAGS}).response["violations"]
        assert [(one["id"], [node["html"][:160] for node in one["nodes"][:3]]) for one in found] == [], theme
    for width in (320, 640):
        page.set_viewport_size({"width": width, "height": 640})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert complaints == []
