"""What goes out by itself, once, at its moment, and not when that has passed."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from bot.domain.workshops import BookingState
from bot.services import broadcasts, privacy
from bot.services.broadcasts import NOTICES
from bot.storage import residents
from bot.storage.audience import ResidentsAudience
from bot.storage.database import Database
from scheduler import ledger
from scheduler.calendar import ZONE, in_quiet_hours
from scheduler.model import Run
from scheduler.tables import deliveries
from tests.support import NOON, VAULT, add_resident, add_workshop, book

AUDIENCE = ResidentsAudience(lambda: {"telegram"})
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def local(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 12, day, hour, minute, tzinfo=ZONE)


async def opened(database: Database, now: datetime) -> dict[str, int]:
    """The runs that are new at an instant, and how many people are in each; only those with somebody in them."""
    return {run.key: run.audience for run in await broadcasts.open_due(database, AUDIENCE, now) if run.audience}


async def recipients(database: Database, run: Run) -> list[int]:
    async with database.read() as conn:
        return list((await conn.execute(select(deliveries.c.recipient).filter_by(run_id=run.id))).scalars())


# --- the tip of the day


async def test_the_tip_of_the_day_comes_once_at_its_hour(database: Database) -> None:
    async with database.begin() as conn:
        await add_resident(conn, tip_hour=8)

    assert await opened(database, local(1, 7, 59)) == {}
    assert await opened(database, local(1, 8, 0)) == {"daily-tip:2026-12-01T08": 1}
    assert await opened(database, local(1, 8, 1)) == {}
    assert await opened(database, local(1, 9, 0)) == {}
    assert await opened(database, local(2, 8, 0)) == {"daily-tip:2026-12-02T08": 1}


async def test_after_downtime_a_tip_is_caught_up_for_some_hours_and_then_let_go(database: Database) -> None:
    async with database.begin() as conn:
        await add_resident(conn, "telegram:1", tip_hour=8)
        await add_resident(conn, "telegram:2", tip_hour=9)

    assert await opened(database, local(1, 12, 30)) == {"daily-tip:2026-12-01T09": 1}


async def test_who_chooses_an_hour_after_it_came_waits_for_tomorrow(database: Database) -> None:
    async with database.begin() as conn:
        ada = await add_resident(conn)
    await opened(database, local(1, 8, 0))
    async with database.begin() as conn:
        await residents.change(conn, ada.id, tip_hour=8)

    assert await opened(database, local(1, 8, 30)) == {}
    assert await opened(database, local(2, 8, 0)) == {"daily-tip:2026-12-02T08": 1}


# --- reminders


async def test_reminders_come_a_day_and_two_hours_before_once_each(database: Database) -> None:
    starts_at = local(5, 17)
    async with database.begin() as conn:
        await add_resident(conn)
        workshop = await add_workshop(conn, starts_at=starts_at)
        await book(conn, workshop, 1)

    assert await opened(database, starts_at - 24 * HOUR - MINUTE) == {}
    assert await opened(database, starts_at - 24 * HOUR) == {f"reminder:24h:{workshop}": 1}
    assert await opened(database, starts_at - 23 * HOUR) == {}
    assert await opened(database, starts_at - 2 * HOUR) == {f"reminder:2h:{workshop}": 1}
    assert await opened(database, starts_at - HOUR) == {}


async def test_a_reminder_missed_in_downtime_is_caught_up_only_while_it_makes_sense(database: Database) -> None:
    async with database.begin() as conn:
        await add_resident(conn)
        caught_up = await add_workshop(conn, starts_at=local(5, 17))
        too_late = await add_workshop(conn, starts_at=local(5, 12, 15))
        for workshop in (caught_up, too_late):
            await book(conn, workshop, 1)

    # Down since the evening before last, back at noon: the second begins in a quarter of an hour.
    assert await opened(database, local(5, 12)) == {f"reminder:24h:{caught_up}": 1}


async def test_a_workshop_that_was_called_off_reminds_nobody(database: Database) -> None:
    async with database.begin() as conn:
        await add_resident(conn)
        workshop = await add_workshop(conn, starts_at=local(5, 17), cancelled_at=NOON)
        await book(conn, workshop, 1)

    assert await opened(database, local(4, 17)) == {}


@pytest.mark.parametrize(
    ("starts_at", "day_before", "soon"),
    [
        (local(5, 17), local(4, 17), local(5, 15)),
        (local(5, 7, 30), local(4, 8), None),  # half past five is nobody's hour, and eight is too late
        (local(5, 9), local(4, 9), local(5, 8)),
        (local(5, 21, 30), local(4, 20), local(5, 19, 30)),
        (local(5, 23, 30), local(4, 20), local(5, 20)),
    ],
)
def test_quiet_hours_move_reminders_to_when_people_are_awake(
    starts_at: datetime, day_before: datetime, soon: datetime | None
) -> None:
    assert [notice.moment(starts_at) for notice in NOTICES] == [day_before, soon]


@given(starts_at=st.integers(0, 2 * 366 * 24 * 60).map(lambda minutes: NOON + minutes * MINUTE))
def test_no_reminder_is_ever_due_in_quiet_hours_or_so_late_that_it_is_dead_on_arrival(starts_at: datetime) -> None:
    for notice in NOTICES:
        if moment := notice.moment(starts_at):
            assert not in_quiet_hours(moment)
            assert moment < notice.expires_at(starts_at) < starts_at
            assert starts_at - moment <= broadcasts.FURTHEST_AHEAD


# --- the waiting list


async def test_who_moves_up_is_told_in_the_same_transaction_that_frees_the_place(database: Database) -> None:
    async with database.begin() as conn:
        ada, bob, page = [await add_resident(conn, name) for name in ("telegram:1", "telegram:2", "web:3")]
        workshop = await add_workshop(conn, capacity=2)
        await book(conn, workshop, ada.id, places=2)
        await book(conn, workshop, bob.id, state=BookingState.WAITING)
        await book(conn, workshop, page.id, state=BookingState.WAITING, now=NOON + MINUTE)

        await broadcasts.cancel_booking(conn, VAULT, ada, workshop, now=NOON)
        await broadcasts.cancel_booking(conn, VAULT, ada, workshop, now=NOON)  # the same press again

        (run,) = await ledger.list_runs(conn)  # who can only be answered is not written to
    assert run.subject == f"moved:{workshop}:{bob.id}"
    assert await recipients(database, run) == [bob.id]


async def test_who_moves_up_a_second_time_is_told_a_second_time(database: Database) -> None:
    async with database.begin() as conn:
        ada, bob = [await add_resident(conn, name) for name in ("telegram:1", "telegram:2")]
        workshop = await add_workshop(conn, capacity=1)
        for at in (NOON, NOON + HOUR):
            await book(conn, workshop, ada.id, now=at)
            await book(conn, workshop, bob.id, state=BookingState.WAITING, now=at)
            await broadcasts.cancel_booking(conn, VAULT, ada, workshop, now=at + MINUTE)

        assert [run.audience for run in await ledger.list_runs(conn)] == [1, 1]


async def test_a_place_freed_by_an_erased_resident_goes_to_the_waiting_list(database: Database) -> None:
    async with database.begin() as conn:
        ada, bob = [await add_resident(conn, name) for name in ("telegram:1", "telegram:2")]
        workshop = await add_workshop(conn, capacity=1)
        await book(conn, workshop, ada.id)
        await book(conn, workshop, bob.id, state=BookingState.WAITING)
    assert await broadcasts.fill_free_places(database, VAULT, NOON) == 0

    async with database.begin() as conn:
        await privacy.erase(conn, ada)

    assert await broadcasts.fill_free_places(database, VAULT, NOON) == 1
    assert await broadcasts.fill_free_places(database, VAULT, NOON) == 0
    async with database.read() as conn:
        (run,) = await ledger.list_runs(conn)
    assert run.subject == f"moved:{workshop}:{bob.id}"
