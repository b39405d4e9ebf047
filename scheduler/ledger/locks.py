"""Who may write into the ledger beside whom, where several processes share a PostgreSQL. SQLite has one writer anyway.

To keep out of each other's way for good, everybody takes what they lock in one order: people's own rows (the host's),
then the lock below, deliveries by run and recipient, the sums of runs by run, campaigns, runs.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from scheduler.tables import runs

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

OURS, LEDGER = 2025_2028, 1
"""The lock's number, in two halves."""
_SHARED = select(func.pg_advisory_xact_lock_shared(OURS, LEDGER))
_ALONE = select(func.pg_advisory_xact_lock(OURS, LEDGER))
_SUMS = OURS + 1
"""The other half of this one is a run's number."""


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


async def touch(conn: "AsyncConnection", run_ids: Iterable[int]) -> None:
    """For who has changed deliveries of these runs: whoever is about to count them waits for the commit."""
    if conn.dialect.name == "postgresql":
        shared = select(func.pg_advisory_xact_lock_shared(_SUMS, runs.c.id))
        await conn.execute(shared.where(runs.c.id.in_(list(run_ids))))


async def watch(conn: "AsyncConnection", run_id: int) -> None:
    """For who is about to count a run: whoever changed its deliveries has committed, or will know of the count."""
    if conn.dialect.name == "postgresql":
        await conn.execute(select(func.pg_advisory_xact_lock(_SUMS, run_id)))
