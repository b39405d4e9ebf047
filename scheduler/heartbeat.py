"""Says, again and again, that this process lives: whoever falls silent is taken for dead."""

import asyncio
import logging
from contextlib import suppress

from scheduler import ledger
from scheduler.ports import Begin

logger = logging.getLogger(__name__)

BEAT_S = 2.0


class Heartbeat:
    """The heartbeat of one worker, by the name under which it claims deliveries."""

    def __init__(self, begin: Begin, worker: str) -> None:
        self._begin = begin
        self._worker = worker

    async def run(self, stop: asyncio.Event) -> None:
        """Beat until `stop`, then take leave."""
        while not stop.is_set():
            try:
                async with self._begin() as conn:
                    await ledger.beat(conn, self._worker)
            except ledger.FAULTS as error:
                logger.warning("a heartbeat is missed: %s", ledger.explain(error))
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), BEAT_S)
        with suppress(*ledger.FAULTS):
            async with self._begin() as conn:
                await ledger.leave(conn, self._worker)
