"""The delivery loop against a courier that fails in every way it can."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from scheduler import ledger, lifecycle
from scheduler.delivery import LEAD_S, STALE_S, Deliverer
from scheduler.failures import Failures
from scheduler.model import (
    Balance,
    Blocked,
    Campaign,
    CampaignState,
    Delivery,
    DeliveryState,
    GiveUp,
    Kind,
    Lane,
    OptedOut,
    Outcome,
    Retry,
    Run,
    RunState,
    Sent,
    Uncertain,
)
from scheduler.pacing import NullPacer, Pace, Pacer
from tests.scheduler.world import NOON, Database, FakeCourier

D = DeliveryState


class HandClock:
    """Aware time that a test moves."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


def deliverer(db: Database, courier: FakeCourier, pacer: Pace | None = None, **more: object) -> Deliverer:
    settings: dict[str, object] = {"account": "tg", "worker": "w", "clock": HandClock(), "idle_s": 0.01} | more
    return Deliverer(db.begin, courier, pacer or NullPacer(), **settings)  # type: ignore[arg-type]


@asynccontextmanager
async def running(subject: Deliverer) -> AsyncIterator[asyncio.Event]:
    stop = asyncio.Event()
    task = asyncio.create_task(subject.run(stop))
    try:
        yield stop
    finally:
        stop.set()
        await task


async def balance(db: Database, run: Run) -> Balance:
    async with db.begin() as conn:
        found = await ledger.balance(conn, run.id)
    assert found.holds
    return found


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for sets no event
            await asyncio.sleep(0.005)


async def until_settled(db: Database, run: Run) -> Balance:
    async with asyncio.timeout(10):
        while (found := await balance(db, run)).open:  # noqa: ASYNC110 - what is waited for is in the database
            await asyncio.sleep(0.01)
    return found


async def until_counts(db: Database, run: Run, counts: dict[DeliveryState, float]) -> None:
    async with asyncio.timeout(10):
        while (await balance(db, run)).counts != counts:  # noqa: ASYNC110 - what is waited for is in the database
            await asyncio.sleep(0.01)


async def until_paused(db: Database, campaign: Campaign) -> Campaign:
    async with asyncio.timeout(10):
        while (found := await db.load(campaign.id)).state is not CampaignState.PAUSED:  # noqa: ASYNC110 - what is waited for is in the database
            await asyncio.sleep(0.01)
    return found


async def test_everyone_is_sent_the_message_once(db: Database) -> None:
    await db.populate(*["tg"] * 700, "web")
    run = await db.open()
    courier = FakeCourier()
    async with running(deliverer(db, courier)):
        await until(lambda: len(courier.sends) == 700)
    assert sorted(courier.recipients) == list(range(1, 701))
    assert (await balance(db, run)).counts == {D.SENT: 700, D.WAITING: 1}


async def test_the_courier_is_given_the_run_and_its_campaign(db: Database) -> None:
    await db.populate("tg")
    campaign = await db.schedule()
    run = await db.open(campaign=campaign)
    given: list[tuple[Run, Campaign | None]] = []

    class Noting(FakeCourier):
        async def prepare(self, batch: Sequence[Delivery], run: Run, campaign: Campaign | None) -> list[Any]:
            given.append((run, campaign))
            return await super().prepare(batch, run, campaign)

    seen: list[tuple[int, Outcome]] = []
    watched = deliverer(db, Noting(), observe=lambda run, _, outcome: seen.append((run.id, outcome)))
    async with running(watched):
        await until(lambda: seen)
    assert given == [(run, campaign)]
    assert seen == [(run.id, Sent("run:1"))]


async def test_injected_faults_leave_nobody_out_and_the_balance_whole(db: Database) -> None:
    answers: dict[int, Outcome] = {
        1: Blocked(),
        2: OptedOut(),
        3: GiveUp("bad chat"),
        4: Uncertain("dropped"),
        5: Retry(NOON, "503", account_wide=False),
        6: Retry(NOON, "429", account_wide=True),
    }

    def answer(delivery: Delivery) -> Outcome:
        if delivery.recipient == 7:
            raise ValueError("a secret")
        if delivery.attempt > 1:
            return Sent("second time")
        return answers.get(delivery.recipient, Sent("m"))

    await db.populate(*["tg"] * 30)
    run = await db.open()
    courier = FakeCourier(answer)
    async with running(deliverer(db, courier)):
        found = await until_settled(db, run)
    assert found.counts == {D.SENT: 25, D.BLOCKED: 1, D.OPTED_OUT: 1, D.FAILED: 2, D.UNCERTAIN: 1}
    assert {who for who, times in Counter(courier.recipients).items() if times > 1} == {5, 6}


async def test_a_crash_of_the_courier_is_logged_by_its_class_alone(
    db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    def answer(delivery: Delivery) -> Outcome:
        raise KeyError(f"the private words for {delivery.recipient}")

    await db.populate("tg")
    run = await db.open()
    async with running(deliverer(db, FakeCourier(answer))):
        await until_settled(db, run)
        async with db.begin() as conn:
            assert (await conn.execute(text("SELECT reason FROM deliveries"))).scalar_one() == "KeyError"
    assert "KeyError" in caplog.text
    assert "private" not in caplog.text


async def test_no_answer_in_time_is_uncertain(db: Database) -> None:
    async def never(_: Delivery) -> Outcome:
        await asyncio.sleep(3600)
        return Sent("too late")

    await db.populate("tg")
    run = await db.open()
    async with running(deliverer(db, FakeCourier(never), send_timeout_s=0.02)):
        assert (await until_settled(db, run)).counts == {D.UNCERTAIN: 1}


async def test_never_more_in_flight_than_allowed(db: Database) -> None:
    flying, most = 0, 0

    async def answer(_: Delivery) -> Outcome:
        nonlocal flying, most
        flying += 1
        most = max(most, flying)
        await asyncio.sleep(0.002)
        flying -= 1
        return Sent("m")

    await db.populate(*["tg"] * 60)
    run = await db.open()
    async with running(deliverer(db, FakeCourier(answer), concurrency=4)):
        await until_settled(db, run)
    assert most == 4


@pytest.mark.parametrize("step", [lifecycle.pause, lifecycle.cancel])
async def test_pause_and_cancel_stop_all_but_what_is_in_flight(
    db: Database, step: Callable[[Campaign, datetime, str], Campaign]
) -> None:
    gate = asyncio.Event()

    async def answer(_: Delivery) -> Outcome:
        await gate.wait()
        return Sent("m")

    await db.populate(*["tg"] * 400)
    campaign = await db.schedule()
    run = await db.open(campaign=campaign)
    campaign = await db.save(lifecycle.start(campaign, NOON))
    courier = FakeCourier(answer)
    async with running(deliverer(db, courier, concurrency=10)):
        await until(lambda: len(courier.sends) == 10)
        await db.save(step(campaign, NOON, "enough"))
        gate.set()
        await asyncio.sleep(0.2)
        assert len(courier.sends) == 10
    assert (await balance(db, run)).counts == {D.SENT: 10, D.WAITING: 390}


async def test_a_resumed_run_goes_on_where_it_stood(db: Database) -> None:
    await db.populate(*["tg"] * 50)
    run = await db.open()
    courier = FakeCourier()
    paused = asyncio.Event()

    async def answer(delivery: Delivery) -> Outcome:
        if len(courier.sends) >= 10:
            await paused.wait()
        return Sent(delivery.key)

    courier.answer = answer
    async with running(deliverer(db, courier, concurrency=5)):
        await until(lambda: len(courier.sends) >= 10)
        async with db.begin() as conn:
            await ledger.pause_run(conn, run.id, "why", who="ada", now=NOON)
        paused.set()
        await asyncio.sleep(0.05)
        async with db.begin() as conn:
            await ledger.resume_run(conn, run.id)
        await until_settled(db, run)
    assert sorted(courier.recipients) == list(range(1, 51))


async def test_a_run_that_fails_too_often_pauses_its_campaign_with_the_reason(db: Database) -> None:
    await db.populate(*["tg"] * 400)
    campaign = await db.schedule()
    run = await db.open(campaign=campaign)
    await db.save(lifecycle.start(campaign, NOON))
    courier = FakeCourier(lambda d: GiveUp("wrong picture") if d.recipient % 3 == 0 else Sent("m"))
    async with running(deliverer(db, courier, concurrency=5)):
        paused = await until_paused(db, campaign)
    assert paused.reason is not None
    assert paused.reason.endswith("of the last 50 failed, most often: wrong picture")
    assert len(courier.sends) < 100
    async with db.begin() as conn:
        assert (await ledger.load_run(conn, run.id)).state is RunState.PAUSED


def test_failures_count_only_what_was_refused() -> None:
    failures = Failures(0.2, 10)
    one_in_five: list[Outcome] = [GiveUp("no"), Sent("m"), Sent("m"), OptedOut(), Sent("m")]
    no_failures: list[Outcome] = [Blocked(), Uncertain("?"), Retry(NOON, "503", account_wide=False)]
    calm = [*no_failures * 30, *one_in_five * 6]
    assert [reason for outcome in calm if (reason := failures.add(1, outcome))] == []
    verdicts = [failures.add(1, GiveUp("no")) for _ in range(12)]
    assert [verdict for verdict in verdicts if verdict] == [
        "3 of the last 10 failed, most often: no",
        "10 of the last 10 failed, most often: no",
    ]


def test_failures_of_few_messages_pause_nothing() -> None:
    failures = Failures(0.2, 10)
    assert not any(failures.add(run_id, GiveUp("no")) for run_id in (1, 2) for _ in range(9))
    for run_id in range(3, 100):  # many runs later the first is no longer remembered
        failures.add(run_id, Sent("m"))
    assert failures.add(1, GiveUp("no")) is None


async def test_a_stop_finishes_what_is_in_flight_and_gives_the_rest_back(db: Database) -> None:
    gate = asyncio.Event()

    async def answer(_: Delivery) -> Outcome:
        await gate.wait()
        return Sent("m")

    await db.populate(*["tg"] * 100)
    run = await db.open()
    courier = FakeCourier(answer)
    async with running(deliverer(db, courier, concurrency=7)) as stop:
        await until(lambda: len(courier.sends) == 7)
        stop.set()
        await asyncio.sleep(0.02)
        gate.set()
    assert (await balance(db, run)).counts == {D.SENT: 7, D.WAITING: 93}
    async with db.begin() as conn:
        assert len(await ledger.claim(conn, "tg", 100, worker="other", now=NOON, lease_s=60)) == 93


@pytest.mark.parametrize(("kind", "state"), [(Kind.NEWS, D.UNCERTAIN), (Kind.ALERT, D.SENT)])
async def test_what_does_not_land_in_time_is_settled_at_the_next_start(
    db: Database, kind: Kind, state: DeliveryState
) -> None:
    async def never(_: Delivery) -> Outcome:
        await asyncio.sleep(3600)
        return Sent("never")

    await db.populate("tg", "tg", "tg")
    run = await db.open(kind)
    stuck = FakeCourier(never)
    async with running(deliverer(db, stuck, concurrency=2, grace_s=0.01)):
        await until(lambda: len(stuck.sends) == 2)
    assert (await balance(db, run)).counts == {D.SENDING: 2, D.WAITING: 1}
    clock = HandClock()
    courier = FakeCourier()
    async with running(deliverer(db, courier, clock=clock)):
        await until(lambda: courier.sends)
        clock.now += timedelta(minutes=1)  # the wait before sending again
        found = await until_settled(db, run)
    assert found.counts == ({D.SENT: 3} if state is D.SENT else {D.UNCERTAIN: 2, D.SENT: 1})
    assert set(courier.recipients) & set(stuck.recipients) == (set(stuck.recipients) if state is D.SENT else set())


async def test_retry_after_holds_the_whole_account(db: Database) -> None:
    await db.populate(*["tg"] * 300)
    run = await db.open()

    def answer(delivery: Delivery) -> Outcome:
        if delivery.attempt == 1 and delivery.recipient == 3:
            return Retry(NOON + timedelta(seconds=3600), "429", account_wide=True)
        return Sent("m")

    courier = FakeCourier(answer)
    async with running(deliverer(db, courier, Pacer(200))):
        await until(lambda: 3 in courier.recipients)
        await asyncio.sleep(0.05)
        seen = len(courier.sends)
        await asyncio.sleep(0.2)
        assert len(courier.sends) == seen < 20
    assert (await balance(db, run)).open > 280


class HeldPacer(NullPacer):
    """Lets nobody go until it is opened."""

    def __init__(self, rate: float | None = None) -> None:
        self.rate = rate
        self.opened = asyncio.Event()

    async def turn(self, lane: Lane, recipient: int) -> None:  # noqa: ARG002 - a port's signature
        await self.opened.wait()


async def test_leases_that_end_while_the_account_is_held_double_nothing(db: Database) -> None:
    await db.populate("tg", "tg", "tg")
    run = await db.open()
    clock, pacer, courier = HandClock(), HeldPacer(), FakeCourier()
    async with running(deliverer(db, courier, pacer, clock=clock)):
        for _ in range(3):
            await asyncio.sleep(0.05)
            clock.now += timedelta(hours=1)
        pacer.opened.set()
        await until_settled(db, run)
    assert sorted(courier.recipients) == [1, 2, 3]


async def test_no_more_are_marked_than_will_soon_have_their_turn_and_a_stop_gives_them_back(db: Database) -> None:
    await db.populate(*["tg"] * 100)
    run = await db.open(Kind.NEWS)
    courier, pacer = FakeCourier(), HeldPacer(rate=100)
    async with running(deliverer(db, courier, pacer)):
        await until_counts(db, run, {D.SENDING: 5, D.WAITING: 95})
    assert courier.sends == []
    assert (await balance(db, run)).counts == {D.WAITING: 100}, "what was marked and never left waits again"


async def test_whoever_waited_long_for_a_turn_asks_again_whether_it_may_leave(db: Database) -> None:
    await db.populate(*["tg"] * 30)
    run = await db.open()
    courier, pacer = FakeCourier(), HeldPacer(rate=100)
    async with running(deliverer(db, courier, pacer)):
        await until_counts(db, run, {D.SENDING: 100 * LEAD_S, D.WAITING: 25})
        async with db.begin() as conn:
            await ledger.pause_run(conn, run.id, "enough", who="ada", now=NOON)
        await asyncio.sleep(STALE_S)
        pacer.opened.set()
        await until_counts(db, run, {D.WAITING: 30})
    assert courier.sends == []


async def test_what_one_run_trips_over_does_not_stop_another(db: Database, caplog: pytest.LogCaptureFixture) -> None:
    await db.populate(*["tg"] * 20)
    broken, sound = await db.open(key="broken"), await db.open(key="sound")

    class Tripping(FakeCourier):
        async def prepare(self, batch: Sequence[Delivery], run: Run, campaign: Campaign | None) -> list[Any]:
            if run.id == broken.id:
                raise KeyError("the private words")
            return await super().prepare(batch, run, campaign)

    async with running(deliverer(db, Tripping())):
        assert (await until_settled(db, sound)).counts == {D.SENT: 20}
        assert (await until_settled(db, broken)).counts == {D.FAILED: 20}
    assert "private" not in caplog.text


async def test_an_outcome_may_be_known_before_the_message_is_made(db: Database) -> None:
    await db.populate("tg", "tg", "tg")
    run = await db.open()

    class Choosing(FakeCourier):
        async def prepare(self, batch: Sequence[Delivery], run: Run, campaign: Campaign | None) -> list[Any]:
            made = await super().prepare(batch, run, campaign)
            return [OptedOut() if one.recipient == 2 else parcel for one, parcel in zip(batch, made, strict=True)]

    courier = Choosing()
    async with running(deliverer(db, courier)):
        assert (await until_settled(db, run)).counts == {D.SENT: 2, D.OPTED_OUT: 1}
    assert sorted(courier.recipients) == [1, 3]


async def test_claims_run_at_most_a_second_ahead_of_the_pace(db: Database) -> None:
    await db.populate(*["tg"] * 100)
    await db.open()
    courier = FakeCourier()
    async with running(deliverer(db, courier, Pacer(10))):
        await until(lambda: courier.sends)
        async with db.begin() as conn:
            held = (await conn.execute(text("SELECT count(*) FROM deliveries WHERE worker IS NOT NULL"))).scalar_one()
        assert held <= 10


async def test_an_alert_overtakes_a_broadcast(db: Database) -> None:
    await db.populate(*["tg"] * 200)
    await db.open(Kind.TIP, "tip")
    courier = FakeCourier()
    async with running(deliverer(db, courier, Pacer(100))):
        await until(lambda: len(courier.sends) >= 5)
        alert = await db.open(Kind.ALERT, "alert", expires_at=NOON + timedelta(hours=1))
        before = len(courier.sends)
        await until(lambda: any(d.run_id == alert.id for d in courier.sends))
        tips_first = sum(d.run_id != alert.id for d in courier.sends[before:])
    assert tips_first <= 100, "an alert waits for at most what was claimed: a second's worth"


class Flaky:
    """A database that is away for the next few transactions."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.away = 0

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        if self.away:
            self.away -= 1
            raise OperationalError("BEGIN", {}, Exception("database is locked"))
        async with self._db.begin() as conn:
            yield conn


async def test_a_database_that_comes_and_goes_loses_nothing(db: Database) -> None:
    await db.populate(*["tg"] * 60)
    run = await db.open()
    flaky = Flaky(db)
    flaky.away = 2
    sends = 0

    def answer(delivery: Delivery) -> Outcome:
        nonlocal sends
        sends += 1
        if sends in (5, 25):
            flaky.away = 1
        return Sent(delivery.key)

    courier = FakeCourier(answer)
    subject = Deliverer(
        flaky.begin, courier, NullPacer(), account="tg", worker="w", clock=HandClock(), idle_s=0.01, concurrency=4
    )
    async with running(subject):
        assert (await until_settled(db, run)).counts == {D.SENT: 60}
    assert sorted(courier.recipients) == list(range(1, 61))


async def test_a_database_that_stays_away_does_not_hold_up_the_stop(
    db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    await db.populate("tg")
    run = await db.open()
    flaky = Flaky(db)

    def answer(_: Delivery) -> Outcome:
        flaky.away = 10**9
        return Sent("m")

    courier = FakeCourier(answer)
    subject = Deliverer(flaky.begin, courier, NullPacer(), account="tg", worker="w", clock=HandClock(), idle_s=0.01)
    async with asyncio.timeout(5), running(subject):
        await until(lambda: courier.sends)
    assert "could not be written at the end" in caplog.text
    assert (await balance(db, run)).counts == {D.SENDING: 1}
