"""What can happen to a campaign's runs: sent again, side by side, ended half-way, resumed too late."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from scheduler import ledger, lifecycle
from scheduler.calendar import parse_local
from scheduler.errors import NothingFailed, RunNotOver
from scheduler.model import (
    MAX_ATTEMPTS,
    Blocked,
    CampaignState,
    Delivery,
    DeliveryState,
    GiveUp,
    OneOff,
    OptedOut,
    Outcome,
    Recurring,
    Retry,
    Run,
    RunState,
    Sent,
    Uncertain,
)
from scheduler.planner import plan
from scheduler.tables import deliveries
from tests.scheduler.world import DAY, HOUR, NOON, Database, Everyone, database

D = DeliveryState
SECOND = timedelta(seconds=1)
REFUSED = GiveUp("chat not found")
OUTCOMES: Sequence[Outcome] = (Sent("m"), Blocked(), OptedOut(), REFUSED, Uncertain("no answer"))


async def claim(db: Database, now: datetime, account: str = "tg") -> list[Delivery]:
    async with db.begin() as conn:
        claimed = await ledger.claim(conn, account, 1000, worker="w", now=now, lease_s=60)
        return await ledger.mark(conn, claimed, worker="w", now=now, lease_s=60)


async def record(db: Database, now: datetime, *results: tuple[Delivery, Outcome]) -> None:
    async with db.begin() as conn:
        await ledger.record(conn, results, now)


async def send(db: Database, now: datetime, *outcomes: Outcome) -> None:
    """Send all that is due, with these outcomes by recipient (in order), or everything goes through."""
    for delivery in await claim(db, now):
        outcome = outcomes[delivery.recipient - 1] if outcomes else Sent("m")
        await record(db, now, (delivery, outcome))


async def states(db: Database, run: Run) -> dict[int, D]:
    async with db.begin() as conn:
        assert (await ledger.balance(conn, run.id)).holds
        query = select(deliveries.c.recipient, deliveries.c.state).where(deliveries.c.run_id == run.id)
        return {recipient: state for recipient, state in await conn.execute(query)}  # noqa: C416 - dict() of rows has no types


async def retry(db: Database, run: Run, now: datetime) -> int:
    async with db.begin() as conn:
        return await ledger.retry_failed(conn, run.id, now, now + DAY)


async def finish(db: Database, now: datetime) -> list[Run]:
    async with db.begin() as conn:
        return await ledger.finish_runs(conn, now)


# --- sent again


async def test_only_what_failed_is_sent_again(db: Database) -> None:
    await db.populate("tg", "tg", "tg", "tg", "tg", "off")
    run = await db.open(expires_at=NOON + HOUR)
    await send(db, NOON, *OUTCOMES)
    await finish(db, NOON + HOUR)
    before = await states(db, run)
    assert before == {1: D.SENT, 2: D.BLOCKED, 3: D.OPTED_OUT, 4: D.FAILED, 5: D.UNCERTAIN, 6: D.EXPIRED}

    later = NOON + 2 * HOUR
    assert await retry(db, run, later) == 1
    assert await states(db, run) == before | {4: D.WAITING}
    again = await claim(db, later)
    assert [delivery.recipient for delivery in again] == [4]
    await record(db, later, (again[0], Sent("m")))

    (done,) = await finish(db, later)
    assert (done.state, done.audience, done.finished_at) == (RunState.FINISHED, 6, later)
    assert await states(db, run) == before | {4: D.SENT}


async def test_what_is_sent_again_has_all_its_attempts_again(db: Database) -> None:
    await db.populate("tg")
    run = await db.open()
    now = NOON

    async def exhaust() -> list[int]:
        nonlocal now
        attempts = []
        while (await states(db, run))[1] is D.WAITING:
            (delivery,) = await claim(db, now)
            attempts.append(delivery.attempt)
            now += SECOND
            await record(db, now, (delivery, Retry(now, "HTTP 500", account_wide=False)))
        return attempts

    first = await exhaust()
    await retry(db, run, now)
    second = await exhaust()

    assert first == list(range(1, MAX_ATTEMPTS + 1))
    assert len(second) == MAX_ATTEMPTS
    assert min(second) > max(first), "an attempt's number is never used again"
    assert (await states(db, run))[1] is D.FAILED


async def test_an_answer_to_an_attempt_before_the_retry_counts_for_nothing(db: Database) -> None:
    await db.populate("tg")
    run = await db.open()
    for attempt in range(1, MAX_ATTEMPTS + 1):
        (delivery,) = await claim(db, NOON)
        last = attempt == MAX_ATTEMPTS
        await record(db, NOON, (delivery, REFUSED if last else Retry(NOON, "HTTP 500", account_wide=False)))
    await retry(db, run, NOON)

    await record(db, NOON, (delivery, REFUSED))

    assert await states(db, run) == {1: D.WAITING}


async def test_a_run_without_failures_or_that_stands_still_is_refused(db: Database) -> None:
    await db.populate("tg", "tg")
    fine, paused, cancelled = [await db.open(key=key) for key in ("fine", "paused", "cancelled")]
    for delivery in await claim(db, NOON):
        await record(db, NOON, (delivery, Sent("m") if delivery.run_id == fine.id else REFUSED))
    async with db.begin() as conn:
        await ledger.pause_run(conn, paused.id, "why", who="w", now=NOON)
        await ledger.cancel_run(conn, cancelled.id, "why", NOON)

    for run, error in ((fine, NothingFailed), (paused, RunNotOver), (cancelled, RunNotOver)):
        before = await states(db, run)
        with pytest.raises(error, match=run.key):
            await retry(db, run, NOON)
        assert await states(db, run) == before


async def test_a_run_that_is_still_going_never_loses_time_by_a_retry(db: Database) -> None:
    await db.populate("tg", "off")
    run = await db.open(expires_at=NOON + 3 * DAY)
    await send(db, NOON, REFUSED)

    await retry(db, run, NOON + HOUR)

    async with db.begin() as conn:
        assert (await ledger.load_run(conn, run.id)).expires_at == NOON + 3 * DAY


@settings(deadline=None, max_examples=25)  # each example is a database of its own
@given(st.lists(st.sampled_from(OUTCOMES), min_size=1, max_size=12), st.integers(1, 3))
def test_however_often_it_is_sent_again_nobody_gets_it_twice(outcomes: list[Outcome], rounds: int) -> None:
    async def example() -> None:
        async with database() as db:
            await db.populate(*("tg" for _ in outcomes))
            run, now = await db.open(), NOON
            await send(db, now, *outcomes)
            for _ in range(rounds):
                before = await states(db, run)
                failed = {recipient for recipient, state in before.items() if state is D.FAILED}
                now += SECOND
                if not failed:
                    with pytest.raises(NothingFailed):
                        await retry(db, run, now)
                    return
                assert await retry(db, run, now) == len(failed)
                again = await claim(db, now)
                assert {delivery.recipient for delivery in again} == failed
                for delivery in again:
                    await record(db, now, (delivery, Sent("m") if delivery.recipient % 2 else REFUSED))
                settled = {recipient: D.SENT if recipient % 2 else D.FAILED for recipient in failed}
                assert await states(db, run) == before | settled

    asyncio.run(example())


# --- side by side, ended, resumed


async def test_two_runs_of_one_campaign_are_open_side_by_side(db: Database) -> None:
    await db.populate("tg", "slow")
    campaign = await db.schedule(Recurring("0 * * * *"), now=parse_local("2026-12-01 12:30"))
    for hour in (13, 14):
        now = parse_local(f"2026-12-01 {hour}:00")
        await plan(db.begin, Everyone(), now)
        await send(db, now)

    async with db.begin() as conn:
        second, first = await ledger.list_runs(conn, campaign.id, {RunState.RUNNING})
    for run in (first, second):
        assert await states(db, run) == {1: D.SENT, 2: D.WAITING}

    late = await claim(db, now, "slow")
    assert sorted((delivery.run_id, delivery.recipient) for delivery in late) == [(first.id, 2), (second.id, 2)]
    await record(db, now, (late[0], Sent("m")))
    finished = (await plan(db.begin, Everyone(), now)).finished
    assert [run.id for run in finished] == [late[0].run_id]
    assert (await db.load(campaign.id)).state is CampaignState.RUNNING, "the other one is still open"
    await record(db, now, (late[1], Sent("m")))
    await plan(db.begin, Everyone(), now)
    after = await db.load(campaign.id)
    assert (after.state, after.next_at) == (CampaignState.SCHEDULED, parse_local("2026-12-01 15:00"))


async def test_a_pause_and_a_resume_hold_for_all_runs_of_a_campaign(db: Database) -> None:
    await db.populate("tg")
    campaign = await db.schedule(Recurring("0 * * * *"), now=parse_local("2026-12-01 12:30"))
    for hour in (13, 14):
        now = parse_local(f"2026-12-01 {hour}:00")
        await plan(db.begin, Everyone(), now)

    await db.save(lifecycle.pause(await db.load(campaign.id), now))
    assert await claim(db, now) == []
    await db.save(lifecycle.resume(await db.load(campaign.id), now))

    assert len(await claim(db, now)) == 2


async def test_a_campaign_cancelled_while_it_is_sent_sends_no_more_and_hears_the_answers(db: Database) -> None:
    await db.populate("tg", "other")
    campaign = await db.schedule()
    await plan(db.begin, Everyone(), NOON)
    (in_flight,) = await claim(db, NOON)

    await db.save(lifecycle.cancel(await db.load(campaign.id), NOON, "wrong text"))
    assert await claim(db, NOON, "other") == []
    await record(db, NOON, (in_flight, Sent("m")))
    await plan(db.begin, Everyone(), NOON + 2 * DAY)

    async with db.begin() as conn:
        (run,) = await ledger.list_runs(conn, campaign.id)
    assert (run.state, run.reason) == (RunState.CANCELLED, "wrong text")
    assert await states(db, run) == {1: D.SENT, 2: D.WAITING}
    assert (await db.load(campaign.id)).state is CampaignState.CANCELLED


async def test_what_waited_past_its_window_in_a_pause_expires_after_the_resume(db: Database) -> None:
    await db.populate("tg", "other")
    campaign = await db.schedule()
    (run,) = (await plan(db.begin, Everyone(), NOON)).opened
    await send(db, NOON)
    await db.save(lifecycle.pause(await db.load(campaign.id), NOON))
    late = run.expires_at + SECOND
    await plan(db.begin, Everyone(), late)
    assert await states(db, run) == {1: D.SENT, 2: D.WAITING}, "a paused run stands still"

    await db.save(lifecycle.resume(await db.load(campaign.id), late))
    assert await claim(db, late, "other") == []
    await plan(db.begin, Everyone(), late)

    assert await states(db, run) == {1: D.SENT, 2: D.EXPIRED}
    assert (await db.load(campaign.id)).state is CampaignState.FINISHED


async def test_a_single_slot_that_passed_in_a_pause_is_missed_after_the_resume(db: Database) -> None:
    await db.populate("tg")
    campaign = await db.schedule(OneOff(NOON + HOUR))
    await db.save(lifecycle.pause(await db.load(campaign.id), NOON))
    late = NOON + HOUR + 2 * DAY

    await db.save(lifecycle.resume(await db.load(campaign.id), late))
    await plan(db.begin, Everyone(), late)

    after = await db.load(campaign.id)
    assert (after.state, after.reason) == (CampaignState.CANCELLED, lifecycle.MISSED)


async def test_a_date_that_is_skipped_after_all_opens_nothing(db: Database) -> None:
    await db.populate("tg")
    campaign = await db.schedule(Recurring("0 17 * * *"))
    await db.save(lifecycle.skip(campaign, NOON.date(), NOON))

    assert (await plan(db.begin, Everyone(), parse_local("2026-12-01 20:00"))).opened == ()
    (run,) = (await plan(db.begin, Everyone(), parse_local("2026-12-02 17:00"))).opened
    assert run.slot_at == parse_local("2026-12-02 17:00")


async def test_pauses_for_a_fault_are_told_from_those_of_people(db: Database) -> None:
    await db.populate("tg")
    faulty, held = await db.schedule(), await db.schedule()
    await plan(db.begin, Everyone(), NOON)
    await db.save(lifecycle.pause(await db.load(held.id), NOON))
    async with db.begin() as conn:
        (run,) = await ledger.list_runs(conn, faulty.id)
        await ledger.pause_run(conn, run.id, "11 of the last 50 failed", who="delivery", now=NOON)

        pauses = await ledger.list_pauses(conn, NOON)
        assert [(one.campaign_id, one.at, one.what) for one in pauses] == [
            (faulty.id, NOON, "paused: 11 of the last 50 failed")
        ]
        assert await ledger.list_pauses(conn, NOON + SECOND) == []
