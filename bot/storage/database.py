"""One database, reached in one way: `begin()` to write, `read()` to look.

SQLite allows one writer at a time, so writers of this process queue for a single connection rather than spin on a
busy file; readers never wait for them (WAL). On PostgreSQL both are ordinary pooled connections.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.domain.errors import BotError
from bot.storage import postgres, sqlite

Connection = AsyncConnection
"""An open transaction, as everything above this package passes it on."""

BUSY_S = 10
"""How long to wait for another process (a command of the staff's, say) to finish writing."""

SYNC_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}


class DatabaseUnusableError(BotError):
    """The database cannot be opened."""


def _prepare_sqlite(engine: AsyncEngine, begin: str) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def set_pragmas(connection: Any, record: object) -> None:  # noqa: ARG001 - the event's signature
        connection.isolation_level = None  # we say BEGIN ourselves, so that a writer locks at once and never upgrades
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",  # with WAL a power cut may lose the last turns, never the file; SIGKILL loses nothing
            "foreign_keys=ON",
            f"busy_timeout={BUSY_S * 1000}",
            "secure_delete=ON",  # erased means overwritten
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def say_begin(connection: Any) -> None:
        connection.exec_driver_sql(begin)


def _open_and_close(file: str) -> None:
    """See that SQLite can open a file: when it cannot, aiosqlite's thread outlives the loop and complains."""
    sqlite3.connect(file).close()


class Database:
    """The engines of one database."""

    def __init__(self, url: str) -> None:
        """`url` is SQLAlchemy's; raises DatabaseUnusableError if it is no such thing."""
        try:
            parsed = make_url(url)
        except ArgumentError as error:
            raise DatabaseUnusableError(f"BEZPIECZNY_DATABASE_URL is not a database URL: {url!r}") from error
        parsed = parsed.set(drivername=SYNC_DRIVERS.get(parsed.drivername, parsed.drivername))
        self.url = parsed
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        self.beside: set[asyncio.Task[Any]] = set()
        """Work that goes on while nobody waits for it: it is stopped before the connections are given back."""
        if self.is_sqlite:
            quick = {"async_creator_fn": sqlite.connect}
            self._writer = create_async_engine(parsed, pool_size=1, max_overflow=0, pool_timeout=60, connect_args=quick)
            self._reader = create_async_engine(parsed, pool_size=4, max_overflow=0, pool_timeout=60, connect_args=quick)
            _prepare_sqlite(self._writer, "BEGIN IMMEDIATE")
            _prepare_sqlite(self._reader, "BEGIN")
        else:
            try:
                self._writer = postgres.create_engine(parsed)
            except ImportError as error:
                raise DatabaseUnusableError(
                    f"{parsed.drivername} needs a package that is missing: {error.name}"
                ) from error
            # Each statement of a transaction would otherwise see what was committed before it, not one moment.
            self._reader = self._writer.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """A transaction: committed at the end of the block, rolled back by an exception."""
        async with self._writer.begin() as conn:
            yield conn

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A consistent look at the database, in which nothing may be written."""
        async with self._reader.connect() as conn:
            yield conn

    async def check(self) -> None:
        """Raise DatabaseUnusableError, in one line, if the database does not answer."""
        try:
            if self.is_sqlite:
                await asyncio.to_thread(_open_and_close, self.url.database or ":memory:")
            async with self.read() as conn:
                await conn.execute(text("SELECT 1"))
        except (DBAPIError, sqlite3.Error, OSError) as error:
            cause = getattr(error, "orig", None) or error
            shown = self.url.render_as_string(hide_password=True)
            raise DatabaseUnusableError(f"The database {shown} cannot be opened: {cause}") from error

    async def close(self) -> None:
        """Give the connections back, once whatever went on beside has stopped."""
        for task in self.beside:
            task.cancel()
        await asyncio.gather(*self.beside, return_exceptions=True)
        await self._writer.dispose()
        await self._reader.dispose()
