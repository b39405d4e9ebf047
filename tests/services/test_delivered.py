"""Whole ways: from a member of staff, or the clock, through planner, ledger and courier to the chats."""

import asyncio
from datetime import datetime, timedelta

from bot.catalogue.library import Library, Shelf
from bot.domain.errors import Blocked, Rejected, Throttled
from bot.services import broadcasts, progress
from bot.services import campaigns as desk
from bot.services.courier import Courier
from bot.storage import residents, staff
from bot.storage.audience import ResidentsAudience
from bot.storage.database import Database
from bot.storage.staff import Member, Role
from scheduler import ledger
from scheduler.delivery import Deliverer
from scheduler.model import CampaignState, DeliveryState, OneOff
from scheduler.pacing import NullPacer
from scheduler.planner import plan
from tests.support import NOON, VAULT, FakeSender, add_resident, add_workshop, book, campaign, library, tip

AUDIENCE = ResidentsAudience(lambda: {"telegram"})


async def deliver(database: Database, sender: FakeSender, now: datetime, books: Library | None = None) -> None:
    """A process that delivers what is due, from its start to its end."""
    courier = Courier(database, Shelf(books or library()), VAULT, {"telegram": sender}, lambda: now)
    deliverer = Deliverer(
        database.begin, courier, NullPacer(), account="telegram", worker="w", clock=lambda: now, idle_s=0.01
    )
    stop = asyncio.Event()
    running = asyncio.create_task(deliverer.run(stop))
    async with asyncio.timeout(10):
        while await _due(database, now):  # noqa: ASYNC110 - the ledger rings no bell
            await asyncio.sleep(0.01)
    stop.set()
    await running


async def _due(database: Database, now: datetime) -> bool:
    async with database.begin() as conn:
        await ledger.finish_runs(conn, now)
        states = [run.state for run in await ledger.list_runs(conn)]
    return "running" in states


async def ready(database: Database) -> int:
    """A campaign for those who follow everyday threats, approved and scheduled for noon."""
    async with database.begin() as conn:
        await staff.add(conn, Member("ed", Role.EDITOR), NOON)
        await staff.add(conn, Member("ap", Role.APPROVER), NOON)
        content = campaign(audience={"topics": ["everyday"]}, buttons=[{"tip": "czujka"}])
        made = await desk.create(conn, library(), content, who="ed", now=NOON - timedelta(hours=1))
        await desk.approve(conn, made.id, who="ap", now=NOON - timedelta(hours=1))
        await desk.schedule(conn, made.id, OneOff(NOON), now=NOON - timedelta(hours=1))
    return made.id


async def test_a_campaign_reaches_its_subscribers_only_each_in_their_language(database: Database) -> None:
    number = await ready(database)
    async with database.begin() as conn:
        await add_resident(conn, "telegram:1", "pl", campaigns=True)
        await add_resident(conn, "telegram:2", "uk", campaigns=True, everyday=True)
        await add_resident(conn, "telegram:3", "en", campaigns=True, everyday=True, cyber=True)
        await add_resident(conn, "telegram:4", "pl", campaigns=True, road=True)
        await add_resident(conn, "telegram:5", "pl", alerts=True, tip_hour=12)
        await add_resident(conn, "telegram:6", "pl", campaigns=True, blocked_at=NOON)
        await add_resident(conn, "web:7", "pl", campaigns=True)
    sender = FakeSender()

    for _ in range(2):  # and a restart at any time repeats nothing
        await plan(database.begin, AUDIENCE, NOON)
        await deliver(database, sender, NOON)
    await plan(database.begin, AUDIENCE, NOON)

    assert sorted(sender.read()) == [
        ("1", "Check your alarm (pl)"),
        ("2", "Check your alarm (uk)"),
        ("3", "Check your alarm (en)"),
    ]
    async with database.read() as conn:
        report = await progress.report(conn, number, NOON)
    assert report.campaign.state is CampaignState.FINISHED
    assert report.runs[0][1].balance.counts == {DeliveryState.SENT: 3}


async def test_everybody_is_accounted_for_whatever_the_channel_says(database: Database) -> None:
    number = await ready(database)
    async with database.begin() as conn:
        people = [await add_resident(conn, f"telegram:{chat}", campaigns=True) for chat in range(5)]
    await plan(database.begin, AUDIENCE, NOON)
    async with database.begin() as conn:
        await residents.change(conn, people[4].id, campaigns=False)
    sender = FakeSender(Blocked(), Rejected("too long"), Throttled(NOON))

    await deliver(database, sender, NOON)

    async with database.read() as conn:
        report = await progress.report(conn, number, NOON)
        gone = [one.id for one in people if (kept := await residents.get(conn, one.id)) and kept.blocked_at]
    balance = report.runs[0][1].balance
    assert balance.counts == {
        DeliveryState.SENT: 2,
        DeliveryState.BLOCKED: 1,
        DeliveryState.FAILED: 1,
        DeliveryState.OPTED_OUT: 1,
    }
    assert balance.holds
    assert len(gone) == 1


async def test_the_tip_of_the_day_comes_once_a_day_and_never_twice_the_same(database: Database) -> None:
    books = library(tips=[tip(name) for name in ("one", "two", "three")])
    async with database.begin() as conn:
        await add_resident(conn, tip_hour=12)
    sender = FakeSender()

    for minutes in (0, 1, 60, 24 * 60, 24 * 60 + 1, 48 * 60):
        now = NOON + timedelta(minutes=minutes)
        await broadcasts.open_due(database, AUDIENCE, now)
        await deliver(database, sender, now, books)

    said = [words.splitlines()[0] for _, words in sender.read()]
    assert len(said) == 3
    assert set(said) == {"Tip one (pl)", "Tip two (pl)", "Tip three (pl)"}


async def test_who_booked_is_reminded_twice_and_who_gave_the_place_back_is_not(database: Database) -> None:
    starts_at = NOON + timedelta(days=7)
    async with database.begin() as conn:
        comes, gives_back = [await add_resident(conn, name) for name in ("telegram:1", "telegram:2")]
        workshop = await add_workshop(conn, starts_at=starts_at)
        for resident in (comes, gives_back):
            await book(conn, workshop, resident.id)
    sender = FakeSender()

    async def pass_until(at: datetime) -> None:
        await broadcasts.open_due(database, AUDIENCE, at)
        await deliver(database, sender, at)

    await pass_until(starts_at - timedelta(hours=24))
    async with database.begin() as conn:
        await broadcasts.cancel_booking(conn, VAULT, gives_back, workshop, now=starts_at - timedelta(hours=5))
    await pass_until(starts_at - timedelta(hours=2))
    await pass_until(starts_at + timedelta(hours=2))

    assert sorted((chat, words.split(":")[0]) for chat, words in sender.read()) == [
        ("1", "Już jutro"),
        ("1", "Niedługo zaczynamy. Masz miejsce na tych warsztatach"),
        ("2", "Już jutro"),
    ]
