"""The audit log: what staff changed, for good. The database refuses to change or delete a line."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, func, insert, select

from bot.storage.database import Connection
from bot.storage.tables import audit


@dataclass(frozen=True, slots=True)
class Entry:
    """One change."""

    at: datetime
    who: str
    what: str
    """The step that was taken: `approve`, `role`, `call_off`."""
    about: str
    """What it was taken with: `campaign:7`, `workshop:3`, `staff:…`."""
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    """What changed, from what to what, as JSON can hold it; nothing of any resident."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which lines are wanted; what is not named does not matter."""

    who: str = ""
    about: str = ""
    """The thing itself (`campaign:7`), or, up to its colon, all of its kind (`campaign:`)."""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as it stands in the log."""

    id: int
    entry: Entry


async def add(conn: Connection, entries: Iterable[Entry]) -> None:
    """Write lines."""
    rows = [asdict(entry) for entry in entries]
    if rows:
        await conn.execute(insert(audit), rows)


async def page(conn: Connection, wanted: Filter, *, before: int | None = None, limit: int = 50) -> list[Line]:
    """Lines, the newest first; `before` is the id of the last one on the page above."""
    query = select(audit).where(*_conditions(wanted)).order_by(audit.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(audit.c.id < before)
    return [_line(row) for row in (await conn.execute(query)).mappings()]


def _conditions(wanted: Filter) -> Iterator[ColumnElement[bool]]:
    if wanted.who:
        yield audit.c.who == wanted.who
    if wanted.about.endswith(":"):
        yield audit.c.about.startswith(wanted.about, autoescape=True)
    elif wanted.about:
        yield audit.c.about == wanted.about
    if wanted.since:
        yield audit.c.at >= wanted.since
    if wanted.until:
        yield audit.c.at < wanted.until


def _line(row: RowMapping) -> Line:
    values = dict(row)
    return Line(values.pop("id"), Entry(**values))


async def last(conn: Connection, what: str, abouts: Iterable[str]) -> dict[str, datetime]:
    """About what → when a step was last taken with it; nothing for what it never was taken with."""
    query = select(audit.c.about, func.max(audit.c.at)).where(audit.c.about.in_(list(abouts)), audit.c.what == what)
    return {about: at for about, at in await conn.execute(query.group_by(audit.c.about))}  # noqa: C416 - types


async def people(conn: Connection) -> list[str]:
    """Whoever has a line, by name."""
    return list((await conn.execute(select(audit.c.who).distinct().order_by(audit.c.who))).scalars())
