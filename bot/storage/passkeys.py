"""Keys that staff sign in with, and the challenges that are out; `services.passkeys` checks what comes back."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, delete, insert, select, update

from bot.storage.database import Connection
from bot.storage.tables import passkey_challenges, passkeys


@dataclass(frozen=True, slots=True)
class Passkey:
    """A public key, whose private half never left its owner's device."""

    id: str
    """The credential's, base64url."""
    member: str
    public_key: bytes
    """As COSE has it."""
    sign_count: int
    """How often the device says it was used; it can only grow, unless it stays 0."""
    name: str
    created_at: datetime
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a device has to sign."""

    member: str | None
    """Who adds a key; None: somebody signs in."""
    expires_at: datetime


async def add(conn: Connection, key: Passkey) -> None:
    """Keep a new key."""
    values = {name: getattr(key, name) for name in passkeys.c.keys()}  # noqa: SIM118 - the names, not the columns
    await conn.execute(insert(passkeys).values(values))


async def find(conn: Connection, id_: str) -> Passkey | None:
    """The key of a credential."""
    row = (await conn.execute(select(passkeys).where(passkeys.c.id == id_))).mappings().first()
    return _passkey(row) if row else None


async def of(conn: Connection, member: str) -> list[Passkey]:
    """A member's keys, in the order in which they were added."""
    query = select(passkeys).where(passkeys.c.member == member).order_by(passkeys.c.created_at, passkeys.c.id)
    return [_passkey(row) for row in (await conn.execute(query)).mappings()]


def _passkey(row: RowMapping) -> Passkey:
    return Passkey(**row)


async def note_use(conn: Connection, id_: str, sign_count: int, now: datetime) -> None:
    """A key has signed somebody in."""
    await conn.execute(update(passkeys).where(passkeys.c.id == id_).values(sign_count=sign_count, used_at=now))


async def rename(conn: Connection, member: str, id_: str, name: str) -> bool:
    """Give a member's key another name; False if it is none of theirs."""
    theirs = update(passkeys).where(passkeys.c.id == id_, passkeys.c.member == member)
    return (await conn.execute(theirs.values(name=name))).rowcount == 1


async def remove(conn: Connection, member: str, id_: str) -> bool:
    """Forget a member's key; False if it is none of theirs."""
    theirs = delete(passkeys).where(passkeys.c.id == id_, passkeys.c.member == member)
    return (await conn.execute(theirs)).rowcount == 1


async def add_challenge(conn: Connection, hash_: str, member: str | None, expires_at: datetime) -> None:
    """Remember what was handed out to be signed."""
    await conn.execute(insert(passkey_challenges).values(hash=hash_, member=member, expires_at=expires_at))


async def take_challenge(conn: Connection, hash_: str) -> Challenge | None:
    """The challenge of this hash, which nobody can take again."""
    columns = passkey_challenges.c
    gone = delete(passkey_challenges).where(columns.hash == hash_).returning(columns.member, columns.expires_at)
    row = (await conn.execute(gone)).one_or_none()
    return Challenge(*row) if row else None


async def drop_old_challenges(conn: Connection, before: datetime) -> None:
    """Drop challenges that were over before an instant."""
    await conn.execute(delete(passkey_challenges).where(passkey_challenges.c.expires_at < before))
