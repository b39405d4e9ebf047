"""Which accounts a process speaks for."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot import accounts
from bot.accounts import Channels
from bot.channels.matrix.channel import MatrixChannel
from bot.settings import SettingsError, load
from bot.wiring import House, open_house
from scheduler.pacing import Pacer
from tests.channels.matrix.world import World

HOMESERVER = {
    "BEZPIECZNY_MATRIX__HOMESERVER": "http://127.0.0.1:9",
    "BEZPIECZNY_MATRIX__USER": "@bot:example.org",
    "BEZPIECZNY_MATRIX__PASSWORD": "pw",
}


def settings(folder: Path, **more: str) -> Any:
    return load({"BEZPIECZNY_DATA": str(folder), "BEZPIECZNY_PORT": "0", **more})


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(settings(tmp_path, **HOMESERVER)) as opened:
        yield opened


async def test_a_bot_of_no_account_has_no_name_and_says_nothing(tmp_path: Path) -> None:
    channels = Channels(settings(tmp_path))
    assert (channels.telegram_name(), channels.matrix_name(), channels.pushed) == (None, None, None)
    assert channels.senders == {}


async def test_its_name_is_what_the_settings_say_until_it_is_known(world: World, tmp_path: Path) -> None:
    channels = Channels(settings(tmp_path, **HOMESERVER | {"BEZPIECZNY_MATRIX__USER": "@other:example.org"}))
    assert channels.matrix_name() == "@other:example.org"
    async with world.running() as channel:
        channels.matrix = channel
        assert channels.matrix_name() == "@bot:example.org"
        assert channels.senders == {"matrix": channel}


async def test_a_channel_without_its_setting_is_not_made(tmp_path: Path) -> None:
    async with open_house(settings(tmp_path)) as house:
        with pytest.raises(SettingsError, match="BEZPIECZNY_MATRIX__HOMESERVER"):
            accounts.matrix_channel(house, house.engine, Pacer(20))
        with pytest.raises(SettingsError, match="BEZPIECZNY_TELEGRAM__TOKEN"):
            accounts.telegram_channel(house, house.engine, Pacer(20))


async def test_a_channel_on_a_homeserver_that_is_away_waits_and_stops_when_told(house: House) -> None:
    channel = accounts.matrix_channel(house, house.engine, Pacer(20))
    assert isinstance(channel, MatrixChannel)
    stop = asyncio.Event()
    task = asyncio.create_task(channel.run(stop))
    await asyncio.sleep(0.05)
    assert not channel.ready.is_set()
    assert not task.done()
    stop.set()
    await asyncio.wait_for(task, 10)
