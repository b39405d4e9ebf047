"""Many rows at once, for the demo city: the only writer that chooses the numbers of rows itself."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table, delete, func, insert, select, text

from bot.storage import tables
from bot.storage.database import Connection
from scheduler import tables as scheduler_tables

Row = Mapping[str, Any]

# In an order in which nothing refers to what is not there yet.
_TABLES: Mapping[str, Table] = {
    table.name: table for metadata in (scheduler_tables.metadata, tables.metadata) for table in metadata.sorted_tables
}


async def is_empty(conn: Connection) -> bool:
    """Whether nobody has used this database: no resident, no workshop, no campaign."""
    for name in ("residents", "workshops", "campaigns"):
        if (await conn.execute(select(func.count()).select_from(_TABLES[name]))).scalar_one():
            return False
    return True


async def take_time(conn: Connection) -> None:
    """Let this transaction rest for as long as it likes, where the database would soon take its owner for dead."""
    if conn.dialect.name == "postgresql":
        await conn.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))


async def clear(conn: Connection, *names: str) -> None:
    """Empty tables that hold nothing but counts."""
    for name in names:
        await conn.execute(delete(_TABLES[name]))


async def first_free(conn: Connection, name: str) -> int:
    """The first number that no row of a table has."""
    return int((await conn.execute(select(func.coalesce(func.max(_TABLES[name].c.id), 0)))).scalar_one()) + 1


async def insert_all(conn: Connection, rows: Mapping[str, Sequence[Row]]) -> None:
    """Write rows, by table; all rows of a table have the same columns."""
    for name, table in _TABLES.items():
        if rows.get(name):
            await conn.execute(insert(table), rows[name])
            if conn.dialect.name == "postgresql" and "id" in table.c:
                await _continue_after(conn, name)


async def _continue_after(conn: Connection, name: str) -> None:
    """PostgreSQL hands out numbers from a sequence, which does not see those that were chosen."""
    last = await first_free(conn, name) - 1
    query = text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :last)")
    await conn.execute(query, {"name": name, "last": last})
