"""What the Matrix channel keeps between its turns; see `tables.matrix`."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage import upsert
from bot.storage.tables import matrix_accounts, matrix_events, matrix_rooms, matrix_screens, matrix_transactions

SCREENS_KEPT = 6
"""Screens of one room whose choices can still be taken; older ones get a helpful answer."""
CLOSED = "closed"
"""The form of a poll in which somebody has voted."""


@dataclass(frozen=True, slots=True)
class Room:
    """A room we are in; `person` is who is alone with us there, None in a room of several."""

    id: str
    person: str | None
    encrypted: bool
    empty: bool = False
    """Nobody else is there, as far as we have just seen."""


@dataclass(frozen=True, slots=True)
class Kept:
    """How much is kept of a room in which somebody is alone with us."""

    room: Room
    joined_at: datetime
    screens: int
    choices: int
    """On all these screens together."""
    events: int
    """Of which is known that they have had their turn."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A screen that stands in a room. `choices` are codes and labels, in the order of their numbers."""

    key: str
    event: str | None
    form: str
    here: str | None
    choices: tuple[tuple[str, str], ...]
    awaits: bool = False
    """Typed text is expected there, so that only a bare number is a choice."""


# --- how far we have read


async def token(conn: AsyncConnection, account: str) -> str | None:
    """Where the next sync of an account goes on; None for its first."""
    query = select(matrix_accounts.c.token).where(matrix_accounts.c.account == account)
    found: str | None = (await conn.execute(query)).scalar()
    return found


async def save_token(conn: AsyncConnection, account: str, value: str) -> None:
    """Everything before this token is done with."""
    await upsert.put(conn, matrix_accounts, {"account": account}, {"token": value})


# --- events


async def handled(conn: AsyncConnection, events: Collection[str]) -> dict[str, bool]:
    """Those of these events whose turn is committed; True where the answer may be shown again."""
    query = select(matrix_events.c.event, matrix_events.c.again).where(matrix_events.c.event.in_(events))
    return {event: again for event, again in await conn.execute(query)}  # noqa: C416 - dict() of rows has no types


async def erasures(conn: AsyncConnection, events: Collection[str]) -> set[str]:
    """Those of these events in whose turn somebody was erased."""
    query = select(matrix_events.c.event).where(matrix_events.c.event.in_(events), matrix_events.c.room == "")
    return set((await conn.execute(query)).scalars())


async def note_handled(conn: AsyncConnection, event: str, room: str, now: datetime, *, again: bool) -> None:
    """The turn of an event is committed."""
    await upsert.put(conn, matrix_events, {"event": event}, {"room": room, "again": again, "at": now})


async def forget_events(conn: AsyncConnection, before: datetime) -> None:
    """Events and transactions so old are not delivered again."""
    await conn.execute(delete(matrix_events).where(matrix_events.c.at < before))
    await conn.execute(delete(matrix_transactions).where(matrix_transactions.c.at < before))


async def is_done(conn: AsyncConnection, transaction: str) -> bool:
    """Whether everything that the homeserver pushed in a transaction is committed."""
    query = select(matrix_transactions.c.transaction).where(matrix_transactions.c.transaction == transaction)
    return (await conn.execute(query)).first() is not None


async def note_done(conn: AsyncConnection, transaction: str, now: datetime) -> None:
    """A transaction is committed."""
    await upsert.put(conn, matrix_transactions, {"transaction": transaction}, {"at": now})


# --- rooms


def _room(room: str, person: str | None, encrypted: bool) -> Room:
    return Room(room, person, encrypted)


async def rooms(conn: AsyncConnection, names: Collection[str]) -> dict[str, Room]:
    """Those of these rooms that we know."""
    columns = (matrix_rooms.c.room, matrix_rooms.c.person, matrix_rooms.c.encrypted)
    rows = await conn.execute(select(*columns).where(matrix_rooms.c.room.in_(names)))
    return {row.room: _room(*row) for row in rows}


async def room_of(conn: AsyncConnection, person: str) -> Room | None:
    """The room in which somebody is alone with us: the one joined last."""
    return (await rooms_by_person(conn, [person])).get(person)


async def rooms_by_person(conn: AsyncConnection, people: Collection[str]) -> dict[str, Room]:
    """The rooms in which these people are alone with us, of each the one joined last."""
    query = (
        select(matrix_rooms.c.room, matrix_rooms.c.person, matrix_rooms.c.encrypted)
        .where(matrix_rooms.c.person.in_(people))
        .order_by(matrix_rooms.c.joined_at, matrix_rooms.c.room.desc())
    )
    return {row.person: _room(*row) for row in await conn.execute(query)}


async def save_room(conn: AsyncConnection, room: Room, now: datetime) -> None:
    """We are in this room, and this is how it is. An encrypted room stays one, whatever is said later."""
    known = (await rooms(conn, [room.id])).get(room.id)
    encrypted = room.encrypted or (known is not None and known.encrypted)
    values = {"person": room.person, "encrypted": encrypted}
    if known:
        await conn.execute(update(matrix_rooms).where(matrix_rooms.c.room == room.id).values(values))
    else:
        await upsert.put(conn, matrix_rooms, {"room": room.id}, {**values, "joined_at": now})


async def ensure_room(conn: AsyncConnection, room: Room, now: datetime) -> None:
    """We are in this room; what is known of it stands."""
    if not await rooms(conn, [room.id]):
        await save_room(conn, room, now)


async def people(conn: AsyncConnection) -> frozenset[str]:
    """Everybody who is alone with us in a room."""
    query = select(matrix_rooms.c.person).where(matrix_rooms.c.person.is_not(None)).distinct()
    return frozenset((await conn.execute(query)).scalars())


async def forget_room(conn: AsyncConnection, room: str) -> None:
    """We are no longer in it."""
    await conn.execute(delete(matrix_rooms).where(matrix_rooms.c.room == room))


async def rooms_of(conn: AsyncConnection, person: str) -> list[str]:
    """The rooms in which somebody is alone with us."""
    query = select(matrix_rooms.c.room).where(matrix_rooms.c.person == person).order_by(matrix_rooms.c.room)
    return list((await conn.execute(query)).scalars())


async def kept_of(conn: AsyncConnection, person: str) -> list[Kept]:
    """What is kept of the rooms in which somebody is alone with us, for the export of all that is kept about them."""
    query = select(matrix_rooms).where(matrix_rooms.c.person == person).order_by(matrix_rooms.c.room)
    return [
        await _kept(conn, _room(row.room, person, row.encrypted), row.joined_at) for row in await conn.execute(query)
    ]


async def _kept(conn: AsyncConnection, room: Room, joined_at: datetime) -> Kept:
    shown = select(matrix_screens.c.choices).where(matrix_screens.c.room == room.id)
    choices = [len(one) for one in (await conn.execute(shown)).scalars()]
    handled = select(func.count()).select_from(matrix_events).where(matrix_events.c.room == room.id)
    return Kept(room, joined_at, len(choices), sum(choices), int((await conn.execute(handled)).scalar_one()))


async def forget_person(conn: AsyncConnection, person: str) -> None:
    """Everything that is kept about somebody here: their rooms with their screens, and which events were theirs."""
    known = await rooms_of(conn, person)
    await conn.execute(delete(matrix_events).where(matrix_events.c.room.in_(known)))
    await conn.execute(delete(matrix_rooms).where(matrix_rooms.c.person == person))


# --- screens


def _shown(row: Any) -> Shown:
    choices = tuple((code, label) for code, label in row.choices)
    return Shown(row.key, row.event, row.form, row.here, choices, row.awaits)


_COLUMNS = (
    matrix_screens.c.key,
    matrix_screens.c.event,
    matrix_screens.c.form,
    matrix_screens.c.here,
    matrix_screens.c.choices,
    matrix_screens.c.awaits,
)


async def show(conn: AsyncConnection, room: str, screen: Shown) -> None:
    """A screen is about to stand in a room, as the newest; the same key again changes what it offers, not its place."""
    choices = [list(choice) for choice in screen.choices]
    values = {
        "event": screen.event,
        "form": screen.form,
        "here": screen.here,
        "choices": choices,
        "awaits": screen.awaits,
    }
    await upsert.put(conn, matrix_screens, {"room": room, "key": screen.key}, values)
    newest = (
        select(matrix_screens.c.id)
        .where(matrix_screens.c.room == room)
        .order_by(matrix_screens.c.id.desc())
        .limit(SCREENS_KEPT)
    )
    await conn.execute(delete(matrix_screens).where(matrix_screens.c.room == room, matrix_screens.c.id.not_in(newest)))


async def note_event(conn: AsyncConnection, room: str, key: str, event: str) -> None:
    """The screen that was sent under this key has a name now."""
    await conn.execute(
        update(matrix_screens).where(matrix_screens.c.room == room, matrix_screens.c.key == key).values(event=event)
    )


async def close_poll(conn: AsyncConnection, room: str, event: str) -> None:
    """The first vote of a poll has counted."""
    await conn.execute(
        update(matrix_screens).where(matrix_screens.c.room == room, matrix_screens.c.event == event).values(form=CLOSED)
    )


async def newest_screen(conn: AsyncConnection, room: str) -> Shown | None:
    """The screen that stands last in a room."""
    query = select(*_COLUMNS).where(matrix_screens.c.room == room).order_by(matrix_screens.c.id.desc()).limit(1)
    row = (await conn.execute(query)).first()
    return _shown(row) if row else None


async def screen_at(conn: AsyncConnection, room: str, event: str) -> Shown | None:
    """The screen that an event shows, if it is one of the last."""
    query = select(*_COLUMNS).where(matrix_screens.c.room == room, matrix_screens.c.event == event)
    row = (await conn.execute(query)).first()
    return _shown(row) if row else None
