"""From the ledger to the channel: claim under a lease → mark and prepare a small batch → take turns → send → record.

Claims run about one second ahead of the pace, marks a twentieth: the mark's commit and the look-ups are over when the
turn comes, so requests leave exactly on their turns, and what is marked is never more than may be in flight.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import groupby
from math import ceil

from scheduler import ledger
from scheduler.failures import Failures
from scheduler.guarded import GuardedCourier
from scheduler.model import Campaign, Delivery, Lane, Outcome, Retry, Run, lane_of
from scheduler.pacing import Pace
from scheduler.ports import Begin, Courier, Parcel
from scheduler.scribe import Scribe
from scheduler.trouble import Trouble

logger = logging.getLogger(__name__)

CONCURRENCY = 128
MAX_BATCH = 500
LEAD_S = 0.05
"""How long before their turns deliveries are marked."""
STALE_S = 1.0
"""Who waited longer than this for a turn asks once more whether it may leave."""
LAST_BATCH_S = 2.0
"""How long a stop waits for a batch that is just being marked."""

Work = tuple[Run, Campaign | None]
Observer = Callable[[Run, Delivery, Outcome], None]


def ignore(run: Run, delivery: Delivery, outcome: Outcome) -> None:
    """Watch nothing."""


class _Claimed:
    """What was claimed and has not been marked yet, the first lane first."""

    def __init__(self) -> None:
        self._lanes: dict[Lane, deque[Delivery]] = {lane: deque() for lane in Lane}

    def __len__(self) -> int:
        return sum(map(len, self._lanes.values()))

    def add(self, lane: Lane, delivery: Delivery) -> None:
        self._lanes[lane].append(delivery)

    def take(self, most: int) -> Iterator[Delivery]:
        for waiting in self._lanes.values():
            while waiting and most > 0:
                most -= 1
                yield waiting.popleft()


class Deliverer:
    """Delivers what is due on one account.

    Args:
        begin: opens a transaction.
        courier: prepares messages and hands them to the channel.
        pacer: the account's limit, shared with the replies of the same account.
        account: which deliveries are its own.
        worker: a name that no other live deliverer has. Whatever an earlier life of this name left in flight is settled
            at the start.
        clock: the present, aware.
        concurrency: how many deliveries may be marked and unanswered; a crash leaves no more than these uncertain.
        lease_s: after how long a silent worker counts as dead; well above `send_timeout_s`.
        send_timeout_s: how long a request may take before it is uncertain.
        idle_s: how often to look when nothing is due.
        grace_s: how long to wait at the stop for what is in flight.
        key_lasts: for how long the channel knows a repeat by the delivery's key (None: it never does). Within it, less
            a margin for clocks that differ, what is in doubt is sent again, whatever its kind.
        failure_share, failure_floor: pause a run when more than this share of its last so many messages failed.
        observe: called with every outcome, for metrics.
    """

    def __init__(
        self,
        begin: Begin,
        courier: Courier,
        pacer: Pace,
        *,
        account: str,
        worker: str,
        clock: Callable[[], datetime],
        concurrency: int = CONCURRENCY,
        lease_s: float = 120.0,
        send_timeout_s: float = 30.0,
        idle_s: float = 0.2,
        grace_s: float = 8.0,
        key_lasts: timedelta | None = None,
        failure_share: float = 0.2,
        failure_floor: int = 50,
        observe: Observer = ignore,
    ) -> None:
        self._begin = begin
        self._courier = GuardedCourier(courier, account, send_timeout_s)
        self._pacer = pacer
        self._account = account
        self._worker = worker
        self._clock = clock
        self._concurrency = concurrency
        self._lease_s = lease_s
        self._idle_s = idle_s
        self._grace_s = grace_s
        self._failures = Failures(failure_share, failure_floor)
        self._observe = observe
        rate = pacer.rate
        self._batch = MAX_BATCH if rate is None else min(MAX_BATCH, max(1, int(rate)))
        self._lead = concurrency if rate is None else min(concurrency, max(1, ceil(rate * LEAD_S)))
        self._scribe = Scribe(begin, worker=worker, clock=clock, lease_s=lease_s, key_lasts=key_lasts)
        self._reading = Trouble("the ledger cannot be read")
        self._work: dict[int, Work] = {}
        self._claimed = _Claimed()
        self._boarding = 0  # being marked and prepared
        self._early: dict[asyncio.Task[None], Delivery] = {}  # marked, waiting for their turn
        self._flying: set[asyncio.Task[None]] = set()
        self._in_hand: set[tuple[int, int]] = set()  # (run, recipient) of all these
        self._changed = asyncio.Event()
        self._look_at = float("-inf")  # when to claim again, after a claim that left nothing behind

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until `stop` is set; then finish what is in flight and give the rest back."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._scribe.run())
            feeding = group.create_task(self._work_until(stop, group))
            await stop.wait()
            self._changed.set()
            await asyncio.wait({feeding}, timeout=LAST_BATCH_S)
            feeding.cancel()
            await self._land()
            self._scribe.close()

    async def _work_until(self, stop: asyncio.Event, group: asyncio.TaskGroup) -> None:
        await self._settle_earlier_life(stop)
        while not stop.is_set():
            found = self._wants_more() and await self._claim()
            batch = self._next_batch()
            if batch:
                await self._board(batch, group)
            elif not (found or stop.is_set()):
                await self._idle(self._look_at - self._time() if self._is_hungry() else None)

    @staticmethod
    def _time() -> float:
        return asyncio.get_running_loop().time()

    def _is_hungry(self) -> bool:
        return len(self._claimed) <= self._batch // 2

    def _wants_more(self) -> bool:
        return self._is_hungry() and self._time() >= self._look_at

    async def _settle_earlier_life(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                async with self._begin() as conn:
                    lost = await ledger.recover(conn, self._clock(), self._worker)
            except ledger.FAULTS as error:
                self._reading.met(ledger.explain(error))
                if not stop.is_set():
                    await self._idle(self._idle_s)
            else:
                self._reading.over()
                if lost:
                    logger.warning("account %s: %d deliveries were in flight at the last stop", self._account, lost)
                return

    async def _idle(self, seconds: float | None) -> None:
        """Until something changes (a turn was taken, an answer came, it is time to stop), or it is time to look."""
        self._changed.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()

    async def _claim(self) -> int:
        """Lease more; returns how many came."""
        room, now = self._batch - len(self._claimed), self._clock()
        self._look_at = self._time() + self._idle_s
        try:
            async with self._begin() as conn:
                batch = await ledger.claim(
                    conn, self._account, room, worker=self._worker, now=now, lease_s=self._lease_s
                )
                self._work = {
                    run_id: self._work.get(run_id) or await ledger.load_work(conn, run_id)
                    for run_id in {run_id for run_id, _ in self._in_hand} | {delivery.run_id for delivery in batch}
                }
        except ledger.FAULTS as error:
            self._reading.met(ledger.explain(error))
            return 0
        self._reading.over()
        if len(batch) >= room:
            self._look_at = float("-inf")  # there may be more
        # While the account is held a lease can end and come back in the next claim: it is renewed, not doubled.
        fresh = [delivery for delivery in batch if delivery.place not in self._in_hand]
        for delivery in fresh:
            self._in_hand.add(delivery.place)
            self._claimed.add(lane_of(self._work[delivery.run_id][0].kind), delivery)
        return len(fresh)

    def _next_batch(self) -> list[Delivery]:
        """The next to be marked; none while there is hardly room, for marking costs a commit however few they are."""
        early = len(self._early) + self._boarding
        room = min(self._lead - early, self._concurrency - early - len(self._flying))
        worthwhile = min(len(self._claimed), max(1, self._lead // 3))
        return list(self._claimed.take(room)) if room >= worthwhile else []

    async def _board(self, batch: list[Delivery], group: asyncio.TaskGroup) -> None:
        """Mark and prepare a batch, and send each on its way to its turn."""
        self._boarding = len(batch)
        marked = await self._scribe.mark(batch)
        at = self._time()
        for delivery in set(batch).difference(marked):
            self._in_hand.discard(delivery.place)
        for run_id, together in groupby(marked, lambda delivery: delivery.run_id):
            await self._prepare(list(together), *self._work[run_id], at, group)
        self._boarding = 0

    async def _prepare(
        self, batch: list[Delivery], run: Run, campaign: Campaign | None, at: float, group: asyncio.TaskGroup
    ) -> None:
        for delivery, parcel in zip(batch, await self._courier.prepare(batch, run, campaign), strict=True):
            self._boarding -= 1
            if isinstance(parcel, Outcome):
                self._settle(delivery, run, parcel)
                continue
            task = group.create_task(self._deliver(delivery, parcel, (run, campaign), at))
            self._early[task] = delivery
            task.add_done_callback(self._landed)

    async def _deliver(self, delivery: Delivery, parcel: Parcel, work: Work, marked_at: float) -> None:
        run, _ = work
        try:
            await self._pacer.turn(lane_of(run.kind), delivery.recipient)
        except asyncio.CancelledError:
            self._take_back(delivery)
            raise
        self._take_off()
        fresh: Parcel | Outcome | None = parcel
        if self._time() - marked_at > STALE_S:
            fresh = await self._again(delivery, work)
        if fresh is None:
            self._take_back(delivery)
        else:
            self._settle(delivery, run, fresh if isinstance(fresh, Outcome) else await self._courier.send(fresh))

    async def _again(self, delivery: Delivery, work: Work) -> "Parcel | Outcome | None":
        """What was marked long ago, asked about anew: may it still leave (None: no), and is it still wanted?"""
        if not await self._scribe.mark([delivery]):
            return None
        (parcel,) = await self._courier.prepare([delivery], *work)
        return parcel

    def _take_off(self) -> None:
        task = asyncio.current_task()
        if task is None:  # pragma: no cover - only ever called from a task
            return
        self._early.pop(task, None)
        self._flying.add(task)
        self._changed.set()

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._flying.discard(task)
        self._changed.set()

    def _take_back(self, delivery: Delivery) -> None:
        """It was marked and certainly has not left: it waits again."""
        self._record(delivery, Retry(self._clock(), "it did not leave", account_wide=True))

    def _settle(self, delivery: Delivery, run: Run, outcome: Outcome) -> None:
        self._record(delivery, outcome)
        if isinstance(outcome, Retry) and outcome.account_wide:
            self._pacer.hold_for((outcome.at - self._clock()).total_seconds())
        if reason := self._failures.add(run.id, outcome):
            logger.warning("run %d is paused: too many failures", run.id)
            self._scribe.pause(run.id, reason)
        self._observe(run, delivery, outcome)

    def _record(self, delivery: Delivery, outcome: Outcome) -> None:
        self._scribe.record(delivery, outcome)
        self._in_hand.discard(delivery.place)

    async def _land(self) -> None:
        """Give back what has not left, and wait for what has; what takes too long is uncertain at the next start."""
        for task in self._early:
            task.cancel()
        for delivery in self._claimed.take(len(self._claimed)):
            self._scribe.release(delivery)
        if self._flying:
            _, late = await asyncio.wait(self._flying, timeout=self._grace_s)
            for task in late:
                task.cancel()
