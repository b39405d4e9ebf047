"""What the bot says unasked."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from unittest.mock import patch

import pytest

from bot.channels.matrix.channel import MatrixChannel
from bot.channels.matrix.homeserver import SignedOut
from bot.domain.actions import Help
from bot.domain.errors import Blocked, BotError, Rejected, Throttled, Unanswered, Unreachable
from bot.domain.messages import Button, Plain, Press, Screen
from bot.domain.residents import Address
from bot.storage import matrix
from tests.channels.contract import plain
from tests.channels.matrix.test_replies import PICTURE
from tests.channels.matrix.world import ANNA, Person, World, until
from tests.support import NOON

TO_ANNA = Address("matrix", ANNA)
NEWS = Screen((Plain({"pl": "Czad: sprawdź czujkę", "uk": "Чадний газ: перевірте датчик"}),))
ASKING = Screen((plain("Masz czujkę?"),), ((Button(plain("Pomoc"), Help()),),))


@pytest.fixture
async def anna(world: World) -> Person:
    return await world.known()


@pytest.fixture
async def channel(world: World, anna: Person) -> AsyncIterator[MatrixChannel]:
    async with world.running() as running:
        yield running


async def test_a_campaign_speaks_the_residents_language(anna: Person, channel: MatrixChannel) -> None:
    posted = await channel.send(TO_ANNA, "uk", NEWS, key="run:1")
    assert anna.seen[-1][1]["body"] == "Чадний газ: перевірте датчик"
    assert posted.reference == anna.last


async def test_its_pace_is_the_callers(world: World, channel: MatrixChannel) -> None:
    await channel.send(TO_ANNA, "pl", NEWS, key="run:1")
    assert world.pace.turns == []


async def test_the_same_delivery_is_the_same_message(anna: Person, channel: MatrixChannel) -> None:
    first = await channel.send(TO_ANNA, "pl", NEWS, key="run:1")
    assert await channel.send(TO_ANNA, "pl", NEWS, key="run:1") == first
    await channel.send(TO_ANNA, "pl", NEWS, key="run:2")
    assert len(anna.seen) == 2


async def test_what_it_offers_can_be_chosen(world: World, anna: Person, channel: MatrixChannel) -> None:
    await channel.send(TO_ANNA, "pl", ASKING, key="run:1")
    anna.says("1")
    await world.done()
    assert world.dialogue.inputs == [Press("he")]


async def test_what_it_offers_is_sent_once_though_its_answer_was_lost(
    world: World, anna: Person, channel: MatrixChannel
) -> None:
    world.server.fail("send", Unanswered(), after=True)
    with pytest.raises(Unanswered):
        await channel.send(TO_ANNA, "pl", ASKING, key="run:1")
    await channel.send(TO_ANNA, "pl", ASKING, key="run:1")
    anna.taps(1)
    await world.done()
    assert world.dialogue.inputs == [Press("he")]
    assert anna.bodies[0] == "Masz czujkę?"


async def test_whoever_is_erased_while_it_is_on_its_way_keeps_no_screen_and_others_theirs(
    world: World, anna: Person, channel: MatrixChannel
) -> None:
    bob = await world.known("!two:example.org", "@bob:example.org")
    gates = [world.server.hold("send") for _ in range(2)]
    both = [
        asyncio.create_task(channel.send(Address("matrix", person), "pl", ASKING, key="run:1"))
        for person in (ANNA, bob.name)
    ]
    await until(lambda: [what for what, *_ in world.server.tried].count("send") == len(both))
    async with world.database.begin() as conn:
        await matrix.forget_person(conn, ANNA)
    for gate in gates:
        gate.set()
    assert [posted.reference for posted in await asyncio.gather(*both)] == [anna.last, bob.last]
    async with world.database.read() as conn:
        assert await matrix.newest_screen(conn, anna.room) is None
        shown = await matrix.newest_screen(conn, bob.room)
    assert shown
    assert shown.event == bob.last


async def test_what_it_offers_cannot_be_kept_for_now_so_it_is_in_doubt_and_comes_again(
    world: World, anna: Person, channel: MatrixChannel
) -> None:
    with patch.object(matrix, "show", side_effect=OSError("the disk is full")), pytest.raises(Unanswered):
        await channel.send(TO_ANNA, "pl", ASKING, key="run:1")
    await channel.send(TO_ANNA, "pl", ASKING, key="run:1")
    assert anna.bodies == ["Masz czujkę?"]
    anna.says("1")
    await until(lambda: len(world.dialogue.inputs) > 0)
    assert world.dialogue.inputs == [Press("he")]


async def test_words_of_no_choice_leave_the_last_choice_as_it_was(
    world: World, anna: Person, channel: MatrixChannel
) -> None:
    await channel.send(TO_ANNA, "pl", ASKING, key="run:1")
    await channel.send(TO_ANNA, "pl", NEWS, key="run:2")
    anna.says("pomoc")
    await world.done()
    assert world.dialogue.inputs == [Press("he")]


async def test_in_an_encrypted_room_it_is_encrypted(world: World) -> None:
    anna = await world.known("!secret:example.org", encrypted=True)
    async with world.running() as channel:
        await channel.send(TO_ANNA, "pl", Screen((plain("Kod"),), picture=PICTURE), key="run:1")
    assert [event.encrypted for event in world.server.shown(anna.room)] == [True, True]
    assert world.server.uploads[0][2] is True


async def test_the_room_joined_last_is_written_to(world: World, anna: Person, channel: MatrixChannel) -> None:
    world.time.now += timedelta(days=1)
    newer = Person(world, "!newer:example.org")
    newer.invites()
    await world.done()
    await channel.send(TO_ANNA, "pl", NEWS, key="run:1")
    assert newer.text == "Czad: sprawdź czujkę"
    assert anna.seen == []


async def test_who_has_no_room_with_us_is_not_there(channel: MatrixChannel) -> None:
    with pytest.raises(Blocked):
        await channel.send(Address("matrix", "@jan:example.org"), "pl", NEWS, key="run:1")


async def test_nothing_is_said_before_what_was_missed_is_read(world: World, anna: Person) -> None:
    channel = world.channel()
    with pytest.raises(Unreachable):
        await channel.send(TO_ANNA, "pl", NEWS, key="run:1")
    assert anna.seen == []


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Blocked(), Blocked),
        (Unreachable("503"), Unreachable),
        (Unanswered(), Unanswered),
        (Rejected("M_TOO_LARGE"), Rejected),
        (SignedOut(), Unreachable),
        (Throttled(NOON + timedelta(seconds=5)), Throttled),
    ],
)
async def test_what_went_wrong_is_said_once_in_our_words(
    world: World, channel: MatrixChannel, fault: BotError, error: type[BotError]
) -> None:
    world.server.fail("send", fault)
    with pytest.raises(error):
        await channel.send(TO_ANNA, "pl", NEWS, key="run:1")
    assert [key for what, _, key in world.server.tried if what == "send"] == ["run:1"]
