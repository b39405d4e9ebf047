"""The parts that most tests of the Matrix channel start from."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.channels.matrix.world import World
from tests.support import open_database


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_database(tmp_path) as database:
        yield World(database)
