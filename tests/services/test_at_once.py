"""Several people, or one with two hands, at the same moment: places, answers and erasures come out as one by one."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.domain.residents import Resident
from bot.domain.workshops import BookingState
from bot.services import broadcasts, classroom, enrolment, learning, privacy
from bot.storage import learning as store
from bot.storage import residents, workshops
from bot.storage.classroom import QuizLink
from bot.storage.database import Database
from bot.storage.tables import answers, attempts
from tests.support import NOON, VAULT, add_resident, add_workshop, book, library, open_database

ROUNDS = 8
Two = tuple[Database, Database]


@pytest.fixture
async def two(database_url: str | None, tmp_path: Path) -> AsyncIterator[Two]:
    """Two processes on one database, each with connections of its own."""
    async with open_database(tmp_path, database_url) as one, open_database(tmp_path, database_url) as other:
        yield one, other


async def states(database: Database, workshop: int) -> list[BookingState]:
    async with database.read() as conn:
        return sorted([one.state for one in await workshops.roster(conn, VAULT, workshop, list(BookingState))])


async def test_the_last_place_goes_to_one_of_two(two: Two) -> None:
    async with two[0].begin() as conn:
        people = [await add_resident(conn, f"telegram:{name}") for name in range(2)]

    async def confirm(database: Database, resident: Resident, workshop: int) -> None:
        async with database.begin() as conn:
            await enrolment.confirm(conn, VAULT, resident, workshop, now=NOON)

    for _ in range(ROUNDS):
        async with two[0].begin() as conn:
            workshop = await add_workshop(conn, capacity=1)
            for resident in people:
                await book(conn, workshop, resident.id, state=BookingState.DRAFT)
        await asyncio.gather(*(confirm(at, who, workshop) for at, who in zip(two, people, strict=True)))
        assert await states(two[0], workshop) == [BookingState.CONFIRMED, BookingState.WAITING]


async def test_a_place_given_back_while_the_next_in_line_is_erased(two: Two) -> None:
    async def give_back(resident: Resident, workshop: int) -> None:
        async with two[0].begin() as conn:
            await broadcasts.cancel_booking(conn, VAULT, resident, workshop, now=NOON)

    async def erase(resident: Resident) -> None:
        async with two[1].begin() as conn:
            await privacy.erase(conn, resident)

    for number in range(ROUNDS):
        async with two[0].begin() as conn:
            workshop = await add_workshop(conn, capacity=1)
            first, second, third = [await add_resident(conn, f"telegram:{number}:{name}") for name in range(3)]
            await book(conn, workshop, first.id)
            for place, resident in enumerate((second, third)):
                waiting = BookingState.WAITING
                await book(conn, workshop, resident.id, state=waiting, now=NOON - timedelta(hours=2 - place))
        await asyncio.gather(give_back(first, workshop), erase(second))
        await broadcasts.fill_free_places(two[0], VAULT, NOON)
        assert await states(two[0], workshop) == [BookingState.CANCELLED, BookingState.CONFIRMED]


async def test_a_pupils_double_press_begins_one_attempt_and_answers_once(two: Two) -> None:
    shelf = library()
    link = QuizLink("abcd2345", "czad", None, NOON, NOON + timedelta(days=1))
    async with two[0].begin() as conn:
        await classroom.share(conn, shelf, "czad", resident_id=None, code=link.code, now=NOON)

    async def press(database: Database, token: str, chosen: str) -> bool:
        async with database.begin() as conn:
            attempt = await classroom.pupil_turn(conn, link, token)
            attempt = attempt or await classroom.begin_as_pupil(conn, shelf, link, token, seed=1, now=NOON)
            return (await learning.answer(conn, shelf, attempt, 0, chosen, now=NOON)).given.right

    for number in range(ROUNDS):
        told = await asyncio.gather(press(two[0], f"cookie {number}", "0"), press(two[1], f"cookie {number}", "1"))
        assert told[0] == told[1], "the first answer counts, and both hear of it"
    async with two[0].read() as conn:
        for table in (attempts, answers):
            assert (await conn.execute(select(func.count()).select_from(table))).scalar_one() == ROUNDS


async def test_a_tip_asked_for_while_the_tip_of_the_day_arrives(two: Two) -> None:
    async with two[0].begin() as conn:
        resident = await add_resident(conn)

    async def note(database: Database, tip: str) -> None:
        async with database.begin() as conn:
            await store.mark_tip(conn, resident.id, tip, NOON)

    for number in range(ROUNDS):
        await asyncio.gather(*(note(database, f"tip-{number}") for database in two))
    async with two[0].read() as conn:
        assert len(await store.tips_of(conn, resident.id)) == ROUNDS


async def test_two_erasures_and_a_new_start_of_the_same_person(two: Two) -> None:
    async def erase(database: Database, resident: Resident) -> None:
        async with database.begin() as conn:
            await privacy.erase(conn, resident)

    for _ in range(ROUNDS):
        async with two[0].begin() as conn:
            resident = await add_resident(conn)
        await asyncio.gather(*(erase(database, resident) for database in two))
        async with two[0].read() as conn:
            assert await residents.find(conn, resident.address) is None
