"""What our account hears while it speaks itself: others' words and its own comings, on any homeserver."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.channels.matrix.account import Account
from bot.channels.matrix.events import Batch
from bot.channels.matrix.wire import Wire
from bot.wiring import utc_now
from tests.matrix_api.contract import HELLO, Client

SECRETIVE = {
    "type": "m.room.history_visibility",
    "state_key": "",
    "content": {"history_visibility": "joined"},
}
"""Who comes in sees nothing of what was before, not even that they were invited."""


class Echoes:
    """The tests. Whoever runs them brings `bot` and `anna`, both signed in."""

    @pytest.fixture
    async def account(self, bot: Client) -> AsyncIterator[Account]:
        async def sign_in() -> tuple[str, None]:
            return bot.user, None

        wire = Wire(bot.url, utc_now, bot.token)
        account = Account(wire, sign_in)
        await account.connect()
        yield account
        await account.close()

    @pytest.fixture
    async def room(self, bot: Client, anna: Client) -> str:
        """A room of the two, since long."""
        room = await anna.asks_in(bot)
        await bot.gets("POST", f"join/{room}", {})
        return room

    @pytest.fixture
    async def since(self, account: Account, room: str) -> str:
        """Where what happens in a test begins."""
        batch = await account.sync(None, wait_s=0)
        assert room in {news.room for news in batch.joined}
        return batch.token

    async def test_our_own_words_are_left_out_and_counted(
        self, account: Account, anna: Client, room: str, since: str
    ) -> None:
        first = await says(account, room)
        batch = await account.sync(since, wait_s=0, echoes=False)
        assert batch.joined == ()
        said = await anna.says(room)
        second = await says(account, room)
        assert told(await account.sync(batch.token, wait_s=0, echoes=False), room) == [said]
        assert told(await account.sync(since, wait_s=0), room) == [first, said, second]
        assert account.said == 2

    @pytest.mark.parametrize("states", [(), (SECRETIVE,)], ids=["shared", "secretive"])
    async def test_a_room_that_we_enter_is_told_of_with_our_coming(
        self, account: Account, anna: Client, states: tuple[dict[str, object], ...], since: str
    ) -> None:
        other = await anna.asks_in(replace(anna, user=account.user), *states)
        await account.join(other)
        batch = await account.sync(since, wait_s=0, echoes=False)
        assert came_in(batch, other, account.user)
        await says(account, other)
        assert (await account.sync(batch.token, wait_s=0, echoes=False)).joined == ()

    async def test_so_is_a_room_that_another_of_our_devices_enters(
        self, account: Account, bot: Client, anna: Client, since: str
    ) -> None:
        other = await anna.asks_in(bot)
        await bot.gets("POST", f"join/{other}", {})
        assert came_in(await account.sync(since, wait_s=0, echoes=False), other, bot.user)


async def says(account: Account, room: str) -> str:
    return await account.send(room, "m.room.message", HELLO, key=f"own-{account.said}", encrypted=False)


def told(batch: Batch, room: str) -> list[str]:
    """The names of what a batch tells of a room."""
    return [event.id for news in batch.joined if news.room == room for event in news.events]


def came_in(batch: Batch, room: str, user: str) -> bool:
    events = [event for news in batch.joined if news.room == room for event in news.events]
    return any(event.state_key == user and event.content.get("membership") == "join" for event in events)
