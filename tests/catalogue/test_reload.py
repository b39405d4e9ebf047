"""An edit is on the shelf within two seconds; a broken one leaves what was there."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.catalogue.library import Library, Shelf
from bot.catalogue.loader import Reader
from bot.catalogue.problems import ContentError
from bot.catalogue.reload import watch
from tests.catalogue.conftest import Edit

Told = asyncio.Queue[Library | ContentError]
QUIZ = "quizzes/dym.yaml"


@pytest.fixture
def told() -> Told:
    return asyncio.Queue()


@pytest.fixture
async def shelf(content: Path, told: Told) -> AsyncIterator[Shelf]:
    reader = Reader(content)
    shelf = Shelf(reader.load())
    watching = asyncio.create_task(watch(reader, shelf, told.put, every_s=0.02))
    await asyncio.sleep(0.1)
    yield shelf
    watching.cancel()


async def test_an_edit_is_on_the_shelf_within_two_seconds(shelf: Shelf, told: Told, edit: Edit) -> None:
    edit(QUIZ, "level: 1", "level: 3 #")
    library = await asyncio.wait_for(told.get(), 2)
    assert shelf.library is library
    assert shelf.library.quizzes["dym"].level == 3


async def test_a_broken_edit_keeps_the_last_good_library(shelf: Shelf, told: Told, edit: Edit) -> None:
    good = shelf.library
    edit(QUIZ, "level: 1", "level: 33")
    error = await asyncio.wait_for(told.get(), 2)
    assert isinstance(error, ContentError)
    assert "dym.yaml:3:8" in str(error)
    assert (shelf.library, shelf.broken) == (good, error)
    edit(QUIZ, "level: 33", "level: 2")
    mended = await asyncio.wait_for(told.get(), 2)
    assert (shelf.library, shelf.broken) == (mended, None)
    assert shelf.library.quizzes["dym"].level == 2


async def test_a_new_file_and_a_removed_one_count_as_edits(shelf: Shelf, told: Told, content: Path, edit: Edit) -> None:
    (content / "quizzes" / "para.yaml").write_text((content / QUIZ).read_text().replace("id: dym", "id: para"))
    await asyncio.wait_for(told.get(), 2)
    assert list(shelf.library.quizzes) == ["dym", "para"]
    (content / "quizzes" / "para.yaml").unlink()
    await asyncio.wait_for(told.get(), 2)
    assert list(shelf.library.quizzes) == ["dym"]


async def test_nothing_is_told_when_nothing_changes(shelf: Shelf, told: Told) -> None:
    await asyncio.sleep(0.2)
    assert told.empty()


async def test_words_of_one_part_of_the_program_count_too(shelf: Shelf, told: Told, content: Path) -> None:
    part = content / "words" / "console"
    part.mkdir()
    header = (content / "words" / "pl.po").read_text().partition("\n\n")[0]
    (part / "pl.po").write_text(f'{header}\n\nmsgid "console.new"\nmsgstr "Nowe"\n')
    await asyncio.wait_for(told.get(), 2)
    assert shelf.library.words.has("console.new")
