"""How staff get into the console: one-time links, sessions, and how often a source has tried.

Tokens never stand here, only their hashes; `services.signin` says how long each is good for.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, case, delete, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.storage.database import Connection
from bot.storage.staff import Member, Role
from bot.storage.tables import chat_links, forms_done, sign_in_links, sign_in_tries, staff, staff_sessions


@dataclass(frozen=True, slots=True)
class Link:
    """A one-time link."""

    member: str
    browser: str | None
    """The hash of the cookie of the browser that opened it first."""
    expires_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class ChatLink:
    """A one-time link that links a chat."""

    member: str
    """Whose chat it will be."""
    expires_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is in."""

    hash: str
    member: Member
    language: str | None
    """Of the console; None: whatever the browser asks for."""
    device: str
    proof: str
    """How they signed in: `link` or `passkey`."""
    created_at: datetime
    used_at: datetime


@dataclass(frozen=True, slots=True)
class Tries:
    """How often a source has tried, and since when."""

    count: int
    since: datetime


# --- links


async def add_link(conn: Connection, hash_: str, member: str, now: datetime, expires_at: datetime) -> None:
    """Keep a new link; those of this member that nobody has used go."""
    links = sign_in_links
    await conn.execute(delete(links).where(links.c.member == member, links.c.used_at.is_(None)))
    await conn.execute(insert(links).values(hash=hash_, member=member, created_at=now, expires_at=expires_at))


async def find_link(conn: Connection, hash_: str) -> Link | None:
    """The link of this hash."""
    columns = sign_in_links.c
    query = select(columns.member, columns.browser, columns.expires_at, columns.used_at).where(columns.hash == hash_)
    row = (await conn.execute(query)).mappings().first()
    return Link(**row) if row else None


async def claim_link(conn: Connection, hash_: str, browser: str) -> bool:
    """Let a link be this browser's alone; False if it is another's."""
    columns = sign_in_links.c
    free = or_(columns.browser.is_(None), columns.browser == browser)
    claimed = update(sign_in_links).where(columns.hash == hash_, free).values(browser=browser)
    return (await conn.execute(claimed)).rowcount == 1


async def use_link(conn: Connection, hash_: str, now: datetime) -> bool:
    """Use a link up; False if somebody was quicker."""
    columns = sign_in_links.c
    used = update(sign_in_links).where(columns.hash == hash_, columns.used_at.is_(None)).values(used_at=now)
    return (await conn.execute(used)).rowcount == 1


# --- sessions

_SESSIONS = select(
    staff_sessions, staff.c.name, staff.c.role, staff.c.language, staff.c.address.is_not(None).label("linked")
).join(staff)


def _session(row: RowMapping) -> Session:
    member = Member(row["name"], Role(row["role"]), linked=bool(row["linked"]))
    rest = {name: row[name] for name in ("hash", "language", "device", "proof", "created_at", "used_at")}
    return Session(member=member, **rest)


async def add_session(conn: Connection, hash_: str, *, member: str, device: str, proof: str, now: datetime) -> None:
    """Let a member in."""
    values = {"hash": hash_, "member": member, "device": device, "proof": proof, "created_at": now, "used_at": now}
    await conn.execute(insert(staff_sessions).values(values))


async def find_session(conn: Connection, hash_: str) -> Session | None:
    """The session of this hash, whether or not it is still good."""
    row = (await conn.execute(_SESSIONS.where(staff_sessions.c.hash == hash_))).mappings().first()
    return _session(row) if row else None


async def sessions_of(conn: Connection, member: str) -> list[Session]:
    """A member's sessions, the one used last first."""
    query = _SESSIONS.where(staff_sessions.c.member == member)
    rows = await conn.execute(query.order_by(staff_sessions.c.used_at.desc(), staff_sessions.c.hash))
    return [_session(row) for row in rows.mappings()]


async def last_used(conn: Connection) -> dict[str, datetime]:
    """Member → when they last did something in a session that is still kept."""
    query = select(staff_sessions.c.member, staff_sessions.c.used_at).order_by(staff_sessions.c.used_at)
    return {member: used_at for member, used_at in await conn.execute(query)}  # noqa: C416 - dict() of rows has no types


async def touch_session(conn: Connection, hash_: str, now: datetime) -> None:
    """A session is being used."""
    await conn.execute(update(staff_sessions).where(staff_sessions.c.hash == hash_).values(used_at=now))


async def drop_session(conn: Connection, hash_: str, member: str | None = None) -> bool:
    """End a session, if it is this member's where one is named; False if there is none."""
    gone = delete(staff_sessions).where(staff_sessions.c.hash == hash_)
    return (await conn.execute(gone if member is None else gone.where(staff_sessions.c.member == member))).rowcount == 1


async def drop_sessions(conn: Connection, member: str, keep: str | None = None) -> int:
    """End a member's sessions, all but the one of the hash `keep`; returns how many."""
    gone = delete(staff_sessions).where(staff_sessions.c.member == member)
    return (await conn.execute(gone if keep is None else gone.where(staff_sessions.c.hash != keep))).rowcount


async def drop_links(conn: Connection, member: str) -> None:
    """Take back the links of a member that nobody has used."""
    columns = sign_in_links.c
    await conn.execute(delete(sign_in_links).where(columns.member == member, columns.used_at.is_(None)))


# --- links to a chat


async def add_chat_link(conn: Connection, hash_: str, session: str, expires_at: datetime) -> None:
    """Keep a link that a session asked for; those of that session that nobody has used go."""
    columns = chat_links.c
    await conn.execute(delete(chat_links).where(columns.session == session, columns.used_at.is_(None)))
    await conn.execute(insert(chat_links).values(hash=hash_, session=session, expires_at=expires_at))


async def find_chat_link(conn: Connection, hash_: str) -> ChatLink | None:
    """The link to a chat of this hash."""
    query = select(staff_sessions.c.member, chat_links.c.expires_at, chat_links.c.used_at).join(chat_links)
    row = (await conn.execute(query.where(chat_links.c.hash == hash_))).one_or_none()
    return ChatLink(*row) if row else None


async def use_chat_link(conn: Connection, hash_: str, now: datetime) -> bool:
    """Use a link to a chat up; False if it was used before."""
    columns = chat_links.c
    used = update(chat_links).where(columns.hash == hash_, columns.used_at.is_(None)).values(used_at=now)
    return (await conn.execute(used)).rowcount == 1


# --- tries


async def count_try(conn: Connection, source: str, now: datetime, *, since: datetime) -> Tries:
    """Count one more try of a source; what began before `since` is forgotten first."""
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    old = sign_in_tries.c.since < since
    first = dialect.insert(sign_in_tries).values(source=source, count=1, since=now)
    again = first.on_conflict_do_update(
        index_elements=["source"],
        set_={
            "count": case((old, 1), else_=sign_in_tries.c.count + 1),
            "since": case((old, first.excluded.since), else_=sign_in_tries.c.since),
        },
    ).returning(sign_in_tries.c.count, sign_in_tries.c.since)
    return Tries(*(await conn.execute(again)).one())


async def forget_tries(conn: Connection, source: str) -> None:
    """A source has shown that it may come in."""
    await conn.execute(delete(sign_in_tries).where(sign_in_tries.c.source == source))


# --- what is over


async def drop_old_links(conn: Connection, before: datetime) -> None:
    """Drop links, also those to a chat, that were over before an instant."""
    for links in (sign_in_links, chat_links):
        await conn.execute(delete(links).where(links.c.expires_at < before))


async def drop_old_sessions(conn: Connection, *, created_before: datetime, used_before: datetime) -> None:
    """Drop sessions that are past one of their limits."""
    columns = staff_sessions.c
    over = or_(columns.created_at <= created_before, columns.used_at <= used_before)
    await conn.execute(delete(staff_sessions).where(over))


async def drop_old_tries(conn: Connection, before: datetime) -> None:
    """Drop the counts of tries that began before an instant."""
    await conn.execute(delete(sign_in_tries).where(sign_in_tries.c.since < before))


async def drop_old_forms(conn: Connection, before: datetime) -> None:
    """Drop the keys of forms that did their work before an instant."""
    await conn.execute(delete(forms_done).where(forms_done.c.at < before))
