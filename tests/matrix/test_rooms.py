"""Rooms of several, in plain and encrypted: a question for all as a poll, and what came out."""

import signal

import pytest
from sqlalchemy import select

from bot.storage import tables
from bot.storage.database import Connection
from tests.matrix.conftest import Arrives
from tests.matrix.people import POLL, Heard, Resident
from tests.matrix.program import Bot
from tests.matrix.steps import meets


async def gather(arrives: Arrives, bot: Bot, *names: str, encrypted: bool) -> list[Resident]:
    """A room with the bot and these people; the first of them has made it."""
    people = [await arrives(name) for name in names]
    first = people[0]
    await first.invites(bot.user, *(one.user for one in people[1:]), encrypted=encrypted, direct=False)
    await first.sees_joining(bot.user)
    for one in people[1:]:
        await one.joins(first.room, bot.user)
        await first.sees_joining(one.user)
    return people


async def asks(person: Resident, text: str = "!quiz czad", **more: object) -> Heard:
    """Ask for a question; returns its poll."""
    await person.says(text, more=more)
    heard = await person.hears()
    assert heard.kind == f"{POLL}.start", person.transcript()
    return heard


async def sees(person: Resident, poll: Heard) -> Heard:
    """The poll as another client has it."""
    return await person.sees(lambda heard: heard.event == poll.event, "the poll")


def is_end(heard: Heard, poll: str) -> bool:
    return heard.kind == f"{POLL}.end" and heard.relation["event_id"] == poll


def counted(result: Heard, poll: Heard) -> list[int]:
    """How many chose each answer of a poll, as the result tells it."""
    lines = dict(line.rsplit(": ", 1) for line in result.body.splitlines() if ": " in line)
    return [int(lines[answer]) for answer in poll.answers.values() if answer in lines]


async def test_a_question_for_all_and_what_came_out(arrives: Arrives, bot: Bot, encrypted: bool) -> None:
    names = ("anna", "bob", "cyryl", "daria", "emil")
    people = await gather(arrives, bot, *names, encrypted=encrypted)
    anna = people[0]
    await anna.says("Dzień dobry wszystkim")
    await anna.says("1")
    poll = await asks(anna)
    assert poll.encrypted is encrypted
    assert poll.poll["kind"] == "org.matrix.msc3381.poll.undisclosed"
    assert "!wyniki" in poll.body
    first, second = list(poll.answers.values())[:2]
    for one in people:
        seen = await sees(one, poll)
        await one.votes(first if one is anna else second, seen)
        await one.votes(first, seen)  # the first counts
    await anna.says("!wyniki")
    end = await anna.hears()
    assert is_end(end, poll.event)
    result = await anna.hears("Odpowiedziało 5 osób.", "Dobra odpowiedź:", "Źródło:")
    assert result.encrypted is encrypted
    assert counted(result, poll)[:2] == [1, 4]
    assert sum(counted(result, poll)) == 5
    assert len(anna.said()) == 3, "it is silent unless spoken to"
    assert await bot.ask(_votes) == [], "the votes are gone"
    log = bot.log.read_text()
    assert not any(secret in log for secret in (anna.room, anna.user, "anna", first))


async def _votes(conn: Connection) -> list[object]:
    return list(await conn.execute(select(tables.room_votes)))


async def test_of_few_no_numbers_are_told(arrives: Arrives, bot: Bot, encrypted: bool) -> None:
    anna, bob = await gather(arrives, bot, "anna", "bob", encrypted=encrypted)
    poll = await asks(anna)
    for one in (anna, bob):
        await one.votes(next(iter(poll.answers.values())), await sees(one, poll))
    await bob.says("!results")
    result = await anna.hears("Dobra odpowiedź:")
    assert "od 5 osób" in result.body
    assert counted(result, poll) == []


async def test_it_stays_in_the_thread(arrives: Arrives, bot: Bot, encrypted: bool) -> None:
    anna, _ = await gather(arrives, bot, "anna", "bob", encrypted=encrypted)
    root = await anna.says("Zebranie w środę")
    poll = await asks(anna, **{"m.relates_to": {"rel_type": "m.thread", "event_id": root}})
    assert poll.thread == root
    await anna.says("!wyniki")
    assert (await anna.hears("Dobra odpowiedź:")).thread == root


async def test_a_vote_that_anybody_could_have_written_does_not_count(arrives: Arrives, bot: Bot) -> None:
    anna, bob = await gather(arrives, bot, "anna", "bob", encrypted=True)
    poll = await asks(anna)
    name = next(iter(poll.answers))
    content = {
        "m.relates_to": {"rel_type": "m.reference", "event_id": poll.event},
        f"{POLL}.response": {"answers": [name]},
    }
    await bob.raw(f"{POLL}.response", content)
    await bob.raw("m.room.message", {"msgtype": "m.text", "body": "!wyniki"})
    await bob.sends(f"{POLL}.response", {**content, f"{POLL}.response": {"answers": ["17"]}})
    await anna.votes(poll.answers[name], poll)
    await anna.says("!quiz")
    await anna.hears("!wyniki")
    assert len(await bot.ask(_votes)) == 1


async def test_it_says_what_it_is_for_when_it_is_named_and_nothing_that_is_somebodys(
    arrives: Arrives, bot: Bot, encrypted: bool
) -> None:
    anna, _ = await gather(arrives, bot, "anna", "bob", encrypted=encrypted)
    await anna.says(f"{bot.user}: co umiesz?")
    await anna.hears("!quiz", "https://matrix.to/#/", "112")
    await anna.says("!dane")
    assert (await anna.hears()).body == anna.said()[0].body
    await anna.says("!pogoda Kraków")  # somebody else's
    await anna.says(f"{bot.user} quiz en czad")
    poll = await anna.hears()
    assert "!results" in poll.body
    assert len(anna.said()) == 3
    assert await bot.knows(anna.user) is None


async def test_it_falls_silent_when_it_is_asked_without_end(arrives: Arrives, bot: Bot) -> None:
    anna, _ = await gather(arrives, bot, "anna", "bob", encrypted=False)
    for _ in range(12):
        await anna.says("!pomoc")
    await anna.hears("Za chwilę znów odpowiem.")
    other, _ = await gather(arrives, bot, "olga", "piotr", encrypted=False)
    await other.says("!pomoc")
    await other.hears("!quiz")
    assert len(anna.said()) == 4


async def test_a_third_person_makes_it_a_room_of_several(arrives: Arrives, bot: Bot, encrypted: bool) -> None:
    anna = await meets(arrives, bot, encrypted=encrypted)
    bob = await arrives("bob")
    await anna.asks_back(bob.user)
    hint = await anna.hears("https://matrix.to/#/", "!quiz")
    await bob.joins(anna.room, bot.user)
    await bob.says("!start")
    assert (await anna.hears("!quiz")).body != hint.body
    await anna.says("1")
    await anna.says("!quiz")
    assert (await anna.hears()).kind == f"{POLL}.start"
    assert len([heard for heard in anna.said() if heard.body == hint.body]) == 1


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
async def test_votes_cast_while_it_is_away_count_and_the_poll_closes_afterwards(
    arrives: Arrives, bot: Bot, how: signal.Signals, encrypted: bool
) -> None:
    people = await gather(arrives, bot, "anna", "bob", "cyryl", "daria", "emil", encrypted=encrypted)
    anna = people[0]
    poll = await asks(anna)
    await anna.votes(next(iter(poll.answers.values())), poll)
    await bot.stop(how)
    for one in people[1:]:
        seen = await sees(one, poll)
        await one.votes(list(seen.answers.values())[1], seen)
    await anna.says("!wyniki")
    await bot.start()
    result = await anna.hears("Odpowiedziało 5 osób.")
    assert counted(result, poll)[:2] == [1, 4]
    await anna.says("!wyniki")
    await anna.hears("Nie ma tu teraz otwartego pytania.")
    assert len(anna.said()) == 4
