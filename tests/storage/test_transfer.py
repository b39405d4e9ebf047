"""From one kind of database to the other, on the city of the demo: every table has rows in it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import delete, func, insert, select

from bot.services import demo
from bot.storage import migrate, tables, transfer
from bot.storage.database import Connection, Database
from bot.storage.transfer import Behind, NotEmpty
from tests.postgres import Server
from tests.support import NOON, VAULT, add_resident, library


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(f"sqlite:///{tmp_path / 'bot.sqlite3'}")
    await migrate.upgrade(opened)
    yield opened
    await opened.close()


@pytest.fixture
async def postgresql(postgres: Server) -> AsyncIterator[Database]:
    url = postgres.empty_database()
    opened = Database(url)
    yield opened
    await opened.close()
    postgres.drop(url)


async def everything(conn: Connection) -> dict[str, list[tuple[object, ...]]]:
    found = {}
    for metadata in migrate.METADATA:
        for table in metadata.sorted_tables:
            rows = await conn.execute(select(table).order_by(*table.primary_key.columns))
            found[table.name] = [tuple(row) for row in rows]
    return found


async def settle(database: Database) -> None:
    async with database.begin() as conn:
        await demo.found(conn, library(), VAULT, residents=60, seed=1, now=NOON)


async def test_all_rows_arrive_as_they_were_and_the_way_back_is_the_same(
    sqlite: Database, postgresql: Database, tmp_path: Path
) -> None:
    await settle(sqlite)
    again = Database(f"sqlite:///{tmp_path / 'again.sqlite3'}")
    copied = await transfer.copy(sqlite, postgresql, batch=7)  # several pages of each table
    assert await transfer.copy(postgresql, again) == copied
    async with sqlite.read() as one, postgresql.read() as two, again.read() as three:
        before = await everything(one)
        assert copied == sum(map(len, before.values())) > 500
        assert await everything(two) == before
        assert await everything(three) == before
    await again.close()


async def test_new_rows_are_numbered_after_those_there_ever_were(sqlite: Database, postgresql: Database) -> None:
    async with sqlite.begin() as conn:
        kept = await add_resident(conn, "telegram:1")
        erased = await add_resident(conn, "telegram:2")
        await conn.execute(delete(tables.residents).where(tables.residents.c.id == erased.id))
    await transfer.copy(sqlite, postgresql)
    async with postgresql.begin() as conn:
        assert (await add_resident(conn, "telegram:3")).id == erased.id + 1 == kept.id + 2
        assert (await conn.execute(select(func.count()).select_from(tables.residents))).scalar_one() == 2


async def test_a_database_in_use_is_not_written_to(sqlite: Database, postgresql: Database) -> None:
    async with sqlite.begin() as conn:
        await add_resident(conn, "telegram:1")
    await migrate.upgrade(postgresql)
    row = {"name": "A", "role": "admin", "created_at": NOON}
    async with postgresql.begin() as conn:
        await conn.execute(insert(tables.staff), [row])
    with pytest.raises(NotEmpty):
        await transfer.copy(sqlite, postgresql)
    async with postgresql.read() as conn:
        assert (await conn.execute(select(tables.residents))).all() == []


async def test_an_old_database_is_upgraded_first(tmp_path: Path, postgresql: Database) -> None:
    old = Database(f"sqlite:///{tmp_path / 'old.sqlite3'}")
    with pytest.raises(Behind, match="database upgrade"):
        await transfer.copy(old, postgresql)
    await old.close()
