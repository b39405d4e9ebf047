from collections.abc import AsyncIterator

import pytest

from tests.channels.contract import ChannelContract, FakeDialogue
from tests.channels.matrix.world import Person, World


class Client:
    """A person with a Matrix client, who types the numbers of choices."""

    def __init__(self, person: Person, *, encrypted: bool) -> None:
        self.dialogue: FakeDialogue = person.world.dialogue
        self._person = person
        self._encrypted = encrypted

    async def opens(self) -> None:
        self._person.invites(encrypted=self._encrypted)
        await self._person.world.done()

    async def says(self, text: str) -> None:
        self._person.says(text)
        await self._person.world.done()

    async def presses(self, label: str) -> None:
        await self.says(str(self._person.choices.index(label) + 1))

    @property
    def text(self) -> str:
        return self._person.text

    @property
    def buttons(self) -> list[str]:
        return self._person.choices


class TestPlain(ChannelContract):
    @pytest.fixture
    async def channel(self, world: World) -> AsyncIterator[Client]:
        async with world.running():
            yield Client(Person(world), encrypted=False)


class TestEncrypted(ChannelContract):
    @pytest.fixture
    async def channel(self, world: World) -> AsyncIterator[Client]:
        async with world.running():
            yield Client(Person(world), encrypted=True)
        shown = world.server.shown("!one:example.org")
        assert shown
        assert all(event.encrypted for event in shown)
