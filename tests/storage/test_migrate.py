import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Column, Connection, Enum, MetaData, Table

from bot.storage import migrate, tables
from bot.storage.database import Database, DatabaseUnusableError
from bot.storage.migrate import DatabaseTooNew
from scheduler import tables as scheduler_tables
from tests.conftest import DATABASES
from tests.postgres import Server

NewDatabase = Callable[[], str]


@pytest.fixture(params=DATABASES)
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NewDatabase]:
    """Makes databases without tables, by their URL; of each kind."""
    if request.param == "sqlite":
        numbers = count(1)
        yield lambda: f"sqlite:///{tmp_path}/bot{next(numbers)}.sqlite3"
        return
    server: Server = request.getfixturevalue("postgres")
    made: list[str] = []

    def make() -> str:
        made.append(server.empty_database())
        return made[-1]

    yield make
    for url in made:
        server.drop(url)


@pytest.fixture
async def database(new_database: NewDatabase) -> AsyncIterator[Database]:
    opened = Database(new_database())
    yield opened
    await opened.close()


# What was created, and how, under its name. SQLite keeps the statements; PostgreSQL writes them anew.
SQLITE_SCHEMA = "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL"
POSTGRES_SCHEMA = """
SELECT indexname AS name, indexdef AS sql FROM pg_indexes WHERE schemaname = 'public'
UNION ALL
SELECT conrelid::regclass || '.' || conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid <> 0
UNION ALL
SELECT table_name || '.' || column_name,
  concat_ws(' ', data_type, character_maximum_length, is_nullable, column_default, is_identity)
  FROM information_schema.columns WHERE table_schema = 'public'
"""


async def schema(database: Database) -> dict[str, list[str]]:
    """Under each name the words of its definition, whatever their order."""
    async with database.read() as conn:
        rows = await conn.exec_driver_sql(SQLITE_SCHEMA if database.is_sqlite else POSTGRES_SCHEMA)
        found = {row["name"]: row["sql"] for row in rows.mappings()}
    ours = {name: sql for name, sql in found.items() if "alembic_version" not in name}
    return {name: sorted(re.findall(r"\w+|'.*?'|[(]", sql)) for name, sql in ours.items()}


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_server_default": True})
    return list(compare_metadata(context, list(migrate.METADATA)))  # type: ignore[arg-type] # it takes several


async def test_the_steps_lead_to_the_tables_as_declared(database: Database, new_database: NewDatabase) -> None:
    await migrate.upgrade(database)
    async with database.read() as conn:
        assert await conn.run_sync(differences) == []

    declared = Database(new_database())
    async with declared.begin() as conn:
        await conn.run_sync(scheduler_tables.metadata.create_all)
        await conn.run_sync(tables.metadata.create_all)
    assert await schema(database) == await schema(declared)
    await declared.close()


async def test_the_ledgers_indexes_hold_only_what_is_open(database: Database) -> None:
    await migrate.upgrade(database)
    for state, definition in (("waiting", "ix_deliveries_waiting"), ("sending", "ix_deliveries_sending")):
        words = (await schema(database))[definition]
        assert {"WHERE", "state", f"'{state}'"} <= set(words)


async def test_an_empty_database_needs_an_upgrade_and_then_no_more(database: Database) -> None:
    assert await migrate.current(database) is None
    assert await migrate.needs_upgrade(database)
    await migrate.upgrade(database)
    assert await migrate.current(database) == migrate.head()
    assert not await migrate.needs_upgrade(database)


async def test_what_is_stored_outlives_an_upgrade(database: Database) -> None:
    await migrate.upgrade(database)
    async with database.begin() as conn:
        await conn.exec_driver_sql(
            "INSERT INTO staff (name, role, created_at) VALUES ('A', 'admin', '2026-01-01 00:00:00')"
        )
    await migrate.upgrade(database)
    async with database.read() as conn:
        assert (await conn.exec_driver_sql("SELECT name FROM staff")).scalar_one() == "A"


async def test_a_database_from_a_newer_bot_is_refused_in_one_line(database: Database) -> None:
    await migrate.upgrade(database)
    async with database.begin() as conn:
        await conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DatabaseTooNew, match="newer version of the bot") as caught:
        await migrate.upgrade(database)
    assert "\n" not in str(caught.value)
    with pytest.raises(DatabaseTooNew):
        await migrate.needs_upgrade(database)


async def test_a_step_that_fails_leaves_nothing_behind(database: Database) -> None:
    async with database.begin() as conn:
        await conn.exec_driver_sql("CREATE TABLE answers (id INTEGER)")  # in the way of a late part of the first step
    before = await schema(database)
    with pytest.raises(DatabaseUnusableError, match="answers"):
        await migrate.upgrade(database)
    assert await schema(database) == before


async def test_processes_that_start_together_upgrade_one_after_another(new_database: NewDatabase) -> None:
    url = new_database()
    together = [Database(url) for _ in range(3)]
    await asyncio.gather(*map(migrate.upgrade, together))
    assert [await migrate.needs_upgrade(database) for database in together] == [False] * 3
    for database in together:
        await database.close()


async def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("nothing like a database " * 100)
    database = Database(f"sqlite:///{path}")
    with pytest.raises(DatabaseUnusableError, match=r"notes\.txt cannot be upgraded: file is not a database"):
        await migrate.upgrade(database)
    with pytest.raises(DatabaseUnusableError, match=r"notes\.txt"):
        await migrate.current(database)
    await database.close()


async def test_a_draft_holds_nothing_when_nothing_changed(tmp_path: Path) -> None:
    drafted = await migrate.draft("Nothing at all", tmp_path)
    assert drafted.name == f"{int(migrate.head()) + 1:04}_nothing_at_all.py"
    text = drafted.read_text()
    assert text.startswith('"""Nothing at all."""\n')
    assert f"down_revision = {migrate.head()!r}" in text
    assert "op." not in text


async def test_a_draft_holds_what_is_new_in_our_own_types(tmp_path: Path) -> None:
    more = MetaData()
    colour = Enum("red", "blue", native_enum=False, length=16)
    Table("topics", more, Column("colour", colour), Column("at", scheduler_tables.UtcDateTime))
    drafted = await migrate.draft("Topics", tmp_path, (*migrate.METADATA, more))
    text = drafted.read_text()
    assert "op.create_table('topics'" in text
    assert "sa.Column('colour', sa.String(length=16), nullable=True)" in text
    assert "sa.Column('at', UtcDateTime(), nullable=True)" in text
    assert "\nfrom scheduler.tables import UtcDateTime\n" in text
    assert text.count("op.") == 1
