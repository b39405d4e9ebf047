"""Calls what is to be called by the clock. The only home of APScheduler, which keeps no state of its own here.

What a job does is decided from the database, so a call that is late, merged with another or repeated does no harm.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger

from scheduler.calendar import next_slot, parse_cron
from scheduler.leader import Leader, NullLeader
from scheduler.model import Recurring
from scheduler.trouble import Trouble


@dataclass(frozen=True, slots=True)
class Job:
    """Something to call every so often: a span, or five cron fields in Kraków's time.

    `everywhere`: in each process, not in the leading one only.
    """

    name: str
    every: timedelta | str
    call: Callable[[], Awaitable[object]]
    everywhere: bool = False


class _Rule(BaseTrigger):  # type: ignore[misc]  # the library ships no types
    """The calendar's own reading of a rule: the library's counts weekdays from Monday."""

    def __init__(self, cron: str) -> None:
        parse_cron(cron)
        self._schedule = Recurring(cron)

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        return next_slot(self._schedule, after=previous_fire_time or now)


class Clockwork:
    """Runs jobs; each at most once at a time, late calls merged into one."""

    def __init__(self, jobs: Sequence[Job], leader: Leader | None = None) -> None:
        self._leader = leader or NullLeader()
        self._busy: set[asyncio.Task[None]] = set()
        self._troubles = {job.name: Trouble(f"job {job.name} fails") for job in jobs}
        self._scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        for job in jobs:
            self._scheduler.add_job(self._start, _trigger(job.every), args=[job], id=job.name, name=job.name)

    async def run(self, stop: asyncio.Event) -> None:
        """Call the jobs until `stop` is set, then wait for those that are at work."""
        self._scheduler.start()
        try:
            await stop.wait()
            self._scheduler.pause()
            await asyncio.gather(*self._busy)
        finally:
            self._scheduler.shutdown(wait=False)

    async def _start(self, job: Job) -> None:
        # Its own task, which the library's shutdown does not cancel.
        task = asyncio.create_task(self._call(job))
        self._busy.add(task)
        task.add_done_callback(self._busy.discard)
        await asyncio.shield(task)

    async def _call(self, job: Job) -> None:
        try:
            if job.everywhere or await self._leader.leads():
                await job.call()
        except Exception as error:  # noqa: BLE001 - the next call may do better; one job must not stop the clock
            # Only the class and the place are logged: an exception's text can carry parameters, and so people.
            self._troubles[job.name].met(f"{type(error).__name__} at {_place(error)}")
        else:
            self._troubles[job.name].over()


def _trigger(every: timedelta | str) -> BaseTrigger:
    if isinstance(every, str):
        return _Rule(every)
    return IntervalTrigger(seconds=every.total_seconds(), timezone=UTC)


def _place(error: Exception) -> str:
    """Where it was raised, as file:line."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"
