import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Column, Connection, Enum, MetaData, Table

from bot.storage import migrate, tables
from bot.storage.database import Database, DatabaseUnusableError
from bot.storage.migrate import DatabaseTooNew
from scheduler import tables as scheduler_tables


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(f"sqlite:///{tmp_path}/bot.sqlite3")
    yield opened
    await opened.close()


def schema(path: Path) -> dict[str, list[str]]:
    """What SQLite was told to create: under each name the words of its statement, whatever their order."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL").fetchall()
    return {name: sorted(re.findall(r"\w+|'.*?'|[(]", sql)) for name, sql in rows if name != "alembic_version"}


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_server_default": True})
    return list(compare_metadata(context, list(migrate.METADATA)))  # type: ignore[arg-type] # it takes several


async def test_the_steps_lead_to_the_tables_as_declared(database: Database, tmp_path: Path) -> None:
    await migrate.upgrade(database)
    async with database.read() as conn:
        assert await conn.run_sync(differences) == []

    declared = Database(f"sqlite:///{tmp_path}/declared.sqlite3")
    async with declared.begin() as conn:
        await conn.run_sync(scheduler_tables.metadata.create_all)
        await conn.run_sync(tables.metadata.create_all)
    await declared.close()
    assert schema(tmp_path / "bot.sqlite3") == schema(tmp_path / "declared.sqlite3")


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


async def test_a_step_that_fails_leaves_nothing_behind(database: Database, tmp_path: Path) -> None:
    async with database.begin() as conn:
        await conn.exec_driver_sql("CREATE TABLE answers (id INTEGER)")  # in the way of a late part of the first step
    with pytest.raises(DatabaseUnusableError, match="answers"):
        await migrate.upgrade(database)
    assert list(schema(tmp_path / "bot.sqlite3")) == ["answers"]


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
