"""The small library, and an option to write the transcripts down as they are now."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.catalogue.library import Library
from tests.dialogue.world import World, load_small, open_world


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--write-transcripts",
        action="store_true",
        help="write tests/dialogue/transcripts down as the conversations go now; read them before you keep them",
    )


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return load_small(tmp_path_factory.mktemp("content"))


@pytest.fixture
async def world(tmp_path: Path, library: Library) -> AsyncIterator[World]:
    async with open_world(tmp_path, library) as opened:
        yield opened
