"""Tokens of the HTTP interface: kept as hashes, so that whoever reads the database can use none."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage.tables import api_tokens


@dataclass(frozen=True, slots=True)
class Token:
    """What is kept of a token; never the token itself."""

    id: int
    name: str
    scopes: frozenset[str]
    created_by: str
    created_at: datetime
    expires_at: datetime | None = None
    used_at: datetime | None = None
    """To the minute: enough to see which are in use."""
    revoked_at: datetime | None = None


def _token(row: RowMapping) -> Token:
    return Token(
        id=row["id"],
        name=row["name"],
        scopes=frozenset(row["scopes"]),
        created_by=row["created_by"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        used_at=row["used_at"],
        revoked_at=row["revoked_at"],
    )


async def add(
    conn: AsyncConnection,
    *,
    hash_: str,
    name: str,
    scopes: Iterable[str],
    created_by: str,
    now: datetime,
    expires_at: datetime | None,
) -> int:
    """A new token; returns its number."""
    values = {"hash": hash_, "name": name, "scopes": sorted(scopes), "created_by": created_by}
    query = insert(api_tokens).values(**values, created_at=now, expires_at=expires_at).returning(api_tokens.c.id)
    return int((await conn.execute(query)).scalar_one())


async def find(conn: AsyncConnection, hash_: str) -> Token | None:
    """The token of a hash."""
    row = (await conn.execute(select(api_tokens).where(api_tokens.c.hash == hash_))).mappings().first()
    return _token(row) if row else None


async def get(conn: AsyncConnection, number: int) -> Token | None:
    """A token by its number."""
    row = (await conn.execute(select(api_tokens).where(api_tokens.c.id == number))).mappings().first()
    return _token(row) if row else None


async def named(conn: AsyncConnection, name: str) -> Token | None:
    """A token by its name, revoked or not: no other ever gets it."""
    row = (await conn.execute(select(api_tokens).where(api_tokens.c.name == name))).mappings().first()
    return _token(row) if row else None


async def all_of(conn: AsyncConnection) -> list[Token]:
    """Every token there ever was, the newest first."""
    rows = (await conn.execute(select(api_tokens).order_by(api_tokens.c.id.desc()))).mappings()
    return [_token(row) for row in rows]


async def note_use(conn: AsyncConnection, number: int, now: datetime, *, unless_since: datetime) -> None:
    """Note that a token was used, unless that was noted since an instant."""
    stale = or_(api_tokens.c.used_at.is_(None), api_tokens.c.used_at < unless_since)
    await conn.execute(update(api_tokens).where(api_tokens.c.id == number, stale).values(used_at=now))


async def revoke(conn: AsyncConnection, number: int, now: datetime) -> bool:
    """End a token for good; False if it was ended before."""
    query = update(api_tokens).where(api_tokens.c.id == number, api_tokens.c.revoked_at.is_(None))
    return bool((await conn.execute(query.values(revoked_at=now))).rowcount)
