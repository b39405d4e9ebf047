"""A console on an empty SQLite database: pages are the same on every kind, and the services are tested on each."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support import open_database
from tests.web.console.campaigning import staff_it
from tests.web.console.world import Console
from tests.web.console.world import console as open_console


@pytest.fixture
async def console(tmp_path: Path) -> AsyncIterator[Console]:
    async with open_database(tmp_path) as database, open_console(database) as opened:
        yield opened


@pytest.fixture
async def office(console: Console) -> Console:
    """The same, with staff who work on campaigns and residents who agreed to them."""
    await staff_it(console)
    return console
