"""What has reached its end goes; what has not, stays."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.domain.quizzes import Ref
from bot.domain.workshops import BookingState
from bot.services import retention
from bot.storage import classroom, learning, residents, workshops
from bot.storage.audience import ResidentsAudience
from bot.storage.classroom import QuizLink
from bot.storage.database import Database
from scheduler import ledger
from scheduler.calendar import ZONE
from scheduler.model import DeliveryState, Kind, Sent
from scheduler.tables import deliveries
from tests.support import NOON, VAULT, add_resident, add_workshop, book

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


async def test_names_and_contacts_go_30_days_after_the_workshop(database: Database) -> None:
    async with database.begin() as conn:
        ada = await add_resident(conn)
        ended = [NOON - 30 * DAY - HOUR, NOON - 30 * DAY + HOUR]
        old, recent = [await add_workshop(conn, starts_at=at - 2 * HOUR) for at in ended]
        for workshop in (old, recent):
            await book(conn, workshop, ada.id)

    assert (await retention.sweep(database, NOON)).bookings == 1
    assert (await retention.sweep(database, NOON)).bookings == 0

    async with database.read() as conn:
        kept = {workshop: await workshops.booking_of(conn, VAULT, workshop, ada.id) for workshop in (old, recent)}
    assert [(one.name, one.contact, one.state) for one in kept.values() if one] == [
        (None, None, BookingState.CONFIRMED),
        ("Somebody", "somebody@example.org", BookingState.CONFIRMED),
    ]


async def test_a_booking_not_confirmed_within_two_hours_is_dropped(database: Database) -> None:
    async with database.begin() as conn:
        ada, bob, eve = [await add_resident(conn, f"telegram:{number}") for number in range(3)]
        workshop = await add_workshop(conn)
        await book(conn, workshop, ada.id, state=BookingState.DRAFT, now=NOON - 3 * HOUR)
        await book(conn, workshop, bob.id, state=BookingState.DRAFT, now=NOON - HOUR)
        await book(conn, workshop, eve.id, state=BookingState.WAITING, now=NOON - 3 * HOUR)

    assert (await retention.sweep(database, NOON)).drafts == 1

    async with database.read() as conn:
        left = await workshops.roster(conn, VAULT, workshop, list(BookingState))
    assert {booking.resident_id for booking in left} == {bob.id, eve.id}


async def test_quiz_links_go_a_week_after_their_end_with_the_pupils_attempts(database: Database) -> None:
    async with database.begin() as conn:
        for code, ends_at in (("old", NOON - 8 * DAY), ("ended", NOON - 6 * DAY)):
            await classroom.add_link(conn, QuizLink(code, "czad", None, ends_at - 30 * DAY, ends_at))
            await learning.add_attempt(conn, [Ref("czad", "one")], seed=1, now=NOON, link=code, token=code)

    assert (await retention.sweep(database, NOON)).links == 1

    async with database.read() as conn:
        assert await classroom.find_link(conn, "old") is None
        assert await learning.find_by_token(conn, "old", "old") is None
        assert await learning.find_by_token(conn, "ended", "ended") is not None


@pytest.mark.parametrize(
    ("address", "away", "values", "goes"),
    [
        ("web:1", 41, {}, True),
        ("web:1", 41, {"tip_hour": 8, "alerts": True, "campaigns": True}, True),
        ("web:1", 39, {}, False),
        ("telegram:1", 41, {}, False),
        ("telegram:1", 731, {}, True),
        ("telegram:1", 729, {}, False),
        ("telegram:1", 731, {"alerts": True}, False),
        ("telegram:1", 731, {"campaigns": True}, False),
        ("telegram:1", 731, {"tip_hour": 8}, False),
        ("telegram:1", 731, {"alerts": True, "blocked_at": NOON - 731 * DAY}, True),
        ("telegram:1", 731, {"alerts": True, "blocked_at": NOON - 10 * DAY}, False),
    ],
)
async def test_residents_long_away_are_forgotten(
    database: Database, address: str, away: int, values: dict[str, Any], goes: bool
) -> None:
    async with database.begin() as conn:
        ada = await add_resident(conn, address, seen_on=(NOON - away * DAY).date(), **values)
        await learning.mark_tip(conn, ada.id, "czujka", NOON)

    assert (await retention.sweep(database, NOON)).residents == goes

    async with database.read() as conn:
        assert (await residents.get(conn, ada.id) is None) is goes
        assert (await learning.tips_of(conn, ada.id) == {}) is goes


async def test_who_holds_a_place_in_a_workshop_to_come_is_not_forgotten(database: Database) -> None:
    async with database.begin() as conn:
        ada = await add_resident(conn, "web:1", seen_on=(NOON - 60 * DAY).date())
        await book(conn, await add_workshop(conn), ada.id)

    assert (await retention.sweep(database, NOON)).residents == 0


async def test_many_are_forgotten_in_small_steps(database: Database) -> None:
    async with database.begin() as conn:
        for number in range(2 * retention.AT_ONCE + 1):
            await add_resident(conn, f"web:{number}", seen_on=(NOON - 60 * DAY).date())

    assert (await retention.sweep(database, NOON)).residents == 2 * retention.AT_ONCE + 1


@pytest.mark.parametrize(("ended", "kept"), [(91 * DAY, False), (89 * DAY, True)])
async def test_after_90_days_the_ledger_keeps_counts_that_balance_and_nobody_in_them(
    database: Database, ended: timedelta, kept: bool
) -> None:
    at = NOON - ended
    async with database.begin() as conn:
        await add_resident(conn, tip_hour=at.astimezone(ZONE).hour)
        run = await ledger.open_run(
            conn, ResidentsAudience(), key="r", kind=Kind.DAILY_TIP, slot_at=at, expires_at=at + HOUR, now=at
        )
        due = await ledger.claim(conn, "telegram", 9, worker="w", now=at, lease_s=60)
        await ledger.mark(conn, due, worker="w", now=at, lease_s=60)
        await ledger.record(conn, [(one, Sent("m")) for one in due], at)
        await ledger.finish_runs(conn, at)

    assert (await retention.sweep(database, NOON)).deliveries == (not kept)

    async with database.read() as conn:
        balance = await ledger.balance(conn, run.id)
        rows = (await conn.execute(select(func.count()).select_from(deliveries))).scalar_one()
    assert balance.holds
    assert balance[DeliveryState.SENT] == 1
    assert rows == kept
