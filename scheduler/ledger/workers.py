"""Which processes deliver, and which of them have fallen silent.

Several machines share this table, so its times are the database's own: no two of their clocks agree. One process alone,
on SQLite, needs none of it and writes nothing here.
"""

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import DateTime, delete, func
from sqlalchemy.dialects import postgresql

from scheduler.tables import workers

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

SILENT_S = 10
"""After how long without a word a worker counts as dead."""
_CLOCK = func.clock_timestamp(type_=DateTime(timezone=True))


async def beat(conn: "AsyncConnection", name: str) -> None:
    """Say that this worker lives."""
    upsert = postgresql.insert(workers).values(name=name, seen_at=_CLOCK)
    await conn.execute(upsert.on_conflict_do_update(index_elements=["name"], set_={"seen_at": upsert.excluded.seen_at}))


async def leave(conn: "AsyncConnection", name: str) -> None:
    """Say that this worker has ended, and left nothing in flight."""
    await conn.execute(delete(workers).where(workers.c.name == name))


async def bury_silent(conn: "AsyncConnection") -> list[str]:
    """Strike the dead off the list; returns their names, for `recover` to settle what they left in flight.

    When the server itself was away, everybody was silent: after its start each worker has as long to speak up again.
    One that was only held up and speaks later is back on the list; what it had claimed is not its own any more.
    """
    if conn.dialect.name != "postgresql":
        return []
    last = _CLOCK - timedelta(seconds=SILENT_S)
    statement = delete(workers).where(workers.c.seen_at < last, func.pg_postmaster_start_time() < last)
    return list((await conn.execute(statement.returning(workers.c.name))).scalars())
