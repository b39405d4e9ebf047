from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.channels.telegram.channel import TelegramChannel
from bot.domain.actions import Home
from bot.domain.errors import Blocked, BotError, Rejected, Throttled, Unanswered, Unreachable
from bot.domain.messages import Button, Plain, Screen
from bot.domain.residents import Address
from tests.channels.contract import plain, screen
from tests.channels.telegram.world import NOW, World, running
from tests.telegram_api import Blocked as Refuses
from tests.telegram_api import Dropped, Fault, Lost, ServerError, TooMany

OLA = Address("telegram", "42")
NEWS = Screen((Plain({"pl": "Czad: sprawdź czujkę", "uk": "Чадний газ: перевірте датчик"}),))


@pytest.fixture
async def channel(world: World) -> AsyncIterator[TelegramChannel]:
    world.api.user(42)
    async with running(world.channel()) as running_channel:
        yield running_channel


async def test_a_campaign_speaks_the_residents_language(world: World, channel: TelegramChannel) -> None:
    posted = await channel.send(OLA, "uk", NEWS, key="run:1")
    seen = world.api.user(42).screen
    assert seen.text == "Чадний газ: перевірте датчик"
    assert posted.reference == str(seen.message_id)


async def test_its_pace_is_the_callers(world: World, channel: TelegramChannel) -> None:
    await channel.send(OLA, "pl", NEWS, key="run:1")
    assert world.pace.turns == []


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Refuses(), Blocked),
        (Refuses("Forbidden: user is deactivated"), Blocked),
        (ServerError(500), Unreachable),
        (Dropped(), Unanswered),
        (Lost(), Unanswered),
        (ServerError(504), Unanswered),
    ],
)
async def test_what_went_wrong_is_said_in_our_words(
    world: World, channel: TelegramChannel, fault: Fault, error: type[BotError]
) -> None:
    world.api.fail(fault, "sendMessage")
    with pytest.raises(error) as raised:
        await channel.send(OLA, "pl", NEWS, key="run:1")
    assert world.api.token not in str(raised.value)
    assert len(world.api.tried("sendMessage")) == 1


async def test_telegram_asks_for_silence(world: World, channel: TelegramChannel) -> None:
    world.api.fail(TooMany(30), "sendMessage")
    with pytest.raises(Throttled) as raised:
        await channel.send(OLA, "pl", NEWS, key="run:1")
    assert raised.value.retry_at == NOW + timedelta(seconds=30)


async def test_a_stranger_is_gone_for_good(channel: TelegramChannel) -> None:
    with pytest.raises(Blocked):
        await channel.send(Address("telegram", "99"), "pl", NEWS, key="run:1")


async def test_what_telegram_will_never_take_is_rejected_with_the_reason(channel: TelegramChannel) -> None:
    with pytest.raises(Rejected, match="Text buttons"):
        await channel.send(OLA, "pl", screen("x", buttons=(Button(plain(" "), Home()),)), key="run:1")


async def test_an_address_of_another_kind_is_rejected(channel: TelegramChannel) -> None:
    with pytest.raises(Rejected):
        await channel.send(Address("telegram", "@ola"), "pl", NEWS, key="run:1")


async def test_nobody_there_is_unreachable(world: World, channel: TelegramChannel) -> None:
    await world.api.stop()
    with pytest.raises(Unreachable):
        await channel.send(OLA, "pl", NEWS, key="run:1")
    await world.api.start()


async def test_a_chat_with_a_new_number_is_followed(world: World, channel: TelegramChannel) -> None:
    world.api.group(-5).migrated_to = -1005
    world.api.group(-1005)
    await channel.send(Address("telegram", "-5"), "pl", NEWS, key="run:1")
    assert world.dialogue.happened == [("moved from -5", "-1005")]
    assert [message.chat for message in world.api.messages()] == [-1005]
