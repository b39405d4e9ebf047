"""A room of several, such as a housing estate's: the bot is silent until it is asked for a quiz."""

from functools import partial

from sqlalchemy import select

from bot.storage import tables
from bot.storage.database import Connection
from tests.matrix.conftest import Arrives
from tests.matrix.people import POLL, Heard, Resident
from tests.matrix.program import Bot


async def estate(arrives: Arrives, bot: Bot, *, encrypted: bool) -> tuple[Resident, Resident]:
    """Alice makes a room with the bot and Bob; both will listen to the bot."""
    alice, bob = await arrives("alice"), await arrives("bob")
    room = await alice.invites(bot.user, bob.user, encrypted=encrypted, direct=False)
    await bob.joins(room, bot.user)
    await alice.sees_joining(bot.user)
    await alice.sees_joining(bob.user)
    return alice, bob


async def votes_for(conn: Connection, room: str) -> list[str]:
    """Who voted in a room's polls, as far as it is kept."""
    query = select(tables.room_votes.c.voter).join(tables.room_polls).where(tables.room_polls.c.room == room)
    return list((await conn.execute(query)).scalars())


def ends(heard: Heard, poll: str) -> bool:
    """Whether this is the end of a poll."""
    return heard.kind == f"{POLL}.end" and heard.relation["event_id"] == poll


async def test_a_quiz_is_a_poll_whose_result_comes_when_asked_for(arrives: Arrives, bot: Bot, encrypted: bool) -> None:
    alice, bob = await estate(arrives, bot, encrypted=encrypted)
    await alice.says("Dzień dobry! Kto idzie jutro na zebranie?")
    await bob.says("1")
    await alice.says("!quiz")
    poll = await alice.hears("!wyniki")
    assert (poll.kind, poll.encrypted) == (f"{POLL}.start", encrypted)
    assert alice.said() == [poll], "nobody else was spoken to"
    assert await bob.hears("!wyniki") == poll

    first, *_, last = poll.answers.values()
    await bob.votes(first, poll)
    await bob.votes(last, poll)
    await alice.votes(last, poll)
    await bob.says("!wyniki")
    await alice.sees(partial(ends, poll=poll.event), "the poll's end")
    result = await alice.hears("Dobra odpowiedź", "Liczby pokazuję od 5 osób.")
    assert result.encrypted is encrypted
    assert bob.user not in result.body
    assert await bot.ask(partial(votes_for, room=alice.room)) == [], "who voted is forgotten when it is over"


async def test_nobodys_own_things_are_told_where_several_read(arrives: Arrives, bot: Bot, encrypted: bool) -> None:
    alice, bob = await estate(arrives, bot, encrypted=encrypted)
    await alice.says("!dane")
    assert "osobno" in (await bob.hears()).body
    await bob.says("!usun")
    await bob.hears("osobno")
    assert await bot.knows(alice.user) is None
    assert await bot.knows(bob.user) is None


async def test_who_asks_too_often_is_told_once_and_then_not_answered(
    arrives: Arrives, bot: Bot, encrypted: bool
) -> None:
    alice, bob = await estate(arrives, bot, encrypted=encrypted)
    for _ in range(12):
        await alice.says("!pomoc")
    await alice.meets(bot.user, encrypted=encrypted)  # by then it has read what was said before
    await alice.hears("Uczę bezpieczeństwa")
    assert len(bob.said()) < 8
