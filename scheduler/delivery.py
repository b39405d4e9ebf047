"""From the ledger to the channel: claim a small leased batch → wait for the turn → mark → send → record, in a loop.

Claims run about one second ahead of the pace. The mark comes last before the request and asks the run's state again, so
a pause or cancel stops everything but what is already in flight.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import partial

from scheduler import ledger
from scheduler.model import (
    Blocked,
    Campaign,
    Delivery,
    GiveUp,
    OptedOut,
    Outcome,
    Retry,
    Run,
    Sent,
    Uncertain,
    lane_of,
)
from scheduler.pacing import Pace
from scheduler.ports import Begin, Courier
from scheduler.scribe import Scribe

logger = logging.getLogger(__name__)

MAX_BATCH = 500
MAX_WATCHED = 64
"""Runs whose failures are watched at once; the oldest is let go first."""

Work = tuple[Run, Campaign | None]
Observer = Callable[[Run, Delivery, Outcome], None]


def ignore(run: Run, delivery: Delivery, outcome: Outcome) -> None:
    """Watch nothing."""


def _place(delivery: Delivery) -> tuple[int, int]:
    return delivery.run_id, delivery.recipient


class Failures:
    """Decides when a run fails too often: more than `share` of its last `floor` settled messages were refused."""

    def __init__(self, share: float, floor: int) -> None:
        self._share = share
        self._floor = floor
        self._recent: dict[int, deque[str | None]] = {}  # the reason of each failure, None for the rest

    def add(self, run_id: int, outcome: Outcome) -> str | None:
        """Count one outcome; returns the reason to pause, once, when it is time. A blocked recipient is no failure."""
        if not isinstance(outcome, Sent | Blocked | OptedOut | GiveUp):
            return None
        recent = self._recent.setdefault(run_id, deque(maxlen=self._floor))
        if len(self._recent) > MAX_WATCHED:
            del self._recent[next(iter(self._recent))]
        recent.append(outcome.reason if isinstance(outcome, GiveUp) else None)
        reasons = [reason for reason in recent if reason is not None]
        if len(recent) < self._floor or len(reasons) <= self._share * self._floor:
            return None
        del self._recent[run_id]  # after a resume the count starts anew
        most_often = max(reasons, key=reasons.count)
        return f"{len(reasons)} of the last {self._floor} failed, most often: {most_often}"


class Deliverer:
    """Delivers what is due on one account.

    Args:
        begin: opens a transaction.
        courier: hands one message to the channel.
        pacer: the account's limit, shared with the replies of the same account.
        account: which deliveries are its own.
        worker: a name that no other live deliverer has and that stays the same over restarts: what an earlier life of
            this name left in flight is settled at the start.
        clock: the present, aware.
        concurrency: how many requests may be in flight.
        lease_s: after how long a silent worker counts as dead; well above `send_timeout_s`.
        send_timeout_s: how long a request may take before it is uncertain.
        idle_s: how often to look when nothing is due.
        grace_s: how long to wait at the stop for what is in flight.
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
        concurrency: int = 128,
        lease_s: float = 120.0,
        send_timeout_s: float = 30.0,
        idle_s: float = 0.5,
        grace_s: float = 8.0,
        failure_share: float = 0.2,
        failure_floor: int = 50,
        observe: Observer = ignore,
    ) -> None:
        self._begin = begin
        self._courier = courier
        self._pacer = pacer
        self._account = account
        self._worker = worker
        self._clock = clock
        self._lease_s = lease_s
        self._send_timeout_s = send_timeout_s
        self._idle_s = idle_s
        self._grace_s = grace_s
        self._failures = Failures(failure_share, failure_floor)
        self._observe = observe
        self._batch = MAX_BATCH if pacer.rate is None else min(MAX_BATCH, max(1, int(pacer.rate)))
        self._slots = asyncio.Semaphore(concurrency)
        self._scribe = Scribe(begin, worker=worker, clock=clock, lease_s=lease_s)
        self._work: dict[int, Work] = {}
        self._ahead: dict[asyncio.Task[None], Delivery] = {}  # claimed, not marked yet
        self._flying: set[asyncio.Task[None]] = set()
        self._in_hand: set[tuple[int, int]] = set()  # (run, recipient) of both
        self._hungry = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until `stop` is set; then finish what is in flight and give the rest back."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._scribe.run())
            group.create_task(self._wake_on(stop))
            await self._settle_earlier_life(stop)
            await self._feed(group, stop)
            await self._land()
            self._scribe.close()

    async def _wake_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._hungry.set()

    async def _settle_earlier_life(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                async with self._begin() as conn:
                    lost = await ledger.recover(conn, self._clock(), self._worker)
            except ledger.FAULTS as error:
                logger.warning("the ledger cannot be read, trying again: %s", type(error).__name__)
                await self._idle(stop)
            else:
                if lost:
                    logger.warning("account %s: %d deliveries were in flight at the last stop", self._account, lost)
                return

    async def _feed(self, group: asyncio.TaskGroup, stop: asyncio.Event) -> None:
        while not stop.is_set():
            # While the account is held a lease can end and come back in the next claim: it is renewed, not doubled.
            batch = [delivery for delivery in await self._claim() if _place(delivery) not in self._in_hand]
            for delivery in batch:
                task = group.create_task(self._deliver(delivery, self._work[delivery.run_id]))
                self._ahead[task] = delivery
                self._in_hand.add(_place(delivery))
                task.add_done_callback(partial(self._put_down, delivery))
            if not batch:
                await self._idle(stop)
            while len(self._ahead) > self._batch // 2 and not stop.is_set():
                self._hungry.clear()
                await self._hungry.wait()

    async def _idle(self, stop: asyncio.Event) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._idle_s):
                await stop.wait()

    async def _claim(self) -> list[Delivery]:
        room = self._batch - len(self._ahead)
        now = self._clock()
        try:
            async with self._begin() as conn:
                batch = await ledger.claim(
                    conn, self._account, room, worker=self._worker, now=now, lease_s=self._lease_s
                )
                self._work = {
                    run_id: self._work.get(run_id) or await ledger.load_work(conn, run_id)
                    for run_id in {delivery.run_id for delivery in batch}
                }
        except ledger.FAULTS as error:
            logger.warning("the ledger cannot be read, trying again: %s", type(error).__name__)
            return []
        return batch

    async def _deliver(self, delivery: Delivery, work: Work) -> None:
        run, campaign = work
        async with self._slots:
            await self._pacer.turn(lane_of(run.kind), delivery.recipient)
            self._take_off()
            if not await self._scribe.mark(delivery):
                return
            outcome = await self._ask(delivery, run, campaign)
        self._settle(delivery, run, outcome)

    def _put_down(self, delivery: Delivery, _task: asyncio.Task[None]) -> None:
        self._in_hand.discard(_place(delivery))

    def _take_off(self) -> None:
        task = asyncio.current_task()
        if task is None:  # pragma: no cover - only ever called from a task
            return
        self._ahead.pop(task, None)
        self._flying.add(task)
        task.add_done_callback(self._flying.discard)
        self._hungry.set()

    async def _ask(self, delivery: Delivery, run: Run, campaign: Campaign | None) -> Outcome:
        try:
            async with asyncio.timeout(self._send_timeout_s):
                return await self._courier.send(delivery, run, campaign)
        except TimeoutError:
            return Uncertain("no answer in time")
        except Exception as error:  # noqa: BLE001 - whatever one message trips over must not stop the others
            # Only the class is logged: an exception's text can carry the message or the address.
            logger.error("the courier of %s failed: %s", self._account, type(error).__name__)  # noqa: TRY400
            return GiveUp(type(error).__name__)

    def _settle(self, delivery: Delivery, run: Run, outcome: Outcome) -> None:
        self._scribe.record(delivery, outcome)
        if isinstance(outcome, Retry) and outcome.account_wide:
            self._pacer.hold_for((outcome.at - self._clock()).total_seconds())
        if reason := self._failures.add(run.id, outcome):
            logger.warning("run %d is paused: too many failures", run.id)
            self._scribe.pause(run.id, reason)
        self._observe(run, delivery, outcome)

    async def _land(self) -> None:
        """Give back what has not left, and wait for what has; what takes too long is uncertain at the next start."""
        for task, delivery in self._ahead.items():
            task.cancel()
            self._scribe.release(delivery)
        self._ahead.clear()
        if self._flying:
            _, late = await asyncio.wait(self._flying, timeout=self._grace_s)
            for task in late:
                task.cancel()
