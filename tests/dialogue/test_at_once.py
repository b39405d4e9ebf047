"""Two processes take a turn of the same person at the same moment: it is as if one had come after the other."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Table, func, select

from bot.catalogue.library import Library
from bot.dialogue.actions import encode
from bot.domain import actions as do
from bot.domain.messages import Event, Press, Reply, Start, Text
from bot.domain.residents import Address
from bot.storage import residents
from bot.storage.tables import answers, attempts, conversations
from bot.storage.tables import residents as residents_table
from tests.dialogue.test_redelivery import seen
from tests.dialogue.world import Person, World
from tests.support import open_database

ADDRESS = Address("telegram", "1")
Two = tuple[World, World]


@pytest.fixture
async def two(database_url: str | None, tmp_path: Path, library: Library) -> AsyncIterator[Two]:
    """Two processes on one database, each with connections of its own."""
    async with open_database(tmp_path, database_url) as one, open_database(tmp_path, database_url) as other:
        yield World(library, one), World(library, other)


async def both(two: Two, *events: Event) -> list[Reply]:
    """Each process is given its event at the same moment; one event is given to both."""
    given = events if len(events) == len(two) else events * len(two)
    return await asyncio.gather(*(world.engine.turn(event) for world, event in zip(two, given, strict=True)))


async def count(world: World, table: Table) -> int:
    async with world.database.read() as conn:
        return int((await conn.execute(select(func.count()).select_from(table))).scalar_one())


async def test_a_first_message_delivered_twice_makes_one_resident_and_both_are_answered(two: Two) -> None:
    for number in range(10):
        event = Event(Address("telegram", str(number)), "k", Start(), "uk")
        first, second = await both(two, event)
        assert seen(first, two[0].library) == seen(second, two[0].library)
    assert await count(two[0], residents_table) == await count(two[0], conversations) == 10


async def test_an_answer_delivered_twice_counts_once_and_shows_the_same(two: Two) -> None:
    person = Person(two[0], ADDRESS, "pl")
    await person.does(do.StartQuiz("czad", 0, 7))
    for position in range(3):
        event = Event(ADDRESS, f"answer-{position}", Press(encode(do.Answer(1, position, "0"))), "pl")
        first, second = await both(two, event)
        assert seen(first, two[0].library) == seen(second, two[0].library)
    assert (await count(two[0], attempts), await count(two[0], answers)) == (1, 3)


async def test_a_double_press_with_two_keys_starts_one_attempt_and_answers_once(two: Two) -> None:
    await Person(two[0], ADDRESS, "pl").starts()
    for action in (do.StartQuiz("czad", 0, 7), do.Answer(1, 0, "0")):
        press = Press(encode(action))
        first, second = await both(two, Event(ADDRESS, f"{action}-1", press), Event(ADDRESS, f"{action}-2", press))
        assert first.screen.here == second.screen.here
    assert (await count(two[0], attempts), await count(two[0], answers)) == (1, 1)


async def test_two_messages_at_once_are_both_remembered(two: Two) -> None:
    await Person(two[0], ADDRESS, "pl").starts()
    keys = {f"key-{number}" for number in range(6)}
    ordered = sorted(keys)
    for pair in zip(ordered[::2], ordered[1::2], strict=True):
        await both(two, *(Event(ADDRESS, key, Text("czad"), "pl") for key in pair))
    async with two[0].database.read() as conn:
        _, conversation = await residents.find_with_conversation(conn, ADDRESS)
    assert conversation
    assert keys <= set(conversation.handled), "a turn was written over by the other"


async def test_an_erasure_and_a_message_at_once_leave_a_resident_or_none_but_never_half(two: Two) -> None:
    for number in range(10):
        address = Address("telegram", str(number))
        await Person(two[0], address, "pl").starts()
        erasure = Event(address, "erase", Press(encode(do.Erase(sure=True))), "pl")
        replies = await both(two, erasure, Event(address, "text", Text("czad"), "pl"))
        assert replies[0].forgotten
    assert await count(two[0], residents_table) == await count(two[0], conversations)
