"""A channel that knows a repeat by the delivery's key, for a day: what is in doubt is sent again, and arrives once."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select
from sqlalchemy.ext.asyncio import AsyncConnection

from scheduler import ledger, lifecycle
from scheduler.counting import sum_up
from scheduler.errors import SchedulerError
from scheduler.ledger.doubts import RESEND_AFTER
from scheduler.model import (
    MAX_ATTEMPTS,
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
    Uncertain,
    resends_uncertain,
)
from scheduler.planner import plan
from scheduler.tables import deliveries
from tests.scheduler.test_delivery import HandClock, deliverer, running, until, until_counts, until_settled
from tests.scheduler.world import DAY, HOUR, NOON, Database, Everyone, FakeCourier, database

D = DeliveryState
LEASE_S = 60.0
SECOND = timedelta(seconds=1)
WEEK = 7 * DAY
KEY_LASTS = 23 * HOUR
"""What the host says: a margin before the channel's own day."""
LOST = Uncertain("no answer")


async def send(db: Database, now: datetime = NOON, limit: int = 100, worker: str = "w") -> list[Delivery]:
    """Claim what is due, and mark it as sending."""
    async with db.begin() as conn:
        batch = await ledger.claim(conn, "hs", limit, worker=worker, now=now, lease_s=LEASE_S)
        return await mark(conn, batch, now, worker)


async def mark(conn: AsyncConnection, batch: Sequence[Delivery], now: datetime, worker: str = "w") -> list[Delivery]:
    return await ledger.mark(conn, batch, worker=worker, now=now, lease_s=LEASE_S, key_lasts=KEY_LASTS)


async def record(db: Database, batch: Sequence[Delivery], outcome: Outcome, now: datetime = NOON) -> None:
    async with db.begin() as conn:
        await ledger.record(conn, [(delivery, outcome) for delivery in batch], now)


async def in_doubt(db: Database, now: datetime = NOON) -> list[Delivery]:
    """Let the answers to all that is due be lost."""
    lost = await send(db, now)
    await record(db, lost, LOST, now)
    return lost


async def counts(db: Database, run: Run) -> dict[DeliveryState, int]:
    async with db.begin() as conn:
        balance = await ledger.balance(conn, run.id)
    assert balance.holds
    return balance.counts


async def pause(db: Database, run: Run, now: datetime = NOON) -> None:
    async with db.begin() as conn:
        await ledger.pause_run(conn, run.id, "wait", who="ada", now=now)


async def resume(db: Database, run: Run) -> None:
    async with db.begin() as conn:
        await ledger.resume_run(conn, run.id)


# Sent again, to the end of the window


@pytest.mark.parametrize("kind", Kind)
async def test_what_is_in_doubt_is_sent_again_under_its_key_whatever_its_kind(db: Database, kind: Kind) -> None:
    await db.populate("hs")
    run = await db.open(kind)
    (first,) = await in_doubt(db)
    again = await send(db, NOON + RESEND_AFTER)
    assert again == [replace(first, attempt=2, in_doubt=True)]
    await record(db, again, Sent("m"), NOON + RESEND_AFTER)
    assert await counts(db, run) == {D.SENT: 1}


@pytest.mark.parametrize("kind", [Kind.NEWS, Kind.ALERT])
async def test_what_a_dead_worker_left_is_sent_again_whoever_settles_it(db: Database, kind: Kind) -> None:
    """A planner, or the deliverer of another account, knows nothing of this one."""
    await db.populate("hs", "hs")
    run = await db.open(kind)
    await send(db)
    async with db.begin() as conn:
        assert await ledger.recover(conn, NOON + HOUR) == 2
    assert await counts(db, run) == {D.WAITING: 2}
    assert len(await send(db, NOON + HOUR + RESEND_AFTER)) == 2


async def test_a_channel_that_stays_silent_is_asked_to_the_end_of_the_window_and_ever_more_rarely(db: Database) -> None:
    await db.populate("hs")
    await db.open(Kind.NEWS, expires_at=NOON + 6 * HOUR)
    sent_at, now = [], NOON
    while now < NOON + 6 * HOUR:
        sent_at.append(now)
        await in_doubt(db, now)
        async with db.begin() as conn:
            due_at = (await conn.execute(select(deliveries.c.due_at))).scalar_one()
        assert await send(db, due_at - SECOND) == []
        now = due_at
    assert len(sent_at) > 2 * MAX_ATTEMPTS
    pauses = [(later - earlier) / RESEND_AFTER for earlier, later in pairwise(sent_at)]
    assert pauses[:MAX_ATTEMPTS] == [2.0**n for n in range(MAX_ATTEMPTS)]


async def test_an_alert_is_never_kept_waiting(db: Database) -> None:
    await db.populate("hs")
    await db.open(Kind.ALERT)
    for number in range(2 * MAX_ATTEMPTS):
        now = NOON + number * RESEND_AFTER
        assert [delivery.attempt for delivery in await in_doubt(db, now)] == [number + 1]


async def test_an_answer_that_is_lost_during_a_pause_waits_for_its_end(db: Database) -> None:
    await db.populate("hs")
    run = await db.open()
    flying = await send(db)
    await pause(db, run)
    await record(db, flying, LOST)
    assert await counts(db, run) == {D.WAITING: 1}
    assert await send(db, NOON + HOUR) == []
    await resume(db, run)
    assert len(await send(db, NOON + HOUR)) == 1


async def test_refusals_do_not_end_what_may_have_arrived(db: Database) -> None:
    await db.populate("hs")
    run = await db.open()
    await in_doubt(db)
    now = NOON + HOUR
    for _ in range(MAX_ATTEMPTS + 1):
        await record(db, await send(db, now), Retry(now, "503", account_wide=False), now)
    assert await counts(db, run) == {D.WAITING: 1}


async def test_without_a_key_nothing_changes(db: Database) -> None:
    await db.populate("tg")
    run = await db.open()
    async with db.begin() as conn:
        batch = await ledger.claim(conn, "tg", 9, worker="w", now=NOON, lease_s=LEASE_S)
        await ledger.mark(conn, batch, worker="w", now=NOON, lease_s=LEASE_S)
    await record(db, batch, LOST)
    assert await counts(db, run) == {D.UNCERTAIN: 1}


# Not after a day


async def test_a_run_resumed_after_a_day_sends_nothing_again_that_may_have_arrived(db: Database) -> None:
    await db.populate("hs", "hs")
    run = await db.open(expires_at=NOON + WEEK)
    doubtful = await send(db, limit=1)
    await record(db, doubtful, LOST)
    await pause(db, run)
    later = NOON + 25 * HOUR
    await resume(db, run)
    assert [delivery.recipient for delivery in await send(db, later)] == [2]
    await plan(db.begin, Everyone(), later)
    assert await counts(db, run) == {D.UNCERTAIN: 1, D.SENDING: 1}


async def test_the_day_of_a_paused_run_ends_too(db: Database) -> None:
    await db.populate("hs", "hs")
    run = await db.open(expires_at=NOON + WEEK)
    await record(db, await send(db, limit=1), LOST)
    await pause(db, run)
    await plan(db.begin, Everyone(), NOON + KEY_LASTS - SECOND)
    assert await counts(db, run) == {D.WAITING: 2}
    await plan(db.begin, Everyone(), NOON + KEY_LASTS)
    assert await counts(db, run) == {D.UNCERTAIN: 1, D.WAITING: 1}


@pytest.mark.parametrize("kind", [Kind.NEWS, Kind.ALERT])
async def test_the_day_counts_from_when_it_left_not_from_when_the_doubt_was_noticed(db: Database, kind: Kind) -> None:
    """The program was off for longer: what it left in flight has been forgotten meanwhile."""
    await db.populate("hs")
    run = await db.open(kind, expires_at=NOON + WEEK)
    await send(db)
    back = NOON + 25 * HOUR
    async with db.begin() as conn:
        assert await ledger.recover(conn, back, "w") == 1
    assert await counts(db, run) == {D.WAITING if resends_uncertain(kind) else D.UNCERTAIN: 1}
    assert await send(db, back + HOUR) == []
    await plan(db.begin, Everyone(), back + HOUR)
    assert await counts(db, run) == {D.UNCERTAIN: 1}


async def test_a_repeat_does_not_make_the_day_longer(db: Database) -> None:
    await db.populate("hs")
    await db.open(Kind.ALERT, expires_at=NOON + WEEK)
    await in_doubt(db)
    assert len(await in_doubt(db, NOON + 20 * HOUR)) == 1
    async with db.begin() as conn:
        claim = await ledger.claim(conn, "hs", 9, worker="w", now=NOON + KEY_LASTS, lease_s=LEASE_S)
    assert claim == [], "or it would be claimed and refused for ever"


async def test_a_turn_that_comes_after_the_day_is_refused(db: Database) -> None:
    await db.populate("hs")
    await db.open(Kind.ALERT, expires_at=NOON + WEEK)
    await in_doubt(db)
    before = NOON + KEY_LASTS - SECOND
    (late,) = await send(db, before)
    async with db.begin() as conn:
        assert await mark(conn, [late], before) == [late], "marked once more, for it waited long"
        assert await mark(conn, [late], NOON + KEY_LASTS) == []


async def test_what_was_certainly_not_taken_has_no_day(db: Database) -> None:
    await db.populate("hs")
    run = await db.open(Kind.ALERT, expires_at=NOON + WEEK)
    await record(db, await send(db), Retry(NOON + HOUR, "429", account_wide=True))
    await pause(db, run)
    await resume(db, run)
    later = NOON + 3 * DAY
    await plan(db.begin, Everyone(), later)
    (again,) = await send(db, later)
    assert not again.in_doubt
    await record(db, [again], LOST, later)
    assert len(await send(db, later + HOUR)) == 1, "its day begins with the request that may have arrived"


async def test_what_failed_without_a_doubt_can_be_tried_again_on_any_day(db: Database) -> None:
    await db.populate("hs")
    run = await db.open()
    await record(db, await send(db), GiveUp("no room"))
    assert await counts(db, run) == {D.FAILED: 1}
    later = NOON + 3 * DAY
    async with db.begin() as conn:
        assert await ledger.retry_failed(conn, run.id, later, later + DAY) == 1
    assert len(await send(db, later)) == 1


async def test_keys_that_are_lost_end_their_day_at_once(db: Database) -> None:
    await db.populate("hs", "hs", "hs", "tg")
    run = await db.open(Kind.ALERT)
    await record(db, await send(db, limit=1), LOST)
    (flying,) = await send(db, limit=1)
    async with db.begin() as conn:
        assert await ledger.forget_keys(conn, "tg", NOON) == 0
        assert await ledger.forget_keys(conn, "hs", NOON) == 2
    await record(db, [flying], LOST)
    await plan(db.begin, Everyone(), NOON)
    assert await counts(db, run) == {D.UNCERTAIN: 2, D.WAITING: 2}
    assert [delivery.recipient for delivery in await send(db, NOON + HOUR)] == [3]


# Told honestly


async def test_what_may_have_arrived_is_uncertain_when_its_run_expires(db: Database) -> None:
    await db.populate("hs", "hs")
    run = await db.open(expires_at=NOON + HOUR)
    await record(db, await send(db, limit=1), LOST)
    await plan(db.begin, Everyone(), NOON + HOUR)
    assert await counts(db, run) == {D.UNCERTAIN: 1, D.EXPIRED: 1}


async def test_what_may_have_arrived_is_uncertain_when_its_campaign_is_cancelled(db: Database) -> None:
    await db.populate("hs", "hs", "hs")
    campaign = await db.schedule()
    (run,) = (await plan(db.begin, Everyone(), NOON)).opened
    await record(db, await send(db, limit=1), LOST)
    flying = await send(db, limit=1)
    await db.save(lifecycle.cancel(await db.load(campaign.id), NOON))
    await sum_up(db.begin, db.begin)
    await plan(db.begin, Everyone(), NOON)
    assert await counts(db, run) == {D.UNCERTAIN: 1, D.SENDING: 1, D.WAITING: 1}
    async with db.begin() as conn:
        assert await ledger.kept_sums(conn, [run.id]) == {}, "what was counted before holds no more"
    await record(db, flying, LOST)
    assert await counts(db, run) == {D.UNCERTAIN: 2, D.WAITING: 1}


@pytest.mark.parametrize("outcome", [GiveUp("no key"), Blocked(), OptedOut()])
async def test_an_end_without_a_message_says_so_only_if_none_can_have_arrived(db: Database, outcome: Outcome) -> None:
    await db.populate("hs", "hs")
    run = await db.open()
    await record(db, await send(db, limit=1), LOST)
    later = NOON + HOUR
    for batch in (await send(db, later, 1), await send(db, later, 1)):
        await record(db, batch, outcome, later)
        await record(db, batch, outcome, later)  # writing it twice changes nothing
    found = await counts(db, run)
    assert found.pop(D.UNCERTAIN) == 1
    assert sum(found.values()) == 1
    assert D.WAITING not in found


async def test_who_leaves_while_in_doubt_is_counted_as_uncertain(db: Database) -> None:
    await db.populate("hs", "hs")
    run = await db.open()
    await record(db, await send(db, limit=1), LOST)
    async with db.begin() as conn:
        await ledger.forget(conn, 1)
        await ledger.forget(conn, 2)
    assert await counts(db, run) == {D.UNCERTAIN: 1, D.OPTED_OUT: 1}


async def test_an_answer_after_the_end_of_its_run_does_not_deny_the_doubt(db: Database) -> None:
    await db.populate("hs")
    run = await db.open(expires_at=NOON + HOUR)
    batch = await in_doubt(db)
    await plan(db.begin, Everyone(), NOON + HOUR)
    for outcome in (LOST, Retry(NOON + HOUR, "502", account_wide=False)):
        await record(db, batch, outcome, NOON + HOUR)
        assert await counts(db, run) == {D.UNCERTAIN: 1}
    await record(db, batch, Sent("m"), NOON + HOUR)
    assert await counts(db, run) == {D.SENT: 1}


async def test_doubts_under_a_key_are_no_possible_duplicates(db: Database) -> None:
    await db.populate("hs", "hs")
    run = await db.open()
    await in_doubt(db)
    await record(db, await send(db, NOON + HOUR), Sent("m"), NOON + HOUR)
    async with db.begin() as conn:
        assert (await ledger.summarise(conn, run.id)).doubts == 0


async def test_doubts_are_looked_for_by_their_own_small_index(sqlite_db: Database) -> None:
    db = sqlite_db
    statements: list[tuple[str, object]] = []

    @event.listens_for(db.engine.sync_engine, "before_cursor_execute")
    def _note(_c: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        statements.append((statement, parameters))

    async with db.begin() as conn:
        await ledger.end_doubts(conn, NOON)
        await ledger.has_work(conn, NOON)
        looking = [one for one in statements if "keyed_until" in one[0]]
        assert len(looking) == 2
        for statement, parameters in looking:
            rows = await conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)  # type: ignore[arg-type]
            assert any("INDEX ix_deliveries_in_doubt" in row.detail for row in rows), statement


# The delivery loop


@pytest.mark.parametrize("kind", [Kind.NEWS, Kind.DAILY_TIP, Kind.ALERT])
async def test_a_channel_that_loses_answers_gets_every_message_once(db: Database, kind: Kind) -> None:
    """Of the first requests a third does not arrive, and of the rest half the answers do not; the second go through."""
    chats: dict[str, str] = {}

    def answer(delivery: Delivery) -> Outcome:
        if delivery.attempt == 1 and delivery.recipient % 3 == 0:
            return LOST
        reference = chats.setdefault(delivery.key, f"m{delivery.recipient}")
        return Sent(reference) if delivery.attempt > 1 or delivery.recipient % 2 else LOST

    await db.populate(*["hs"] * 12)
    run = await db.open(kind)
    clock, courier = HandClock(), FakeCourier(answer)
    async with running(deliverer(db, courier, account="hs", clock=clock, key_lasts=KEY_LASTS)):
        await until_counts(db, run, {D.SENT: 4, D.WAITING: 8})
        clock.now += RESEND_AFTER
        assert (await until_settled(db, run)).counts == {D.SENT: 12}
    assert len(courier.sends) == 20
    assert len(chats) == 12


async def test_a_message_that_is_not_answered_in_time_is_sent_again(db: Database) -> None:
    async def answer(delivery: Delivery) -> Outcome:
        if delivery.attempt == 1:
            await asyncio.sleep(3600)
        return Sent("m")

    await db.populate("hs")
    run = await db.open()
    clock, courier = HandClock(), FakeCourier(answer)
    subject = deliverer(db, courier, account="hs", clock=clock, key_lasts=KEY_LASTS, send_timeout_s=0.02)
    async with running(subject):
        await until_counts(db, run, {D.WAITING: 1})
        await until(lambda: courier.sends)
        await until_counts(db, run, {D.WAITING: 1})
        clock.now += RESEND_AFTER
        assert (await until_settled(db, run)).counts == {D.SENT: 1}
    assert [delivery.attempt for delivery in courier.sends] == [1, 2]


# Whatever happens, in whatever order

PEOPLE = 4
DENIALS = (D.EXPIRED, D.FAILED, D.BLOCKED, D.OPTED_OUT)
REFUSALS: tuple[Callable[[datetime], Outcome], ...] = (
    lambda now: Retry(now, "503", account_wide=False),
    lambda now: Retry(now, "429", account_wide=True),
    lambda _: GiveUp("refused"),
    lambda _: Blocked(),
    lambda _: OptedOut(),
)


@dataclass
class Homeserver:
    """Takes messages; the same key within a day is the same message."""

    taken: dict[str, datetime] = field(default_factory=dict)
    chats: Counter[int] = field(default_factory=Counter)

    def put(self, delivery: Delivery, now: datetime) -> None:
        first = self.taken.get(delivery.key)
        if first is None or now >= first + DAY:
            self.taken[delivery.key] = now
            self.chats[delivery.recipient] += 1


@dataclass
class Town:
    """One run, and what is on its way: each with whether the homeserver took it."""

    db: Database
    run: Run
    now: datetime = NOON
    server: Homeserver = field(default_factory=Homeserver)
    flying: list[tuple[Delivery, bool]] = field(default_factory=list)
    flown: list[tuple[Delivery, bool]] = field(default_factory=list)

    async def send(self, conn: AsyncConnection, choice: int) -> None:
        batch = await ledger.claim(conn, "hs", choice % PEOPLE + 1, worker="w", now=self.now, lease_s=LEASE_S)
        for number, delivery in enumerate(await mark(conn, batch, self.now)):
            taken = bool((choice + number) % 3)
            if taken:
                self.server.put(delivery, self.now)
            self.flying.append((delivery, taken))

    async def answer(self, conn: AsyncConnection, choice: int) -> None:
        if self.flying:
            await self._hear(conn, self.flying.pop(choice % len(self.flying)), choice)

    async def answer_late(self, conn: AsyncConnection, choice: int) -> None:
        if self.flown:
            await self._hear(conn, self.flown[choice % len(self.flown)], choice)

    async def _hear(self, conn: AsyncConnection, flight: tuple[Delivery, bool], choice: int) -> None:
        delivery, taken = flight
        outcome = Sent("m") if taken else REFUSALS[choice % len(REFUSALS)](self.now)
        await ledger.record(conn, [(delivery, outcome)], self.now)

    async def lose(self, conn: AsyncConnection, choice: int) -> None:
        if self.flying:
            self.flown.append(self.flying.pop(choice % len(self.flying)))
            await ledger.record(conn, [(self.flown[-1][0], LOST)], self.now)

    async def die(self, conn: AsyncConnection, _: int) -> None:
        self.flown += self.flying
        self.flying = []
        await ledger.recover(conn, self.now, "w")

    async def wait(self, conn: AsyncConnection, choice: int) -> None:  # noqa: ARG002 - a step's signature
        self.now += (timedelta(minutes=2), HOUR, 5 * HOUR, 12 * HOUR, 26 * HOUR)[choice % 5]

    async def plan(self, conn: AsyncConnection, _: int) -> None:
        await ledger.recover(conn, self.now)
        await ledger.end_doubts(conn, self.now)
        await ledger.finish_runs(conn, self.now)

    async def pause(self, conn: AsyncConnection, _: int) -> None:
        await ledger.pause_run(conn, self.run.id, "wait", who="ada", now=self.now)

    async def resume(self, conn: AsyncConnection, _: int) -> None:
        await ledger.resume_run(conn, self.run.id)

    async def cancel(self, conn: AsyncConnection, _: int) -> None:
        await ledger.cancel_run(conn, self.run.id, "enough", self.now)

    async def forget(self, conn: AsyncConnection, choice: int) -> None:
        await ledger.forget(conn, choice % PEOPLE + 1)

    async def retry(self, conn: AsyncConnection, _: int) -> None:
        with suppress(SchedulerError):  # refused: nothing failed, or it is not over
            await ledger.retry_failed(conn, self.run.id, self.now, self.now + DAY)

    async def lose_keys(self, conn: AsyncConnection, _: int) -> None:
        self.flown, self.flying = [*self.flown, *self.flying], []  # nobody of the old device answers any more
        await ledger.recover(conn, self.now, "w")
        await ledger.forget_keys(conn, "hs", self.now)
        self.flown.clear()
        self.server.taken.clear()


Step = tuple[Callable[..., Awaitable[None]], int]
CALM = (Town.send, Town.answer, Town.lose, Town.die)
STEPS = (*CALM, *CALM, Town.answer_late, Town.wait, Town.wait, Town.plan, Town.pause, Town.resume, Town.retry)
RARE = (*STEPS, Town.cancel, Town.forget, Town.lose_keys)
CHOICES = st.integers(0, 59)


async def check(town: Town) -> None:
    """The balance holds, nobody got it twice, and nobody is said not to have got what is in their chat."""
    found = await counts(town.db, town.run)
    arrived = town.server.chats
    assert max(arrived.values(), default=0) <= 1, "a message came twice"
    async with town.db.begin() as conn:
        rows = await conn.execute(select(deliveries.c.recipient, deliveries.c.state))
        states = {recipient: state for recipient, state in rows}  # noqa: C416 - dict() of rows has no types
    assert not [one for one, state in states.items() if state in DENIALS and arrived[one]]
    assert not [one for one, state in states.items() if state is D.SENT and not arrived[one]]
    assert sum(found.get(state, 0) for state in DENIALS) <= PEOPLE - arrived.total(), "a count of nobody denies it"


async def live(kind: Kind, window: timedelta, steps: Sequence[Step]) -> Town:
    async with database() as db:
        await db.populate(*["hs"] * PEOPLE)
        town = Town(db, await db.open(kind, expires_at=NOON + window))
        for step, choice in steps:
            town.now += SECOND * choice
            async with db.begin() as conn:
                await step(town, conn, choice)
            await check(town)
        town.flown += town.flying
        async with db.begin() as conn:
            await ledger.cancel_run(conn, town.run.id, "the end", town.now)
            await ledger.recover(conn, town.now, "w")
            await ledger.end_doubts(conn, town.now)
            rows = await conn.execute(select(deliveries.c.recipient).where(deliveries.c.state == D.WAITING))
            assert not [one for one in rows.scalars() if town.server.chats[one]], "it waits, and is in their chat"
            town.flying.clear()
        await check(town)
    return town


def steps_of(*kinds: Callable[..., Awaitable[None]], least: int, most: int) -> st.SearchStrategy[list[Step]]:
    return st.lists(st.tuples(st.sampled_from(kinds), CHOICES), min_size=least, max_size=most)


WRITTEN = st.sampled_from((3, 7, 11)).map(lambda choice: [(Town.send, choice)])
"""Everybody whose turn it is is written to; not always the same are reached."""
ROUND = st.tuples(
    WRITTEN, steps_of(Town.answer, Town.lose, Town.die, least=2, most=5), steps_of(Town.wait, least=1, most=2)
)


@settings(max_examples=120, deadline=None)
@given(
    kind=st.sampled_from([Kind.NOTICE, Kind.ALERT]),
    window=st.sampled_from([HOUR, DAY, WEEK, WEEK]),
    rounds=st.lists(ROUND, min_size=2, max_size=4),
    steps=steps_of(*RARE, least=0, most=12),
)
def test_nothing_comes_twice_and_nothing_that_came_is_denied(
    kind: Kind, window: timedelta, rounds: list[tuple[list[Step], ...]], steps: list[Step]
) -> None:
    """Rounds of messages and lost answers, and then anything.

    Of kinds that quiet hours do not hold, so that there is always something on its way.
    """
    regular = [step for one in rounds for part in one for step in part]
    asyncio.run(live(kind, window, [*regular, *steps]))


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from([Kind.ALERT, Kind.NEWS, Kind.REMINDER]),
    steps=st.lists(st.tuples(st.sampled_from((Town.send, Town.lose, Town.die, Town.plan)), CHOICES), max_size=40),
)
def test_whatever_is_lost_everybody_gets_it_once(kind: Kind, steps: list[Step]) -> None:
    async def example() -> None:
        async with database() as db:
            await db.populate(*["hs"] * PEOPLE)
            town = Town(db, await db.open(kind))
            for step, choice in [*steps, (Town.die, 0)]:
                town.now += SECOND * choice
                async with db.begin() as conn:
                    await step(town, conn, choice)
            town.now += HOUR  # longer than any pause
            for delivery in await send(db, town.now):
                town.server.put(delivery, town.now)
                await record(db, [delivery], Sent("m"), town.now)
            assert await counts(db, town.run) == {D.SENT: PEOPLE}
            assert town.server.chats == dict.fromkeys(range(1, PEOPLE + 1), 1)

    asyncio.run(example())
