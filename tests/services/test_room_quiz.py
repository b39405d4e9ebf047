"""Which question a room gets, whose vote counts, and what is told."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bot.catalogue.library import Library
from bot.catalogue.loader import load
from bot.domain.areas import Audience
from bot.domain.quizzes import Ref
from bot.services import retention, room_quiz
from bot.services.room_quiz import Asked, Busy, NothingFits, Tally, Vote, Wanted
from bot.storage import room_polls, tables
from bot.storage.database import Connection, Database
from bot.storage.room_polls import Poll
from bot.storage.vault import Vault
from tests.support import CONTENT, NOON, VAULT, library, open_database, question, quiz, texts, tip

LIBRARY = library()
MINUTE = timedelta(minutes=1)
ROOM, EVENT = "!estate", "$poll"
TRUE_FALSE: dict[str, Any] = {
    "kind": "true-false",
    "options": [{"right": True, "feedback": texts("a")}, {"feedback": texts("b")}],
}


def wants(key: str = "$ask", topic: str = "", room: str = ROOM) -> Wanted:
    return Wanted(room, key, "pl", topic)


async def put(conn: Connection, books: Library = LIBRARY, key: str = "$ask", *, event: str | None = EVENT) -> Poll:
    """A question that stands in the room."""
    found = await room_quiz.ask(conn, books, wants(key), now=NOON)
    assert isinstance(found, Asked)
    if event:
        await room_polls.note_event(conn, found.poll.id, event, NOON + room_quiz.OPEN_FOR)
    seen = await room_polls.find(conn, found.poll.id)
    assert seen
    return seen


async def vote(conn: Connection, voter: str, chosen: str, event: str = EVENT, room: str = ROOM) -> bool:
    return await room_quiz.vote(conn, LIBRARY, VAULT, Vote(room, event, voter, chosen))


async def counts(conn: Connection, poll: Poll) -> list[int]:
    tally = await room_quiz.tally(conn, LIBRARY, poll)
    assert tally
    return list(tally.counts.values())


# --- which question


def test_only_what_one_vote_answers_is_asked() -> None:
    kinds = [question("one"), question("two", **TRUE_FALSE), question("three", kind="multiple")]
    books = library(quizzes=[quiz(questions=[one.model_dump() for one in kinds])])
    assert room_quiz.fitting(books, "", "pl") == [Ref("czad", "one"), Ref("czad", "two")]


def test_without_a_topic_it_is_nothing_written_for_children_unless_there_is_nothing_else() -> None:
    children = quiz("pasy", audience=[Audience.PUPILS_7_9])
    assert {ref.quiz for ref in room_quiz.fitting(library(quizzes=[children, quiz()]), "", "pl")} == {"czad"}
    assert {ref.quiz for ref in room_quiz.fitting(library(quizzes=[children]), "", "pl")} == {"pasy"}


def test_a_topic_finds_the_quiz_about_it_or_what_trains_the_tip_about_it() -> None:
    one = quiz("czad", title=texts("Czad w domu"))
    other = quiz("rower", title=texts("Rower"), questions=[question(tip="kask").model_dump()])
    cards = [tip("kask", title=texts("Kask"), keywords={"pl": ["uraz głowy"]}), tip()]
    books = library(quizzes=[one, other], tips=cards)
    assert {ref.quiz for ref in room_quiz.fitting(books, "czad", "pl")} == {"czad"}
    assert {ref.quiz for ref in room_quiz.fitting(books, "uraz głowy", "pl")} == {"rower"}
    assert room_quiz.fitting(books, "zorza polarna", "pl") == []


@pytest.mark.parametrize("topic", ["road (pl)", "ROAD pl!", " Röad   (uk) ", "road-en"])
def test_an_area_by_its_name_is_all_its_quizzes_for_grown_ups(topic: str) -> None:
    road = [quiz("rower", area="road"), quiz("pasy", area="road")]
    children = quiz("odblask", area="road", audience=[Audience.PUPILS_7_9])
    books = library(quizzes=[quiz(), *road, children])
    assert {ref.quiz for ref in room_quiz.fitting(books, topic, "uk")} == {"rower", "pasy"}
    assert {ref.quiz for ref in room_quiz.fitting(library(quizzes=[quiz(), children]), topic, "uk")} == {"odblask"}


def test_a_topic_by_its_name_is_what_is_asked_about_its_tips_in_any_quiz() -> None:
    mixed = [question("smoke", tip="dym").model_dump(), question("other").model_dump()]
    books = library(
        quizzes=[quiz("jeden", questions=mixed), quiz("dwa", questions=mixed)],
        tips=[tip("dym", topic="fire"), tip(topic="gas")],
    )
    assert room_quiz.fitting(books, "FIRE: pl", "uk") == [Ref("jeden", "smoke"), Ref("dwa", "smoke")]


def test_under_a_topic_too_children_come_last() -> None:
    asks = [question("smoke", tip="dym").model_dump()]
    children = quiz("dzieci", questions=asks, audience=[Audience.PUPILS_7_9])
    cards = [tip("dym", topic="fire"), tip(topic="gas")]
    both = library(quizzes=[children, quiz("dorosli", questions=asks)], tips=cards)
    assert room_quiz.fitting(both, "Fire (pl)", "pl") == [Ref("dorosli", "smoke")]
    assert room_quiz.fitting(library(quizzes=[children], tips=cards), "Fire (pl)", "pl") == [Ref("dzieci", "smoke")]


def test_a_quiz_about_it_comes_before_what_trains_a_tip_about_it() -> None:
    trains = quiz("rower", title=texts("Rower"), questions=[question(tip="czujnik").model_dump()])
    about = quiz("czad", title=texts("Czad w domu"))
    cards = [tip("czujnik", title=texts("Czad"), keywords={"pl": ["czad"]}), tip()]
    books = library(quizzes=[trains, about], tips=cards)
    assert next(hit.id for hit in books.search.find("czad", "pl", 20)) == "czujnik"
    assert {ref.quiz for ref in room_quiz.fitting(books, "czad", "pl")} == {"czad"}


def test_a_name_with_nothing_under_it_is_searched_for() -> None:
    books = library(quizzes=[quiz("pozar", title=texts("Fire at home"))], tips=[tip(topic="gas")])
    assert {ref.quiz for ref in room_quiz.fitting(books, "fire (en)", "en")} == {"pozar"}
    assert room_quiz.fitting(books, "road (en)", "en") == []


@pytest.mark.parametrize("language", ["pl", "uk", "en"])
def test_every_area_and_topic_of_the_programme_has_a_question_by_its_name_in_every_language(language: str) -> None:
    books = load(CONTENT)
    for area, info in books.programme.areas.items():
        refs = room_quiz.fitting(books, info.name[language], "pl")
        assert {books.quizzes[ref.quiz].area for ref in refs} == {area}
    for topic in books.programme.topics.values():
        assert room_quiz.fitting(books, topic.name[language], "pl")


refs = st.lists(st.builds(Ref, st.sampled_from("ab"), st.sampled_from("123456")), min_size=1, max_size=8, unique=True)


@given(refs, st.lists(st.text(max_size=5), min_size=30, max_size=30))
def test_no_question_comes_again_before_all_others(fitting: list[Ref], salts: list[str]) -> None:
    asked: list[Ref] = []
    for salt in salts:
        asked.append(room_quiz.choose(fitting, asked, salt=salt))
    for start in range(0, len(asked) - len(fitting) + 1, len(fitting)):
        assert set(asked[start : start + len(fitting)]) == set(fitting)


async def test_a_room_gets_each_question_once_and_another_room_has_its_own_count(database: Database) -> None:
    async with database.begin() as conn:
        asked = []
        for number in range(6):
            poll = await put(conn, key=f"$ask{number}", event=f"$poll{number}")
            asked.append(poll.ref.question)
            await room_polls.finish(conn, poll.id, NOON)
        elsewhere = await room_quiz.ask(conn, LIBRARY, wants("$elsewhere", room="!school"), now=NOON)
    assert isinstance(elsewhere, Asked)
    assert set(asked[:3]) == set(asked[3:]) == {"one", "two", "three"}


async def test_an_event_that_comes_again_finds_its_own_question(database: Database) -> None:
    async with database.begin() as conn:
        poll = await put(conn)
        assert await room_quiz.ask(conn, LIBRARY, wants(), now=NOON, anew=False) == Asked(poll)
        await room_polls.finish(conn, poll.id, NOON)
        again = await room_quiz.ask(conn, LIBRARY, wants(), now=NOON)
        assert isinstance(again, Asked)
        assert again.poll.id == poll.id
        assert await room_quiz.ask(conn, LIBRARY, wants("$late"), now=NOON, anew=False) is None
        assert await room_polls.asked_by(conn, "$late") is None


async def test_one_question_at_a_time(database: Database) -> None:
    async with database.begin() as conn:
        poll = await put(conn)
        assert await room_quiz.ask(conn, LIBRARY, wants("$more"), now=NOON + 9 * MINUTE) == Busy(poll)
        later = await room_quiz.ask(conn, LIBRARY, wants("$more"), now=NOON + 10 * MINUTE)
        assert isinstance(later, Asked)


async def test_a_question_that_is_not_to_be_seen_yet_is_open_all_the_same(database: Database) -> None:
    async with database.begin() as conn:
        poll = await put(conn, event=None)
        assert await room_quiz.close_now(conn, ROOM, NOON) is None
        assert await room_quiz.ask(conn, LIBRARY, wants("$more"), now=NOON + 20 * MINUTE) == Busy(poll)


async def test_no_question_about_it(database: Database) -> None:
    async with database.begin() as conn:
        found = await room_quiz.ask(conn, LIBRARY, wants(topic="zorza polarna"), now=NOON)
    assert found == NothingFits()


@given(st.integers(1, 10**6))
def test_options_are_shuffled_and_true_or_false_never(number: int) -> None:
    poll = Poll(ROOM, "$ask", None, "pl", Ref("czad", "one"), NOON, NOON, number, None, None)
    assert sorted(room_quiz.options_of(poll, question())) == [0, 1, 2]
    assert room_quiz.options_of(poll, question(**TRUE_FALSE)) == (0, 1)


def test_the_right_answer_is_not_always_the_first() -> None:
    poll = Poll(ROOM, "$ask", None, "pl", Ref("czad", "one"), NOON, NOON, 0, None, None)
    firsts = {room_quiz.options_of(replace(poll, id=number), question())[0] for number in range(40)}
    assert firsts == {0, 1, 2}


# --- votes

BALLOTS = st.lists(
    st.tuples(st.sampled_from("abcdefg"), st.sampled_from(["0", "1", "2", "3", "", "01", "-1", "²", "x" * 300])),
    max_size=25,
)


Ballots = Sequence[tuple[str, str]]


def first_of_each(ballots: Ballots) -> dict[str, str]:
    counted: dict[str, str] = {}
    for voter, chosen in ballots:
        if chosen in {"0", "1", "2"}:
            counted.setdefault(voter, chosen)
    return counted


@settings(max_examples=25, deadline=None)
@given(BALLOTS, st.data())
def test_the_first_vote_of_each_counts_whatever_else_is_sent(
    ballots: list[tuple[str, str]], data: st.DataObject
) -> None:
    """Any order, votes again, some delivered twice, and some that come when it is over."""
    upto = data.draw(st.integers(0, len(ballots)), "cast before the end")
    again = data.draw(st.integers(0, upto), "delivered twice from here on")
    with TemporaryDirectory() as folder:
        asyncio.run(cast(Path(folder), [*ballots[:upto], *ballots[again:upto]], ballots[upto:]))


async def cast(folder: Path, ballots: Ballots, late: Ballots) -> None:
    expected = first_of_each(ballots)
    async with open_database(folder) as database, database.begin() as conn:
        poll = await put(conn)
        for voter, chosen in ballots:
            assert await vote(conn, voter, chosen)
        tally = await room_quiz.tally(conn, LIBRARY, poll)
        assert tally
        assert tally.voters == len(expected)
        assert tally.counts == {place: list(expected.values()).count(str(place)) for place in range(3)}
        await room_polls.finish(conn, poll.id, NOON)
        for voter, chosen in late:
            await vote(conn, voter, chosen)
        assert (await conn.execute(select(tables.room_votes))).all() == []


async def test_votes_for_another_rooms_poll_or_none_do_nothing(database: Database) -> None:
    async with database.begin() as conn:
        poll = await put(conn)
        assert not await vote(conn, "a", "0", event="$made-up")
        assert not await vote(conn, "a", "0", room="!school")
        assert await counts(conn, poll) == [0, 0, 0]


async def test_nobody_is_named_and_in_the_next_poll_is_somebody_else(database: Database) -> None:
    async with database.begin() as conn:
        first = await put(conn)
        await vote(conn, "@anna:example.org", "0")
        (kept,) = [row.voter for row in await conn.execute(select(tables.room_votes))]
    assert "anna" not in kept
    assert kept == room_quiz.mark_of(VAULT, first, "@anna:example.org")
    assert kept != room_quiz.mark_of(VAULT, replace(first, id=first.id + 1), "@anna:example.org")
    assert kept != room_quiz.mark_of(Vault(b"another secret of the same length"), first, "@anna:example.org")


@pytest.mark.parametrize(("voters", "shown"), [(0, False), (4, False), (5, True), (23, True)])
def test_numbers_are_told_from_five_people_on(voters: int, shown: bool) -> None:
    assert Tally(question(), {0: voters, 1: 0, 2: 0}).shown is shown


async def test_a_question_that_the_library_has_dropped_has_no_result(database: Database) -> None:
    async with database.begin() as conn:
        poll = await put(conn)
        other = library(quizzes=[quiz("inny")])
        assert await room_quiz.tally(conn, other, poll) is None
        assert await room_quiz.vote(conn, other, VAULT, Vote(ROOM, EVENT, "a", "0"))
        assert await counts(conn, poll) == [0, 0, 0]


# --- closing


async def test_it_is_due_ten_minutes_after_it_was_seen_or_when_somebody_asks(database: Database) -> None:
    async with database.begin() as conn:
        poll = await put(conn)
        assert not room_quiz.is_due(poll, NOON + 9 * MINUTE)
        assert room_quiz.is_due(poll, NOON + 10 * MINUTE)
        assert await room_quiz.close_now(conn, ROOM, NOON + MINUTE) == poll
        closing = await room_polls.find(conn, poll.id)
        assert closing
        assert room_quiz.is_due(closing, NOON + MINUTE)
        await room_polls.finish(conn, poll.id, NOON + MINUTE)
        assert await room_quiz.close_now(conn, ROOM, NOON + MINUTE) is None


@pytest.mark.parametrize(("days", "kept"), [(29, True), (31, False)])
async def test_which_questions_a_room_had_is_forgotten_after_a_month(database: Database, days: int, kept: bool) -> None:
    async with database.begin() as conn:
        poll = await put(conn)
        await room_polls.finish(conn, poll.id, NOON)
    swept = await retention.sweep(database, NOON + timedelta(days=days))
    assert swept.polls == (not kept)
    async with database.read() as conn:
        assert (await room_polls.find(conn, poll.id) is not None) is kept
