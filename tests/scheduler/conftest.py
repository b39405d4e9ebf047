"""A fresh database for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.scheduler.world import Database, database


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with database(tmp_path / "scheduler.db") as opened:
        yield opened
