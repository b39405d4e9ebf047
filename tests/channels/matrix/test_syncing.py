"""How far the channel has read: kept only when it is done with, whenever it is cut off."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from bot.channels.matrix.conversation import ERASE
from bot.channels.matrix.homeserver import SignedOut
from bot.channels.patience import Patience
from bot.domain.actions import Erase, Help, Numbers
from bot.domain.errors import Rejected, Throttled, Unanswered, Unreachable
from bot.domain.messages import Button, Event, Reply, Start, Text
from bot.storage import matrix
from bot.storage.tables import matrix_events
from tests.channels.contract import plain, screen
from tests.channels.matrix.world import Person, World, end_at_once, until, until_so
from tests.support import NOON

KEPT = "2"
"""The token before anything is said in these tests is 1; who says one thing makes it 2."""


def lines(logs: list[MutableMapping[str, Any]]) -> list[str]:
    return [line["event"] for line in logs if line["event"] not in {"matrix.on", "matrix.off"}]


# --- while we speak


async def test_while_a_campaign_goes_out_our_own_words_are_not_asked_for_but_others_are_heard(world: World) -> None:
    anna = await world.known()
    async with world.running():
        await world.done()
        for number in range(20):
            await world.server.send(anna.room, "m.room.message", {"body": "Wichura"}, key=f"{number}", encrypted=False)
        anna.says("raz")
        await until(lambda: anna.bodies[-1] == "Text")
        await world.done()
        await until(lambda: world.server.echoes[-1])  # quiet again: the next one waits
    assert False in world.server.echoes
    assert world.dialogue.inputs == [Text("raz")]


@pytest.mark.parametrize(("said", "pause_s"), [(0, 0.0), (1, 0.1), (7, 0.7), (10, 1.0), (1000, 1.0)])
def test_the_more_we_say_the_longer_we_let_it_echo_up_to_a_second(said: int, pause_s: float) -> None:
    assert Patience().pause_for_echoes(said) == pytest.approx(pause_s)


# --- what the token waits for


async def test_a_token_is_kept_only_when_the_answer_is_shown(world: World) -> None:
    anna = await world.known()
    sends = world.server.hold("send")
    async with world.running():
        anna.says("raz")
        await until(lambda: ("send", anna.room, "$2") in world.server.tried)
        await until(lambda: world.server.syncs[-1] == KEPT)  # the loop itself goes on
        assert await world.token() == "1"
        sends.set()
        await world.done()


async def test_a_token_is_kept_only_when_the_turn_is_committed(world: World) -> None:
    anna = await world.known()
    gate, turn = asyncio.Event(), world.dialogue.turn

    async def slow(event: Event) -> Reply:
        await gate.wait()
        return await turn(event)

    world.dialogue.turn = slow  # type: ignore[method-assign]
    anna.says("raz")
    channel, stop = world.channel(), asyncio.Event()
    task = asyncio.create_task(channel.run(stop))
    await until(lambda: ("connect", "", "") in world.server.tried)
    for _ in range(10):
        await asyncio.sleep(0.002)
    assert not channel.ready.is_set()
    assert await world.token() == "1"
    gate.set()
    await world.done()
    assert channel.ready.is_set()
    stop.set()
    await task


async def test_a_later_answer_does_not_vouch_for_an_earlier_one(world: World) -> None:
    anna, jan = await world.known(), await world.known("!other:example.org", "@jan:example.org")
    sends = world.server.hold("send")
    async with world.running():
        anna.says("raz")
        await until(lambda: ("send", anna.room, "$2") in world.server.tried)
        jan.says("dwa")
        await until(lambda: jan.seen)
        for _ in range(10):
            await asyncio.sleep(0.002)
        assert await world.token() == "1"
        sends.set()
        await world.done()


# --- cut off, at any point


async def turned(world: World) -> bool:
    return Text("raz") in world.dialogue.inputs


async def noted(world: World) -> bool:
    async with world.database.read() as conn:
        return "$2" in (await conn.execute(select(matrix_events.c.event))).scalars().all()


async def asked_to_send(world: World) -> bool:
    return ("send", "!one:example.org", "$2") in world.server.tried


async def sent(world: World) -> bool:
    return ("!one:example.org", "$2") in world.server.keys


@pytest.mark.parametrize("point", [turned, noted, asked_to_send, sent])
async def test_cut_off_anywhere_nothing_is_said_twice_or_missed(
    world: World, point: Callable[[World], Awaitable[bool]]
) -> None:
    anna = await world.known()
    world.dialogue.script = {Text("raz"): screen("Pierwszy", buttons=(Button(plain("Pomoc"), Help()),))}
    anna.says("raz")
    if point is not sent:
        world.server.hold("send")
    else:
        world.server.fail("send", *[Unanswered()] * 4, after=True)
    await world.crash(lambda: point(world))
    assert await world.token() == "1"
    async with world.running():
        await world.done()
        assert anna.bodies == ["Pierwszy"]
        assert {event.key for event in world.dialogue.events} == {"$2"}
        anna.says("1")
        await world.done()
    assert anna.bodies == ["Pierwszy", "Press"]


async def test_an_answer_that_was_broken_off_comes_again(world: World) -> None:
    anna = await world.known()
    world.server.hold("send")
    anna.says("raz")
    task = asyncio.create_task(world.channel().run(asyncio.Event()))
    await until_so(lambda: asked_to_send(world))
    await end_at_once(task)
    assert await world.token() == "1"
    async with world.running():
        await world.done()
    assert anna.bodies == ["Text"]


async def test_after_a_cut_the_last_answer_is_shown_though_nothing_was_said_after_it(world: World) -> None:
    anna = await world.known()
    anna.says("raz")
    anna.taps(1, "$nothing")
    world.server.hold("send")

    async def all_noted() -> bool:
        async with world.database.read() as conn:
            return len(await matrix.handled(conn, ["$2", "$3"])) == 2

    await world.crash(all_noted)
    async with world.running():
        await world.done()
    assert anna.bodies == ["Text"]


async def test_a_box_ticked_before_a_cut_is_ticked_once(world: World) -> None:
    """By then the screen says something else than what was typed: it is still the same change of the same screen."""
    anna = await world.known()
    box = {"☐": screen("☐", buttons=(Button(plain("☐ A"), Numbers()),), here=Help())}
    box["☑"] = screen("☑", buttons=(Button(plain("Odznacz"), Numbers()),), here=Help())
    world.dialogue.otherwise = lambda event: box["☑" if event.key == "$4" else "☐"]
    async with world.running():
        anna.says("kwadrat")
        await world.done()
    assert world.server.place == 3
    anna.says("☐ A")
    world.server.hold("send")

    async def kept() -> bool:
        async with world.database.read() as conn:
            return "$4" in await matrix.handled(conn, ["$4"])

    await world.crash(kept)
    async with world.running():
        await world.done()
        assert anna.bodies == ["☑"]
        anna.says("1")
        await world.done()
    assert [one.content.get("m.relates_to", {}).get("event_id") for one in world.server.shown(anna.room)] == [
        None,
        "$3",
        "$3",
    ]


class Forgetting:
    """A dialogue that erases whoever asks for it; people live from what they say first."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._turn = world.dialogue.turn
        self.living: set[str] = set()
        world.dialogue.turn = self.turn  # type: ignore[method-assign]
        world.dialogue.script[Text("usuń")] = screen("Na pewno?", buttons=(Button(plain("Tak"), Erase(sure=True)),))

    async def turn(self, event: Event) -> Reply:
        reply = await self._turn(event)
        self.living.add(event.address.id)
        if event.input != ERASE:
            return reply
        async with self._world.database.begin() as conn:
            await matrix.forget_person(conn, event.address.id)
        self.living.discard(event.address.id)
        return Reply(reply.language, reply.screen, forgotten=True)


async def is_known(world: World, person: Person) -> bool:
    """Whether a room is somebody's, or an event is said to be of it."""
    async with world.database.read() as conn:
        rooms = await matrix.rooms_of(conn, person.name)
        return bool(rooms) or person.room in (await conn.execute(select(matrix_events.c.room))).scalars().all()


async def test_who_was_erased_does_not_come_back_by_what_they_said_before(world: World) -> None:
    anna, dialogue = await world.known(), Forgetting(world)
    async with world.running():
        for words in ("cześć", "usuń", "1"):
            anna.says(words)
        await world.done()
        assert not await is_known(world, anna)
        named = {"membership": "join", "displayname": "Anna"}
        world.server.happens(anna.room, anna.name, "m.room.member", named, state_key=anna.name, was="join")
        await world.done()
        assert not await is_known(world, anna)
    before = len(world.dialogue.events)
    await world.goes_on_from("1")
    async with world.running():
        await world.done()
        assert len(world.dialogue.events) == before
        assert not await is_known(world, anna)
        assert not dialogue.living
        anna.says("to znów ja")
        await world.done()
    assert world.dialogue.inputs[-1] == Text("to znów ja")
    assert dialogue.living == {anna.name}


@pytest.mark.parametrize("committed", [False, True])
async def test_who_asked_to_be_erased_is_though_it_was_cut_off_before_that_was_noted(
    world: World, committed: bool
) -> None:
    anna, dialogue = await world.known(), Forgetting(world)
    turn, cut = world.dialogue.turn, asyncio.Event()

    async def cut_off(event: Event) -> Reply:
        if event.input == ERASE and not cut.is_set():
            if committed:
                await turn(event)
            cut.set()
            await asyncio.Event().wait()
        return await turn(event)

    world.dialogue.turn = cut_off  # type: ignore[method-assign]
    for words in ("cześć", "usuń", "1"):
        anna.says(words)

    async def is_cut() -> bool:
        return cut.is_set()

    await world.crash(is_cut)
    assert await world.token() == "1"
    async with world.running():
        await world.done()
    assert not dialogue.living
    assert not await is_known(world, anna)
    assert world.dialogue.inputs[-1] == ERASE


# --- the homeserver in trouble


@pytest.mark.parametrize("error", [Unreachable("503"), Unanswered(), Rejected("no sync"), ValueError("a library's")])
async def test_a_homeserver_that_is_away_is_told_of_once_and_comes_back(world: World, error: Exception) -> None:
    anna = await world.known()
    world.server.fail("sync", *[error] * 6)
    with capture_logs() as logs:
        async with world.running():
            anna.says("raz")
            await world.done()
    assert anna.bodies == ["Text"]
    assert lines(logs) == ["matrix.unavailable", "matrix.available"]


async def test_a_homeserver_that_is_away_at_the_start_is_waited_for(world: World) -> None:
    anna = await world.known()
    world.server.fail("connect", Unreachable("no connection"), Unreachable("no connection"))
    with capture_logs() as logs:
        async with world.running():
            anna.says("raz")
            await world.done()
    assert lines(logs) == ["matrix.unavailable", "matrix.available"]


async def test_a_sync_is_not_asked_for_sooner_than_the_homeserver_wants(world: World) -> None:
    await world.known()
    world.server.fail("sync", Throttled(NOON + timedelta(hours=1)))
    channel, stop = world.channel(), asyncio.Event()
    task = asyncio.create_task(channel.run(stop))
    await until(lambda: len(world.server.syncs) == 1)
    for _ in range(20):
        await asyncio.sleep(0.002)
    assert len(world.server.syncs) == 1
    stop.set()
    await task


@pytest.mark.parametrize("what", ["connect", "sync"])
async def test_an_account_that_is_signed_out_ends_the_channel_with_one_line(world: World, what: str) -> None:
    await world.known()
    world.server.fail(what, SignedOut())
    with capture_logs() as logs:
        await asyncio.wait_for(world.channel().run(asyncio.Event()), 10)
    assert [line["event"] for line in logs].count("matrix.off") == 1
    assert lines(logs) == []
    assert world.server.closed == 1


async def test_what_was_said_when_the_account_was_signed_out_is_not_lost(world: World) -> None:
    anna = Person(world)
    async with world.running():
        await world.done()
    anna.invites()
    world.server.fail("members", *[SignedOut()] * 9)
    await asyncio.wait_for(world.channel().run(asyncio.Event()), 10)
    world.server.faults.clear()
    async with world.running():
        await until(lambda: Start() in world.dialogue.inputs)


async def test_an_answer_that_the_account_was_signed_out_before_is_not_lost(world: World) -> None:
    anna = await world.known()
    world.server.refused["send", anna.room] = SignedOut()
    anna.says("raz")
    async with world.running():
        await until(lambda: ("send", anna.room, "$2") in world.server.tried)
        anna.says("dwa")
        await until(lambda: ("send", anna.room, "$3") in world.server.tried)
    assert await world.token() == "1"
    world.server.refused.clear()
    async with world.running():
        await world.done()
    assert anna.bodies == ["Text"]  # what stands last


async def test_an_invitation_that_the_account_was_signed_out_before_is_not_lost(world: World) -> None:
    await world.known("!other:example.org", "@jan:example.org")
    anna = Person(world)
    world.server.fail("join", *[SignedOut()] * 9)
    async with world.running():
        anna.invites()
        await until(lambda: ("join", anna.room, "") in world.server.tried)
    world.server.faults.clear()
    async with world.running():
        await until(lambda: Start() in world.dialogue.inputs)


@pytest.mark.parametrize("times", [1, 20])
async def test_what_was_said_when_the_turn_met_the_signed_out_account_is_not_given_up(world: World, times: int) -> None:
    """It says nothing against the event, however often it is met."""
    anna = await world.known()
    anna.says("raz")
    for _ in range(times):
        world.dialogue.troubles = [SignedOut()]
        await asyncio.wait_for(world.channel().run(asyncio.Event()), 10)
        assert await world.token() == "1"
    async with world.running():
        await world.done()
    assert anna.bodies == ["Text"]


async def test_a_stop_does_not_wait_for_the_homeserver(world: World) -> None:
    await world.known()
    async with world.running():
        await until(lambda: len(world.server.syncs) > 1)
    assert world.server.closed == 1


async def test_a_stop_in_the_middle_of_a_batch_loses_nothing(world: World) -> None:
    anna = await world.known()
    turn, begun = world.dialogue.turn, asyncio.Event()
    stop = asyncio.Event()

    async def stopping(event: Event) -> Reply:
        begun.set()
        stop.set()
        world.dialogue.turn = turn  # type: ignore[method-assign]
        raise TimeoutError

    world.dialogue.turn = stopping  # type: ignore[method-assign]
    anna.says("raz")
    await world.channel().run(stop)
    assert begun.is_set()
    assert await world.token() == "1"
    async with world.running():
        await world.done()
    assert anna.bodies == ["Text"]
