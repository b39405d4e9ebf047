"""The application, asked over HTTP without a network, and a browser to look at it served."""

from collections.abc import AsyncIterator, Iterator

import pytest
from httpx import ASGITransport, AsyncClient
from playwright.sync_api import Browser, sync_playwright

from tests.chromium import ARGUMENTS, CHROMIUM
from tests.web.world import FakeDialogue, make_app


@pytest.fixture
def dialogue() -> FakeDialogue:
    return FakeDialogue()


@pytest.fixture
async def browser(dialogue: FakeDialogue) -> AsyncIterator[AsyncClient]:
    """A browser without scripts, in Polish."""
    transport = ASGITransport(make_app(dialogue), raise_app_exceptions=False)
    async with AsyncClient(
        transport=transport, base_url="http://127.0.0.1:8080", headers={"Accept-Language": "pl-PL,pl;q=0.9,en;q=0.5"}
    ) as client:
        yield client


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()
