"""One turn at a time for one person, whichever process takes it. SQLite's writers come one at a time anyway."""

from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

OURS = 2025_2029
"""The first half of the locks' numbers; the second is made from who it is."""
_HOLD = select(func.pg_advisory_xact_lock(bindparam("ours"), func.hashtext(bindparam("who"))))


async def hold(conn: AsyncConnection, who: str) -> None:
    """Keep others from taking a turn of this person (or device) until the transaction ends; first wait for theirs.

    A lock on a name, not on a row: it also holds for somebody of whom there is no row yet, and it does not stand in the
    way of whoever notes something about a person without talking to them. What is read after it is up to date.
    """
    if conn.dialect.name == "postgresql":
        await conn.execute(_HOLD, {"ours": OURS, "who": who})
