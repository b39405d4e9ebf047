"""What staff wrote to those who booked a workshop, and whom of them it can reach."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, case, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.reminders import Readers
from bot.domain.residents import ONLY_ANSWERED
from bot.domain.workshops import HELD, BookingState
from bot.storage.tables import bookings, residents, workshop_messages


@dataclass(frozen=True, slots=True)
class Message:
    """One of them; `text` is language → Markdown."""

    id: int
    workshop: int
    author: str
    readers: Readers
    text: Mapping[str, str]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Reach:
    """People whose bookings stand alike: those who can be written to, and those who cannot."""

    told: int = 0
    silent: int = 0
    """They booked in the browser, or blocked the bot."""


def _message(row: RowMapping) -> Message:
    return Message(
        id=row["id"],
        workshop=row["workshop_id"],
        author=row["author"],
        readers=Readers(row["readers"]),
        text=row["text"],
        created_at=row["created_at"],
    )


async def add(
    conn: AsyncConnection, *, workshop: int, author: str, readers: Readers, text: object, now: datetime
) -> int:
    """Keep a message; returns its number."""
    values = {"workshop_id": workshop, "author": author, "readers": readers.value, "text": text, "created_at": now}
    row = await conn.execute(insert(workshop_messages).values(values).returning(workshop_messages.c.id))
    return int(row.scalar_one())


async def get(conn: AsyncConnection, number: int) -> Message | None:
    """The message of a number."""
    query = select(workshop_messages).where(workshop_messages.c.id == number)
    row = (await conn.execute(query)).mappings().first()
    return _message(row) if row else None


async def of_workshop(conn: AsyncConnection, workshop: int) -> list[Message]:
    """All of a workshop, the newest first."""
    query = select(workshop_messages).where(workshop_messages.c.workshop_id == workshop)
    rows = await conn.execute(query.order_by(workshop_messages.c.id.desc()))
    return [_message(row) for row in rows.mappings()]


async def reach(conn: AsyncConnection, workshop: int) -> dict[BookingState, Reach]:
    """How many people with places, and how many who wait, can be written to and cannot."""
    silent = residents.c.channel.in_(ONLY_ANSWERED) | residents.c.blocked_at.is_not(None)
    query = (
        select(bookings.c.state, func.count(), func.coalesce(func.sum(case((silent, 1), else_=0)), 0))
        .join(residents, residents.c.id == bookings.c.resident_id)
        .where(bookings.c.workshop_id == workshop, bookings.c.state.in_([state.value for state in HELD]))
        .group_by(bookings.c.state)
    )
    found = {BookingState(state): Reach(count - mute, mute) for state, count, mute in await conn.execute(query)}
    return {state: found.get(state, Reach()) for state in HELD}
