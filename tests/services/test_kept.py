"""Counts that take long: nobody waits but the first, nobody counts beside another."""

import asyncio
import logging
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.services.kept import kept, remake, settled
from bot.storage.database import Connection, Database
from tests.support import NOON, open_database

HOUR = timedelta(hours=1)


class Counting:
    """Counts how often it counted; may be held up."""

    def __init__(self) -> None:
        self.times = 0
        self.began = asyncio.Event()
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()

    async def __call__(self, conn: Connection) -> dict[int, tuple[int]]:
        assert not conn.closed
        self.times += 1
        self.began.set()
        await self.may_go_on.wait()
        return {1: (self.times,)}


async def test_what_is_young_is_shown_as_it_was_kept(database: Database) -> None:
    count = Counting()
    first = await kept(database, "n", count, now=NOON, for_=HOUR)
    later = await kept(database, "n", count, now=NOON + HOUR - timedelta(seconds=1), for_=HOUR)
    assert first == later == (NOON, {"1": [1]})


async def test_what_is_old_is_shown_at_once_and_made_anew_beside(database: Database) -> None:
    count = Counting()
    await kept(database, "n", count, now=NOON, for_=HOUR)
    count.may_go_on.clear()

    assert await kept(database, "n", count, now=NOON + HOUR, for_=HOUR) == (NOON, {"1": [1]})
    assert await kept(database, "n", count, now=NOON + HOUR, for_=HOUR) == (NOON, {"1": [1]})

    count.may_go_on.set()
    await settled(database)
    assert await kept(database, "n", count, now=NOON + HOUR, for_=HOUR) == (NOON + HOUR, {"1": [2]})


async def test_names_are_kept_apart(database: Database) -> None:
    count = Counting()
    assert (await kept(database, "a", count, now=NOON, for_=HOUR))[1] == {"1": [1]}
    assert (await kept(database, "b", count, now=NOON, for_=HOUR))[1] == {"1": [2]}


async def test_many_who_ask_first_wait_for_one_count(database: Database) -> None:
    count = Counting()
    asked = (kept(database, "n", count, now=NOON, for_=HOUR) for _ in range(5))
    assert await asyncio.gather(*asked) == [(NOON, {"1": [1]})] * 5


async def test_who_goes_away_does_not_take_the_count_along(database: Database) -> None:
    count = Counting()
    count.may_go_on.clear()
    asked = asyncio.create_task(kept(database, "n", count, now=NOON, for_=HOUR))
    await count.began.wait()
    asked.cancel()
    count.may_go_on.set()
    await settled(database)
    assert await kept(database, "n", count, now=NOON, for_=HOUR) == (NOON, {"1": [1]})


async def test_counted_again_when_it_is_asked_for(database: Database) -> None:
    count = Counting()
    await kept(database, "n", count, now=NOON, for_=HOUR)
    assert await remake(database, "n", count, NOON + HOUR / 2) == (NOON + HOUR / 2, {"1": [2]})


async def test_a_count_that_fails_leaves_the_old_one_and_is_tried_again(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(_: Connection) -> None:
        raise ValueError("somebody@example.org")

    with pytest.raises(ValueError, match="somebody"):
        await kept(database, "n", fail, now=NOON, for_=HOUR)
    count = Counting()
    await kept(database, "n", count, now=NOON, for_=HOUR)
    caplog.clear()

    with caplog.at_level(logging.WARNING):
        assert await kept(database, "n", fail, now=NOON + HOUR, for_=HOUR) == (NOON, {"1": [1]})
        await settled(database)
    assert [record.getMessage() for record in caplog.records] == ["counts n could not be made: ValueError"]

    await kept(database, "n", count, now=NOON + HOUR, for_=HOUR)
    await settled(database)
    assert (await kept(database, "n", count, now=NOON + HOUR, for_=HOUR))[1] == {"1": [2]}


async def test_at_the_programs_end_nothing_goes_on(tmp_path: Path) -> None:
    began = asyncio.Event()

    async def count_long(conn: Connection) -> None:
        numbers = (
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9999) SELECT count(*) FROM n"
        )
        while True:
            await conn.execute(text(numbers))
            began.set()

    async with open_database(tmp_path) as database:
        asked = asyncio.create_task(kept(database, "n", count_long, now=NOON, for_=HOUR))
        await began.wait()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert not database.beside
