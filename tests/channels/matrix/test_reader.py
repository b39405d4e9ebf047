"""Each event counts once, in order, whatever else happens; and what is nobody's business is passed over."""

import asyncio

import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from bot.channels.matrix.reader import TRIES
from bot.domain.areas import DEFAULT_LANGUAGE
from bot.domain.errors import Blocked, Rejected, Throttled, Unanswered, Unreachable
from bot.domain.messages import Event, Reply, Start, Text, say
from bot.domain.residents import Address
from bot.storage import matrix, residents
from tests.channels.matrix.homeserver import US, FakeHomeserver
from tests.channels.matrix.world import ANNA, Person, World, until, until_so
from tests.support import NOON, real_words

JAN = "@jan:example.org"
OTHER = "!other:example.org"


def said(world: World) -> list[str]:
    """What the dialogue was told, each event once: it knows one that comes again by its key."""
    events = {event.key: event.input for event in world.dialogue.events}
    return [given.text for given in events.values() if isinstance(given, Text)]


def fail_on(world: World, *words: str, error: Exception, times: int = 1000) -> list[str]:
    """The turns of these words fail; returns them as they do."""
    turn, failed = world.dialogue.turn, list[str]()

    async def failing(event: Event) -> Reply:
        text = event.input.text if isinstance(event.input, Text) else ""
        if text in words and failed.count(text) < times:
            failed.append(text)
            raise error
        return await turn(event)

    world.dialogue.turn = failing  # type: ignore[method-assign]
    return failed


def locked() -> OperationalError:
    return OperationalError("UPDATE", {}, Exception("database is locked"))


async def room_of(world: World, person: str = ANNA) -> matrix.Room | None:
    async with world.database.read() as conn:
        return await matrix.room_of(conn, person)


# --- in order


async def test_what_was_missed_is_answered_in_order(world: World) -> None:
    anna = await world.known()
    for number in range(40):
        anna.says(f"nr {number}")
    async with world.running():
        await world.done()
    assert said(world) == [f"nr {number}" for number in range(40)]
    assert len(anna.bodies) == 40


async def test_what_does_not_fit_into_a_sync_is_read_backwards(world: World) -> None:
    world.server.limit = 5
    anna = await world.known()
    for number in range(23):
        anna.says(f"nr {number}")
    async with world.running():
        await world.done()
    assert said(world) == [f"nr {number}" for number in range(23)]


async def test_one_room_waits_for_no_other(world: World) -> None:
    anna, jan = await world.known(), await world.known(OTHER, JAN)
    turn, gate = world.dialogue.turn, asyncio.Event()

    async def slow(event: Event) -> Reply:
        if event.address.id == ANNA:
            await gate.wait()
        return await turn(event)

    world.dialogue.turn = slow  # type: ignore[method-assign]
    anna.says("wolno")
    jan.says("szybko")
    channel = world.channel()
    stop = asyncio.Event()
    task = asyncio.create_task(channel.run(stop))
    await until(lambda: said(world) == ["szybko"])
    gate.set()
    await until(lambda: said(world) == ["szybko", "wolno"])
    stop.set()
    await task


# --- from when on


async def test_a_first_sync_answers_nothing_old(world: World) -> None:
    world.room()
    anna = Person(world)
    anna.says("dawno temu")
    async with world.running():
        await world.done()
        anna.says("teraz")
        await world.done()
    assert said(world) == ["teraz"]


async def test_an_invitation_that_came_before_the_first_sync_is_accepted(world: World) -> None:
    anna = Person(world)
    anna.invites()
    async with world.running():
        await until(lambda: world.dialogue.inputs == [Start()])
        await world.done()
    assert anna.choices == ["Menu"]


async def test_what_was_said_before_we_came_is_not_answered(world: World) -> None:
    async with world.running():
        anna = Person(world)
        anna.invites()
        anna.says("jesteś tu?")
        await world.done()
        anna.says("cześć")
        await world.done()
    assert world.dialogue.inputs == [Start(), Text("cześć")]


async def test_the_room_is_read_from_our_coming_in_though_the_sync_tells_of_more(world: World) -> None:
    world.server.limit = 3
    async with world.running():
        anna = Person(world)
        anna.invites()
        for number in range(9):
            anna.says(f"przed {number}")
        await world.done()
    assert world.dialogue.inputs == [Start()]


# --- whose words count


async def test_a_stranger_in_a_private_room_is_not_answered(world: World) -> None:
    anna = await world.known()
    async with world.running():
        Person(world, name=JAN).says("to ja")
        anna.says("a to ja")
        await world.done()
    assert said(world) == ["a to ja"]
    assert {event.address for event in world.dialogue.events} == {Address("matrix", ANNA)}


async def test_unencrypted_words_in_an_encrypted_room_are_nobodys(world: World) -> None:
    anna = await world.known(encrypted=True)
    async with world.running():
        anna.says("podrzucone", encrypted=False)
        anna.says("prawdziwe")
        await world.done()
    assert said(world) == ["prawdziwe"]


async def test_a_room_encrypted_later_is_so_from_then_on(world: World) -> None:
    anna = await world.known()
    async with world.running():
        anna.says("jawnie")
        await world.done()
        world.server.rooms[anna.room].encrypted = True
        world.server.happens(anna.room, ANNA, "m.room.encryption", {}, state_key="")
        anna.says("podrzucone", encrypted=False)
        anna.says("tajnie")
        await world.done()
    assert said(world) == ["jawnie", "tajnie"]
    assert [event.encrypted for event in world.server.shown(anna.room)] == [False, True]


# --- keys


async def says_before_its_key(anna: Person, text: str) -> None:
    """What they say cannot be read at first; the key is there when we ask for the event once more."""
    server = anna.world.server
    server.missing.add("s1")
    asks = server.hold("event")
    async with anna.world.running():
        anna.says(text, session="s1")
        await until(lambda: ("event", anna.room, "$2") in server.tried)
        server.missing.clear()
        asks.set()
        await anna.world.done()


async def test_a_key_that_comes_late_opens_what_was_said(world: World) -> None:
    anna = await world.known(encrypted=True)
    await says_before_its_key(anna, "spóźnione")
    assert said(world) == ["spóźnione"]
    assert anna.text == "Text"


async def test_the_answer_to_what_was_opened_late_is_shown_before_it_counts_as_done(world: World) -> None:
    anna = await world.known(encrypted=True)
    world.server.missing.add("s1")
    asks, sends = world.server.hold("event"), world.server.hold("send")
    async with world.running():
        anna.says("spóźnione", session="s1")
        await until(lambda: ("event", anna.room, "$2") in world.server.tried)
        world.server.missing.clear()
        anna.sends("m.room.topic", {})  # the next batch has begun
        await until(lambda: len(world.server.syncs) > 2)
        asks.set()
        await until(lambda: ("send", anna.room, "$2") in world.server.tried)
        for _ in range(20):
            await asyncio.sleep(0.002)
        assert int(await world.token() or 0) < 2
        sends.set()
        await world.done()


@pytest.mark.parametrize("error", [locked(), TimeoutError()])
async def test_what_was_opened_late_is_not_lost_when_its_turn_fails(world: World, error: Exception) -> None:
    anna = await world.known(encrypted=True)
    failed = fail_on(world, "spóźnione", error=error, times=TRIES - 1)
    await says_before_its_key(anna, "spóźnione")
    assert len(failed) == TRIES - 1
    assert said(world) == ["spóźnione"]
    assert anna.text == "Text"


async def test_what_was_opened_late_and_always_fails_is_given_up(world: World) -> None:
    anna = await world.known(encrypted=True)
    failed = fail_on(world, "trucizna", error=ValueError())
    await says_before_its_key(anna, "trucizna")
    assert failed == ["trucizna"] * TRIES


@pytest.mark.parametrize("language", ["pl", "uk", "en"])
async def test_a_key_that_never_comes_is_told_once_in_their_language(world: World, language: str) -> None:
    anna = await world.known(encrypted=True)
    async with world.database.begin() as conn:
        await residents.add(conn, Address("matrix", ANNA), language, NOON)
    world.server.missing |= {"s1", "s2"}
    async with world.running():
        anna.says("raz", session="s1")
        anna.says("dwa", session="s1")
        await world.done()
        anna.says("trzy", session="s1")
        await world.done()
        told = real_words().label(say("matrix.no_key"), language)
        assert anna.bodies == [told]
        anna.says("cztery", session="s2")
        await world.done()
    assert anna.bodies == [told, told]
    assert world.dialogue.inputs == []


# --- rooms


async def test_whoever_puts_us_out_is_not_written_to_until_they_invite_again(world: World) -> None:
    anna = Person(world)
    async with world.running():
        anna.invites()
        await world.done()
        world.server.member(anna.room, US, "leave", by=ANNA)
        await until(lambda: world.dialogue.happened == [("left", ANNA)])
        assert await room_of(world) is None
        world.server.member(anna.room, US, "invite", by=ANNA)
        await until(lambda: world.server.rooms[anna.room].members[US] == "join")
        await world.done()
    assert world.dialogue.inputs == [Start(), Start()]
    assert await room_of(world) == matrix.Room(anna.room, ANNA, encrypted=False)


async def test_a_ban_is_a_farewell_too(world: World) -> None:
    anna = await world.known()
    async with world.running():
        world.server.member(anna.room, US, "ban", by=ANNA)
        await until(lambda: world.dialogue.happened == [("left", ANNA)])


async def test_whoever_has_another_room_with_us_has_not_left(world: World) -> None:
    anna, elsewhere = await world.known(), await world.known(OTHER)
    async with world.running():
        world.server.member(anna.room, US, "leave", by=ANNA)
        await until_so(lambda: known_rooms(world))
        elsewhere.says("tu jestem")
        await world.done()
    assert world.dialogue.happened == []
    assert said(world) == ["tu jestem"]


async def known_rooms(world: World) -> bool:
    """Whether one room is left."""
    async with world.database.read() as conn:
        return await matrix.rooms_of(conn, ANNA) == [OTHER]


async def test_an_empty_room_is_left(world: World) -> None:
    anna = await world.known()
    async with world.running():
        world.server.member(anna.room, ANNA, "leave")
        await until(lambda: world.dialogue.happened == [("left", ANNA)])
    assert world.server.rooms[anna.room].members[US] == "leave"


async def test_a_room_that_goes_on_as_another_is_followed(world: World) -> None:
    anna = await world.known()
    new = Person(world, OTHER)
    async with world.running():
        world.room(OTHER, ANNA).members[US] = "invite"
        world.server.happens(anna.room, ANNA, "m.room.tombstone", {"replacement_room": OTHER}, state_key="")
        await until(lambda: world.server.rooms[OTHER].members[US] == "join")
        await world.done()
        new.says("dalej")
        await world.done()
    assert said(world) == ["dalej"]


async def test_a_room_of_three_is_nobodys_own(world: World) -> None:
    anna = await world.known()
    async with world.running():
        world.server.member(anna.room, JAN, "invite", by=ANNA)
        anna.says("teraz nas troje")
        await world.done()
        assert await room_of(world) is None
        assert said(world) == []
        world.server.member(anna.room, JAN, "leave")
        anna.says("znów sami")
        await world.done()
    assert said(world) == ["znów sami"]


async def test_who_cannot_encrypt_declines_an_encrypted_room_and_says_why(world: World) -> None:
    world.server = FakeHomeserver(encrypts=False)
    async with world.running():
        anna = Person(world)
        anna.invites(encrypted=True)
        await until(lambda: world.server.rooms[anna.room].members[US] == "leave")
    reason = real_words().label(say("matrix.only_unencrypted"), DEFAULT_LANGUAGE)
    assert ("leave", anna.room, reason) in world.server.tried


@pytest.mark.parametrize("error", [Blocked(), Rejected("M_UNKNOWN"), Unreachable("502"), Unanswered()])
async def test_an_invitation_that_cannot_be_accepted_holds_nobody_up(world: World, error: Exception) -> None:
    anna = await world.known()
    stranger = Person(world, OTHER, JAN)
    world.server.refused["join", OTHER] = error
    async with world.running():
        stranger.invites()
        anna.says("a ja?")
        await until(lambda: said(world) == ["a ja?"])
        await world.done()


async def test_an_invitation_is_accepted_when_the_homeserver_can(world: World) -> None:
    anna = Person(world)
    world.server.fail("join", Unreachable("503"), Throttled(NOON))
    async with world.running():
        anna.invites()
        await until(lambda: world.dialogue.inputs == [Start()])


@pytest.mark.parametrize("error", [Blocked(), Rejected("M_UNKNOWN"), Unreachable("502"), Unanswered()])
async def test_a_room_that_cannot_be_followed_holds_nobody_up(world: World, error: Exception) -> None:
    anna = await world.known()
    world.server.refused["join", OTHER] = error
    async with world.running():
        world.server.happens(anna.room, ANNA, "m.room.tombstone", {"replacement_room": OTHER}, state_key="")
        anna.says("jeszcze tu")
        await until(lambda: said(world) == ["jeszcze tu"])


# --- when it fails


async def test_a_locked_database_delays_and_loses_nothing(world: World) -> None:
    anna, jan = await world.known(), await world.known(OTHER, JAN)
    failed = fail_on(world, "dwa", error=locked(), times=2 * TRIES)
    anna.says("raz")
    anna.says("dwa")
    anna.says("trzy")
    jan.says("inny")
    async with world.running():
        await world.done()
    assert len(failed) == 2 * TRIES
    assert [text for text in said(world) if text != "inny"] == ["raz", "dwa", "trzy"]
    assert said(world).count("inny") == 1


async def test_events_that_always_fail_are_given_up_and_the_rest_go_on(world: World) -> None:
    anna, jan = await world.known(), await world.known(OTHER, JAN)
    failed = fail_on(world, "trucizna", "druga", error=ValueError())
    for text in ("raz", "trucizna", "dwa", "druga", "trzy"):
        anna.says(text)
    jan.says("inny")
    with capture_logs() as logs:
        async with world.running():
            await world.done()
    assert [text for text in said(world) if text != "inny"] == ["raz", "dwa", "trzy"]
    assert said(world).count("inny") == 1
    assert failed == ["trucizna"] * TRIES + ["druga"]  # nobody waits as long again for the same room
    assert [line["given_up"] for line in logs if line["event"] == "matrix.turn_failed"] == [False] * 4 + [True] * 2
    assert "trucizna" not in str(logs)


async def test_what_was_given_up_is_not_tried_again(world: World) -> None:
    anna = await world.known()
    failed = fail_on(world, "trucizna", error=ValueError())
    before = await world.token()
    anna.says("trucizna")
    async with world.running():
        await world.done()
    await world.goes_on_from(before or "")
    async with world.running():
        await world.done()
    assert failed == ["trucizna"] * TRIES


# --- loops


async def test_a_room_that_never_stops_is_not_answered_without_end(world: World) -> None:
    anna, jan = await world.known(), await world.known(OTHER, JAN)
    for number in range(130):
        anna.says(f"{number}")
    jan.says("a ja?")
    with capture_logs() as logs:
        async with world.running():
            await world.done()
            assert len(anna.bodies) == 100
            assert "a ja?" in said(world)
            await world.time.sleep(61)
            anna.says("po minucie")
            await world.done()
    assert said(world)[-1] == "po minucie"
    lines = [line for line in logs if line["event"] == "matrix.room_too_loud"]
    assert len(lines) == 1
    assert ANNA not in str(lines)
    assert anna.room not in str(lines)


async def test_what_was_passed_over_stays_so(world: World) -> None:
    anna = await world.known()
    before = await world.token()
    for number in range(130):
        anna.says(f"{number}")
    async with world.running():
        await world.done()
    turns = len(world.dialogue.inputs)
    await world.goes_on_from(before or "")
    await world.time.sleep(120)
    async with world.running():
        await world.done()
    assert len({event.key for event in world.dialogue.events}) == turns == 100
