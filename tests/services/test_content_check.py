"""The report of the check is the command's own, is made once at a time, and knows when it is out of date."""

import asyncio
from pathlib import Path
from shutil import copytree

import pytest

from bot.catalogue.check import check
from bot.catalogue.loader import Reader
from bot.services import content_check
from bot.storage.database import Database
from tests.dialogue.world import SMALL
from tests.support import CONTENT, NOON


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copytree(SMALL, tmp_path / "content")
    copytree(CONTENT / "words", tmp_path / "content" / "words")
    return tmp_path / "content"


async def test_it_says_what_the_command_says_and_is_kept(database: Database, folder: Path) -> None:
    assert await content_check.last(database) is None
    report = await content_check.begin(database, folder, NOON)
    assert await content_check.last(database) == report
    expected = check(Reader(folder).read(), NOON.date())
    assert expected
    assert [(one.line, one.column, one.message, one.severity) for one in report.problems] == [
        (one.line, one.column, one.message, one.severity) for one in expected
    ]
    assert not any(Path(one.file).is_absolute() for one in report.problems)


async def test_who_asks_while_one_is_made_gets_the_same(database: Database, folder: Path) -> None:
    first = content_check.begin(database, folder, NOON)
    assert content_check.begin(database, folder, NOON) is first
    assert content_check.being_made(database) is first
    await asyncio.wait_for(first, 60)
    assert content_check.being_made(database) is None


async def test_an_edit_puts_it_out_of_date(database: Database, folder: Path) -> None:
    report = await content_check.begin(database, folder, NOON)
    assert await content_check.state(folder) == report.content
    edited = next((folder / "tips").glob("*.yaml"))
    edited.write_text(edited.read_text(encoding="utf-8") + "stray: 1\n", encoding="utf-8")
    assert await content_check.state(folder) != report.content
    again = await content_check.begin(database, folder, NOON)
    assert any(f"tips/{edited.name}" == one.file and "stray" in one.message for one in again.problems)
