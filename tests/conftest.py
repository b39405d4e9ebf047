"""The databases that tests run on: SQLite in a file, and a PostgreSQL server that is started when first wanted."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bot.storage.database import Database
from tests.postgres import NoPostgres, Server, postgres_server
from tests.support import open_database

DATABASES = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """The server all tests share; each has its own database on it. Tests that stop a server start one of their own."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(postgres_server())
        except NoPostgres as error:
            if os.environ.get("CI"):  # noqa: TID251 - where everything is checked, nothing is left out
                raise
            pytest.skip(str(error))
        yield server


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str | None]:
    """None for SQLite in a file of the test's own folder; else the URL of an empty, migrated PostgreSQL database."""
    if request.param == "sqlite":
        yield None
        return
    server: Server = request.getfixturevalue("postgres")
    url = server.new_database()
    yield url
    server.drop(url)


@pytest.fixture
async def database(database_url: str | None, tmp_path: Path) -> AsyncIterator[Database]:
    """An empty database with the bot's tables and the scheduler's: a contract's tests run on each kind."""
    async with open_database(tmp_path, database_url) as opened:
        yield opened
