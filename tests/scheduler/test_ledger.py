import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select
from sqlalchemy.exc import StatementError

from scheduler import ledger, lifecycle
from scheduler.calendar import parse_local
from scheduler.errors import StaleCampaign, UnknownCampaign, UnknownRun
from scheduler.ledger.doubts import RESEND_AFTER
from scheduler.ledger.runs import EMPTY
from scheduler.model import (
    MAX_ATTEMPTS,
    Blocked,
    CampaignState,
    Delivery,
    DeliveryState,
    GiveUp,
    Kind,
    OptedOut,
    Outcome,
    Receipt,
    Recurring,
    Retry,
    RunState,
    Sent,
    Uncertain,
    resends_uncertain,
)
from scheduler.tables import deliveries
from tests.scheduler.world import DAY, HOUR, NOON, Database, Everyone, database

D = DeliveryState
LEASE_S = 60.0
SECOND = timedelta(seconds=1)


async def take(db: Database, limit: int = 10, worker: str = "w", now=NOON, account: str = "tg") -> list[Delivery]:  # type: ignore[no-untyped-def]
    async with db.begin() as conn:
        return await ledger.claim(conn, account, limit, worker=worker, now=now, lease_s=LEASE_S)


async def mark(db: Database, batch: list[Delivery], worker: str = "w", now: datetime = NOON) -> list[Delivery]:
    async with db.begin() as conn:
        return await ledger.mark(conn, batch, worker=worker, now=now, lease_s=LEASE_S)


async def record(db: Database, results: Sequence[ledger.Result], now: datetime = NOON) -> None:
    async with db.begin() as conn:
        await ledger.record(conn, results, now)


async def counts(db: Database, run_id: int) -> dict[DeliveryState, int]:
    async with db.begin() as conn:
        balance = await ledger.balance(conn, run_id)
    assert balance.holds
    return balance.counts


# Campaigns


async def test_a_campaign_comes_back_as_it_was_stored(db: Database) -> None:
    rule = Recurring("0 8 * * mon", frozenset({NOON.date()}))
    stored = await db.schedule(rule)
    assert await db.load(stored.id) == stored
    assert stored.schedule == rule
    async with db.begin() as conn:
        assert [event.what for event in await ledger.list_events(conn, stored.id)] == ["created", "scheduled"]
        assert await ledger.list_campaigns(conn) == [stored]
        assert await ledger.list_campaigns(conn, {CampaignState.DRAFT}) == []


async def test_of_two_edits_at_once_the_second_is_refused(db: Database) -> None:
    seen = await db.schedule()
    await db.save(lifecycle.pause(seen, NOON))
    with pytest.raises(StaleCampaign, match="Someone else changed"):
        await db.save(lifecycle.cancel(seen, NOON))
    assert (await db.load(seen.id)).state is CampaignState.PAUSED


async def test_what_is_not_there_is_named(db: Database) -> None:
    async with db.begin() as conn:
        with pytest.raises(UnknownCampaign, match="7"):
            await ledger.load_campaign(conn, 7)
        with pytest.raises(UnknownRun, match="7"):
            await ledger.load_run(conn, 7)
        assert await ledger.find_run(conn, "run") is None


async def test_a_naive_time_is_refused(db: Database) -> None:
    with pytest.raises(StatementError, match="naive datetime"):
        await db.open(expires_at=NOON.replace(tzinfo=None))


# Runs


async def test_a_run_is_opened_once_by_its_key(db: Database) -> None:
    await db.populate("tg", "tg", "web")
    first = await db.open()
    await db.populate("tg")
    assert await db.open() == first
    assert first.audience == 3
    assert await counts(db, first.id) == {D.WAITING: 3}
    assert (await db.open(key="another")).audience == 4


async def test_an_empty_audience_says_so_and_finishes(db: Database) -> None:
    run = await db.open()
    assert (run.audience, run.reason) == (0, EMPTY)
    async with db.begin() as conn:
        assert [done.id for done in await ledger.finish_runs(conn, NOON)] == [run.id]


async def test_a_run_finishes_only_when_nothing_is_open(db: Database) -> None:
    await db.populate("tg", "tg")
    run = await db.open()
    marked = await mark(db, await take(db, 1))
    for results in ([], [(marked[0], Sent("1"))]):
        await record(db, results)
        async with db.begin() as conn:
            assert await ledger.finish_runs(conn, NOON) == []
    await record(db, [(d, Blocked()) for d in await mark(db, await take(db))])
    async with db.begin() as conn:
        done = await ledger.finish_runs(conn, NOON + HOUR)
    assert [(r.id, r.state, r.finished_at) for r in done] == [(run.id, RunState.FINISHED, NOON + HOUR)]


async def test_pausing_and_cancelling_a_campaign_moves_its_runs_with_it(db: Database) -> None:
    await db.populate("tg")
    campaign = await db.schedule()
    run = await db.open(campaign=campaign)
    running = await db.save(lifecycle.start(campaign, NOON))
    paused = await db.save(lifecycle.pause(running, NOON, "wait"))

    async def state() -> tuple[RunState, str | None]:
        async with db.begin() as conn:
            found = await ledger.load_run(conn, run.id)
        return found.state, found.reason

    assert await state() == (RunState.PAUSED, "wait")
    assert await take(db) == []
    resumed = await db.save(lifecycle.resume(paused, NOON))
    assert await state() == (RunState.RUNNING, None)
    await db.save(lifecycle.cancel(resumed, NOON, "enough"))
    assert await state() == (RunState.CANCELLED, "enough")
    assert await counts(db, run.id) == {D.WAITING: 1}


async def test_pausing_a_campaigns_run_pauses_the_campaign_with_the_reason(db: Database) -> None:
    await db.populate("tg")
    campaign = await db.schedule()
    run = await db.open(campaign=campaign)
    await db.save(lifecycle.start(campaign, NOON))
    async with db.begin() as conn:
        await ledger.pause_run(conn, run.id, "30 of 50", who="delivery", now=NOON)
        events = await ledger.list_events(conn, campaign.id)
    paused = await db.load(campaign.id)
    assert (paused.state, paused.reason) == (CampaignState.PAUSED, "30 of 50")
    assert (events[-1].who, events[-1].what) == ("delivery", "paused: 30 of 50")


async def test_a_run_of_no_campaign_is_paused_resumed_and_cancelled_by_itself(db: Database) -> None:
    await db.populate("tg")
    run = await db.open(Kind.DAILY_TIP)
    async with db.begin() as conn:
        await ledger.pause_run(conn, run.id, "why", who="delivery", now=NOON)
    assert await take(db) == []
    async with db.begin() as conn:
        await ledger.resume_run(conn, run.id)
    assert len(await take(db)) == 1
    async with db.begin() as conn:
        await ledger.cancel_run(conn, run.id, "enough", NOON)
        assert [r.reason for r in await ledger.list_runs(conn, states={RunState.CANCELLED})] == ["enough"]


# Claiming


async def test_claims_follow_the_lanes_and_stay_with_their_account(db: Database) -> None:
    await db.populate("tg", "web", "tg")
    tip, news, alert = [await db.open(kind, kind) for kind in (Kind.TIP, Kind.NEWS, Kind.ALERT)]
    claimed = await take(db, 5)
    assert [(d.run_id, d.recipient) for d in claimed] == [
        (alert.id, 1),
        (alert.id, 3),
        (news.id, 1),
        (news.id, 3),
        (tip.id, 1),
    ]
    assert claimed[0] == Delivery(alert.id, 1, "tg", "alert:1", 1)


async def test_no_delivery_is_leased_twice_before_its_lease_ends(db: Database) -> None:
    await db.populate(*["tg"] * 5)
    await db.open()
    mine, theirs = await take(db, 3, "a"), await take(db, 9, "b")
    assert {d.recipient for d in mine}.isdisjoint(d.recipient for d in theirs)
    assert len(mine) + len(theirs) == 5
    assert await take(db, 9, "c") == []
    assert len(await take(db, 9, "c", NOON + timedelta(seconds=LEASE_S))) == 5


async def test_two_claims_at_once_never_overlap(db: Database) -> None:
    await db.populate(*["tg"] * 40)
    await db.open()
    batches = await asyncio.gather(*(take(db, 10, f"w{n}") for n in range(4)))
    assert sorted(d.recipient for batch in batches for d in batch) == list(range(1, 41))


async def test_nothing_leaves_before_its_slot_or_after_its_expiry(db: Database) -> None:
    await db.populate("tg", "tg")
    run = await db.open(slot_at=NOON + HOUR, expires_at=NOON + 2 * HOUR)
    assert await take(db) == []
    assert len(await take(db, 1, now=NOON + HOUR)) == 1
    assert await take(db, now=NOON + 2 * HOUR) == []
    assert await counts(db, run.id) == {D.EXPIRED: 2}


async def test_what_was_claimed_before_its_expiry_is_not_marked_after_it(db: Database) -> None:
    await db.populate("tg")
    await db.open(expires_at=NOON + HOUR)
    assert await mark(db, await take(db), now=NOON + HOUR) == []


async def test_quiet_hours_hand_out_only_alerts_and_word_to_staff(db: Database) -> None:
    night = parse_local("2026-12-01 21:00")
    await db.populate("tg")
    for kind in Kind:
        await db.open(kind, kind, night)
    assert [d.key for d in await take(db, now=night)] == ["alert:1", "notice:1"]
    assert len(await take(db, now=parse_local("2026-12-02 08:00"))) == len(Kind)


async def test_the_cost_of_a_claim_is_that_of_its_index(sqlite_db: Database) -> None:
    db = sqlite_db
    await db.populate("tg")
    await db.open()
    statements: list[tuple[str, object]] = []

    @event.listens_for(db.engine.sync_engine, "before_cursor_execute")
    def _note(_c: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        statements.append((statement, parameters))

    await take(db)
    claim = next((s, p) for s, p in statements if "UPDATE deliveries" in s)
    async with db.begin() as conn:
        plan = await conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {claim[0]}", claim[1])  # type: ignore[arg-type]
        assert any("USING INDEX ix_deliveries_waiting" in row.detail for row in plan), "claims scan the whole run"


# Marking and recording


async def test_a_pause_between_claim_and_mark_stops_the_message_and_frees_it(db: Database) -> None:
    await db.populate("tg")
    run = await db.open()
    batch = await take(db)
    async with db.begin() as conn:
        await ledger.pause_run(conn, run.id, "why", who="ada", now=NOON)
    assert await mark(db, batch) == []
    async with db.begin() as conn:
        await ledger.resume_run(conn, run.id)
    assert await take(db) == batch


async def test_a_mark_is_refused_when_the_lease_went_to_another(db: Database) -> None:
    await db.populate("tg")
    await db.open()
    late = await take(db, worker="slow")
    again = await take(db, worker="quick", now=NOON + timedelta(seconds=LEASE_S))
    assert await mark(db, late, "slow") == []
    assert await mark(db, again, "quick") == again


async def test_marking_twice_is_marking_once(db: Database) -> None:
    await db.populate("tg")
    await db.open()
    batch = await take(db)
    assert await mark(db, batch) == batch
    assert await mark(db, batch) == batch
    async with db.begin() as conn:
        assert (await conn.execute(select(deliveries.c.attempt))).scalar_one() == 1


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Sent("m1"), D.SENT),
        (Blocked(), D.BLOCKED),
        (OptedOut(), D.OPTED_OUT),
        (GiveUp("no chat"), D.FAILED),
        (Uncertain("lost"), D.UNCERTAIN),
        (Retry(NOON + HOUR, "429", account_wide=True), D.WAITING),
    ],
)
async def test_each_outcome_has_its_state(db: Database, outcome: Outcome, state: DeliveryState) -> None:
    await db.populate("tg")
    run = await db.open()
    for _ in range(2):  # writing it twice changes nothing
        await record(db, [(d, outcome) for d in await mark(db, await take(db))])
    assert await counts(db, run.id) == {state: 1}


async def test_a_retry_waits_until_its_time_and_keeps_its_key(db: Database) -> None:
    await db.populate("tg")
    await db.open()
    (first,) = await mark(db, await take(db))
    await record(db, [(first, Retry(NOON + HOUR, "503", account_wide=False))])
    assert await take(db, now=NOON + HOUR - SECOND) == []
    assert await take(db, now=NOON + HOUR) == [replace(first, attempt=2)]


@pytest.mark.parametrize(
    ("kind", "account_wide", "state"),
    [(Kind.NEWS, False, D.FAILED), (Kind.NEWS, True, D.WAITING), (Kind.ALERT, False, D.WAITING)],
)
async def test_retries_end_unless_it_is_an_alert_or_the_whole_account_is_held(
    db: Database, kind: Kind, account_wide: bool, state: DeliveryState
) -> None:
    await db.populate("tg")
    run = await db.open(kind)
    for _ in range(MAX_ATTEMPTS):
        (delivery,) = await mark(db, await take(db))
        await record(db, [(delivery, Retry(NOON, "503", account_wide=account_wide))])
    assert await counts(db, run.id) == {state: 1}


@pytest.mark.parametrize("kind", Kind)
async def test_a_doubt_is_resolved_as_the_kind_says(db: Database, kind: Kind) -> None:
    await db.populate("tg")
    run = await db.open(kind)
    await record(db, [(d, Uncertain("timeout")) for d in await mark(db, await take(db))])
    again = await take(db, now=NOON + RESEND_AFTER)
    resent = resends_uncertain(kind)
    assert len(again) == resent
    assert await counts(db, run.id) == {D.WAITING if resent else D.UNCERTAIN: 1}
    async with db.begin() as conn:
        assert (await conn.execute(select(deliveries.c.doubts))).scalar_one() == 1


async def test_an_answer_after_the_end_of_its_run_leaves_nobody_waiting(db: Database) -> None:
    await db.populate("tg", "tg")
    run = await db.open(Kind.NEWS)
    batch = await mark(db, await take(db))
    async with db.begin() as conn:
        await ledger.recover(conn, NOON + HOUR)
        await ledger.finish_runs(conn, NOON + HOUR)
    await record(db, [(delivery, Retry(NOON + HOUR, "502", account_wide=False)) for delivery in batch[:1]])
    assert await counts(db, run.id) == {D.FAILED: 1, D.UNCERTAIN: 1}, (
        "that it was not taken is known; a retry is staff's"
    )


async def test_an_answer_counts_only_for_its_own_attempt(db: Database) -> None:
    await db.populate("tg")
    run = await db.open()
    (first,) = await mark(db, await take(db))
    await record(db, [(first, Retry(NOON, "503", account_wide=False))])
    (second,) = await mark(db, await take(db))
    await record(db, [(first, GiveUp("late answer to the first"))])
    assert await counts(db, run.id) == {D.SENDING: 1}
    await record(db, [(second, Sent("2"))])
    assert await counts(db, run.id) == {D.SENT: 1}


# Crashes


async def test_a_crash_after_the_mark_leaves_it_uncertain_once_the_lease_ends(db: Database) -> None:
    await db.populate("tg", "tg", "tg")
    run = await db.open()
    claimed = await take(db)
    await mark(db, claimed[:2])
    async with db.begin() as conn:
        assert await ledger.recover(conn, NOON) == 0
        assert await ledger.recover(conn, NOON + timedelta(seconds=LEASE_S)) == 2
    assert await counts(db, run.id) == {D.UNCERTAIN: 2, D.WAITING: 1}


async def test_a_worker_that_starts_settles_its_earlier_life_at_once_and_nobody_elses(db: Database) -> None:
    await db.populate("tg", "tg", "tg", "tg")
    run = await db.open()
    await mark(db, (await take(db, 2, "a"))[:1], "a")
    await mark(db, await take(db, 1, "b"), "b")
    async with db.begin() as conn:
        assert await ledger.recover(conn, NOON, "a") == 1
    assert await counts(db, run.id) == {D.UNCERTAIN: 1, D.SENDING: 1, D.WAITING: 2}
    assert len(await take(db)) == 2, "the lease on what was only claimed is given back"


async def test_a_crashed_alert_is_sent_again(db: Database) -> None:
    await db.populate("tg")
    run = await db.open(Kind.ALERT)
    (first,) = await mark(db, await take(db))
    async with db.begin() as conn:
        await ledger.recover(conn, NOON, "w")
    assert await take(db, now=NOON + RESEND_AFTER) == [replace(first, attempt=2)]
    assert await counts(db, run.id) == {D.WAITING: 1}


async def test_an_answer_that_comes_after_the_recovery_is_the_truth(db: Database) -> None:
    await db.populate("tg")
    run = await db.open()
    (delivery,) = await mark(db, await take(db))
    async with db.begin() as conn:
        await ledger.recover(conn, NOON + timedelta(seconds=LEASE_S))
    await record(db, [(delivery, Sent("m"))])
    assert await counts(db, run.id) == {D.SENT: 1}


async def test_an_interrupted_opening_leaves_nothing(db: Database) -> None:
    await db.populate("tg")

    async def interrupted() -> None:
        async with db.begin() as conn:
            await ledger.open_run(
                conn, Everyone(), key="k", kind=Kind.NEWS, slot_at=NOON, expires_at=NOON + DAY, now=NOON
            )
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await interrupted()
    async with db.begin() as conn:
        assert await ledger.find_run(conn, "k") is None
    assert (await db.open(key="k")).audience == 1


# Counting and forgetting


async def test_erasure_leaves_counts_of_nobody(db: Database) -> None:
    await db.populate("tg", "tg", "tg")
    runs = [await db.open(key=key) for key in ("sent", "sending", "waiting")]
    await record(db, [(d, Sent("m")) for d in await mark(db, await take(db, 1))])
    second = [d for d in await take(db) if d.run_id == runs[1].id and d.recipient == 1]
    await mark(db, second)
    async with db.begin() as conn:
        assert await ledger.forget(conn, 1) == 3
        assert list((await conn.execute(select(deliveries.c.recipient).distinct())).scalars()) == [2, 3]
    await record(db, [(second[0], Sent("answer after the erasure"))])
    assert [await counts(db, run.id) for run in runs] == [
        {D.SENT: 1, D.WAITING: 2},
        {D.UNCERTAIN: 1, D.WAITING: 2},
        {D.OPTED_OUT: 1, D.WAITING: 2},
    ]


async def test_a_person_can_be_told_all_the_ledger_keeps_of_them(db: Database) -> None:
    await db.populate("tg", "tg")
    await db.open(key="first")
    await record(db, [(d, Sent("m")) for d in await mark(db, await take(db))], NOON + HOUR)
    await db.open(Kind.TIP, "second", now=NOON + DAY)
    async with db.begin() as conn:
        assert await ledger.receipts(conn, 1) == [
            Receipt(Kind.TIP, NOON + DAY, D.WAITING, None),
            Receipt(Kind.NEWS, NOON, D.SENT, NOON + HOUR),
        ]
        await ledger.forget(conn, 1)
        assert await ledger.receipts(conn, 1) == []
        assert len(await ledger.receipts(conn, 2)) == 2


async def test_old_runs_keep_only_their_counts(db: Database) -> None:
    await db.populate("tg", "tg")
    old = await db.open(key="old")
    await record(db, [(d, Sent("m")) for d in await mark(db, await take(db))])
    async with db.begin() as conn:
        await ledger.finish_runs(conn, NOON)
    young = await db.open(key="young", now=NOON + DAY)
    async with db.begin() as conn:
        assert await ledger.archive(conn, NOON + HOUR) == 2
        assert await ledger.archive(conn, NOON + HOUR) == 0
        assert list((await conn.execute(select(deliveries.c.run_id).distinct())).scalars()) == [young.id]
    assert await counts(db, old.id) == {D.SENT: 2}


async def test_those_over_their_cap_are_found(db: Database) -> None:
    await db.populate("tg", "tg")
    rounds: list[list[Outcome]] = [[Sent("a"), Sent("b")], [Sent("a"), Blocked()]]
    for n, answers in enumerate(rounds):
        await db.open(key=str(n))
        await record(db, list(zip(await mark(db, await take(db)), answers, strict=True)))
    async with db.begin() as conn:
        assert list((await conn.execute(ledger.over_cap({Kind.NEWS}, NOON - DAY, 2))).scalars()) == [1]
        assert list((await conn.execute(ledger.over_cap({Kind.TIP}, NOON - DAY, 1))).scalars()) == []
        assert list((await conn.execute(ledger.over_cap({Kind.NEWS}, NOON + DAY, 1))).scalars()) == []


async def test_progress_tells_speed_and_time_left(db: Database) -> None:
    await db.populate(*["tg"] * 30)
    run = await db.open()
    async with db.begin() as conn:
        assert (await ledger.progress(conn, run.id, NOON)).eta_s is None
    later = NOON + 10 * SECOND
    await record(db, [(d, Sent("m")) for d in await mark(db, await take(db, 20))], NOON + 5 * SECOND)
    async with db.begin() as conn:
        progress = await ledger.progress(conn, run.id, later)
    assert (progress.per_second, progress.eta_s, progress.balance.settled) == (2.0, 5.0, 20)


# The promise


OUTCOMES = st.sampled_from(
    [
        Sent("m"),
        Blocked(),
        OptedOut(),
        GiveUp("no"),
        Uncertain("?"),
        Retry(NOON, "503", account_wide=False),
        Retry(NOON, "429", account_wide=True),
    ]
)
STEPS = st.one_of(
    st.tuples(st.just("send"), st.integers(1, 4), st.lists(OUTCOMES, min_size=4, max_size=4)),
    st.tuples(st.just("crash"), st.integers(1, 4), st.integers(0, 4)),
    st.tuples(st.just("late"), st.just(0), st.just(0)),
    st.tuples(st.just("forget"), st.integers(1, 6), st.just(0)),
)


@settings(max_examples=40, deadline=None)
@given(kind=st.sampled_from([Kind.ALERT, Kind.NEWS]), steps=st.lists(STEPS, max_size=12))
def test_the_balance_holds_whatever_happens(kind: Kind, steps: list) -> None:  # type: ignore[type-arg]
    asyncio.run(_live_through(kind, steps))


async def _live_through(kind: Kind, steps: list) -> None:  # type: ignore[type-arg]
    async with database() as db:
        await db.populate(*["tg"] * 6)
        run = await db.open(kind)
        now = NOON
        for step, number, detail in steps:
            now += timedelta(seconds=10)
            if step == "send":
                marked = await mark(db, await take(db, number, now=now), now=now)
                await record(db, list(zip(marked, detail, strict=False)), now)
            elif step == "crash":
                await mark(db, (await take(db, number, now=now))[:detail], now=now)
                async with db.begin() as conn:
                    await ledger.recover(conn, now, "w")
            elif step == "late":
                now += DAY
                async with db.begin() as conn:
                    await ledger.finish_runs(conn, now)
            else:
                async with db.begin() as conn:
                    await ledger.forget(conn, number)
            await counts(db, run.id)
        assert sum((await counts(db, run.id)).values()) == 6
