"""Words searched for in vain: nothing can be read until five people used the word, and never anything else."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from bot.domain.residents import Resident
from bot.services import missed, privacy, retention
from bot.storage import tables
from bot.storage.database import Connection, Database
from bot.storage.missed import Missed
from tests.support import NOON, VAULT, add_resident, library

LIBRARY = library()
DAY = timedelta(days=1)


async def people(conn: Connection, count: int, begin: int = 0) -> list[Resident]:
    return [await add_resident(conn, f"telegram:{begin + number}") for number in range(count)]


async def ask(conn: Connection, who: Resident, text: str, *, days: int = 0) -> None:
    await missed.note(conn, LIBRARY, VAULT, who, text, now=NOON + days * DAY)


async def everything(database: Database) -> str:
    """All that the two tables hold, as text."""
    async with database.read() as conn:
        rows: list[Any] = []
        for table in (tables.missed_words, tables.missed_by):
            rows += (await conn.execute(select(table))).all()
    return repr(rows)


async def readable(database: Database, *, days: int = 0) -> list[Missed]:
    async with database.read() as conn:
        return await missed.listed(conn, NOON + days * DAY)


async def test_what_four_people_ask_nobody_can_read_and_with_the_fifth_it_is_a_word(database: Database) -> None:
    async with database.begin() as conn:
        everybody = await people(conn, 5)
        for who in everybody[:4]:
            await ask(conn, who, "Gdzie wolno puszczać drony?")
    assert "dron" not in await everything(database)
    assert await readable(database) == []
    async with database.begin() as conn:
        await ask(conn, everybody[4], "dron nad blokiem sąsiada")
    held = await everything(database)
    assert await readable(database) == [Missed("dron", 5)]
    assert not any(word in held for word in ("drony", "puszcz", "blok", "sąsiad", "sasiad", "wolno"))


async def test_five_people_at_once_are_five(database: Database) -> None:
    async with database.begin() as conn:
        everybody = await people(conn, 5)

    async def turn(who: Resident, text: str) -> None:
        async with database.begin() as conn:
            await ask(conn, who, text)

    texts = ("drony lawina rakieta", "rakieta drony lawina", "lawina rakieta drony", "lawina drony rakieta", "drony")
    await asyncio.gather(*(turn(who, text) for who, text in zip(everybody, texts, strict=True)))
    assert await readable(database) == [Missed("dron", 5)]
    await asyncio.gather(*(turn(who, text) for who, text in zip(everybody, reversed(texts), strict=True)))
    assert await readable(database) == [Missed(word, 5) for word in ("dron", "lawin", "rakiet")]


async def test_people_who_leave_while_others_ask_take_nothing_of_theirs(database: Database) -> None:
    async with database.begin() as conn:
        leaving, asking = await people(conn, 5), await people(conn, 5, begin=10)
        for who in leaving:
            await ask(conn, who, "drony lawina")

    async def leave(who: Resident) -> None:
        async with database.begin() as conn:
            await privacy.erase(conn, who)

    async def turn(who: Resident) -> None:
        async with database.begin() as conn:
            await ask(conn, who, "lawina drony")

    await asyncio.gather(*(step for pair in zip(map(leave, leaving), map(turn, asking), strict=True) for step in pair))
    assert await readable(database) == [Missed("dron", 5), Missed("lawin", 5)]


async def test_the_same_person_five_times_is_one(database: Database) -> None:
    async with database.begin() as conn:
        (who,) = await people(conn, 1)
        for day in range(5):
            await ask(conn, who, "drony drony dron", days=day)
    assert "dron" not in await everything(database)
    async with database.read() as conn:
        exported = await privacy.export(conn, VAULT, who, NOON)
    (mark,) = exported["searched_in_vain"]
    assert mark["missed_on"] == (NOON + 4 * DAY).date().isoformat()


async def test_who_leaves_takes_their_mark_and_the_word_if_too_few_are_left(database: Database) -> None:
    async with database.begin() as conn:
        everybody = await people(conn, 5)
        for who in everybody:
            await ask(conn, who, "drony")
        await ask(conn, everybody[0], "lawina")
        await privacy.erase(conn, everybody[0])
    held = await everything(database)
    assert "dron" not in held
    async with database.read() as conn:
        assert len((await conn.execute(select(tables.missed_words))).all()) == 1  # nobody asked for the other
    async with database.begin() as conn:
        (other,) = await people(conn, 1, begin=10)
        await ask(conn, other, "drony")
    assert await readable(database) == [Missed("dron", 5)]


async def test_after_ninety_days_it_is_gone(database: Database) -> None:
    async with database.begin() as conn:
        everybody = await people(conn, 6)
        for who in everybody[:5]:
            await ask(conn, who, "drony")
        await ask(conn, everybody[5], "drony", days=80)
    assert (await retention.sweep(database, NOON + 90 * DAY)).missed == 0
    assert "dron" in await everything(database)
    assert (await retention.sweep(database, NOON + 91 * DAY)).missed == 5
    assert "dron" not in await everything(database)
    assert (await retention.sweep(database, NOON + 171 * DAY)).missed == 1
    assert await everything(database) == "[]"


async def test_the_list_shows_the_last_month_those_of_most_people_first(database: Database) -> None:
    async with database.begin() as conn:
        everybody = await people(conn, 6)
        for who in everybody:
            await ask(conn, who, "lawina")
            await ask(conn, who, "drony", days=25)
        await ask(conn, everybody[0], "lawina", days=25)
        for who in everybody[:5]:
            await ask(conn, who, "rakieta", days=25)
    assert await readable(database, days=31) == [Missed("dron", 6), Missed("rakiet", 5)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("drony nad osiedlem", ("dron", "osiedl")),
        ("DRONY, Drony i dronów", ("dron",)),
        ("co robić gdy ktoś", ()),  # nothing but words that ask
        ("Tip czujka", ()),  # the library has them
        ("ul", ()),
        ("a" * 33, ()),
        ("kr12345 600100200 12a", ()),
        ("jan@example.org www.example.org example.org/dron jan_dron", ()),
        ("dron.", ("dron",)),
        ("", ()),
    ],
)
def test_which_words_of_a_text_count(text: str, words: tuple[str, ...]) -> None:
    assert missed.words_of(LIBRARY, text, "pl") == words


@given(st.text(max_size=400), st.sampled_from(("pl", "uk", "en")))
def test_no_text_gives_a_number_an_address_or_more_than_eight_words(text: str, language: str) -> None:
    words = missed.words_of(LIBRARY, text, language)
    assert len(words) <= missed.MOST_WORDS
    assert len(set(words)) == len(words)
    for word in words:
        assert word.isalpha() or not word.isascii()
        assert not any(letter.isdigit() or letter in "@./\\ " for letter in word)
