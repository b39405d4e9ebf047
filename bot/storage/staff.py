"""Who works with campaigns."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, RowMapping, delete, exists, insert, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.residents import Address
from bot.storage.tables import staff


class Role(StrEnum):
    """What a member of staff does; `services.staff.MAY` says what each may."""

    ADMIN = "admin"
    """Everything, and the staff themselves."""
    EDITOR = "editor"
    """Writes campaigns."""
    APPROVER = "approver"
    """Says the second yes."""
    ORGANISER = "organiser"
    """Runs workshops."""
    VIEWER = "viewer"
    """Looks, and changes nothing."""
    PARTNER = "partner"
    """From outside of the city's office: sees and runs their own workshops and drafts alone."""


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


async def add_first(conn: AsyncConnection, member: Member, now: datetime) -> bool:
    """Add a member if there is nobody yet; whether they were. Of several processes that try at once one succeeds."""
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    values = select(literal(member.name), literal(member.role.value), literal(now, staff.c.created_at.type))
    nobody = values.where(~exists(select(staff.c.name)))
    first = dialect.insert(staff).from_select(["name", "role", "created_at"], nobody).on_conflict_do_nothing()
    return (await conn.execute(first)).rowcount == 1


async def find(conn: AsyncConnection, name: str) -> Member | None:
    """The member of this name."""
    row = (await conn.execute(select(staff).where(staff.c.name == name))).mappings().first()
    return _member(row) if row else None


async def everyone(conn: AsyncConnection) -> list[Member]:
    """All members, by name."""
    rows = (await conn.execute(select(staff).order_by(staff.c.name))).mappings()
    return [_member(row) for row in rows]


async def lock_admins(conn: AsyncConnection) -> list[str]:
    """The names of all admins, none of whom can change until this transaction ends."""
    query = select(staff.c.name).where(staff.c.role == Role.ADMIN.value).order_by(staff.c.name).with_for_update()
    return list((await conn.execute(query)).scalars())


async def remove(conn: AsyncConnection, name: str) -> None:
    """Forget a member; whatever lets them in goes with them."""
    await conn.execute(delete(staff).where(staff.c.name == name))


async def set_language(conn: AsyncConnection, name: str, language: str | None) -> None:
    """In which language the console speaks to a member."""
    await conn.execute(update(staff).where(staff.c.name == name).values(language=language))


async def set_chat(conn: AsyncConnection, name: str, address: Address | None) -> None:
    """Where word reaches a member, or nowhere."""
    chat = {"channel": address.channel, "address": address.id} if address else {"channel": None, "address": None}
    await conn.execute(update(staff).where(staff.c.name == name).values(chat))


async def chat_of(conn: AsyncConnection, name: str) -> Address | None:
    """Where word reaches a member, if anywhere."""
    row = (await conn.execute(select(staff.c.channel, staff.c.address).where(staff.c.name == name))).first()
    return Address(row.channel, row.address) if row and row.address is not None else None


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
