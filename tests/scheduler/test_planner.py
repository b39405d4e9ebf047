from datetime import date, datetime, timedelta

from sqlalchemy import Select
from sqlalchemy.exc import OperationalError

from scheduler import ledger, lifecycle
from scheduler.calendar import ZONE, parse_local
from scheduler.model import Campaign, CampaignState, DeliveryState, Kind, OneOff, Recurring, Run, RunState, Sent
from scheduler.planner import Planned, plan
from tests.scheduler.world import DAY, HOUR, NOON, Database, Everyone

S = CampaignState


async def go(db: Database, now: datetime) -> Planned:
    return await plan(db.begin, Everyone(), now)


async def runs(db: Database, campaign: Campaign) -> list[Run]:
    async with db.begin() as conn:
        return (await ledger.list_runs(conn, campaign.id))[::-1]


async def history(db: Database, campaign: Campaign) -> list[str]:
    async with db.begin() as conn:
        return [event.what for event in await ledger.list_events(conn, campaign.id)]


async def deliver_all(db: Database, now: datetime) -> None:
    async with db.begin() as conn:
        claimed = await ledger.claim(conn, "tg", 1000, worker="w", now=now, lease_s=60)
        marked = await ledger.mark(conn, claimed, worker="w", now=now, lease_s=60)
        await ledger.record(conn, [(delivery, Sent("m")) for delivery in marked], now)


async def test_a_single_slot_runs_and_finishes(db: Database) -> None:
    await db.populate("tg", "tg")
    campaign = await db.schedule(OneOff(NOON + HOUR))
    assert await go(db, NOON + HOUR - timedelta(seconds=1)) == Planned()
    (run,) = (await go(db, NOON + HOUR)).opened
    assert (run.key, run.audience) == (f"campaign:{campaign.id}:2026-12-01T13:00Z", 2)
    assert (await db.load(campaign.id)).state is S.RUNNING
    assert await go(db, NOON + HOUR) == Planned(), "a second round repeats nothing"
    await deliver_all(db, NOON + HOUR)
    assert [done.id for done in (await go(db, NOON + HOUR)).finished] == [run.id]
    assert (await db.load(campaign.id)).state is S.FINISHED
    assert await history(db, campaign) == [
        "created",
        "scheduled",
        f"opened {run.key} for 2",
        "finished",
    ]


async def test_what_was_not_scheduled_is_left_alone(db: Database) -> None:
    drafted = lifecycle.draft(kind=Kind.NEWS, title="t", content={}, audience={}, author="ada", now=NOON)
    async with db.begin() as conn:
        await ledger.create_campaign(conn, drafted)
    await db.save(lifecycle.pause(await db.schedule(), NOON))
    await db.save(lifecycle.cancel(await db.schedule(), NOON))
    assert await go(db, NOON + HOUR) == Planned()


async def test_a_rule_runs_at_each_of_its_slots(db: Database) -> None:
    await db.populate("tg")
    campaign = await db.schedule(Recurring("0 17 * * *", frozenset({date(2026, 12, 3)})))
    now = NOON
    while now < NOON + 4 * DAY:
        await go(db, now)
        await deliver_all(db, now)
        now += HOUR / 2
    opened = await runs(db, campaign)
    assert [run.slot_at for run in opened] == [parse_local(f"2026-12-{day:02} 17:00") for day in (1, 2, 4)]
    assert {run.state for run in opened} == {RunState.FINISHED}
    assert (await db.load(campaign.id)).state is S.SCHEDULED


async def test_after_downtime_only_the_last_missed_slot_is_caught_up(db: Database) -> None:
    await db.populate("tg")
    campaign = await db.schedule(Recurring("0 17 * * *"))
    back = parse_local("2026-12-05 10:00")
    await go(db, back)
    await go(db, back)
    assert [run.slot_at for run in await runs(db, campaign)] == [parse_local("2026-12-04 17:00")]
    assert (await history(db, campaign))[-1].endswith("for 1, missed 3 before it")
    assert (await db.load(campaign.id)).next_at == parse_local("2026-12-05 17:00")


async def test_a_slot_older_than_its_send_window_is_missed_not_late(db: Database) -> None:
    await db.populate("tg")
    weekly = await db.schedule(Recurring("0 17 * * tue"))
    once = await db.schedule(OneOff(NOON))
    assert (await go(db, NOON + 10 * DAY)).opened == ()
    after = await db.load(weekly.id)
    assert (after.state, after.next_at) == (S.SCHEDULED, parse_local("2026-12-15 17:00"))
    assert (await history(db, weekly))[-1] == "missed 2, the last at 2026-12-08 16:00Z"
    ended = await db.load(once.id)
    assert (ended.state, ended.reason) == (S.CANCELLED, lifecycle.MISSED)


async def test_quiet_hours_move_all_but_alerts_to_eight(db: Database) -> None:
    await db.populate("tg")
    night = parse_local("2026-12-01 22:00")
    news, alert = await db.schedule(OneOff(night)), await db.schedule(OneOff(night), Kind.ALERT)
    assert [run.campaign_id for run in (await go(db, night)).opened] == [alert.id]
    assert (await go(db, parse_local("2026-12-02 07:59"))).opened == ()
    (run,) = (await go(db, parse_local("2026-12-02 08:00"))).opened
    assert run.campaign_id == news.id
    assert run.slot_at == night
    assert run.expires_at == parse_local("2026-12-03 08:00"), "the window starts when it may go"


async def test_a_campaign_with_a_broken_audience_pauses_and_the_others_go(db: Database) -> None:
    await db.populate("tg")
    broken, fine = await db.schedule(), await db.schedule()

    class Broken(Everyone):
        def select(self, run: Run, campaign: Campaign | None) -> Select[int, str, bool]:
            if campaign and campaign.id == broken.id:
                raise KeyError("district")
            return super().select(run, campaign)

    planned = await plan(db.begin, Broken(), NOON)
    assert [run.campaign_id for run in planned.opened] == [fine.id]
    paused = await db.load(broken.id)
    assert (paused.state, paused.reason) == (S.PAUSED, "its audience could not be written: KeyError")
    assert await runs(db, broken) == [], "the half-opened run is rolled back"
    await db.save(lifecycle.resume(paused, NOON))
    assert len((await go(db, NOON)).opened) == 1


async def test_a_campaign_whose_audience_the_database_refuses_for_now_is_tried_again(db: Database) -> None:
    campaign = await db.schedule()

    class Away(Everyone):
        def select(self, run: Run, campaign: Campaign | None) -> Select[int, str, bool]:  # noqa: ARG002 - a port's signature
            raise OperationalError("SELECT", None, ConnectionResetError())

    assert (await plan(db.begin, Away(), NOON)).opened == ()
    assert (await db.load(campaign.id)).state is S.SCHEDULED
    assert len((await go(db, NOON)).opened) == 1


async def test_an_audience_of_nobody_finishes_and_says_so(db: Database) -> None:
    campaign = await db.schedule()
    await go(db, NOON)
    await go(db, NOON)
    assert (await db.load(campaign.id)).state is S.FINISHED
    assert (await runs(db, campaign))[0].reason == "nobody is in the audience"


async def test_what_could_not_leave_in_its_window_is_expired(db: Database) -> None:
    await db.populate("tg", "web")
    campaign = await db.schedule()
    await go(db, NOON)
    await deliver_all(db, NOON)
    await go(db, NOON + DAY)
    (run,) = await runs(db, campaign)
    async with db.begin() as conn:
        balance = await ledger.balance(conn, run.id)
    assert balance.counts == {DeliveryState.SENT: 1, DeliveryState.EXPIRED: 1}
    assert (await db.load(campaign.id)).state is S.FINISHED


async def test_lost_deliveries_are_settled(db: Database) -> None:
    await db.populate("tg")
    await db.open()
    async with db.begin() as conn:
        await ledger.mark(
            conn,
            await ledger.claim(conn, "tg", 1, worker="dead", now=NOON, lease_s=60),
            worker="dead",
            now=NOON,
            lease_s=60,
        )
    assert (await go(db, NOON + timedelta(seconds=59))).lost == 0
    assert (await go(db, NOON + timedelta(seconds=60))).lost == 1


async def test_both_changes_of_the_clock_lose_and_double_nothing(db: Database) -> None:
    await db.populate("tg")
    for start in (parse_local("2027-03-25 12:00"), parse_local("2027-10-28 12:00")):
        daily = await db.schedule(Recurring("30 8 * * *"), now=start)
        alert = await db.schedule(Recurring("30 2 * * *"), Kind.ALERT, now=start)
        now = start
        while now < start + 6 * DAY:
            await go(db, now)
            await deliver_all(db, now)
            now += HOUR
        for campaign in (daily, alert):
            days = [run.slot_at.astimezone(ZONE).date() for run in await runs(db, campaign)]
            assert len(days) == len(set(days)) == 6
            await db.save(lifecycle.cancel(await db.load(campaign.id), now))


async def test_what_a_dead_sender_left_is_settled_also_in_a_run_that_stands_still(db: Database) -> None:
    await db.populate("tg")
    run = await db.open()
    async with db.begin() as conn:
        (claimed,) = await ledger.claim(conn, "tg", 1, worker="w", now=NOON, lease_s=60)
        await ledger.mark(conn, [claimed], worker="w", now=NOON, lease_s=60)
        await ledger.pause_run(conn, run.id, "why", who="ada", now=NOON)
    assert (await plan(db.begin, Everyone(), NOON + HOUR)).lost == 1
    assert await plan(db.begin, Everyone(), NOON + HOUR) == Planned(), "and then there is nothing to do"
