"""The application, asked over HTTP without a network."""

from collections.abc import AsyncIterator

import pytest
from httpx import ASGITransport, AsyncClient

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
