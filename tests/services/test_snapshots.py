"""Each day is written down once, by Kraków's midnights, and nobody is in it."""

from datetime import date, datetime, timedelta

from bot.domain.quizzes import Ref
from bot.services import privacy, snapshots
from bot.storage import learning
from bot.storage import snapshots as store
from bot.storage.database import Connection, Database
from scheduler.calendar import ZONE
from tests.support import NOON, add_resident, add_workshop, book, library

DAY = timedelta(days=1)
YESTERDAY = date(2026, 11, 30)
BOOKS = library()


async def figures(database: Database, day: date = YESTERDAY) -> dict[store.Key, int]:
    every = (*snapshots.SUBSCRIBERS, snapshots.BEGUN, snapshots.FINISHED, snapshots.PLACES)
    async with database.read() as conn:
        return {(one.measure, one.part): one.count for one in await store.since(conn, day, every) if one.day == day}


async def begin_attempt(conn: Connection, resident: int, at: datetime, seed: int, quiz: str | None = "czad") -> int:
    attempt = await learning.add_attempt(conn, [Ref("czad", "one")], seed=seed, now=at, resident_id=resident, quiz=quiz)
    return attempt.id


async def test_subscribers_are_those_who_agreed_and_can_be_reached(database: Database) -> None:
    async with database.begin() as conn:
        await add_resident(conn, "telegram:1", alerts=True, tip_hour=8)
        await add_resident(conn, "telegram:2", alerts=True, blocked_at=NOON)
        await add_resident(conn, "web:1", campaigns=True)

    assert YESTERDAY in await snapshots.take(database, BOOKS, NOON)
    assert {key: count for key, count in (await figures(database)).items() if key[0] in snapshots.SUBSCRIBERS} == {
        ("residents", "telegram"): 2,
        ("alerts", "telegram"): 1,
        ("campaigns", "telegram"): 0,
        ("daily_tips", "telegram"): 1,
        ("residents", "web"): 1,
        ("alerts", "web"): 0,
        ("campaigns", "web"): 1,
        ("daily_tips", "web"): 0,
    }


async def test_a_day_lasts_from_midnight_to_midnight_in_krakow(database: Database) -> None:
    first = datetime(2026, 11, 30, tzinfo=ZONE)
    moments = [first - timedelta(seconds=1), first, first + DAY - timedelta(seconds=1), first + DAY]
    async with database.begin() as conn:
        ada = await add_resident(conn)
        workshop = await add_workshop(conn)
        for seed, at in enumerate(moments):
            await begin_attempt(conn, ada.id, at, seed)
        await book(conn, workshop, ada.id, places=3, now=first)
    await snapshots.take(database, BOOKS, NOON)
    found = await figures(database)
    assert (found["attempts_begun", "everyday"], found["attempts_finished", "everyday"]) == (2, 0)
    assert found["places_booked", "everyday"] == 3


async def test_a_mixture_and_a_quiz_that_is_gone_count_as_other(database: Database) -> None:
    async with database.begin() as conn:
        ada = await add_resident(conn)
        await begin_attempt(conn, ada.id, NOON - DAY, 1, quiz=None)
        await begin_attempt(conn, ada.id, NOON - DAY, 2, quiz="gone")
    await snapshots.take(database, BOOKS, NOON)
    assert (await figures(database))["attempts_begun", "other"] == 2


async def test_a_day_is_written_once_and_stays_when_people_leave(database: Database) -> None:
    async with database.begin() as conn:
        ada = await add_resident(conn, alerts=True)
        await begin_attempt(conn, ada.id, NOON - DAY, 1)
    await snapshots.take(database, BOOKS, NOON)
    before = await figures(database)
    async with database.begin() as conn:
        await privacy.erase(conn, ada)
    assert await snapshots.take(database, BOOKS, NOON + timedelta(hours=3)) == []
    assert await figures(database) == before


async def test_what_was_missed_is_counted_later_but_not_who_subscribed_then(database: Database) -> None:
    async with database.begin() as conn:
        ada = await add_resident(conn, alerts=True)
        await begin_attempt(conn, ada.id, NOON - 5 * DAY, 1)
    taken = await snapshots.take(database, BOOKS, NOON)
    assert len(taken) == 90
    found = await figures(database, YESTERDAY - 4 * DAY)
    assert found["attempts_begun", "everyday"] == 1
    assert ("alerts", "telegram") not in found
    assert await snapshots.take(database, BOOKS, NOON + DAY) == [YESTERDAY + DAY]
