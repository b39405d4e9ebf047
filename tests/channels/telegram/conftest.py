"""The parts that most tests of the Telegram channel start from."""

from collections.abc import AsyncIterator

import pytest

from tests.channels.telegram.world import World
from tests.telegram_api import TelegramApi


@pytest.fixture
async def api() -> AsyncIterator[TelegramApi]:
    async with TelegramApi() as running:
        yield running


@pytest.fixture
def world(api: TelegramApi) -> World:
    return World(api)
