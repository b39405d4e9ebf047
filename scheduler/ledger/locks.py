"""Who may write into the ledger beside whom, where several processes share a PostgreSQL. SQLite has one writer anyway.

To keep out of each other's way for good, everybody takes what they lock in one order: people's own rows (the host's),
then the lock below, deliveries by run and recipient, campaigns, runs.
"""

from typing import TYPE_CHECKING

from sqlalchemy import func, select

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

OURS, LEDGER = 2025_2028, 1
"""The lock's number, in two halves."""
_SHARED = select(func.pg_advisory_xact_lock_shared(OURS, LEDGER))
_ALONE = select(func.pg_advisory_xact_lock(OURS, LEDGER))


async def share(conn: "AsyncConnection") -> None:
    """For who writes new people into the ledger: several may at once, but nobody leaves it until the commit."""
    if conn.dialect.name == "postgresql":
        await conn.execute(_SHARED)


async def alone(conn: "AsyncConnection") -> None:
    """For who turns people into counts: nobody else does, and nobody is written in, until the commit.

    Without it an audience chosen a moment before could write in somebody who is just leaving, and they would stay.
    """
    if conn.dialect.name == "postgresql":
        await conn.execute(_ALONE)
