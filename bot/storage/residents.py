"""Residents and where each of them is in the conversation."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, bindparam, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.areas import AgeBand, Area
from bot.domain.residents import Address, Answering, Resident
from bot.domain.workshops import BookingState
from bot.storage import staff, turns
from bot.storage.tables import bookings, conversations, residents, workshops


@dataclass(frozen=True, slots=True)
class Conversation:
    """Where a resident is: the action that shows it, what typed text is awaited for, and which events counted."""

    here: str
    awaiting: str | None = None
    handled: tuple[str, ...] = ()
    seen_on: date | None = None
    """The last day on which they wrote, as it was read; `note_seen` writes it."""


# Built once: a turn would spend more time on building them than SQLite on answering.
_WHO_AND_WHERE = (
    select(residents, conversations.c.here, conversations.c.awaiting, conversations.c.handled)
    .select_from(residents.outerjoin(conversations))
    .where(residents.c.channel == bindparam("channel"), residents.c.address == bindparam("address"))
)
_KEEP = (
    update(conversations)
    .where(conversations.c.resident_id == bindparam("who"))
    .values({name: bindparam(f"new_{name}") for name in ("here", "awaiting", "handled")})
)


def _resident(row: RowMapping) -> Resident:
    return Resident(
        id=row["id"],
        address=Address(row["channel"], row["address"]),
        language=row["language"],
        topics=frozenset(area for area in Area if row[area.value]),
        district=row["district"],
        age=AgeBand(row["age"]) if row["age"] else None,
        tip_hour=row["tip_hour"],
        alerts=row["alerts"],
        campaigns=row["campaigns"],
        consent_asked_at=row["consent_asked_at"],
        answering=Answering(row["answering"] or Answering.NUMBERS),
        blocked_at=row["blocked_at"],
        created_at=row["created_at"],
    )


async def hold(conn: AsyncConnection, *addresses: Address) -> None:
    """Keep others from taking a turn at these addresses until the transaction ends; see `turns.hold`."""
    for name in sorted({f"{one.channel}:{one.id}" for one in addresses}):  # in order: two who hold several never meet
        await turns.hold(conn, name)


async def find(conn: AsyncConnection, address: Address) -> Resident | None:
    """Who has this address, if anybody."""
    query = select(residents).where(residents.c.channel == address.channel, residents.c.address == address.id)
    row = (await conn.execute(query)).mappings().first()
    return _resident(row) if row else None


async def get(conn: AsyncConnection, resident_id: int) -> Resident | None:
    """The resident with this number, if there still is one."""
    row = (await conn.execute(select(residents).where(residents.c.id == resident_id))).mappings().first()
    return _resident(row) if row else None


async def get_many(conn: AsyncConnection, resident_ids: Collection[int]) -> dict[int, Resident]:
    """Those of these residents that there still are, by number."""
    rows = (await conn.execute(select(residents).where(residents.c.id.in_(resident_ids)))).mappings()
    return {row["id"]: _resident(row) for row in rows}


async def find_with_conversation(
    conn: AsyncConnection, address: Address
) -> tuple[Resident | None, Conversation | None]:
    """Who has this address, and where they are in the conversation: one look-up for the start of a turn.

    Nobody else takes a turn at this address until the transaction ends, so that a message which is delivered twice at
    once, to two processes, counts once.
    """
    await hold(conn, address)
    row = (await conn.execute(_WHO_AND_WHERE, {"channel": address.channel, "address": address.id})).mappings().first()
    if row is None:
        return None, None
    if row["here"] is None:
        return _resident(row), None
    return _resident(row), Conversation(row["here"], row["awaiting"], tuple(row["handled"]), row["seen_on"])


async def add(conn: AsyncConnection, address: Address, language: str, now: datetime) -> Resident:
    """A new resident of whom nothing else is known."""
    values = {
        "channel": address.channel,
        "address": address.id,
        "language": language,
        "created_at": now,
        "seen_on": now.date(),
    }
    row = (await conn.execute(insert(residents).values(values).returning(residents))).mappings().one()
    return _resident(row)


async def change(conn: AsyncConnection, resident_id: int, **values: Any) -> Resident:
    """Set columns of a resident and return what they are now."""
    query = update(residents).where(residents.c.id == resident_id).values(values).returning(residents)
    return _resident((await conn.execute(query)).mappings().one())


async def set_blocked(conn: AsyncConnection, address: Address, at: datetime | None) -> None:
    """Mark that this address does not want to hear from us (or does again); nothing if it is unknown."""
    await conn.execute(
        update(residents)
        .where(residents.c.channel == address.channel, residents.c.address == address.id)
        .values(blocked_at=at)
    )


async def move(conn: AsyncConnection, old: Address, new: Address) -> None:
    """The channel gave the conversation another address; if somebody is there already, both stay where they are."""
    await hold(conn, old, new)
    if await find(conn, new) is None:
        await staff.move(conn, old, new)
        await conn.execute(
            update(residents)
            .where(residents.c.channel == old.channel, residents.c.address == old.id)
            .values(channel=new.channel, address=new.id)
        )


async def save_conversation(conn: AsyncConnection, resident_id: int, conversation: Conversation, *, new: bool) -> None:
    """Keep where a resident is; `new` when nothing was kept before."""
    values = {"here": conversation.here, "awaiting": conversation.awaiting, "handled": list(conversation.handled)}
    if new:
        await conn.execute(insert(conversations).values(resident_id=resident_id, **values))
    else:
        await conn.execute(_KEEP, {"who": resident_id, **{f"new_{name}": value for name, value in values.items()}})


async def note_seen(conn: AsyncConnection, resident: Resident, now: datetime) -> None:
    """Note the day a resident wrote, and that whoever writes has not blocked us."""
    await conn.execute(
        update(residents).where(residents.c.id == resident.id).values(seen_on=now.date(), blocked_at=None)
    )


async def seen_on(conn: AsyncConnection, resident_id: int) -> date:
    """The last day on which a resident wrote."""
    day: date = (await conn.execute(select(residents.c.seen_on).where(residents.c.id == resident_id))).scalar_one()
    return day


async def erase(conn: AsyncConnection, resident_id: int) -> None:
    """Forget a resident and, by cascade, everything that hangs on them; if they are staff, where word reached them."""
    gone = await get(conn, resident_id)
    if gone:
        await staff.leave(conn, gone.address)
    await conn.execute(delete(residents).where(residents.c.id == resident_id))


async def long_away(conn: AsyncConnection, now: datetime, *, browser: timedelta, other: timedelta) -> list[int]:
    """Residents who are to be forgotten, for they have not written for so long and get nothing from us.

    A browser's page cannot be written to, and whoever blocked us is not: for them a consent changes nothing. Whoever
    holds a place in a workshop to come, or waits for one, stays, and so do staff who get word here.
    """
    coming = (
        select(bookings.c.resident_id)
        .join(workshops)
        .where(workshops.c.ends_at > now, bookings.c.state.in_([BookingState.CONFIRMED, BookingState.WAITING]))
    )
    on_page = residents.c.channel == "web"
    told = staff.is_staff(residents.c.channel, residents.c.address)
    blocked = residents.c.blocked_at < now - other
    silent = residents.c.tip_hour.is_(None) & ~residents.c.alerts & ~residents.c.campaigns
    query = select(residents.c.id).where(
        residents.c.id.not_in(coming),
        or_(
            on_page & (residents.c.seen_on < (now - browser).date()),
            ~on_page & ~told & (residents.c.seen_on < (now - other).date()) & or_(silent, blocked),
        ),
    )
    return list((await conn.execute(query)).scalars())
