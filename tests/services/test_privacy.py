"""The export holds everything, and nothing is left after the end; a table that is new cannot be forgotten."""

import json
from typing import Any

from sqlalchemy import Table, select

from bot.dialogue.actions import encode
from bot.domain.actions import Numbers
from bot.domain.quizzes import Given, Ref
from bot.domain.residents import Resident
from bot.domain.workshops import BookingState
from bot.services import broadcasts, classroom, missed, privacy
from bot.storage import audience, learning, matrix, residents, tables, workshops
from bot.storage.database import Connection, Database
from bot.storage.residents import Conversation
from scheduler import tables as scheduler_tables
from tests.support import NOON, VAULT, add_resident, add_workshop, book, library

SECTIONS = {
    "residents": "resident",
    "conversations": "conversation",
    "attempts": "attempts",
    "answers": "answers",
    "tips_seen": "tips",
    "bookings": "bookings",
    "quiz_links": "quiz_links",
    "missed_by": "searched_in_vain",
    "deliveries": "messages",
    "matrix_rooms": "rooms",
}
"""Table → where the export shows its rows."""
TECHNICAL = {
    *("id", "resident_id", "recipient", "run_id", "attempt_id", "workshop_id"),  # numbers of rows
    *("seed", "token", "handled"),  # what tells one press or event from another
    *("changed_at", "account", "attempt", "doubts", "due_at", "worker", "reference", "reason"),  # how work goes on
    "keyed_until",  # until when the channel knows a repeat
    *("road", "everyday", "cyber"),  # the export names the topics that are on
    "person",  # who is alone with us in a room: the resident's address
    "position",  # answers stand in their order
}
COUNTED = {"matrix_screens": "last_screens", "matrix_events": "events_handled"}
"""Table → where the export says, of each room, how many of its rows there are."""
OURS = {"matrix_accounts", "matrix_transactions"}
"""How far the channel has read; nobody is in it."""
BY_ADDRESS = {"matrix_rooms", *COUNTED}
"""Tables that know people by their name on Matrix, and no resident's number."""
NOBODYS = {"runs", "tallies"}
"""What the scheduler keeps of a message once nobody is in it."""


def all_tables() -> dict[str, Table]:
    return {**scheduler_tables.metadata.tables, **tables.metadata.tables}


def hanging_on_residents() -> set[str]:
    """Tables whose rows name a resident, directly or by what they hang on."""
    found = {"residents"}
    while True:
        more = {
            name
            for name, table in all_tables().items()
            if "recipient" in table.c or any(key.column.table.name in found for key in table.foreign_keys)
        }
        if more <= found:
            return found
        found |= more


async def dump(conn: Connection) -> dict[str, list[dict[str, Any]]]:
    return {
        name: [dict(row) for row in (await conn.execute(select(table).order_by(*table.primary_key))).mappings()]
        for name, table in all_tables().items()
    }


async def lead_a_full_life(database: Database, name: str) -> Resident:
    """Somebody of whom every table has something."""
    async with database.begin() as conn:
        wishes: dict[str, Any] = {"tip_hour": 12, "district": 7, "age": "19-64", "road": True, "answering": "poll"}
        person = await add_resident(conn, f"matrix:@{name}:example.org", **wishes)
        await residents.save_conversation(conn, person.id, Conversation(encode(Numbers()), "x", ("k",)), new=True)
        code = await classroom.share(conn, library(), "czad", resident_id=person.id, code=f"code{name}", now=NOON)
        refs = [Ref("czad", "one"), Ref("czad", "two")]
        attempt = await learning.add_attempt(
            conn, refs, seed=person.id, now=NOON, resident_id=person.id, quiz="czad", link=code.code
        )
        await learning.add_answer(conn, attempt, 0, Given("0", right=True), NOON)
        await learning.mark_tip(conn, person.id, "czujka", NOON, useful=True)
        await book(conn, 1, person.id, places=2)
        await missed.note(conn, library(), VAULT, person, f"hulajnoga {name}", now=NOON)
        await meet_on_matrix(conn, person, f"!{name}:example.org")
    return person


async def meet_on_matrix(conn: Connection, person: Resident, room: str) -> None:
    """A room of theirs, with two screens and an event that had its turn."""
    await matrix.save_room(conn, matrix.Room(room, person.address.id, encrypted=True), NOON)
    for key in ("one", "two"):
        await matrix.show(
            conn, room, matrix.Shown(key, f"${key}{room}", "numbers", "ho", (("ho", "Menu"), ("he", "Help")))
        )
    await matrix.note_handled(conn, f"$said{room}", room, NOON, again=True)


async def workshop_there(database: Database) -> None:
    async with database.begin() as conn:
        await add_workshop(conn, capacity=3)


async def test_the_export_holds_every_row(database: Database) -> None:
    await workshop_there(database)
    other = await lead_a_full_life(database, "other")
    async with database.read() as conn:
        before = await dump(conn)
    person = await lead_a_full_life(database, "anna")
    await broadcasts.open_due(database, audience.ResidentsAudience(), NOON)
    async with database.read() as conn:
        after = await dump(conn)
        exported = await privacy.export(conn, VAULT, person, NOON)
    assert hanging_on_residents() == set(SECTIONS) - BY_ADDRESS
    assert {name for name in all_tables() if name.startswith("matrix_")} - BY_ADDRESS == OURS
    for table, counted in COUNTED.items():
        mine = [row for row in after[table] if row not in before[table]]
        assert sum(room[counted] for room in exported["rooms"]) == len(mine) > 0, table
    assert [room["choices_on_them"] for room in exported["rooms"]] == [4]
    for table, section in SECTIONS.items():
        mine = [row for row in after[table] if row not in before[table] and row.get("recipient") != other.id]
        shown = exported[section] if isinstance(exported[section], list) else [exported[section]]
        assert len(shown) == len(mine) > 0, table
        for row in mine:
            telling = [value for column, value in row.items() if column not in TECHNICAL]
            assert any(all(appears(value, item) for value in telling) for item in shown), f"{table}: {row}"


def appears(value: Any, item: dict[str, Any]) -> bool:
    if isinstance(value, bytes):
        value = VAULT.open(value)
    shown = value.isoformat() if hasattr(value, "isoformat") else value
    return json.dumps(shown, ensure_ascii=False) in json.dumps(item, ensure_ascii=False)


async def test_nothing_is_left_of_who_is_erased(database: Database) -> None:
    await workshop_there(database)
    await lead_a_full_life(database, "other")
    async with database.read() as conn:
        before = await dump(conn)
    person = await lead_a_full_life(database, "anna")
    await broadcasts.open_due(database, audience.ResidentsAudience(), NOON)
    async with database.begin() as conn:
        during = await dump(conn)
        await privacy.erase(conn, person)
        after = await dump(conn)
    for table in hanging_on_residents() | BY_ADDRESS:
        assert len(during[table]) > len(before[table]), f"{table} has nothing to erase: fill it in lead_a_full_life"
    theirs = [row for row in during["deliveries"] if row["recipient"] != person.id]
    assert after["deliveries"] == theirs
    assert {**after, **dict.fromkeys((*NOBODYS, "deliveries"))} == {**before, **dict.fromkeys((*NOBODYS, "deliveries"))}
    assert [row["count"] for row in after["tallies"]] == [1]


async def test_the_place_of_who_is_erased_goes_to_the_next_in_line(database: Database) -> None:
    await workshop_there(database)
    async with database.begin() as conn:
        one, other = await add_resident(conn, "telegram:1"), await add_resident(conn, "telegram:2")
        await book(conn, 1, one.id, places=3)
        await book(conn, 1, other.id, places=2, state=BookingState.WAITING)
        await privacy.erase(conn, one)
    assert await broadcasts.fill_free_places(database, VAULT, NOON) == 1
    async with database.read() as conn:
        booking = await workshops.booking_of(conn, VAULT, 1, other.id)
    assert booking
    assert booking.state is BookingState.CONFIRMED


async def test_a_number_is_never_given_to_another(database: Database) -> None:
    async with database.begin() as conn:
        person = await add_resident(conn)
        await privacy.erase(conn, person)
        assert (await add_resident(conn)).id > person.id


async def test_the_rooms_of_others_stay(database: Database) -> None:
    room = matrix.Room("!estate:example.org", None, encrypted=False)
    async with database.begin() as conn:
        await matrix.save_room(conn, room, NOON)
        on_telegram = await add_resident(conn, "telegram:@anna:example.org")
        anna = await add_resident(conn, "matrix:@anna:example.org")
        await meet_on_matrix(conn, anna, "!anna:example.org")
        await privacy.erase(conn, on_telegram)
        assert await matrix.room_of(conn, anna.address.id), "another channel's address is another person's"
        await privacy.erase(conn, anna)
        assert await matrix.rooms(conn, [room.id, "!anna:example.org"]) == {room.id: room}
