"""Who is erased, or leaves, is told to the keys as well; whatever fails of that is done later."""

import sqlite3
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from bot.channels.matrix.account import Account
from bot.channels.matrix.wire import Wire
from bot.domain.errors import Blocked, Rejected, Unreachable
from bot.storage import matrix
from tests.channels.matrix.homeserver import US
from tests.channels.matrix.test_syncing import Forgetting
from tests.channels.matrix.world import ANNA, QUICK, Person, World, until
from tests.support import NOON

BOB = "@bob:example.org"
OFTEN = {"patience": replace(QUICK, keys=0.01)}


@pytest.fixture
async def anna(world: World) -> Person:
    """Anna, who can ask to be erased, beside Bob, who does not."""
    Forgetting(world)
    await world.known("!two:example.org", BOB, encrypted=True)
    return await world.known(encrypted=True)


def kept(world: World) -> list[str]:
    """Of whom it was said that their keys are to stay, each time."""
    return [about for what, _, about in world.server.tried if what == "forget_people"]


def rooms_forgotten(world: World) -> list[str]:
    return [room for what, room, _ in world.server.tried if what == "forget_room"]


def asks_to_be_erased(anna: Person) -> None:
    for words in ("usuń", "1"):
        anna.says(words)


# --- people


async def test_at_the_start_everybody_who_has_a_room_with_us_stays(world: World, anna: Person) -> None:
    world.room("!all:example.org", ANNA, BOB, "@eve:example.org")
    async with world.database.begin() as conn:
        await matrix.save_room(conn, matrix.Room("!all:example.org", None, encrypted=True), world.time.now)
    async with world.running():
        await until(lambda: ("forget_rooms_left", "", "") in world.server.tried)
    assert kept(world) == [f"{ANNA} {BOB}"]


async def test_nobody_is_forgotten_before_what_was_missed_is_read(world: World, anna: Person) -> None:
    world.server.fail("sync", *[Unreachable("503")] * 3)
    async with world.running():
        await until(lambda: kept(world))
    order = [what for what, *_ in world.server.tried]
    assert order.index("forget_people") > [place for place, what in enumerate(order) if what == "sync"][3]


async def test_whoever_was_erased_is_forgotten_after_the_goodbye_and_before_that_counts_as_done(
    world: World, anna: Person
) -> None:
    async with world.running():
        await until(lambda: kept(world))
        anna.says("usuń")
        await world.done()
        before, gate = await world.token(), world.server.hold("forget_people")
        anna.says("1")
        await until(lambda: len(kept(world)) == 2)
        assert anna.text == "Press", "the goodbye stands there"
        await until(lambda: world.server.syncs[-1] == str(world.server.place))
        assert await world.token() == before
        gate.set()
        await world.done()
    assert kept(world) == [f"{ANNA} {BOB}", BOB]
    assert [what for what, *_ in world.server.tried if what in {"send", "forget_people"}][-2:] == [
        "send",
        "forget_people",
    ]


async def test_whoever_cannot_be_told_goodbye_is_forgotten_too(world: World, anna: Person) -> None:
    async with world.running():
        await until(lambda: kept(world))
        anna.says("usuń")
        await world.done()
        world.server.fail("send", Rejected("M_TOO_LARGE"))
        anna.says("1")
        await world.done()
    assert kept(world) == [f"{ANNA} {BOB}", BOB]


async def test_a_crash_before_somebody_is_forgotten_is_made_good_at_the_start(world: World, anna: Person) -> None:
    world.server.fail("forget_people", None)
    world.server.hold("forget_people")
    asks_to_be_erased(anna)

    async def is_told() -> bool:
        return len(kept(world)) == 2

    await world.crash(is_told)
    world.server.tried.clear()
    async with world.running():
        await until(lambda: kept(world))
    assert kept(world)[0] == BOB


async def test_whoever_was_erased_by_the_clock_is_forgotten_the_next_time(world: World, anna: Person) -> None:
    async with world.running(**OFTEN):
        await until(lambda: kept(world))
        async with world.database.begin() as conn:
            await matrix.forget_person(conn, ANNA)
        await until(lambda: kept(world)[-1] == BOB)


async def test_whoever_says_hello_again_stays_from_then_on(world: World, anna: Person) -> None:
    async with world.running(**OFTEN):
        asks_to_be_erased(anna)
        await until(lambda: kept(world)[-1:] == [BOB])
        anna.says("to znów ja")
        await until(lambda: kept(world)[-1] == f"{ANNA} {BOB}")
    assert anna.text == "Text"


@pytest.mark.parametrize("error", [Unreachable("503"), sqlite3.OperationalError("disk full")])
async def test_what_fails_is_one_line_and_done_the_next_time(world: World, anna: Person, error: Exception) -> None:
    world.server.fail("forget_people", error)
    world.server.fail("forget_rooms_left", error)
    with capture_logs() as logs:
        async with world.running(**OFTEN):
            await until(lambda: len(kept(world)) == 2)
            anna.says("cześć")
            await world.done()
    assert anna.bodies == ["Text"]
    told = [line for line in logs if line["event"] == "matrix.keys_not_forgotten"]
    assert [line["kind"] for line in told] == [type(error).__name__] * 2
    assert not [line for line in logs if ANNA in str(line)]


async def test_a_goodbye_after_which_forgetting_fails_has_been_shown(world: World, anna: Person) -> None:
    world.server.fail("forget_people", None, Unreachable("503"))
    async with world.running():
        asks_to_be_erased(anna)
        await world.done()
        assert kept(world)[1:] == [BOB]
    before = len(anna.bodies)
    async with world.running():
        await until(lambda: len(kept(world)) == 3)
    assert len(anna.bodies) == before


# --- rooms


async def test_the_keys_of_a_room_that_is_left_go(world: World, anna: Person) -> None:
    async with world.running():
        world.server.member(anna.room, US, "leave", by=ANNA)
        await world.done()
    assert rooms_forgotten(world) == [anna.room]


async def test_the_keys_of_a_room_go_though_whose_it_was_is_erased(world: World, anna: Person) -> None:
    async with world.running():
        asks_to_be_erased(anna)
        await world.done()
        world.server.member(anna.room, US, "leave", by=ANNA)
        await world.done()
    assert rooms_forgotten(world) == [anna.room]
    assert ("left", ANNA) not in world.dialogue.happened, "who is erased has nothing that could be stopped"


async def test_the_keys_of_a_room_go_when_its_person_leaves(world: World, anna: Person) -> None:
    async with world.running():
        world.server.member(anna.room, ANNA, "leave")
        await until(lambda: rooms_forgotten(world))
        await world.done()
    assert set(rooms_forgotten(world)) == {anna.room}
    assert world.server.rooms[anna.room].members[US] == "leave"


async def test_the_keys_of_a_room_go_that_turns_out_to_be_closed_to_us(world: World, anna: Person) -> None:
    world.server.fail("send", Blocked())
    async with world.running():
        anna.says("cześć")
        await until(lambda: rooms_forgotten(world) == [anna.room])


async def test_a_room_whose_keys_cannot_be_let_go_of_is_left_all_the_same(world: World, anna: Person) -> None:
    world.server.fail("forget_room", sqlite3.OperationalError("disk full"))
    with capture_logs() as logs:
        async with world.running():
            world.server.member(anna.room, US, "leave", by=ANNA)
            await world.done()
    assert ("left", ANNA) in world.dialogue.happened
    assert [line["event"] for line in logs].count("matrix.keys_not_forgotten") == 1


# --- an account without keys


async def test_an_account_without_keys_has_nothing_to_forget() -> None:
    async def sign_in() -> tuple[str, None]:
        return US, None

    account = Account(Wire("http://127.0.0.1:9", lambda: NOON), sign_in)
    await account.connect()
    await account.forget_people(but=frozenset())
    await account.forget_room("!one:example.org")
    await account.forget_rooms_left()
    await account.close()
    assert not account.encrypts
