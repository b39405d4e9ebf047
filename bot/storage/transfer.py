"""Everything from one database to another: from SQLite to PostgreSQL when one machine is not enough, or back."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from sqlalchemy import Table, exists, func, insert, literal, select, text, tuple_

from bot.domain.errors import BotError
from bot.storage import migrate
from bot.storage.database import Connection, Database
from scheduler.tables import paces, workers

BATCH = 5_000
"""Rows that are in memory at once."""
MOMENTARY = (workers, paces)
"""What is true only of processes that run at this moment."""


class NotEmpty(BotError):
    """The other database is in use already: it holds rows. Give the URL of an empty one."""


class Behind(BotError):
    """This database is of an older version. Run `bezpieczny database upgrade` first."""


async def copy(source: Database, target: Database, *, batch: int = BATCH) -> int:
    """Copy all rows, all or nothing, and bring the target to this version before; returns how many there were.

    Whoever writes to the source meanwhile is not copied. Raises NotEmpty, Behind, and what `migrate.upgrade` raises.
    """
    if await migrate.needs_upgrade(source):
        raise Behind
    await migrate.upgrade(target)
    copied = 0
    async with source.read() as old, target.begin() as new:
        for table in _tables():
            if (await new.execute(select(exists(select(literal(1)).select_from(table))))).scalar_one():
                raise NotEmpty
        for table in _tables():
            async for rows in _pages(old, table, batch):
                await new.execute(insert(table), rows)
                copied += len(rows)
        if not target.is_sqlite:
            await _go_on_counting(old, new, source)
    return copied


def _tables() -> list[Table]:
    """In an order in which nothing refers to what is not there yet."""
    return [table for metadata in migrate.METADATA for table in metadata.sorted_tables if table not in MOMENTARY]


async def _pages(conn: Connection, table: Table, size: int) -> AsyncIterator[Sequence[dict[str, Any]]]:
    keys = table.primary_key.columns
    query = select(table).order_by(*keys).limit(size)
    page = query
    while rows := [dict(row) for row in (await conn.execute(page)).mappings()]:
        yield rows
        last = [literal(rows[-1][key.name], key.type) for key in keys]
        page = query.where(tuple_(*keys) > tuple_(*last))


async def _go_on_counting(old: Connection, new: Connection, source: Database) -> None:
    """Let PostgreSQL number new rows after those there ever were: an erased resident's number is nobody else's."""
    ever: dict[str, int] = {}
    if source.is_sqlite:
        ever = {name: last for name, last in await old.execute(text("SELECT name, seq FROM sqlite_sequence"))}  # noqa: C416 - dict() of rows has no types
    for table in _tables():
        if table.autoincrement_column is None:
            continue
        highest = (await new.execute(select(func.max(table.autoincrement_column)))).scalar_one()
        if last := max(highest or 0, ever.get(table.name, 0)):
            sequence = func.pg_get_serial_sequence(table.name, table.autoincrement_column.name)
            await new.execute(select(func.setval(sequence, last)))
