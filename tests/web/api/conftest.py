"""The interface on an empty database; the SQL below it is tested on each kind."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.support import open_database
from tests.web.api.world import World


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_database(tmp_path) as database:
        yield World(database)


@pytest.fixture
async def program(world: World) -> AsyncIterator[httpx.AsyncClient]:
    """A program that may do everything a program may do."""
    async with await world.program() as client:
        yield client
