"""Who works with campaigns."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, RowMapping, exists, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.residents import Address
from bot.storage.tables import staff


class Role(StrEnum):
    """What a member of staff may do: an admin everything, an editor drafts, an approver approves."""

    ADMIN = "admin"
    EDITOR = "editor"
    APPROVER = "approver"


@dataclass(frozen=True, slots=True)
class Member:
    """One of the staff."""

    name: str
    role: Role
    linked: bool = False
    """Whether word reaches them in a chat with the bot."""


def _member(row: RowMapping) -> Member:
    return Member(row["name"], Role(row["role"]), linked=row["address"] is not None)


async def add(conn: AsyncConnection, member: Member, now: datetime) -> None:
    """Add a member, or give them another role; a chat that is linked stays so."""
    changed = update(staff).where(staff.c.name == member.name).values(role=member.role.value)
    if (await conn.execute(changed)).rowcount == 0:
        await conn.execute(insert(staff).values(name=member.name, role=member.role.value, created_at=now))


async def find(conn: AsyncConnection, name: str) -> Member | None:
    """The member of this name."""
    row = (await conn.execute(select(staff).where(staff.c.name == name))).mappings().first()
    return _member(row) if row else None


async def everyone(conn: AsyncConnection) -> list[Member]:
    """All members, by name."""
    rows = (await conn.execute(select(staff).order_by(staff.c.name))).mappings()
    return [_member(row) for row in rows]


async def set_chat(conn: AsyncConnection, name: str, address: Address | None) -> None:
    """Where word reaches a member, or nowhere."""
    chat = {"channel": address.channel, "address": address.id} if address else {"channel": None, "address": None}
    await conn.execute(update(staff).where(staff.c.name == name).values(chat))


async def names_at(conn: AsyncConnection, address: Address) -> list[str]:
    """Which members get word at an address."""
    query = select(staff.c.name).where(staff.c.channel == address.channel, staff.c.address == address.id)
    return list((await conn.execute(query.order_by(staff.c.name))).scalars())


def is_staff(channel: ColumnElement[str], address: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a member gets word at the address in these columns, as a condition."""
    return exists().where(staff.c.channel == channel, staff.c.address == address)


async def leave(conn: AsyncConnection, address: Address) -> None:
    """Forget an address: whoever got word there gets none."""
    there = (staff.c.channel == address.channel, staff.c.address == address.id)
    await conn.execute(update(staff).where(*there).values(channel=None, address=None))


async def move(conn: AsyncConnection, old: Address, new: Address) -> None:
    """The channel gave a conversation another address."""
    there = (staff.c.channel == old.channel, staff.c.address == old.id)
    await conn.execute(update(staff).where(*there).values(channel=new.channel, address=new.id))
