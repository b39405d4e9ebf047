"""A fresh database for each test, of each kind."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.conftest import DATABASES
from tests.postgres import Server
from tests.scheduler.world import Database, database, database_at, fill


@pytest.fixture(params=DATABASES)
async def db(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    if request.param == "sqlite":
        async with database(tmp_path / "scheduler.db") as opened:
            yield opened
        return
    async with _on_postgres(request.getfixturevalue("postgres")) as opened:
        yield opened


@asynccontextmanager
async def _on_postgres(server: Server) -> AsyncIterator[Database]:
    url = server.new_database(fill)
    async with database_at(url) as opened:
        yield opened
    server.drop(url)


@pytest.fixture
async def postgres_db(postgres: Server) -> AsyncIterator[Database]:
    """PostgreSQL alone, for what several processes share."""
    async with _on_postgres(postgres) as opened:
        yield opened


@pytest.fixture
async def sqlite_db(tmp_path: Path) -> AsyncIterator[Database]:
    """SQLite alone, for how it looks rows up."""
    async with database(tmp_path / "scheduler.db") as opened:
        yield opened
