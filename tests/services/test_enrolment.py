from datetime import timedelta

import pytest

from bot.domain.errors import StaleAction, UnknownItem, WorkshopClosed
from bot.domain.residents import Resident
from bot.domain.workshops import Booking, BookingState
from bot.services import enrolment
from bot.services.enrolment import Enrolment
from bot.storage import workshops
from bot.storage.database import Connection, Database
from tests.support import NOON, VAULT, add_resident, add_workshop


async def draft(conn: Connection, resident: Resident, workshop: int = 1, places: int = 1) -> Enrolment:
    return await enrolment.draft(conn, VAULT, resident, workshop, places=places, now=NOON)


async def note(conn: Connection, resident: Resident, **what: str) -> Enrolment:
    return await enrolment.note(conn, VAULT, resident, 1, now=NOON, **what)


async def confirm(conn: Connection, resident: Resident, workshop: int = 1, seconds: int = 0) -> Enrolment:
    return await enrolment.confirm(conn, VAULT, resident, workshop, now=NOON + timedelta(seconds=seconds))


async def book(conn: Connection, name: str, places: int, seconds: int = 0) -> Resident:
    resident = await add_resident(conn, f"telegram:{name}")
    await draft(conn, resident, places=places)
    await note(conn, resident, name=name)
    await note(conn, resident, contact="600 100 200")
    await confirm(conn, resident, seconds=seconds)
    return resident


async def booking_of(conn: Connection, resident: Resident) -> Booking:
    found = await workshops.booking_of(conn, VAULT, 1, resident.id)
    assert found
    return found


async def test_a_booking_in_steps(database: Database) -> None:
    async with database.begin() as conn:
        await add_workshop(conn)
        resident = await add_resident(conn)
        booking = (await draft(conn, resident, places=2)).booking
        assert booking
        assert (booking.state, booking.places, booking.name, booking.contact) == (BookingState.DRAFT, 2, None, None)
        with pytest.raises(StaleAction):
            await confirm(conn, resident)
        await note(conn, resident, name="Anna")
        with pytest.raises(StaleAction):
            await confirm(conn, resident)
        await note(conn, resident, contact="600 100 200")
        done = await confirm(conn, resident)
        assert done.booking
        assert (done.booking.state, done.booking.name) == (BookingState.CONFIRMED, "Anna")
        assert done.workshop.free == 8
        assert await confirm(conn, resident) == done


async def test_names_and_contacts_are_not_readable_in_the_database(database: Database) -> None:
    async with database.begin() as conn:
        await add_workshop(conn)
        await book(conn, "Anna", 1)
        row = (await conn.exec_driver_sql("SELECT name, contact FROM bookings")).one()
    assert all(isinstance(value, bytes) and b"Anna" not in value and b"600" not in value for value in row)


async def test_a_draft_takes_no_place_and_keeps_what_was_entered(database: Database) -> None:
    async with database.begin() as conn:
        await add_workshop(conn)
        resident = await add_resident(conn)
        await draft(conn, resident, places=5)
        await note(conn, resident, name="Anna")
        again = await draft(conn, resident, places=2)
        assert again.workshop.free == 10
        assert again.booking
        assert (again.booking.places, again.booking.name) == (2, "Anna")
        emptied = await enrolment.correct(conn, VAULT, resident, 1, now=NOON)
        assert emptied.booking
        assert (emptied.booking.places, emptied.booking.name, emptied.booking.contact) == (2, None, None)


async def test_a_booking_that_holds_places_is_not_changed_by_old_buttons(database: Database) -> None:
    async with database.begin() as conn:
        await add_workshop(conn)
        resident = await book(conn, "Anna", 2)
        before = await booking_of(conn, resident)
        await draft(conn, resident, places=5)
        with pytest.raises(StaleAction):
            await note(conn, resident, name="Other")
        with pytest.raises(StaleAction):
            await enrolment.correct(conn, VAULT, resident, 1, now=NOON)
        assert await booking_of(conn, resident) == before


@pytest.mark.parametrize("places", [0, 6, -1])
async def test_one_to_five_places(database: Database, places: int) -> None:
    async with database.begin() as conn:
        await add_workshop(conn)
        with pytest.raises(StaleAction):
            await draft(conn, await add_resident(conn), places=places)


async def test_who_does_not_fit_waits_and_moves_up_in_order(database: Database) -> None:
    async with database.begin() as conn:
        await add_workshop(conn, capacity=4)
        first = await book(conn, "first", 3)
        big = await book(conn, "big", 4, seconds=1)
        pair = await book(conn, "pair", 2, seconds=2)
        small = await book(conn, "small", 1, seconds=3)
        states = [(await booking_of(conn, one)).state for one in (first, big, pair, small)]
        waits = BookingState.WAITING
        assert states == [BookingState.CONFIRMED, waits, waits, BookingState.CONFIRMED]
        cancelled = await enrolment.cancel(conn, VAULT, first, 1, now=NOON)
        assert [booking.resident_id for booking in cancelled.moved_up] == [pair.id]
        assert (await booking_of(conn, pair)).state is BookingState.CONFIRMED
        assert (await booking_of(conn, big)).state is waits
        gone = await booking_of(conn, first)
        assert (gone.state, gone.name, gone.contact) == (BookingState.CANCELLED, None, None)
        assert (await enrolment.cancel(conn, VAULT, first, 1, now=NOON)).moved_up == ()


async def test_who_cancelled_can_book_again(database: Database) -> None:
    async with database.begin() as conn:
        await add_workshop(conn, capacity=1)
        resident = await book(conn, "Anna", 1)
        await enrolment.cancel(conn, VAULT, resident, 1, now=NOON)
        with pytest.raises(StaleAction):
            await confirm(conn, resident)
        again = await draft(conn, resident)
        assert again.booking
        assert (again.booking.state, again.booking.name) == (BookingState.DRAFT, None)


@pytest.mark.parametrize("how", ["begun", "called off"])
async def test_a_closed_workshop_takes_nobody_and_moves_nobody_up(database: Database, how: str) -> None:
    async with database.begin() as conn:
        await add_workshop(conn, capacity=1)
        holder, waiting = await book(conn, "holder", 1), await book(conn, "waiting", 1)
        started = await add_resident(conn)
        await draft(conn, started)
        if how == "begun":
            now = NOON + timedelta(days=7)
        else:
            now = NOON
            await workshops.call_off(conn, 1, NOON)
        for act in (
            enrolment.draft(conn, VAULT, started, 1, places=1, now=now),
            enrolment.note(conn, VAULT, started, 1, now=now, name="Anna"),
            enrolment.correct(conn, VAULT, started, 1, now=now),
            enrolment.confirm(conn, VAULT, started, 1, now=now),
        ):
            with pytest.raises(WorkshopClosed):
                await act
        assert (await enrolment.cancel(conn, VAULT, holder, 1, now=now)).moved_up == ()
        assert (await booking_of(conn, waiting)).state is BookingState.WAITING


async def test_there_is_no_such_workshop(database: Database) -> None:
    async with database.begin() as conn:
        resident = await add_resident(conn)
        for act in (
            enrolment.look(conn, VAULT, resident, 9),
            enrolment.draft(conn, VAULT, resident, 9, places=1, now=NOON),
            enrolment.confirm(conn, VAULT, resident, 9, now=NOON),
            enrolment.cancel(conn, VAULT, resident, 9, now=NOON),
        ):
            with pytest.raises(UnknownItem):
                await act
        assert await enrolment.move_up(conn, VAULT, 9, now=NOON) == ()


async def test_nothing_was_booked(database: Database) -> None:
    async with database.begin() as conn:
        await add_workshop(conn)
        resident = await add_resident(conn)
        assert (await enrolment.look(conn, VAULT, resident, 1)).booking is None
        with pytest.raises(StaleAction):
            await note(conn, resident, name="Anna")
        assert (await enrolment.cancel(conn, VAULT, resident, 1, now=NOON)).moved_up == ()
        assert await workshops.roster(conn, VAULT, 1, list(BookingState)) == []
