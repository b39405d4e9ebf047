"""Brings a database to the tables of this code, all in one transaction, and refuses one that is ahead of it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, NullPool, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.domain.errors import BotError
from bot.storage import tables
from bot.storage.database import BUSY_S, Database, DatabaseUnusableError
from scheduler import tables as scheduler_tables

FOLDER = Path(__file__).parent / "migrations"
METADATA = (scheduler_tables.metadata, tables.metadata)
ONE_AT_A_TIME = 2025_2028
"""The PostgreSQL advisory lock under which processes that start together upgrade one after another."""


class DatabaseTooNew(BotError):
    """The database was written by a newer version of the bot. Update the bot, or restore an older backup."""


async def upgrade(database: Database) -> None:
    """Apply what the database lacks, all or nothing. Raises DatabaseTooNew or DatabaseUnusableError."""
    try:
        async with _transaction(database) as conn:
            await conn.run_sync(_upgrade)
    except (DBAPIError, OSError) as error:
        raise _unusable(database, error) from error


async def current(database: Database) -> str | None:
    """The revision of the database; None if it is empty. Raises DatabaseUnusableError."""
    try:
        async with database.read() as conn:
            return await conn.run_sync(_revision)
    except (DBAPIError, OSError) as error:
        raise _unusable(database, error) from error


async def needs_upgrade(database: Database) -> bool:
    """Whether the database is behind this code. Raises DatabaseTooNew or DatabaseUnusableError."""
    revision = await current(database)
    refuse_newer(revision)
    return revision != head()


def head() -> str:
    """The newest revision this code knows."""
    return ScriptDirectory(str(FOLDER)).get_heads()[0]


def refuse_newer(revision: str | None) -> None:
    """Raise DatabaseTooNew for a revision this code does not know; None, an empty database, is fine."""
    known = {script.revision for script in ScriptDirectory(str(FOLDER)).walk_revisions()}
    if revision is not None and revision not in known:
        raise DatabaseTooNew


async def draft(title: str, folder: Path = FOLDER / "versions", metadata: Sequence[MetaData] = METADATA) -> Path:
    """Write to `folder` the step from the newest revision to the tables as declared now, to be read and mended."""
    with TemporaryDirectory() as scratch:
        database = Database(f"sqlite:///{scratch}/empty.sqlite3")
        await upgrade(database)
        async with _transaction(database) as conn:
            return await conn.run_sync(_draft, title, folder, metadata)


def _upgrade(connection: Connection) -> None:
    refuse_newer(_revision(connection))
    command.upgrade(_config(connection), "head")


def _draft(connection: Connection, title: str, folder: Path, metadata: Sequence[MetaData]) -> Path:
    config = _config(connection, metadata)
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", f"{FOLDER / 'versions'}\n{folder}")
    number = f"{int(head()) + 1:04}"
    command.revision(config, title, autogenerate=True, rev_id=number, version_path=str(folder))
    return next(folder.glob(f"{number}_*.py"))


def _config(connection: Connection, metadata: Sequence[MetaData] = METADATA) -> Config:
    # What it has to say goes to the log; `attributes` are for `migrations/env.py`.
    config = Config(attributes={"connection": connection, "metadata": metadata}, stdout=StringIO())
    config.set_main_option("script_location", str(FOLDER))
    return config


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _unusable(database: Database, error: Exception) -> DatabaseUnusableError:
    shown = database.url.render_as_string(hide_password=True)
    return DatabaseUnusableError(f"The database {shown} cannot be upgraded: {getattr(error, 'orig', None) or error}")


@asynccontextmanager
async def _transaction(database: Database) -> AsyncIterator[AsyncConnection]:
    """A transaction on a connection of its own, which leaves the database to nobody else meanwhile."""
    engine = create_async_engine(database.url, poolclass=NullPool)
    if database.is_sqlite:
        _prepare_sqlite(engine)
    try:
        async with engine.begin() as conn:
            if not database.is_sqlite:
                await conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ONE_AT_A_TIME})
            yield conn
    finally:
        await engine.dispose()


def _prepare_sqlite(engine: AsyncEngine) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def set_up(connection: Any, record: object) -> None:  # noqa: ARG001 - the event's signature
        connection.isolation_level = None  # we say BEGIN ourselves: the driver would commit before each CREATE
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={BUSY_S * 1000}")
        # SQLite alters a table by making it anew and dropping the old; foreign keys would then empty its children.
        cursor.execute("PRAGMA foreign_keys=OFF")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def say_begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
