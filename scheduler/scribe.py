"""Group commit: marks and outcomes that come up while one transaction commits go together into the next."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from scheduler import ledger
from scheduler.errors import StaleCampaign
from scheduler.model import Delivery, Outcome
from scheduler.ports import Begin
from scheduler.trouble import Trouble

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

logger = logging.getLogger(__name__)

WHO = "delivery"
PATIENCE_S = (0.1, 0.5, 1.0, 2.0, 5.0)
LAST_TRIES = 3


class Scribe:
    """The one writer of a deliverer. While the database is away nothing is marked, so nothing leaves."""

    def __init__(
        self,
        begin: Begin,
        *,
        worker: str,
        clock: Callable[[], datetime],
        lease_s: float,
        key_lasts: timedelta | None = None,
    ) -> None:
        self._begin = begin
        self._worker = worker
        self._clock = clock
        self._lease_s = lease_s
        self._key_lasts = key_lasts
        self._marks: list[tuple[Sequence[Delivery], asyncio.Future[list[Delivery]]]] = []
        self._results: list[ledger.Result] = []
        self._pauses: list[tuple[int, str]] = []
        self._released: list[Delivery] = []
        self._writing = Trouble("the ledger cannot be written")
        self._wake = asyncio.Event()
        self._closing = False

    async def mark(self, batch: Sequence[Delivery]) -> list[Delivery]:
        """Mark them as sending; returns those that may leave (still)."""
        accepted: asyncio.Future[list[Delivery]] = asyncio.get_running_loop().create_future()
        self._marks.append((batch, accepted))
        self._wake.set()
        return await accepted

    def record(self, delivery: Delivery, outcome: Outcome) -> None:
        """Write what became of it with the next transaction."""
        self._results.append((delivery, outcome))
        self._wake.set()

    def pause(self, run_id: int, reason: str) -> None:
        """Hold a run with the next transaction, before any further mark."""
        self._pauses.append((run_id, reason))
        self._wake.set()

    def release(self, delivery: Delivery) -> None:
        """Give a claimed delivery back with the next transaction."""
        self._released.append(delivery)
        self._wake.set()

    def close(self) -> None:
        """Let `run` end once everything is written."""
        self._closing = True
        self._wake.set()

    async def run(self) -> None:
        """Write until closed; a failing database is tried again, after closing only a few times."""
        failures = 0
        while failures < LAST_TRIES or not self._closing:
            await self._wake.wait()
            self._wake.clear()
            if await self._flush():
                failures = 0
            else:
                failures += 1
                self._wake.set()
                await asyncio.sleep(PATIENCE_S[min(failures, len(PATIENCE_S)) - 1])
            if self._closing and self._is_empty():
                return
        logger.error("the ledger could not be written at the end; the next start settles what was in flight")

    def _is_empty(self) -> bool:
        return not (self._marks or self._results or self._pauses or self._released)

    async def _flush(self) -> bool:
        """One transaction with everything that has come up; what could not be written is kept."""
        marks, results, pauses, released = self._marks, self._results, self._pauses, self._released
        self._marks, self._results, self._pauses, self._released = [], [], [], []
        marks = [(batch, accepted) for batch, accepted in marks if not accepted.done()]
        if not (marks or results or pauses or released):
            return True
        now = self._clock()
        try:
            async with self._begin() as conn:
                await ledger.record(conn, results, now)
                for run_id, reason in pauses:
                    await ledger.pause_run(conn, run_id, reason, who=WHO, now=now)
                wanted = [delivery for batch, _ in marks for delivery in batch]
                going = set(await self._mark(conn, wanted, now))
                await ledger.release(conn, released, worker=self._worker, now=now)
        except (*ledger.FAULTS, StaleCampaign) as error:
            self._writing.met(ledger.explain(error))
            self._marks[:0], self._results[:0] = marks, results
            self._pauses[:0], self._released[:0] = pauses, released
            return False
        self._writing.over()
        for batch, accepted in marks:
            if not accepted.done():
                accepted.set_result([delivery for delivery in batch if delivery in going])
        return True

    async def _mark(self, conn: "AsyncConnection", wanted: Sequence[Delivery], now: datetime) -> list[Delivery]:
        return await ledger.mark(
            conn, wanted, worker=self._worker, now=now, lease_s=self._lease_s, key_lasts=self._key_lasts
        )
