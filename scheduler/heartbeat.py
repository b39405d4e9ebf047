"""Says, again and again, that this process lives: whoever falls silent is taken for dead."""

import asyncio
from contextlib import suppress

from scheduler import ledger
from scheduler.ports import Begin
from scheduler.trouble import Trouble

BEAT_S = 2.0


class Heartbeat:
    """The heartbeat of one worker, by the name under which it claims deliveries."""

    def __init__(self, begin: Begin, worker: str) -> None:
        self._begin = begin
        self._worker = worker
        self._beating = Trouble("this worker cannot say that it lives")

    async def run(self, stop: asyncio.Event) -> None:
        """Beat until `stop`, then take leave."""
        while not stop.is_set():
            try:
                async with self._begin() as conn:
                    await ledger.beat(conn, self._worker)
            except ledger.FAULTS as error:
                self._beating.met(ledger.explain(error))
            else:
                self._beating.over()
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), BEAT_S)
        with suppress(*ledger.FAULTS):
            async with self._begin() as conn:
                await ledger.leave(conn, self._worker)
