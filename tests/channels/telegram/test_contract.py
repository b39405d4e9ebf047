from collections.abc import AsyncIterator

import pytest

from tests.channels.contract import ChannelContract, FakeDialogue
from tests.channels.telegram.world import World
from tests.telegram_api import User


class Phone:
    """A person with Telegram."""

    def __init__(self, user: User, dialogue: FakeDialogue) -> None:
        self.dialogue = dialogue
        self._user = user

    async def opens(self) -> None:
        await self._user.says("/start")

    async def says(self, text: str) -> None:
        await self._user.says(text)

    async def presses(self, label: str) -> None:
        await self._user.presses(label)

    @property
    def text(self) -> str:
        return self._user.screen.text

    @property
    def buttons(self) -> list[str]:
        return self._user.screen.buttons


class TestPolling(ChannelContract):
    @pytest.fixture
    async def channel(self, world: World) -> AsyncIterator[Phone]:
        async with world.polling():
            yield Phone(world.api.user(), world.dialogue)


class TestWebhook(ChannelContract):
    @pytest.fixture
    async def channel(self, world: World) -> AsyncIterator[Phone]:
        async with world.webhook():
            yield Phone(world.api.user(), world.dialogue)
