import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from bot.storage.database import Database, DatabaseUnusableError
from bot.storage.tables import metadata
from tests.support import NOON, add_resident


async def count(database: Database) -> int:
    async with database.read() as conn:
        return int((await conn.execute(text("SELECT count(*) FROM residents"))).scalar_one())


async def test_what_is_begun_is_committed_and_what_fails_is_not(database: Database) -> None:
    async with database.begin() as conn:
        await add_resident(conn, "telegram:1")
    with pytest.raises(ZeroDivisionError):
        await fail(database)
    assert await count(database) == 1


async def fail(database: Database) -> None:
    async with database.begin() as conn:
        await add_resident(conn, "telegram:2")
        raise ZeroDivisionError


async def test_what_is_taken_back_is_not_kept(database: Database) -> None:
    async with database.begin() as conn:
        await add_resident(conn, "telegram:1")
        await conn.rollback()
    assert await count(database) == 0


async def test_a_look_sees_one_moment_and_waits_for_no_writer(database: Database) -> None:
    async with database.read() as look:
        query = text("SELECT count(*) FROM residents")
        assert (await look.execute(query)).scalar_one() == 0
        async with database.begin() as conn:
            await add_resident(conn)
            assert await count(database) == 0
        assert (await look.execute(query)).scalar_one() == 0
    assert await count(database) == 1


async def test_many_writers_queue(database: Database) -> None:
    async def write(number: int) -> None:
        async with database.begin() as conn:
            await add_resident(conn, f"telegram:{number}")

    await asyncio.gather(*(write(number) for number in range(30)))
    assert await count(database) == 30


@pytest.mark.parametrize("pragma", ["foreign_keys", "secure_delete"])
async def test_sqlite_keeps_its_promises(sqlite: Database, pragma: str) -> None:
    for way in (sqlite.begin, sqlite.read):
        async with way() as conn:
            assert (await conn.exec_driver_sql(f"PRAGMA {pragma}")).scalar_one() == 1
            assert (await conn.exec_driver_sql("PRAGMA journal_mode")).scalar_one() == "wal"


async def test_a_row_cannot_hang_on_nobody(database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with database.begin() as conn:
            await conn.execute(metadata.tables["tips_seen"].insert().values(resident_id=9, tip="a", seen_at=NOON))


async def test_one_address_is_one_resident(database: Database) -> None:
    async with database.begin() as conn:
        await add_resident(conn, "telegram:1")
        with pytest.raises(IntegrityError):
            await add_resident(conn, "telegram:1")


def test_another_kind_of_address_is_refused_in_one_line() -> None:
    with pytest.raises(DatabaseUnusableError, match="not a database URL: 'nonsense'"):
        Database("nonsense")


async def test_a_database_that_cannot_be_opened_is_named_without_its_password(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'missing' / 'x.sqlite3'}")
    with pytest.raises(DatabaseUnusableError, match=r"missing.x\.sqlite3 cannot be opened") as caught:
        await database.check()
    assert "\n" not in str(caught.value)
    await database.close()
