from datetime import timedelta

from bot.domain.areas import Area
from bot.domain.workshops import BookingState
from bot.storage import workshops
from bot.storage.database import Database
from bot.storage.workshops import Place
from tests.support import NOON, VAULT, add_resident, add_workshop, book

WEEK = timedelta(days=7)


async def test_only_confirmed_places_are_taken(database: Database) -> None:
    async with database.begin() as conn:
        number = await add_workshop(conn, capacity=5)
        for name, state in enumerate(BookingState):
            resident = await add_resident(conn, f"telegram:{name}")
            await book(conn, number, resident.id, places=2, state=state)
        workshop = await workshops.get(conn, number)
    assert workshop
    assert (workshop.taken, workshop.free) == (2, 3)


async def test_what_can_be_gone_to_comes_soonest_first_a_page_at_a_time(database: Database) -> None:
    async with database.begin() as conn:
        late = await add_workshop(conn, starts_at=NOON + 3 * WEEK)
        soon = await add_workshop(conn, starts_at=NOON + WEEK)
        same = await add_workshop(conn, starts_at=NOON + WEEK)
        await add_workshop(conn, starts_at=NOON)
        off = await add_workshop(conn, starts_at=NOON + WEEK)
        assert await workshops.call_off(conn, off, NOON)
        assert not await workshops.call_off(conn, off, NOON)
        assert [one.id for one in await workshops.upcoming(conn, NOON, limit=9)] == [soon, same, late]
        assert [one.id for one in await workshops.upcoming(conn, NOON, limit=1, offset=1)] == [same]
        assert len(await workshops.all_of(conn)) == 5
        assert await workshops.get(conn, 99) is None
        assert await workshops.get(conn, 99, lock=True) is None


async def test_who_comes_stands_in_the_order_of_their_booking(database: Database) -> None:
    async with database.begin() as conn:
        number = await add_workshop(conn)
        people = [await add_resident(conn, f"telegram:{name}") for name in range(3)]
        for place, resident in enumerate(reversed(people)):
            await book(conn, number, resident.id, now=NOON + timedelta(minutes=place))
        coming = await workshops.roster(conn, VAULT, number, [BookingState.CONFIRMED])
        assert [one.resident_id for one in coming] == [resident.id for resident in reversed(people)]
        assert coming[0].name == "Somebody"
        assert await workshops.roster(conn, VAULT, number, [BookingState.WAITING]) == []


async def test_names_go_after_the_workshop_and_drafts_before(database: Database) -> None:
    async with database.begin() as conn:
        past = await add_workshop(conn, starts_at=NOON - timedelta(days=31))
        coming = await add_workshop(conn)
        resident, other = await add_resident(conn, "telegram:1"), await add_resident(conn, "telegram:2")
        await book(conn, past, resident.id)
        await book(conn, coming, resident.id)
        await book(conn, coming, other.id, state=BookingState.DRAFT, now=NOON - timedelta(hours=3))
        assert await workshops.clear_personal(conn, NOON - timedelta(days=30)) == 1
        assert await workshops.clear_personal(conn, NOON - timedelta(days=30)) == 0
        assert await workshops.drop_drafts(conn, NOON - timedelta(hours=2)) == 1
        bookings = await workshops.bookings_of_resident(conn, VAULT, resident.id)
        assert [(one.workshop_id, one.name) for one in bookings] == [(past, None), (coming, "Somebody")]
        assert await workshops.booking_of(conn, VAULT, coming, other.id) is None


async def test_a_stretch_of_the_list_goes_on_where_the_last_ended(database: Database) -> None:
    async with database.begin() as conn:
        numbers = [
            await add_workshop(
                conn,
                starts_at=NOON + WEEK * (place // 2 - 2),
                area=Area.ROAD.value if place % 3 else Area.CYBER.value,
                owner="Fundacja" if place % 2 else None,
            )
            for place in range(9)
        ]
        coming, past = numbers[4:], numbers[3::-1]
        for is_past, wanted in ((False, coming), (True, past)):
            seen: list[int] = []
            after = None
            while found := await workshops.page(conn, NOON, past=is_past, limit=2, after=after):
                seen += [one.workshop.id for one in found]
                after = Place(found[-1].workshop.starts_at, found[-1].workshop.id)
            assert seen == wanted
        roads = await workshops.page(conn, NOON, past=False, limit=9, area=Area.ROAD)
        theirs = await workshops.page(conn, NOON, past=False, limit=9, owner="Fundacja")
    assert [one.workshop.id for one in roads] == [numbers[place] for place in (4, 5, 7, 8)]
    assert [one.workshop.id for one in theirs] == [numbers[place] for place in (5, 7)]


async def test_a_workshop_with_its_numbers(database: Database) -> None:
    async with database.begin() as conn:
        number = await add_workshop(conn)
        for place, state in enumerate([BookingState.CONFIRMED, BookingState.WAITING, BookingState.CANCELLED] * 2):
            person = await add_resident(conn, f"telegram:{place}")
            await book(conn, number, person.id, places=2, state=state)
        confirmed, waiting, cancelled = range(1, 4)
        assert await workshops.note_attended(conn, number, confirmed, 1)
        assert await workshops.note_attended(conn, number, waiting, 2)  # who waited and was let in
        assert not await workshops.note_attended(conn, number, cancelled, 1)
        assert not await workshops.note_attended(conn, number, confirmed, 3)
        assert not await workshops.note_attended(conn, 99, confirmed, 1)
        found = await workshops.numbers_of(conn, number)
        assert await workshops.numbers_of(conn, 99) is None
    assert found
    assert (found.workshop.taken, found.waiting, found.counted, found.attended) == (4, 4, 4, 3)


async def test_a_change_is_made_to_what_was_seen_or_not_at_all(database: Database) -> None:
    async with database.begin() as conn:
        number = await add_workshop(conn)
        assert await workshops.change(conn, number, 0, place="A")
        assert not await workshops.change(conn, number, 0, place="B")
        assert await workshops.change(conn, number, 1, place="C")
        workshop = await workshops.get(conn, number)
    assert workshop
    assert (workshop.place, workshop.revision) == ("C", 2)
