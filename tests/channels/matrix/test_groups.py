"""Rooms of several: silent unless spoken to; a question as a poll, votes, and what came out, whatever befalls us."""

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot.catalogue.library import Library
from bot.channels.matrix import polls
from bot.channels.matrix.channel import MatrixChannel
from bot.channels.matrix.events import RoomEvent
from bot.channels.matrix.groups import Teaching
from bot.channels.matrix.replies import PAUSES_S
from bot.channels.matrix.restraint import BURST
from bot.domain.errors import Blocked, Rejected, Unanswered, Unreachable
from bot.services import room_quiz
from bot.storage import matrix, room_polls, tables
from tests.channels.matrix.homeserver import US
from tests.channels.matrix.world import ANNA, QUICK, Person, World, until, until_so
from tests.support import VAULT, library, question, quiz, texts

BOB = "@bob:example.org"
ROOM = "!estate:example.org"
OFTEN = replace(QUICK, polls=0.01)
AWAY = [Unreachable()] * (len(PAUSES_S) + 1)
"""So often a reply is tried."""
MESSAGE = "m.room.message"
BOOKS = library(quizzes=[quiz(title=texts("Czad w domu"))])


@dataclass
class Estate:
    """A room of several."""

    world: World
    people: list[Person]
    books: Library = field(default_factory=lambda: BOOKS)

    def running(self, **more: Any) -> AbstractAsyncContextManager[MatrixChannel]:
        return self.world.running(**self.settings | more)

    @property
    def settings(self) -> dict[str, Any]:
        return {"teaching": Teaching(lambda: self.books, VAULT), "patience": OFTEN}

    @property
    def said(self) -> list[RoomEvent]:
        """What we said there."""
        return self.world.server.shown(ROOM)

    @property
    def kinds(self) -> list[str]:
        return [event.kind for event in self.said]

    @property
    def poll(self) -> RoomEvent:
        """The newest poll."""
        return next(event for event in reversed(self.said) if event.kind == polls.START)

    async def comes(self, count: int) -> list[RoomEvent]:
        """Wait until we have said so much, and everything is taken; it is no more than that."""
        await until(lambda: len(self.said) >= count)
        await self.world.done()
        await asyncio.sleep(0.05)  # long enough for a look or two
        assert len(self.said) == count, self.kinds
        return self.said

    async def rows(self) -> list[room_polls.Poll]:
        async with self.world.database.read() as conn:
            found = [await room_polls.find(conn, number) for number in range(1, 20)]
        return [one for one in found if one]

    async def votes(self) -> list[Any]:
        async with self.world.database.read() as conn:
            return list(await conn.execute(select(tables.room_votes)))

    async def asks(self) -> None:
        """The first of them asks for a question; its poll stands there, and its name is noted."""
        self.people[0].says("!quiz")
        await self.comes(1)
        await self.is_seen()

    async def is_seen(self) -> None:
        """Wait until the poll's name is noted."""
        await until_so(self._noted)

    async def _noted(self) -> bool:
        rows = await self.rows()
        return bool(rows) and rows[-1].event is not None

    async def is_over(self) -> None:
        """Wait until every result is told."""
        await until_so(self._told)

    async def _told(self) -> bool:
        rows = await self.rows()
        return bool(rows) and all(row.closed_at for row in rows)


async def estate(world: World, *, encrypted: bool = False, books: Library = BOOKS) -> Estate:
    names = (ANNA, BOB, *(f"@n{number}:example.org" for number in range(5)))
    world.room(ROOM, *names, encrypted=encrypted)
    async with world.database.begin() as conn:
        await matrix.save_room(conn, matrix.Room(ROOM, None, encrypted), world.time.now)
        await matrix.save_token(conn, US, "1")
    world.server.place = 1
    return Estate(world, [Person(world, ROOM, name) for name in names], books)


def body(event: RoomEvent) -> str:
    return str(event.content["body"])


# --- when we are silent


async def test_who_does_not_speak_to_us_gets_no_answer_and_leaves_no_trace(world: World) -> None:
    here = await estate(world)
    anna = here.people[0]
    async with here.running():
        anna.says("Dzień dobry")
        anna.says("1")
        anna.says("quiz")
        anna.says("!pogoda")
        anna.sends(MESSAGE, {"msgtype": "m.notice", "body": "!quiz"})
        anna.sends(MESSAGE, {"msgtype": "m.image", "body": "!quiz", "url": "mxc://x/y"})
        anna.votes("0", "$made-up")
        await world.done()
    assert here.said == []
    assert world.dialogue.events == []
    async with world.database.read() as conn:
        assert (await conn.execute(select(tables.matrix_events))).all() == []


async def test_we_say_nothing_when_we_are_invited(world: World) -> None:
    here = await estate(world)
    del world.server.rooms[ROOM]
    room = world.room(ROOM, ANNA, BOB)
    room.members[US] = "leave"
    room.direct = False
    world.server.member(ROOM, US, "invite", by=ANNA)
    async with here.running():
        await until(lambda: room.members[US] == "join")
        await world.done()
        assert here.said == []
        here.people[0].says("!quiz")
        await here.comes(1)


async def test_without_a_library_nothing_is_asked(world: World) -> None:
    here = await estate(world)
    async with world.running():
        here.people[0].says("!quiz")
        await world.done()
    assert here.said == []


async def test_bots_that_loop_are_soon_left_alone(world: World) -> None:
    here = await estate(world)
    async with here.running():
        for _ in range(20):
            here.people[1].says("!pomoc")
        said = await here.comes(4)
        assert "Za chwilę" in body(said[-1])
        world.time.now += timedelta(seconds=10)
        here.people[1].says("!pomoc")
        here.people[1].says("!pomoc")
        assert "Za chwilę" in body((await here.comes(6))[-1])


async def test_the_result_of_a_question_is_owed_however_much_was_said(world: World) -> None:
    here = await estate(world)
    anna = here.people[0]
    async with here.running():
        anna.says("!quiz")
        await here.comes(1)
        for _ in range(5):
            here.people[1].says("!pomoc")
        await here.comes(1 + (BURST - 1) + 1)
        anna.says("!wyniki")
        await here.comes(1 + (BURST - 1) + 1 + 2)
        assert here.kinds[-2:] == [polls.END, MESSAGE]
        anna.says("!wyniki")  # nothing is open any more, and that is not owed
        await here.comes(1 + (BURST - 1) + 1 + 2)


async def test_the_result_of_a_question_counts_for_no_answer(world: World) -> None:
    here = await estate(world)
    anna = here.people[0]
    async with here.running():
        anna.says("!quiz")
        await here.comes(1)
        await here.is_seen()
        anna.says("!wyniki")
        await here.comes(3)
        for count in range(BURST - 1):
            anna.says("!pomoc")
            assert "Za chwilę" not in body((await here.comes(4 + count))[-1])
        anna.says("!pomoc")
        assert "Za chwilę" in body((await here.comes(3 + BURST))[-1])


# --- a question


@pytest.mark.parametrize("encrypted", [False, True])
async def test_a_question_is_put_to_all(world: World, encrypted: bool) -> None:
    here = await estate(world, encrypted=encrypted)
    async with here.running():
        asking = here.people[0].says("!quiz czad")
        (poll,) = await here.comes(1)
    assert poll.kind == polls.START
    assert poll.encrypted is encrypted
    start = poll.content[polls.START]
    assert start["kind"].endswith("undisclosed")
    assert sorted(answer["id"] for answer in start["answers"]) == ["0", "1", "2"]
    assert world.server.keys[ROOM, asking] == poll.id
    (row,) = await here.rows()
    assert (row.event, row.language, row.closed_at) == (poll.id, "pl", None)


async def test_it_is_in_the_language_of_the_command_or_of_the_last_question(world: World) -> None:
    here = await estate(world)
    anna = here.people[0]
    asked = []
    async with here.running():
        for text in ("!quiz", "!viktoryna", "!quiz", "!quiz en", "!quiz"):
            world.time.now += timedelta(minutes=1)
            anna.says(text)
            await until(lambda: len(here.kinds) % 3 == 1)
            asked.append(here.poll.content[polls.START]["question"]["body"].split("(")[1][:2])
            await here.is_seen()
            anna.says("!wyniki")
            await here.is_over()
    assert asked == ["pl", "uk", "uk", "en", "en"]


async def test_one_at_a_time_and_that_is_said_once(world: World) -> None:
    here = await estate(world)
    async with here.running():
        here.people[0].says("!quiz")
        await here.comes(1)
        here.people[1].says("!quiz")
        here.people[0].says("!quiz czad")
        said = await here.comes(2)
    assert "!wyniki" in body(said[1])
    assert len(await here.rows()) == 1


async def test_nothing_about_it_and_nothing_open(world: World) -> None:
    here = await estate(world)
    async with here.running():
        here.people[0].says("!quiz zorza polarna")
        here.people[0].says("!wyniki")
        nothing, none_open = await here.comes(2)
    assert "Nie mam pytania" in body(nothing)
    assert "Nie ma tu teraz otwartego" in body(none_open)
    assert await here.rows() == []


async def test_what_is_somebodys_own_is_not_for_here(world: World) -> None:
    here = await estate(world)
    async with here.running():
        for text in ("!start", "!dane", "@bot usuń mnie"):
            here.people[0].says(text)
        said = await here.comes(3)
    assert len({body(event) for event in said}) == 1
    assert f"https://matrix.to/#/{US}" in body(said[0])
    assert "112" in body(said[0])
    assert world.dialogue.events == []


async def test_in_a_thread_it_stays_in_the_thread(world: World) -> None:
    here = await estate(world)
    anna = here.people[0]
    root = anna.says("Zebranie")
    async with here.running():
        anna.says("!quiz", thread=root)
        await here.comes(1)
        await here.is_seen()
        anna.says("!wyniki")
        poll, end, result = await here.comes(3)
        anna.says("!pomoc", thread=root)
        helped = (await here.comes(4))[3]
    assert end.content["m.relates_to"] == {"rel_type": "m.reference", "event_id": poll.id}
    for event in (poll, result, helped):
        assert event.content["m.relates_to"]["rel_type"] == "m.thread"
        assert event.content["m.relates_to"]["event_id"] == root


# --- votes and what came out


async def test_what_came_out_is_told_after_ten_minutes_and_the_votes_are_gone(world: World) -> None:
    here = await estate(world)
    async with here.running():
        await here.asks()
        for place, one in enumerate(here.people):
            one.votes("1" if place else "0", here.poll.id)
            one.votes("2", here.poll.id)
        await world.done()
        assert len(await here.votes()) == 7
        world.time.now += timedelta(minutes=9, seconds=59)
        await here.comes(1)
        world.time.now += timedelta(seconds=1)
        poll, end, result = await here.comes(3)
        here.people[1].votes("2", poll.id)
        await world.done()
    assert (end.kind, result.kind, result.content["msgtype"]) == (polls.END, MESSAGE, "m.notice")
    told = body(result)
    assert "Odpowiedziało 7 osób." in told
    names = {answer["id"]: answer["org.matrix.msc1767.text"] for answer in poll.content[polls.START]["answers"]}
    assert f"{names['0']}: 1\n" in told
    assert f"{names['1']}: 6" in told
    assert f"Dobra odpowiedź: {names['0']}" in told
    assert "Explanation" in told
    assert "https://example.org/source" in told
    assert await here.votes() == []


async def test_of_four_no_numbers_are_told(world: World) -> None:
    here = await estate(world)
    async with here.running():
        await here.asks()
        for one in here.people[:4]:
            one.votes("1", here.poll.id)
        here.people[0].says("!wyniki")
        result = (await here.comes(3))[2]
    told = body(result)
    assert "od 5 osób" in told
    assert "Dobra odpowiedź:" in told
    assert ": 4" not in told


async def test_true_or_false_is_told_in_these_words(world: World) -> None:
    options = [{"right": True, "feedback": texts("a")}, {"feedback": texts("b")}]
    only = question("one", kind="true-false", options=options)
    here = await estate(world, books=library(quizzes=[quiz(questions=[only.model_dump()])]))
    async with here.running():
        await here.asks()
        here.people[0].says("!wyniki")
        result = (await here.comes(3))[2]
    assert "Dobra odpowiedź: Prawda" in body(result)


async def test_the_right_answer_is_the_questions_wherever_it_stands(world: World) -> None:
    only = question("one", right=1)
    here = await estate(world, books=library(quizzes=[quiz(questions=[only.model_dump()])]))
    async with here.running():
        await here.asks()
        here.people[0].says("!wyniki")
        result = (await here.comes(3))[2]
    names = {answer["id"]: answer["org.matrix.msc1767.text"] for answer in here.poll.content[polls.START]["answers"]}
    assert f"Dobra odpowiedź: {names['1']}" in body(result)


async def test_what_a_question_is_about_is_shown_with_it(world: World) -> None:
    options = [{"right": True, "feedback": texts("a")}, {"feedback": texts("b")}]
    shown = {"kind": "sms", "sender": texts("Kurier"), "text": texts("Dopłać 1,50 zł")}
    only = question("one", kind="scam-or-genuine", options=options, exhibit=shown)
    here = await estate(world, books=library(quizzes=[quiz(questions=[only.model_dump()])]))
    async with here.running():
        await here.asks()
    asked = here.poll.content[polls.START]["question"]["body"]
    assert "Kurier (pl)" in asked
    assert "Dopłać 1,50 zł (pl)" in asked


async def test_a_poll_that_was_late_is_open_for_all_its_time_and_no_longer(world: World) -> None:
    here = await estate(world)
    gate = world.server.hold("send")
    async with here.running():
        here.people[0].says("!quiz")
        await until_so(here.rows)
        world.time.now += timedelta(minutes=8)
        gate.set()
        await here.comes(1)
        await here.is_seen()
    (shown,) = await here.rows()
    assert shown.closes_at == world.time.now + room_quiz.OPEN_FOR
    world.time.now += timedelta(minutes=5)
    async with world.database.begin() as conn:  # what asked for it comes again
        await matrix.save_token(conn, US, "1")
    async with here.running():
        await here.comes(1)
    assert await here.rows() == [shown]


async def test_in_an_encrypted_room_what_came_in_plain_counts_for_nothing(world: World) -> None:
    here = await estate(world, encrypted=True)
    anna, bob = here.people[:2]
    async with here.running():
        await here.asks()
        relation = {"rel_type": "m.reference", "event_id": here.poll.id}
        bob.sends(polls.RESPONSE, {"m.relates_to": relation, polls.RESPONSE: {"answers": ["0"]}}, encrypted=False)
        bob.says("!wyniki", encrypted=False)
        anna.votes("1", here.poll.id)
        await here.comes(1)
        (vote,) = await here.votes()
    assert vote.chosen == "1"


async def test_a_question_that_has_left_the_library_ends_without_a_result(world: World) -> None:
    here = await estate(world)
    async with here.running():
        await here.asks()
        here.books = library(quizzes=[quiz("inny")])
        here.people[0].says("!wyniki")
        assert (await here.comes(2))[1].kind == polls.END
        await here.is_over()


# --- whatever befalls us


async def test_a_poll_that_was_not_shown_before_a_crash_is_shown_after_it_once(world: World) -> None:
    here = await estate(world)
    gate = world.server.hold("send")
    here.people[0].says("!quiz")
    await world.crash(here.rows, **here.settings)
    assert here.said == []
    gate.set()
    here.people[1].says("Jest tam kto?")
    async with here.running():
        await here.comes(1)
        await here.is_seen()
    assert len(await here.rows()) == 1


async def test_a_poll_whose_name_was_lost_in_a_crash_is_the_same_poll(world: World) -> None:
    here = await estate(world)
    world.server.fail("send", *[Unanswered()] * 3, after=True)
    here.people[0].says("!quiz")

    async def shown() -> bool:
        return bool(here.said)

    await world.crash(shown, **here.settings)
    poll = here.poll
    here.people[1].votes("0", poll.id)
    async with here.running():
        await here.comes(1)
        await until_so(here.votes)
    (row,) = await here.rows()
    assert row.event == poll.id


async def test_a_vote_that_is_quicker_than_our_note_of_the_polls_name_counts(world: World) -> None:
    """The poll stands there, and the answer that names it was lost: they can vote before we know what in."""
    here = await estate(world)
    world.server.fail("send", Unanswered(), after=True)
    gate = world.server.hold("send")
    async with here.running():
        here.people[0].says("!quiz")
        await until(lambda: here.said)
        here.people[1].votes("0", here.poll.id)
        await asyncio.sleep(0.05)  # long enough for the vote to be taken, if nothing holds it up
        assert await here.votes() == []
        gate.set()
        await until_so(here.votes)
        await here.comes(1)


async def test_votes_that_were_missed_count_before_a_poll_is_closed_that_is_long_due(world: World) -> None:
    here = await estate(world)
    async with here.running():
        await here.asks()
    for one in here.people:
        one.votes("1", here.poll.id)
    world.time.now += timedelta(hours=3)
    async with here.running():
        assert "Odpowiedziało 7 osób." in body((await here.comes(3))[2])


async def test_a_crash_between_the_end_and_the_result_tells_the_result_once(world: World) -> None:
    here = await estate(world)
    async with here.running():
        await here.asks()
        for one in here.people:
            one.votes("0", here.poll.id)
        await world.done()
    world.server.fail("send", None)
    gate = world.server.hold("send")
    here.people[0].says("!wyniki")

    async def result_is_tried() -> bool:
        return any(key.endswith(":result") for _, _, key in world.server.tried)

    await world.crash(result_is_tried, **here.settings)
    assert here.kinds == [polls.START, polls.END]
    gate.set()
    async with here.running():
        assert "Odpowiedziało 7 osób." in body((await here.comes(3))[2])
        await here.is_over()


async def test_what_cannot_be_told_for_now_is_told_later(world: World) -> None:
    here = await estate(world)
    async with here.running():
        await here.asks()
        world.server.fail("send", None, *AWAY)
        here.people[0].says("!wyniki")
        await here.comes(3)
        await here.is_over()
    assert here.kinds == [polls.START, polls.END, MESSAGE]


@pytest.mark.parametrize("error", [Blocked(), Rejected("M_TOO_LARGE")])
async def test_what_can_never_be_told_is_not_tried_for_ever(world: World, error: Exception) -> None:
    here = await estate(world)
    async with here.running():
        await here.asks()
        world.server.fail("send", error)
        here.people[0].says("!wyniki")
        await here.is_over()
        await here.comes(1)
    assert await here.votes() == []


async def test_a_room_that_we_have_left_is_told_nothing(world: World) -> None:
    here = await estate(world)
    async with here.running():
        await here.asks()
        world.server.member(ROOM, US, "leave", by=ANNA)
        await world.done()
        world.time.now += timedelta(minutes=10)
        await here.is_over()
        await here.comes(1)


async def test_a_poll_that_could_not_be_shown_for_an_hour_is_not_shown_any_more(world: World) -> None:
    here = await estate(world)
    gate = world.server.hold("send")
    here.people[0].says("!quiz")
    await world.crash(here.rows, **here.settings)
    gate.set()
    world.time.now += room_quiz.SHOWN_WITHIN
    await world.goes_on_from(str(world.server.place))
    async with here.running():
        await here.is_over()
        assert here.said == []


async def test_a_question_that_comes_again_when_it_is_over_is_not_put_again(world: World) -> None:
    here = await estate(world)
    asking = here.people[0].says("!quiz")
    async with here.running():
        await here.comes(1)
        await here.is_seen()
        here.people[0].says("!wyniki")
        await here.comes(3)
        await here.is_over()
    await world.goes_on_from("1")
    async with here.running():
        await here.comes(3)
    assert world.server.tried.count(("send", ROOM, asking)) == 1
    assert len(await here.rows()) == 1


async def test_who_was_told_to_wait_gets_no_question_of_their_own_when_that_comes_again(world: World) -> None:
    here = await estate(world)
    async with here.running():
        await here.asks()
        here.people[1].says("!quiz")
        await here.comes(2)
        here.people[0].says("!wyniki")
        await here.comes(4)
        await here.is_over()
    await world.goes_on_from("1")
    async with here.running():
        await here.comes(4)
    assert len(await here.rows()) == 1


async def power_cut(world: World, **settings: Any) -> None:
    """End it when it has committed something, and has not shown it."""

    async def committed() -> bool:
        async with world.database.read() as conn:
            return bool((await conn.execute(select(tables.matrix_events))).all())

    gate = world.server.hold("send")
    await world.crash(committed, **settings)
    gate.set()


async def test_the_last_answer_is_shown_again_after_a_crash(world: World) -> None:
    here = await estate(world)
    here.people[0].says("!pomoc")
    await power_cut(world, **here.settings)
    assert here.said == []
    async with here.running():
        (said,) = await here.comes(1)
    assert "112" in body(said)


# --- a room that becomes one of several


async def test_who_is_no_longer_alone_with_us_is_told_so_once(world: World) -> None:
    anna = await world.known()
    settings = {"teaching": Teaching(lambda: BOOKS, VAULT), "patience": OFTEN}
    async with world.running(**settings):
        world.server.member(anna.room, BOB, "invite", by=ANNA)
        await world.done()
        world.server.member(anna.room, BOB, "join")
        world.server.member(anna.room, "@eve:example.org", "join")
        anna.says("1")
        await world.done()
        (said,) = world.server.shown(anna.room)
    assert f"https://matrix.to/#/{US}" in body(said)
    assert world.dialogue.events == []


async def test_that_is_told_even_if_we_crash_meanwhile(world: World) -> None:
    anna = await world.known()
    world.server.member(anna.room, BOB, "invite", by=ANNA)
    await power_cut(world)
    assert world.server.shown(anna.room) == []
    async with world.running():
        await until(lambda: world.server.shown(anna.room))
        await world.done()
    (said,) = world.server.shown(anna.room)
    assert "!quiz" in body(said)
