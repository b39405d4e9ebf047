"""Who comes: a booking taken off by staff, and how many came, which outlives the names and the people."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from bot.domain.errors import WorkshopClosed
from bot.domain.workshops import ERASED_AFTER, BookingState
from bot.services import broadcasts, privacy, retention, rosters
from bot.services.rosters import MoreThanBooked, NoSuchBooking, NotYetBegun
from bot.storage import residents, workshops, yearly_events
from bot.storage.database import Connection, Database
from bot.storage.yearly import Frame
from scheduler import ledger
from tests.support import NOON, VAULT, add_resident, add_workshop, book

HOUR = timedelta(hours=1)


async def booking_of(conn: Connection, workshop: int, resident: int) -> int:
    found = await workshops.booking_of(conn, VAULT, workshop, resident)
    assert found
    return found.id


async def totals(database: Database, number: int) -> tuple[int, int, int]:
    async with database.read() as conn:
        found = await workshops.numbers_of(conn, number)
    assert found
    return found.booked, found.counted, found.attended


async def note(database: Database, number: int, noted: Mapping[int, int | None], **ago: float) -> None:
    async with database.begin() as conn:
        await rosters.note_attended(conn, number, noted, NOON + timedelta(**ago))


async def test_who_is_taken_off_hears_of_it_and_who_waits_gets_the_place(database: Database) -> None:
    async with database.begin() as conn:
        ada, bob = [await add_resident(conn, f"telegram:{name}") for name in range(2)]
        number = await add_workshop(conn, capacity=1)
        await book(conn, number, ada.id)
        await book(conn, number, bob.id, state=BookingState.WAITING)

        gone = await rosters.take_off(conn, VAULT, number, await booking_of(conn, number, ada.id), NOON)
        roster = await rosters.load(conn, VAULT, number, NOON)

        assert (gone.told, gone.moved_up) == (True, 1)
        assert [one.resident_id for one in roster.everybody] == [bob.id]
        found = {run.subject: run.audience for run in await ledger.list_runs(conn)}
        assert found == {f"cancelled:{number}:{ada.id}": 1, f"moved:{number}:{bob.id}": 1}
        with pytest.raises(NoSuchBooking):
            await rosters.take_off(conn, VAULT, number, gone.booking.id, NOON)


async def test_who_booked_in_the_browser_cannot_be_told(database: Database) -> None:
    async with database.begin() as conn:
        page = await add_resident(conn, "web:1")
        number = await add_workshop(conn)
        await book(conn, number, page.id)
        gone = await rosters.take_off(conn, VAULT, number, await booking_of(conn, number, page.id), NOON)
    assert not gone.told


async def test_nobody_is_taken_off_what_has_begun_or_off_somebody_elses_list(database: Database) -> None:
    async with database.begin() as conn:
        ada = await add_resident(conn)
        begun, coming = await add_workshop(conn, starts_at=NOON), await add_workshop(conn)
        await book(conn, begun, ada.id)
        booking = await booking_of(conn, begun, ada.id)
        with pytest.raises(WorkshopClosed):
            await rosters.take_off(conn, VAULT, begun, booking, NOON)
        with pytest.raises(NoSuchBooking):
            await rosters.take_off(conn, VAULT, coming, booking, NOON)


async def test_attendance_is_noted_from_the_beginning_until_the_names_are_erased(database: Database) -> None:
    async with database.begin() as conn:
        ada = await add_resident(conn)
        number = await add_workshop(conn, starts_at=NOON)  # two hours
        await book(conn, number, ada.id, places=3)
        booking = await booking_of(conn, number, ada.id)
    with pytest.raises(NotYetBegun):
        await note(database, number, {booking: 3}, minutes=-1)
    await note(database, number, {booking: 3})
    assert await totals(database, number) == (3, 3, 3)
    await note(database, number, {booking: 2}, days=ERASED_AFTER.days)
    assert await totals(database, number) == (3, 3, 2)
    with pytest.raises(NotYetBegun):
        await note(database, number, {booking: 1}, days=ERASED_AFTER.days, hours=2)
    await note(database, number, {booking: None}, hours=3)
    assert await totals(database, number) == (3, 0, 0)


@pytest.mark.parametrize("attended", [4, -1, 32000])
async def test_no_more_can_come_than_booked_and_then_nothing_is_noted(database: Database, attended: int) -> None:
    async with database.begin() as conn:
        people = [await add_resident(conn, f"telegram:{name}") for name in range(2)]
        number = await add_workshop(conn, starts_at=NOON)
        for one in people:
            await book(conn, number, one.id, places=3)
        right, wrong = [await booking_of(conn, number, one.id) for one in people]
    with pytest.raises(MoreThanBooked):
        await note(database, number, {right: 1, wrong: attended})
    assert await totals(database, number) == (6, 0, 0)


async def test_all_came_says_nothing_of_who_waited(database: Database) -> None:
    async with database.begin() as conn:
        ada, bob = [await add_resident(conn, f"telegram:{name}") for name in range(2)]
        number = await add_workshop(conn, starts_at=NOON)
        await book(conn, number, ada.id, places=2)
        await book(conn, number, bob.id, state=BookingState.WAITING)
        everybody = rosters.all_came(await rosters.load(conn, VAULT, number, NOON))
    await note(database, number, everybody)
    assert await totals(database, number) == (2, 2, 2)


async def test_totals_stay_when_names_and_people_are_erased(database: Database) -> None:
    async with database.begin() as conn:
        people = [await add_resident(conn, f"telegram:{name}") for name in range(3)]
        number = await add_workshop(conn, starts_at=NOON)
        for one in people:
            await book(conn, number, one.id, places=2)
        bookings = [await booking_of(conn, number, one.id) for one in people]
    await note(database, number, dict(zip(bookings, (2, 1, 0), strict=True)))
    await retention.sweep(database, NOON + timedelta(days=40))
    async with database.begin() as conn:
        roster = await rosters.load(conn, VAULT, number, NOON)
        assert {one.name for one in roster.everybody} == {None}
        await privacy.erase(conn, people[0], people[2])
    assert await totals(database, number) == (6, 6, 3)
    async with database.read() as conn:
        assert len((await rosters.load(conn, VAULT, number, NOON)).everybody) == 1
        year = Frame((NOON - timedelta(days=300), NOON + timedelta(days=65)), {}, {})
        (held,) = await yearly_events.workshops_of(conn, year)
    assert (held.booked, held.noted, held.attended) == (6, 6, 3)


async def test_the_export_tells_whether_somebody_came(database: Database) -> None:
    async with database.begin() as conn:
        ada = await add_resident(conn)
        number = await add_workshop(conn, starts_at=NOON)
        await book(conn, number, ada.id, places=3)
        await rosters.note_attended(conn, number, {await booking_of(conn, number, ada.id): 1}, NOON)
        (booking,) = (await privacy.export(conn, VAULT, ada, NOON))["bookings"]
    assert (booking["places"], booking["attended"]) == (3, 1)


async def test_a_place_of_who_is_erased_before_the_workshop_is_free_again(database: Database) -> None:
    async with database.begin() as conn:
        ada, bob = [await add_resident(conn, f"telegram:{name}") for name in range(2)]
        number = await add_workshop(conn, capacity=1)
        await book(conn, number, ada.id)
        await book(conn, number, bob.id, state=BookingState.WAITING)
        await privacy.erase(conn, ada)
    assert await broadcasts.fill_free_places(database, VAULT, NOON) == 1
    assert await totals(database, number) == (1, 0, 0)
    async with database.read() as conn:
        assert await residents.get(conn, ada.id) is None
