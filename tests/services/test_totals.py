"""Totals for other programs: right, as counted by hand, and with nobody recognisable in them."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import insert, select

from bot.services import totals
from bot.services.kept import settled
from bot.storage import tables
from bot.storage.database import Connection, Database
from tests.support import NOON, add_resident, library, quiz

BOOKS = library(quizzes=[quiz("czad"), quiz("pasy", area="road"), quiz("hasla", area="cyber")])
SEEDS: Iterator[int] = count(1)


async def attempt(conn: Connection, about: str | None, at: datetime, resident: int | None) -> None:
    """Somebody, or a pupil, begins a quiz, or a mixture."""
    values: dict[str, Any] = {"quiz": about, "started_at": at, "resident_id": resident, "questions": []}
    await conn.execute(insert(tables.attempts).values(**values, seed=next(SEEDS)))


def shown(parts: tuple[totals.Part, ...]) -> dict[str, int | None]:
    return {one.name: one.count for one in parts}


async def test_residents_are_counted_and_few_of_them_are_not_told(database: Database) -> None:
    async with database.begin() as conn:
        for number in range(30):
            district = 8 if number < 20 else 1 if number < 23 else None
            await add_resident(conn, f"telegram:{number}", "pl" if number < 24 else "uk", district=district)
        for number in range(10):
            await add_resident(conn, f"web:{number}", "pl")

    found = await totals.residents(database, NOON)

    assert (found.made_at, found.total) == (NOON, 40)
    assert shown(found.by["channel"]) == {"telegram": 30, "web": 10}
    assert shown(found.by["language"]) == {"pl": 34, "uk": 6}
    # Three people live in the first district; were it alone left out, the total would tell of them.
    districts = shown(found.by["district"])
    assert list(districts) == ["1", "8", "unknown"]
    assert districts["1"] is None
    assert sum(number is None for number in districts.values()) == 2


async def test_a_handful_of_people_is_not_told_at_all(database: Database) -> None:
    async with database.begin() as conn:
        for number in range(4):
            await add_resident(conn, f"telegram:{number}")

    found = await totals.residents(database, NOON)

    assert found.total is None
    assert {number for by in found.by.values() for number in shown(by).values()} == {None}


async def test_a_city_without_anybody_has_nobody(database: Database) -> None:
    assert (await totals.residents(database, NOON)).total == 0
    assert (await totals.attempts(database, BOOKS, 2026, NOON)).total == 0


async def test_attempts_are_counted_by_area_and_by_month_of_krakow(database: Database) -> None:
    first, last = datetime(2025, 12, 31, 23, tzinfo=UTC), datetime(2026, 12, 31, 22, 59, tzinfo=UTC)
    outside = (first - timedelta(seconds=1), last + timedelta(minutes=1))
    summer = datetime(2026, 6, 30, 22, tzinfo=UTC)  # the first of July in Kraków
    expected: Counter[tuple[str, str]] = Counter()
    async with database.begin() as conn:
        people = [(await add_resident(conn, f"telegram:{number}")).id for number in range(8)]
        for at, month in ((first, "01"), (summer, "07"), (last, "12")):
            for about, area in (("pasy", "road"), ("czad", "everyday"), ("hasla", "cyber"), (None, "mixed")):
                for person in (*people, None):
                    await attempt(conn, about, at, person)
                    expected[area, month] += 1
        for at in outside:
            for person in people:
                await attempt(conn, "czad", at, person)

    found = await totals.attempts(database, BOOKS, 2026, NOON)

    assert found.total == sum(expected.values())
    areas, months = [one.name for one in found.areas], [one.name for one in found.months]
    for area, row in zip(areas, found.cells, strict=True):
        for month, number in zip(months, row, strict=True):
            assert number == expected[area, month]
        assert shown(found.areas)[area] == sum(row for (name, _), row in expected.items() if name == area)


async def test_many_attempts_of_few_people_are_few(database: Database) -> None:
    async with database.begin() as conn:
        people = [(await add_resident(conn, f"telegram:{number}")).id for number in range(9)]
        for person in people:
            await attempt(conn, "pasy", NOON, person)
            await attempt(conn, "hasla", NOON, person)
        for _ in range(50):
            await attempt(conn, "czad", NOON, people[0])

    found = await totals.attempts(database, BOOKS, 2026, NOON)

    assert found.total == 68
    assert shown(found.areas)["everyday"] is None, "fifty, all of one person"
    assert sum(one.count is None for one in found.areas) >= 2, "and no sum tells how many"


async def test_counts_are_kept_for_a_while_and_then_made_anew(database: Database) -> None:
    async with database.begin() as conn:
        for number in range(5):
            await add_resident(conn, f"telegram:{number}")
    assert (await totals.residents(database, NOON)).total == 5
    async with database.begin() as conn:
        await add_resident(conn, "telegram:5")

    assert (await totals.residents(database, NOON + timedelta(minutes=14))).total == 5
    later = NOON + timedelta(minutes=16)
    assert (await totals.residents(database, later)).total == 5, "nobody waits for the new count"
    await settled(database)
    assert (await totals.residents(database, later)).total == 6


async def test_what_is_kept_is_told_no_more_than_what_is_asked(database: Database) -> None:
    async with database.begin() as conn:
        for number in range(30):
            await add_resident(conn, f"telegram:{number}", "pl", district=1 if number < 3 else 8)
    await totals.residents(database, NOON)

    async with database.read() as conn:
        (kept,) = (await conn.execute(select(tables.kept_counts.c.data))).scalars()
    assert 3 not in [count for _, count in kept["district"]]
