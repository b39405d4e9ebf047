"""A room in trouble: the others go on, its own affairs keep their order, and nothing of it counts as done."""

import asyncio
import gc
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from bot.channels.matrix.events import Batch, RoomEvent, RoomNews
from bot.channels.matrix.homeserver import SignedOut
from bot.channels.matrix.intake import LAST_TRY, Intake
from bot.channels.matrix.kit import Kit
from bot.channels.matrix.reader import TRIES
from bot.channels.matrix.syncing import Syncing
from bot.channels.patience import Patience
from bot.domain.errors import BotError, Unreachable
from bot.domain.messages import Event, Reply, Text
from bot.storage import matrix
from tests.channels.contract import screen
from tests.channels.matrix.world import ANNA, QUICK, Person, World, until

JAN = "@jan:example.org"
OTHER = "!other:example.org"
SOON = replace(QUICK, trouble=0.02, first_pause=0.005, longest_pause=0.05)
"""Others wait for an instant, and the room in trouble tries for longer than a test lasts."""
RESTLESS = replace(QUICK, trouble=0.02, longest_pause=0.001)

Free = Callable[[], None]


def said(world: World, person: str = ANNA) -> list[str]:
    """What was taken of somebody, as often as it was."""
    events = [event.input for event in world.dialogue.events if event.address.id == person]
    return [given.text for given in events if isinstance(given, Text)]


def numbers(first: int, end: int) -> list[str]:
    return [f"nr {number}" for number in range(first, end)]


def speaks(person: Person, first: int, end: int) -> None:
    for words in numbers(first, end):
        person.says(words)


def refuse(world: World, what: str, error: BotError) -> Free:
    """The homeserver does not tell of Anna's room, until it is free."""
    world.server.refused[what, "!one:example.org"] = error
    return world.server.refused.clear


def hang(world: World, *, at: str = "", error: Exception | None = None) -> Free:
    """Anna's turns (those of these words, if any) never end, or always fail, until she is free."""
    turn, stuck = world.dialogue.turn, [True]

    async def hanging(event: Event) -> Reply:
        here = event.address.id == ANNA and (not at or event.input == Text(at))
        while stuck and here:
            if error:
                raise error
            await asyncio.sleep(0.001)
        return await turn(event)

    world.dialogue.turn = hanging  # type: ignore[method-assign]
    return stuck.clear


TROUBLES: dict[str, Callable[[World], Free]] = {
    "members": lambda world: refuse(world, "members", Unreachable("503")),
    "messages": lambda world: refuse(world, "earlier", Unreachable("503")),
    "turns": hang,
    "database": lambda world: hang(world, error=OperationalError("UPDATE", {}, Exception("database is locked"))),
}


@pytest.fixture(params=TROUBLES)
def trouble(request: pytest.FixtureRequest) -> Callable[[World], Free]:
    return TROUBLES[request.param]


@pytest.fixture
async def anna(world: World) -> Person:
    world.dialogue.otherwise = lambda event: screen(event.input.text if isinstance(event.input, Text) else "?")
    world.server.limit = 3
    return await world.known()


@pytest.fixture
async def jan(world: World, anna: Person) -> Person:
    return await world.known(OTHER, JAN)


async def synced(world: World) -> None:
    """Everything that happened has been told to us, be it taken or not."""
    await until(lambda: world.server.syncs[-1] == str(world.server.place))


# --- the others


async def test_the_others_are_answered_and_the_token_waits(
    world: World, anna: Person, jan: Person, trouble: Callable[[World], Free]
) -> None:
    before, free = await world.token(), trouble(world)
    speaks(anna, 0, 5)
    async with world.running(patience=SOON):
        for number in range(4):
            speaks(jan, number, number + 1)
            await until(lambda upto=number + 1: jan.bodies == numbers(0, upto))  # type: ignore[misc]
        assert said(world) == []
        assert await world.token() == before
        free()
        await world.done()
    assert said(world) == anna.bodies == numbers(0, 5)
    assert said(world, JAN) == jan.bodies == numbers(0, 4)


async def test_the_start_waits_for_no_room_in_trouble(world: World, anna: Person) -> None:
    free = hang(world)
    anna.says("raz")
    async with world.running(patience=SOON) as channel:
        assert channel.ready.is_set()
        free()


async def test_many_batches_behind_a_room_in_trouble_hold_nobody_up(world: World, anna: Person, jan: Person) -> None:
    free = hang(world)
    async with world.running(patience=SOON):
        for number in range(60):
            speaks(anna, number, number + 1)
            speaks(jan, number, number + 1)
            await until(lambda upto=number + 1: len(jan.bodies) == upto)  # type: ignore[misc]
        free()
        await world.done()
    assert said(world) == anna.bodies == numbers(0, 60)


# --- within the room


async def test_what_comes_later_keeps_its_place(world: World, anna: Person, trouble: Callable[[World], Free]) -> None:
    free = trouble(world)
    async with world.running(patience=SOON):
        for first in (0, 5, 7, 8):
            speaks(anna, first, {0: 5, 5: 7, 7: 8, 8: 12}[first])
            await synced(world)
        assert said(world) == []
        free()
        await world.done()
    assert said(world) == anna.bodies == numbers(0, 12)


@pytest.mark.parametrize("trouble", ["members", "messages"])
async def test_a_room_alone_in_trouble_is_tried_without_end(world: World, anna: Person, trouble: str) -> None:
    """It seems to be everybody's then."""
    before, free = await world.token(), TROUBLES[trouble](world)
    speaks(anna, 0, 5)
    with capture_logs() as logs:
        async with world.running(patience=RESTLESS):
            await until(lambda: len(logs) > LAST_TRY + 20)
            assert await world.token() == before
            free()
            await world.done()
    assert said(world) == anna.bodies == numbers(0, 5)
    assert not any(line.get("given_up") for line in logs)


async def test_a_room_in_trouble_alone_is_given_up_in_the_end(world: World, anna: Person, jan: Person) -> None:
    refuse(world, "members", Unreachable("503"))
    speaks(anna, 0, 5)
    jan.says("a ja?")
    with capture_logs() as logs:
        async with world.running(patience=RESTLESS):
            await world.done()
    tries = [line["given_up"] for line in logs if line["event"] == "matrix.taken_again"]
    assert tries == [False] * (LAST_TRY - 1) + [True]
    assert said(world) == []
    assert jan.bodies == ["a ja?"]
    assert not any(name in str(logs) for name in (ANNA, anna.room, "nr "))


# --- cut off


@pytest.mark.parametrize("trouble", sorted(TROUBLES))
async def test_a_stop_leaves_a_room_in_trouble_to_the_next_start(
    world: World, anna: Person, jan: Person, trouble: str
) -> None:
    before, free = await world.token(), TROUBLES[trouble](world)
    speaks(anna, 0, 5)
    speaks(jan, 0, 2)
    async with world.running(patience=replace(SOON, last_turns=0.05)):
        await until(lambda: jan.bodies == numbers(0, 2))
        speaks(anna, 5, 7)
        await synced(world)
    assert await world.token() == before
    free()
    async with world.running():
        await world.done()
    assert said(world) == anna.bodies == numbers(0, 7)
    assert (
        list(dict.fromkeys(said(world, JAN))) == jan.bodies == numbers(0, 2)
    )  # the last is asked for again, to be shown


async def test_a_stop_amid_a_rooms_events_takes_none_twice(world: World, anna: Person) -> None:
    free = hang(world, at="nr 2")
    speaks(anna, 0, 5)
    async with world.running(patience=replace(SOON, last_turns=0.05)):
        await until(lambda: anna.bodies == numbers(0, 2))
    free()
    async with world.running():
        await world.done()
    heard = {event.key: event.input for event in world.dialogue.events}
    assert list(heard.values()) == [Text(words) for words in numbers(0, 5)]
    assert anna.bodies == numbers(0, 5)


@pytest.mark.parametrize("what", ["members", "earlier"])
async def test_who_is_signed_out_ends_with_one_line_and_loses_nothing(
    world: World, anna: Person, jan: Person, what: str
) -> None:
    before, free = await world.token(), refuse(world, what, SignedOut())
    speaks(anna, 0, 5)
    jan.says("a ja?")
    with capture_logs() as logs:
        await asyncio.wait_for(world.channel().run(asyncio.Event()), 10)
    assert [line["event"] for line in logs if line["event"] != "matrix.on"] == ["matrix.off"]
    assert await world.token() == before
    free()
    async with world.running():
        await world.done()
    assert said(world) == anna.bodies == numbers(0, 5)
    assert set(said(world, JAN)) == {"a ja?"}
    assert jan.bodies == ["a ja?"]


# --- one batch


async def intake_of(world: World, patience: Patience = SOON) -> Intake:
    """What a channel takes its batches with."""
    caught: list[Intake] = []

    def source(kit: Kit, intake: Intake) -> Syncing:
        caught.append(intake)
        return Syncing(kit, intake)

    world.channel(source=source, patience=patience)
    return caught[0]


def batch(world: World, *people: Person) -> Batch:
    """Each of these people says something more."""
    for one in people:
        one.says("raz")
    newest = {one.room: world.server.rooms[one.room].history[-1][1] for one in people}
    return Batch(str(world.server.place), tuple(RoomNews(room, (event,)) for room, event in newest.items()))


async def take(intake: Intake, told: Batch, wait_s: float | None) -> list[Any]:
    async with asyncio.timeout(10):
        return list(await intake.take(told, "1", asyncio.Event(), wait_s=wait_s))


async def test_nobody_waits_again_for_a_room_that_is_known_to_be_in_trouble(
    world: World, anna: Person, jan: Person
) -> None:
    free, intake, hours = hang(world), await intake_of(world), 10_000.0
    first = await take(intake, batch(world, anna), 0.01)
    later = await take(intake, batch(world, anna, jan), hours)
    assert said(world, JAN) == ["raz"]  # who is in no trouble is waited for
    later += await take(intake, batch(world, anna), hours)
    free()
    await asyncio.gather(*first, *later)
    anna.says("raz")
    await take(intake, batch(world, anna), hours)
    assert said(world) == ["raz"] * 4  # and so is she, when it is over


async def test_what_is_acknowledged_is_committed_however_long_it_takes(world: World, anna: Person) -> None:
    free, intake = hang(world), await intake_of(world)
    await take(intake, batch(world, anna), 0.01)
    taking = asyncio.create_task(take(intake, batch(world, anna), None))
    for _ in range(30):
        await asyncio.sleep(0.002)
    assert not taking.done()
    free()
    await taking
    assert said(world) == ["raz"] * 2


def echo(world: World, room: str, gap_before: str | None = None) -> Batch:
    """We are told of what we have just said there."""
    world.server.happens(room, world.server.user, "m.room.message", {"msgtype": "m.notice", "body": "Czad!"})
    _, said_ourselves = world.server.rooms[room].history[-1]
    return Batch(str(world.server.place), (RoomNews(room, (said_ourselves,), gap_before),))


async def test_what_we_said_ourselves_asks_nothing_of_anybody(world: World, anna: Person) -> None:
    intake = await intake_of(world)
    assert await take(intake, echo(world, anna.room), None) == []
    assert world.server.tried == []


async def test_what_is_missing_before_our_own_words_is_read(world: World, anna: Person) -> None:
    intake = await intake_of(world)
    anna.says("raz")
    await take(intake, echo(world, anna.room, str(world.server.place + 1)), None)
    assert said(world) == ["raz"]


async def test_a_room_that_became_encrypted_before_our_own_words_is_looked_at(world: World, anna: Person) -> None:
    intake, room = await intake_of(world), world.server.rooms[anna.room]
    room.encrypted = True
    told = echo(world, anna.room)
    (news,) = told.joined
    encryption = RoomEvent("$e", anna.room, ANNA, "m.room.encryption", {}, "")
    await take(intake, replace(told, joined=(replace(news, state=(encryption,)),)), None)
    async with world.database.read() as conn:
        assert (await matrix.rooms(conn, [anna.room]))[anna.room].encrypted


async def test_a_fault_of_ours_in_a_room_is_met_a_few_times_and_given_up(world: World, anna: Person) -> None:
    world.server.refused["earlier", anna.room] = ValueError("of ours")
    intake = await intake_of(world, RESTLESS)
    with capture_logs() as logs:
        await take(intake, echo(world, anna.room, "9"), None)
    assert [line["given_up"] for line in logs if line["event"] == "matrix.news_failed"] == [False] * (TRIES - 1) + [
        True
    ]
    assert [what for what, _, _ in world.server.tried] == ["earlier"] * TRIES


async def test_nothing_is_kept_of_what_is_done_with(world: World, anna: Person, jan: Person) -> None:
    free, intake = hang(world), await intake_of(world)
    answered = await take(intake, batch(world, anna, jan), 0.01)
    answered += await take(intake, batch(world, anna, jan), 0.01)
    free()
    await asyncio.gather(*answered)
    answered.clear()
    gc.collect()
    assert not intake._open
    assert not intake._order._locks
