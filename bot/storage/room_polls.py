"""Questions put to rooms of several as polls, and their votes while they are open; see `tables.matrix`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.domain.quizzes import Ref
from bot.storage.database import Connection
from bot.storage.tables import room_polls, room_votes


@dataclass(frozen=True, slots=True)
class NewPoll:
    """A question about to be put to a room."""

    room: str
    key: str
    """The event that asked for it; it is also what the poll is sent under."""
    thread: str | None
    language: str
    ref: Ref
    opened_at: datetime
    closes_at: datetime


@dataclass(frozen=True, slots=True)
class Poll(NewPoll):
    """A question put to a room."""

    id: int
    event: str | None
    """The poll's name there, once it is known."""
    closed_at: datetime | None
    """When its result was told; until then votes count."""


def _poll(row: Any) -> Poll:
    return Poll(
        id=row.id,
        room=row.room,
        key=row.key,
        event=row.event,
        thread=row.thread,
        language=row.language,
        ref=Ref(row.quiz, row.question),
        opened_at=row.opened_at,
        closes_at=row.closes_at,
        closed_at=row.closed_at,
    )


async def _all(conn: Connection, *which: ColumnElement[bool]) -> list[Poll]:
    rows = await conn.execute(select(room_polls).where(*which).order_by(room_polls.c.id))
    return [_poll(row) for row in rows]


async def _last(conn: Connection, *which: ColumnElement[bool]) -> Poll | None:
    query = select(room_polls).where(*which).order_by(room_polls.c.id.desc()).limit(1)
    row = (await conn.execute(query)).first()
    return _poll(row) if row else None


# --- polls


async def add(conn: Connection, new: NewPoll) -> Poll:
    """Keep a question that is about to be put."""
    values = {
        "room": new.room,
        "key": new.key,
        "thread": new.thread,
        "language": new.language,
        "quiz": new.ref.quiz,
        "question": new.ref.question,
        "opened_at": new.opened_at,
        "closes_at": new.closes_at,
    }
    return _poll((await conn.execute(insert(room_polls).values(values).returning(room_polls))).one())


async def find(conn: Connection, number: int) -> Poll | None:
    """A poll by its number."""
    return await _last(conn, room_polls.c.id == number)


async def asked_by(conn: Connection, key: str) -> Poll | None:
    """The poll that an event asked for."""
    return await _last(conn, room_polls.c.key == key)


async def hold(conn: Connection, room: str, event: str) -> Poll | None:
    """The poll of a room that an event shows; nobody finishes it until the transaction ends."""
    query = select(room_polls).where(room_polls.c.room == room, room_polls.c.event == event).with_for_update()
    row = (await conn.execute(query)).first()
    return _poll(row) if row else None


async def newest(conn: Connection, room: str) -> Poll | None:
    """The question that was put to a room last."""
    return await _last(conn, room_polls.c.room == room)


async def untold(conn: Connection) -> list[Poll]:
    """The polls of all rooms whose result is not told yet, the oldest first."""
    return await _all(conn, room_polls.c.closed_at.is_(None))


async def refs_of(conn: Connection, room: str) -> list[Ref]:
    """The questions that were put to a room, in their order, each as often as it was."""
    query = select(room_polls.c.quiz, room_polls.c.question).where(room_polls.c.room == room).order_by(room_polls.c.id)
    return [Ref(*row) for row in await conn.execute(query)]


async def note_event(conn: Connection, number: int, event: str, closes_at: datetime) -> None:
    """The poll stands in its room under this name, and closes then; what was noted first stays."""
    unseen = room_polls.c.id == number, room_polls.c.event.is_(None)
    await conn.execute(update(room_polls).where(*unseen).values(event=event, closes_at=closes_at))


async def close_at(conn: Connection, number: int, at: datetime) -> None:
    """The poll closes at another time than it was to."""
    await conn.execute(update(room_polls).where(room_polls.c.id == number).values(closes_at=at))


async def finish(conn: Connection, number: int, now: datetime) -> None:
    """The result is told: the votes go."""
    await conn.execute(update(room_polls).where(room_polls.c.id == number).values(closed_at=now))
    await conn.execute(delete(room_votes).where(room_votes.c.poll == number))


async def drop_before(conn: Connection, at: datetime) -> int:
    """Forget what was asked before this, with any votes; returns how many polls."""
    return (await conn.execute(delete(room_polls).where(room_polls.c.opened_at < at))).rowcount


# --- votes


async def add_vote(conn: Connection, number: int, voter: str, chosen: str) -> None:
    """A vote; a second of the same voter changes nothing."""
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    vote = dialect.insert(room_votes).values(poll=number, voter=voter, chosen=chosen)
    await conn.execute(vote.on_conflict_do_nothing(index_elements=["poll", "voter"]))


async def counts(conn: Connection, number: int) -> dict[str, int]:
    """How many chose what."""
    query = select(room_votes.c.chosen, func.count()).where(room_votes.c.poll == number).group_by(room_votes.c.chosen)
    return {chosen: count for chosen, count in await conn.execute(query)}  # noqa: C416 - dict() of rows has no types
