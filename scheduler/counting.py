"""Counts runs that are over, so that whoever asks what became of them need not read all their deliveries."""

from scheduler import ledger
from scheduler.ledger import totals
from scheduler.ports import Begin

AT_ONCE = 100
"""Runs counted in one round; the next follows soon enough."""


async def sum_up(begin: Begin, read: Begin, *, stale: bool = False, limit: int = AT_ONCE) -> int:
    """Count runs that are over and were not counted yet, the newest first; returns how many.

    With `stale` also those that were, and that people have left since. Stopped at any point it leaves nothing wrong,
    and the next round goes on.
    """
    async with read() as conn:
        found = await ledger.uncounted(conn, limit, stale=stale)
    return sum([await _sum_up(begin, read, run_id) for run_id in found])


async def _sum_up(begin: Begin, read: Begin, run_id: int) -> bool:
    async with begin() as conn:
        version = await totals.begin(conn, run_id)
    async with read() as conn:  # it takes long: nobody who writes has to wait for it
        counts, summary = await totals.count(conn, run_id)
    async with begin() as conn:
        return await totals.keep(conn, run_id, version, counts, summary)
