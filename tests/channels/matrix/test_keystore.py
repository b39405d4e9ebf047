"""Who is forgotten is in the key store no more, and nobody's next message is lost by it."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nio.crypto import OlmAccount, OlmDevice, OutboundGroupSession, OutgoingKeyRequest, TrustState
from nio.store import ForwardedChains, SqliteStore

from bot.channels.matrix import keystore
from bot.channels.matrix.account import Account
from bot.channels.matrix.crypto import Crypto
from bot.channels.matrix.events import RoomEvent
from bot.domain.errors import Rejected
from tests.channels.matrix.homeserver import US
from tests.channels.matrix.keys import Line, Store, Talker, company, device_of, nothing, room_of, soon
from tests.channels.matrix.world import ANNA

BOB = "@bob:example.org"
ALL = "!all:example.org"
ROOM = room_of(ANNA)
PEOPLE = "SELECT user_id FROM devicekeys"
ROOMS = "SELECT room_id FROM megolminboundsessions"


@pytest.fixture
async def talkers(tmp_path: Path) -> AsyncIterator[list[Talker]]:
    """Us, Anna and Bob, who have written to us and been answered, each alone."""
    async with company(tmp_path, ANNA, BOB) as talkers:
        us, *people = talkers
        for one in people:
            await talks(us, one, room_of(one.user))
        yield talkers


async def talks(us: Talker, one: Talker, room: str) -> None:
    """A message and its answer; both must be readable."""
    assert await reads(us, room, one, "Cześć") == "Cześć"
    assert await reads(one, room, us, "Witaj") == "Witaj"


async def reads(reader: Talker, room: str, writer: Talker, words: str) -> str:
    read = await reader.reads(room, await writer.says(room, words))
    assert read is not None
    assert read.encrypted
    return str(read.content["body"])


# --- people


async def test_whoever_is_forgotten_is_nowhere_and_the_others_stay(talkers: list[Talker]) -> None:
    us = talkers[0]
    assert us.stored(PEOPLE) >= {ANNA, BOB}
    before = len(us.stored("SELECT key FROM keys"))
    await us.crypto.forget_people(frozenset({BOB}))
    assert us.stored(PEOPLE) == {BOB}
    assert len(us.stored("SELECT key FROM keys")) < before
    assert us.stored("SELECT device_id FROM devicetruststate") <= us.stored("SELECT id FROM devicekeys")
    assert not us.has(ANNA), "what was deleted is overwritten"
    assert us.has(BOB)
    assert keystore.people(us.olm) - {US} == {BOB}
    assert ANNA not in us.olm.device_store.users


async def test_forgetting_twice_is_as_good_as_once(talkers: list[Talker]) -> None:
    us = talkers[0]
    await us.crypto.forget_people(frozenset({BOB}))
    before = us.file.read_bytes()
    await us.crypto.forget_people(frozenset({BOB}))
    assert us.file.read_bytes() == before


async def test_whoever_was_forgotten_and_says_hello_is_answered(talkers: list[Talker]) -> None:
    us, anna, bob = talkers
    await us.crypto.forget_people(frozenset({BOB}))
    await talks(us, anna, ROOM)
    assert ANNA in us.stored(PEOPLE)
    await talks(us, bob, room_of(BOB))


async def test_whoever_writes_from_a_new_device_is_asked_for_again(talkers: list[Talker]) -> None:
    us, anna, _ = talkers
    us.crypto.forget_members(ROOM)  # so that we are not told of new devices, as after a start
    device = us.olm.device_store[ANNA].pop(device_of(ANNA))
    us.olm.device_store.add(OlmDevice(ANNA, "OLD", {**device.keys, "curve25519": "of the old device"}))
    await talks(us, anna, ROOM)


async def test_whoever_was_forgotten_can_be_written_to_first(talkers: list[Talker]) -> None:
    us, anna, _ = talkers
    await us.crypto.forget_people(frozenset())
    assert await reads(anna, ROOM, us, "Burza") == "Burza"


async def test_whom_we_talk_with_among_others_is_not_forgotten_meanwhile(talkers: list[Talker]) -> None:
    us, anna, bob = talkers
    message = await us.says(ALL, "Pytanie")
    await us.crypto.forget_people(frozenset())
    assert us.stored(PEOPLE) >= {ANNA, BOB}
    for one in (anna, bob):
        read = await one.reads(ALL, message)
        assert read is not None
        assert read.content["body"] == "Pytanie"


async def test_a_store_that_fails_changes_nothing_and_the_next_time_does(talkers: list[Talker]) -> None:
    us = talkers[0]
    us.olm.store.database.execute_sql(
        "CREATE TRIGGER full BEFORE DELETE ON devicekeys BEGIN SELECT RAISE(ABORT, 'disk full'); END"
    )
    keys = us.stored("SELECT key FROM keys")
    with pytest.raises(Exception, match="disk full"):
        await us.crypto.forget_people(frozenset({BOB}))
    assert us.stored(PEOPLE) >= {ANNA, BOB}
    assert us.stored("SELECT key FROM keys") == keys
    assert ANNA in us.olm.device_store.users
    us.olm.store.database.execute_sql("DROP TRIGGER full")
    await us.crypto.forget_people(frozenset({BOB}))
    assert not us.has(ANNA)


async def test_nothing_that_was_to_be_said_to_whoever_is_forgotten_stays_to_be_tried_for_ever(
    talkers: list[Talker],
) -> None:
    us, anna, bob = talkers
    for one in (anna, bob):
        device = us.olm.device_store[one.user][device_of(one.user)]
        us.olm.wedged_devices.append(device)
        us.olm.key_request_devices_no_session.append(device)
        us.olm.create_sas(device)
        us.olm.key_re_requests_events[one.user, device.id].append(device)
    await us.crypto.forget_people(frozenset({BOB}))
    left = (
        {device.user_id for device in us.olm.wedged_devices},
        {device.user_id for device in us.olm.key_request_devices_no_session},
        {sas.other_olm_device.user_id for sas in us.olm.key_verifications.values()},
        {user for user, _ in us.olm.key_re_requests_events},
    )
    assert left == ({BOB}, {BOB}, {BOB}, {BOB})


async def test_hundreds_are_forgotten_as_one(talkers: list[Talker], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keystore, "AT_ONCE", 1)
    us = talkers[0]
    await us.crypto.forget_people(frozenset())
    assert us.stored(PEOPLE) == set()


# --- at any moment


def at(us: Talker, request: str, doing: Callable[[], object]) -> None:
    """Do something, once, in the middle of the next request of a kind."""

    async def beside() -> None:
        if us.carrier.asked[-1] == request:
            us.carrier.beside = nothing
            doing()
            await soon()

    us.carrier.beside = beside


@pytest.mark.parametrize("speaks_first", [False, True])
async def test_an_answer_under_way_brings_nobody_back(talkers: list[Talker], speaks_first: bool) -> None:
    us, anna, _ = talkers
    await us.crypto.forget_people(frozenset({BOB}))
    async with asyncio.TaskGroup() as tasks:
        at(us, "keys/query", lambda: tasks.create_task(us.crypto.forget_people(frozenset({BOB}))))
        if speaks_first:
            assert await reads(us, ROOM, anna, "Cześć") == "Cześć"
        else:
            us.olm.users_for_key_query.add(ANNA)
            await us.crypto.tidy()
    assert us.stored(PEOPLE) == {BOB}


async def test_whoever_speaks_while_others_are_asked_for_and_they_forgotten_is_read(talkers: list[Talker]) -> None:
    us, anna, bob = talkers
    await us.crypto.forget_people(frozenset())
    message = await anna.says(ROOM, "Cześć")
    read: list[RoomEvent | None] = []

    async def reads_it() -> None:
        read.append(await us.reads(ROOM, message))

    async with asyncio.TaskGroup() as tasks:
        at(
            us,
            "keys/query",
            lambda: (tasks.create_task(us.crypto.forget_people(frozenset())), tasks.create_task(reads_it())),
        )
        told = await us.says(room_of(BOB), "Witaj")
    assert [one and one.content.get("body") for one in (*read, await bob.reads(room_of(BOB), told))] == [
        "Cześć",
        "Witaj",
    ]


async def test_whoever_was_forgotten_gets_the_next_key_of_their_room_too(talkers: list[Talker]) -> None:
    us, anna, _ = talkers
    await us.crypto.forget_people(frozenset({BOB}))
    for session in us.olm.outbound_group_sessions.values():
        session.message_count = session.max_messages
    assert await reads(anna, ROOM, us, "Burza") == "Burza"


async def test_what_is_read_late_is_read_though_its_writer_was_forgotten_meanwhile(talkers: list[Talker]) -> None:
    us, anna, _ = talkers

    async def sign_in() -> tuple[str, Crypto]:
        return US, us.crypto

    account = Account(Line(us.carrier, US), sign_in)
    await account.connect()
    message = await anna.says(ROOM, "Cześć")
    await account.forget_people(but=frozenset({BOB}))
    read = await account.event(ROOM, message["event_id"])
    assert read is not None
    assert read.content.get("body") == "Cześć"


async def test_whoever_comes_in_while_the_key_is_handed_out_can_read_what_is_said(tmp_path: Path) -> None:
    async with company(tmp_path, ANNA, BOB) as (us, anna, bob):
        await talks(us, bob, room_of(BOB))

        def comes_in() -> None:
            us.carrier.rooms[ROOM].add(BOB)
            us.crypto.forget_members(ROOM)

        at(us, "keys/claim", comes_in)
        message = await us.says(ROOM, "Witajcie")
        for one in (anna, bob):
            read = await one.reads(ROOM, message)
            assert read is not None
            assert read.content.get("body") == "Witajcie"


SAID = [(writer, room) for room in (ROOM, room_of(BOB), ALL) for writer in (US, ANNA, BOB)]
STEPS = st.lists(st.sampled_from([step for step in SAID if step[1] in (ALL, room_of(step[0])) or step[0] == US]))


@settings(max_examples=60, deadline=None)
@given(steps=STEPS, during=st.sets(st.integers(1, 60), max_size=8), kept=st.sampled_from([(), (BOB,), (ANNA, BOB)]))
def test_whenever_somebody_is_forgotten_no_message_is_lost(
    steps: list[tuple[str, str]], during: set[int], kept: tuple[str, ...]
) -> None:
    """`steps`: who writes where; `during`: the requests in the middle of which everybody but `kept` is forgotten."""
    often = patch.object(OutboundGroupSession, "should_rotate", lambda session: session.message_count >= 2)
    with tempfile.TemporaryDirectory() as folder, often:
        asyncio.run(_talk(Path(folder), steps, during, frozenset(kept)))


async def _talk(folder: Path, steps: list[tuple[str, str]], during: set[int], kept: frozenset[str]) -> None:
    async with company(folder, ANNA, BOB) as talkers, asyncio.TaskGroup() as tasks:
        people = {one.user: one for one in talkers}
        us, carrier = people[US], people[US].carrier
        carrier.asked.clear()

        async def beside() -> None:
            if len(carrier.asked) in during:
                tasks.create_task(us.crypto.forget_people(kept))
            await soon()

        carrier.beside = beside
        for number, (writer, room) in enumerate(steps):
            message = await people[writer].says(room, f"nr {number}")
            for name in carrier.rooms[room] - {writer}:
                read = await people[name].reads(room, message)
                assert read is not None
                assert read.content.get("body") == f"nr {number}"
            if not number % 4:
                await us.crypto.forget_people(kept)


# --- rooms


async def test_a_room_that_we_are_out_of_is_nowhere_and_the_others_stay(talkers: list[Talker]) -> None:
    us, _, bob = talkers
    store = us.olm.store
    asked = OutgoingKeyRequest("r1", "s1", ROOM, "m.megolm.v1.aes-sha2")
    us.olm.outgoing_key_requests["r1"] = asked
    store.add_outgoing_key_request(asked)
    store.save_encrypted_rooms({ROOM, room_of(BOB)})
    (session, *_) = us.stored(f"SELECT session_id FROM megolminboundsessions WHERE room_id = '{ROOM}'")  # noqa: S608
    with store.database.bind_ctx(store.models):
        ForwardedChains.insert(sender_key="k", session=session).execute()
    us.crypto.forget_room(ROOM)
    assert us.stored(ROOMS) == {room_of(BOB)}
    assert us.stored("SELECT room_id FROM encryptedrooms") == {room_of(BOB)}
    assert not us.stored("SELECT room_id FROM outgoingkeyrequests")
    assert not us.stored("SELECT session_id FROM forwardedchains")
    assert not us.has(ROOM), "what was deleted is overwritten"
    assert not us.olm.outgoing_key_requests
    assert {session.room_id for session in us.olm.inbound_group_store} == {room_of(BOB)}
    us.crypto.forget_room(ROOM)
    await talks(us, bob, room_of(BOB))


async def test_whoever_comes_back_into_the_room_is_answered(talkers: list[Talker]) -> None:
    us, anna, _ = talkers
    us.crypto.forget_room(ROOM)
    anna.crypto.forget_members(ROOM)  # as their client does when we leave and come in again
    await talks(us, anna, ROOM)


async def test_rooms_that_we_are_out_of_are_found_later(talkers: list[Talker]) -> None:
    us, anna, _ = talkers
    us.carrier.rooms[ROOM].discard(US)
    await us.crypto.forget_rooms_left()
    assert us.stored(ROOMS) == {ROOM, room_of(BOB)}, "a key may come before we have accepted the invitation"
    await us.crypto.forget_rooms_left()
    assert us.stored(ROOMS) == {room_of(BOB)}
    assert anna.stored(ROOMS) == {ROOM}


async def test_a_key_that_came_before_us_is_there_when_we_come(talkers: list[Talker]) -> None:
    us, anna, _ = talkers
    us.carrier.rooms[ROOM].discard(US)
    await us.crypto.forget_rooms_left()
    us.carrier.rooms[ROOM].add(US)
    await us.crypto.forget_rooms_left()
    us.carrier.rooms[ROOM].discard(US)
    await us.crypto.forget_rooms_left()
    us.carrier.rooms[ROOM].add(US)
    assert await reads(us, ROOM, anna, "Jestem") == "Jestem"


@pytest.mark.parametrize("answer", [{}, {"joined_rooms": None}, {"joined_rooms": {}}])
async def test_an_answer_that_names_no_rooms_makes_us_forget_none(talkers: list[Talker], answer: object) -> None:
    us = talkers[0]
    us.carrier.joined = answer
    for _ in range(2):
        with pytest.raises(Rejected):
            await us.crypto.forget_rooms_left()
    assert us.stored(ROOMS) == {ROOM, room_of(BOB)}


# --- at the start

kept_devices = st.dictionaries(
    st.tuples(st.sampled_from([ANNA, BOB, US]), st.sampled_from(["ONE", "TWO", "THREE"])),
    st.tuples(st.booleans(), st.sampled_from(TrustState)),
)


@settings(max_examples=25)
@given(kept_devices)
def test_devices_are_read_as_nio_reads_them(devices: dict[tuple[str, str], tuple[bool, TrustState]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(US, "BOT", folder, "a key", "keys.db")
        assert list(store.load_device_keys()) == []
        store.save_account(OlmAccount())
        for place, ((user, name), (deleted, trust)) in enumerate(devices.items()):
            keys = {"ed25519": f"signs {place}", "curve25519": f"seals {place}"}
            device = OlmDevice(user, name, keys, display_name=f"Phone {place}", deleted=deleted)
            store.save_device_keys({user: {name: device}})
            {
                TrustState.verified: store.verify_device,
                TrustState.blacklisted: store.blacklist_device,
                TrustState.ignored: store.ignore_device,
            }.get(trust, lambda _: None)(device)
        read, by_nio = store.load_device_keys(), SqliteStore.load_device_keys(store)
        store.database.close()
    assert sorted(map(str, read)) == sorted(map(str, by_nio))
    assert len(list(read)) == len(devices)
    assert {(one.user_id, one.id) for one in read if one.deleted} == {key for key, (gone, _) in devices.items() if gone}
