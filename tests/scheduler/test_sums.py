"""What became of whole runs is counted once, and never wrong afterwards."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection

from scheduler import ledger
from scheduler.counting import sum_up
from scheduler.errors import SchedulerError
from scheduler.ledger import totals
from scheduler.model import (
    Blocked,
    Delivery,
    DeliveryState,
    GiveUp,
    Kind,
    OptedOut,
    Outcome,
    Retry,
    Run,
    Sent,
    Summary,
    Uncertain,
)
from tests.scheduler.world import DAY, HOUR, NOON, Database, database

D = DeliveryState
LEASE_S = 60.0


async def in_flight(db: Database, limit: int = 9, now: datetime = NOON) -> list[Delivery]:
    async with db.begin() as conn:
        batch = await ledger.claim(conn, "tg", limit, worker="w", now=now, lease_s=LEASE_S)
        return await ledger.mark(conn, batch, worker="w", now=now, lease_s=LEASE_S)


async def record(db: Database, batch: list[Delivery], outcome: Outcome, now: datetime = NOON) -> None:
    async with db.begin() as conn:
        await ledger.record(conn, [(delivery, outcome) for delivery in batch], now)


async def finish(db: Database, now: datetime = NOON) -> None:
    async with db.begin() as conn:
        await ledger.finish_runs(conn, now)


async def finished(db: Database, people: int = 3) -> Run:
    """A run in which everybody got their message."""
    await db.populate(*["tg"] * people)
    run = await db.open()
    await record(db, await in_flight(db), Sent("m"))
    await finish(db)
    return run


async def kept(db: Database, run: Run) -> totals.Sum | None:
    async with db.begin() as conn:
        return (await ledger.kept_sums(conn, [run.id])).get(run.id)


async def counted_anew(db: Database, run_id: int) -> totals.Sum:
    async with db.begin() as conn:
        return await ledger.balance(conn, run_id), await ledger.summarise(conn, run_id)


async def test_a_run_that_is_over_is_counted_once(db: Database) -> None:
    run = await finished(db)
    assert await kept(db, run) is None
    assert await sum_up(db.begin, db.begin) == 1
    assert await sum_up(db.begin, db.begin) == 0
    assert await kept(db, run) == await counted_anew(db, run.id)


async def test_a_run_that_goes_on_is_not_kept_and_can_be_asked_for(db: Database) -> None:
    await db.populate("tg", "tg")
    run = await db.open()
    await record(db, await in_flight(db, 1), GiveUp("no chat"))
    assert await sum_up(db.begin, db.begin) == 0
    assert await kept(db, run) is None
    async with db.begin() as conn:
        found = await ledger.sums(conn, [run.id, 999])
    assert found == {run.id: await counted_anew(db, run.id)}
    balance, summary = found[run.id]
    assert (balance[D.WAITING], balance[D.FAILED], summary.reasons) == (1, 1, (("no chat", 1),))


async def test_what_is_kept_is_read_without_the_deliveries(sqlite_db: Database) -> None:
    run = await finished(sqlite_db)
    await sum_up(sqlite_db.begin, sqlite_db.begin)
    statements: list[str] = []

    @event.listens_for(sqlite_db.engine.sync_engine, "before_cursor_execute")
    def _note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    async with sqlite_db.begin() as conn:
        await ledger.sums(conn, [run.id])
    assert not [statement for statement in statements if "deliveries" in statement]


async def test_an_answer_that_comes_after_the_count_is_counted(db: Database) -> None:
    await db.populate("tg")
    run = await db.open()
    batch = await in_flight(db)
    async with db.begin() as conn:
        await ledger.recover(conn, NOON + HOUR)
    await finish(db, NOON + HOUR)
    await sum_up(db.begin, db.begin)
    found = await kept(db, run)
    assert found
    assert found[0].counts == {D.UNCERTAIN: 1}

    await record(db, batch, Sent("m"), NOON + HOUR)
    assert await kept(db, run) is None
    await sum_up(db.begin, db.begin)
    assert await kept(db, run) == await counted_anew(db, run.id)


async def test_who_leaves_is_still_counted_and_the_summary_is_made_anew_at_leisure(db: Database) -> None:
    run = await finished(db)
    await sum_up(db.begin, db.begin)
    before = await kept(db, run)
    async with db.begin() as conn:
        await ledger.forget(conn, 1)
    assert await kept(db, run) == before, "no page has to count again because one person left"
    assert await sum_up(db.begin, db.begin) == 0

    assert await sum_up(db.begin, db.begin, stale=True) == 1
    assert await kept(db, run) == await counted_anew(db, run.id)
    assert await sum_up(db.begin, db.begin, stale=True) == 0


async def test_who_still_waited_when_a_run_was_cancelled_and_leaves_is_counted_anew(db: Database) -> None:
    await db.populate("tg", "tg")
    run = await db.open()
    await record(db, await in_flight(db, 1), Sent("m"))
    async with db.begin() as conn:
        await ledger.cancel_run(conn, run.id, "enough", NOON)
    await sum_up(db.begin, db.begin)
    async with db.begin() as conn:
        await ledger.forget(conn, 2)
        found = await ledger.sums(conn, [run.id])
    assert found[run.id][0].counts == {D.SENT: 1, D.OPTED_OUT: 1}


async def test_a_count_during_which_something_changes_is_not_kept(db: Database) -> None:
    run = await finished(db)
    async with db.begin() as conn:
        version = await totals.begin(conn, run.id)
    async with db.begin() as conn:
        counts, summary = await totals.count(conn, run.id)
    async with db.begin() as conn:
        await ledger.forget(conn, 1)
    async with db.begin() as conn:
        assert not await totals.keep(conn, run.id, version, counts, summary)
    assert await kept(db, run) is None


async def test_a_count_waits_for_an_answer_that_is_being_written(postgres_db: Database) -> None:
    db = postgres_db
    await db.populate("tg")
    run = await db.open()
    batch = await in_flight(db)
    async with db.begin() as conn:
        await ledger.recover(conn, NOON + HOUR)
    await finish(db, NOON + HOUR)

    async with db.begin() as conn:
        await ledger.record(conn, [(delivery, Sent("m")) for delivery in batch], NOON + HOUR)
        counting = asyncio.create_task(sum_up(db.begin, db.begin))
        done, _ = await asyncio.wait([counting], timeout=0.3)
        assert not done
    assert await counting == 1
    found = await kept(db, run)
    assert found
    assert found[0].counts == {D.SENT: 1}


# Whatever happens, in whatever order

PEOPLE = 4
OUTCOMES: tuple[Outcome, ...] = (
    Sent("m"),
    Blocked(),
    OptedOut(),
    GiveUp("no chat"),
    GiveUp("too long"),
    Uncertain("silence"),
    Retry(NOON, "502", account_wide=False),
)


@dataclass
class Town:
    """Two runs, what is in flight, and counts that are half done."""

    db: Database
    now: datetime = NOON
    runs: list[int] = field(default_factory=list)
    flying: list[Delivery] = field(default_factory=list)
    flown: list[Delivery] = field(default_factory=list)
    begun: dict[int, int] = field(default_factory=dict)
    counts: dict[int, tuple[int, dict[DeliveryState, int], Summary]] = field(default_factory=dict)

    def run(self, choice: int) -> int:
        return self.runs[choice % len(self.runs)]

    async def send(self, conn: AsyncConnection, choice: int) -> None:
        batch = await ledger.claim(conn, "tg", choice + 1, worker="w", now=self.now, lease_s=LEASE_S)
        self.flying += await ledger.mark(conn, batch, worker="w", now=self.now, lease_s=LEASE_S)

    async def answer(self, conn: AsyncConnection, choice: int) -> None:
        if self.flying:
            self.flown.append(self.flying.pop())
            await ledger.record(conn, [(self.flown[-1], OUTCOMES[choice % len(OUTCOMES)])], self.now)

    async def answer_late(self, conn: AsyncConnection, choice: int) -> None:
        if self.flown:
            delivery = self.flown[choice % len(self.flown)]
            await ledger.record(conn, [(delivery, OUTCOMES[choice % len(OUTCOMES)])], self.now)

    async def die(self, conn: AsyncConnection, _: int) -> None:
        self.flown += self.flying
        self.flying = []
        await ledger.recover(conn, self.now, "w")

    async def finish(self, conn: AsyncConnection, choice: int) -> None:
        self.now += (choice % 2) * DAY
        await ledger.finish_runs(conn, self.now)

    async def cancel(self, conn: AsyncConnection, choice: int) -> None:
        await ledger.cancel_run(conn, self.run(choice), "enough", self.now)

    async def forget(self, conn: AsyncConnection, choice: int) -> None:
        await ledger.forget(conn, choice % PEOPLE + 1)

    async def retry(self, conn: AsyncConnection, choice: int) -> None:
        with suppress(SchedulerError):  # refused: nothing failed, or it is not over
            await ledger.retry_failed(conn, self.run(choice), self.now, self.now + HOUR)

    async def archive(self, conn: AsyncConnection, choice: int) -> None:
        if choice == 0:
            await ledger.archive(conn, self.now + HOUR)

    async def begin(self, conn: AsyncConnection, choice: int) -> None:
        run_id = self.run(choice)
        if run_id in await ledger.uncounted(conn, 9, stale=True):
            self.begun[run_id] = await totals.begin(conn, run_id)

    async def count(self, conn: AsyncConnection, choice: int) -> None:
        run_id = self.run(choice)
        if run_id in self.begun:
            self.counts[run_id] = (self.begun[run_id], *await totals.count(conn, run_id))

    async def keep(self, conn: AsyncConnection, choice: int) -> None:
        run_id = self.run(choice)
        if run_id in self.counts:
            await totals.keep(conn, run_id, *self.counts[run_id])

    async def sum_up(self, conn: AsyncConnection, _: int) -> None:
        for run_id in range(len(self.runs)):
            for step in (self.begin, self.count, self.keep):
                await step(conn, run_id)


STEPS = (
    *(Town.send, Town.answer, Town.answer_late, Town.die, Town.finish, Town.cancel, Town.forget, Town.retry),
    *(Town.archive, Town.begin, Town.count, Town.keep, Town.sum_up),
)
Step = tuple[Callable[..., Awaitable[None]], int]
OVER = ((Town.die, 0), (Town.finish, 1), (Town.sum_up, 0))
"""After these both runs are over and counted."""


async def live(steps: list[Step]) -> None:
    async with database() as db:
        await db.populate(*["tg"] * PEOPLE)
        town = Town(db)
        town.runs = [(await db.open(kind, kind)).id for kind in (Kind.ALERT, Kind.NEWS)]
        for step, choice in steps:
            town.now += timedelta(seconds=choice)
            async with db.begin() as conn:
                await step(town, conn, choice)
            for run_id in town.runs:
                await check(db, run_id)
        await sum_up(db.begin, db.begin, stale=True)
        async with db.begin() as conn:
            assert await ledger.uncounted(conn, 9, stale=True) == []
        for run_id in town.runs:
            await check(db, run_id)


async def check(db: Database, run_id: int) -> None:
    """The balance is always right; the summary is, as soon as nothing is left to be counted."""
    balance, summary = await counted_anew(db, run_id)
    assert balance.holds
    async with db.begin() as conn:
        found = (await ledger.sums(conn, [run_id]))[run_id]
        stale = run_id in await ledger.uncounted(conn, 9, stale=True)
    assert found[0] == balance
    assert stale or found[1] == summary


CHOICES = st.integers(0, 6)


@settings(max_examples=60, deadline=None)
@given(
    sent=st.integers(0, 2 * PEOPLE - 1),
    answers=st.lists(st.tuples(st.just(Town.answer), CHOICES), max_size=2 * PEOPLE),
    cancelled=st.lists(st.tuples(st.just(Town.cancel), st.integers(0, 1)), max_size=2),
    later=st.lists(st.tuples(st.sampled_from(STEPS), CHOICES), max_size=16),
)
def test_sums_are_what_counting_anew_gives_whatever_happens(
    sent: int, answers: list[Step], cancelled: list[Step], later: list[Step]
) -> None:
    asyncio.run(live([(Town.send, sent), *answers, *cancelled, *OVER, *later]))
