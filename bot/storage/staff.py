"""Who works with campaigns."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

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


async def add(conn: AsyncConnection, member: Member, now: datetime) -> None:
    """Add a member, or give them another role."""
    await conn.execute(delete(staff).where(staff.c.name == member.name))
    await conn.execute(insert(staff).values(name=member.name, role=member.role.value, created_at=now))


async def find(conn: AsyncConnection, name: str) -> Member | None:
    """The member of this name."""
    row = (await conn.execute(select(staff.c.name, staff.c.role).where(staff.c.name == name))).first()
    return Member(row.name, Role(row.role)) if row else None


async def everyone(conn: AsyncConnection) -> list[Member]:
    """All members, by name."""
    rows = await conn.execute(select(staff.c.name, staff.c.role).order_by(staff.c.name))
    return [Member(row.name, Role(row.role)) for row in rows]
