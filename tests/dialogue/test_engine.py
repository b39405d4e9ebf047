"""What the conversation promises whatever is thrown at it."""

import asyncio
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.catalogue.library import Library
from bot.catalogue.schema import Quiz
from bot.dialogue.actions import decode, encode
from bot.dialogue.engine import KEPT_KEYS, Engine
from bot.domain import actions as do
from bot.domain.actions import Action
from bot.domain.messages import Command, Event, Phrase, Press, Screen, Start, Text
from bot.domain.residents import Address
from bot.domain.workshops import BookingState
from bot.storage import classroom, learning, residents, workshops
from tests.dialogue.strategies import CODES, KNOWN, actions
from tests.dialogue.world import Person, World, buttons, open_world, words_of
from tests.support import VAULT, add_workshop


def keys(screen: Screen) -> list[str]:
    return [block.key for block in screen.blocks if isinstance(block, Phrase)]


async def attempts(world: World) -> int:
    return len((await world.dump())["attempts"])


async def answer_all(person: Person, attempt: int, count: int) -> None:
    for position in range(count):
        await person.does(do.Answer(attempt, position, "0"))


# --- junk and forgery

JUNK = [
    "a" * 5000,
    "<b>x</b>",
    "\"'`",
    "😀" * 50,
    "\x00",
    "",
    " \n\t",
    "/",
    "{n}",
    "%s",
    "_*[x](y)",
    "\u202e",
    "ＡＢＣ",
    "é́",
]


@pytest.mark.parametrize("text", JUNK)
async def test_junk_gets_a_helpful_screen(world: World, text: str) -> None:
    person = world.person()
    for event in (Text(text), Command(text, text), Start(text), Start(f"q_{text}"), Press(text)):
        screen = await person.gives(event)
        assert buttons(screen)
        assert person.world.library.words.markdown(screen.blocks[0], "pl")


@pytest.mark.parametrize("text", JUNK)
async def test_junk_as_a_name_or_a_contact_is_asked_again_or_kept_as_written(world: World, text: str) -> None:
    async with world.database.begin() as conn:
        await add_workshop(conn)
    person = world.person()
    await person.does(do.Book(1, 1))
    screen = await person.writes(text)
    assert screen.awaits in ("booking-name:1", "booking-contact:1")
    await person.writes("Anna")
    screen = await person.writes(text)
    assert screen.awaits == "booking-contact:1"


async def forge(folder: Path, library: Library, codes: list[str]) -> None:
    async with open_world(folder, library) as world:
        async with world.database.begin() as conn:
            await add_workshop(conn)
        person = world.person()
        await person.does(do.StartQuiz("czad", 0, 7))
        await person.does(do.ShareQuiz("czad"))
        after = await world.dump()
        for code in codes:
            screen = await person.gives(Press(code))
            assert buttons(screen)
            for button in buttons(screen):
                assert decode(encode(button.action)) == button.action
            before, after = after, await world.dump()
            erased, another_language = not before["residents"], code.startswith("ls:")
            if isinstance(screen.here, do.Explain) and not erased and not another_language:
                assert {**after, "conversations": []} == {**before, "conversations": []}


def test_forged_codes_never_fail_and_what_is_refused_changes_nothing(library: Library) -> None:
    @settings(max_examples=30, deadline=None)
    @given(st.lists(actions(KNOWN).map(encode) | CODES, min_size=1, max_size=15))
    def check(codes: list[str]) -> None:
        with TemporaryDirectory() as folder:
            asyncio.run(forge(Path(folder), library, codes))

    check()


async def test_choices_that_are_none_are_refused(world: World) -> None:
    person = world.person()
    await person.does(do.StartQuiz("czad", 0, 7))
    for picked in ("00", "9", "0" * 50, "x"):
        await person.does(do.ShowQuestion(1, 1, picked))
        assert keys(person.screen) == ["stale.button"]


async def test_other_peoples_things_are_not_there(world: World) -> None:
    async with world.database.begin() as conn:
        await add_workshop(conn)
    one, other = world.person("telegram:1"), world.person("telegram:2")
    await one.does(do.StartQuiz("sms", 0, 7))
    await answer_all(one, 1, 2)
    await one.does(do.ShareQuiz("sms"))
    await one.does(do.Book(1, 1))
    await other.starts()
    before = await world.dump()
    theirs: list[Action] = [
        do.ShowQuestion(1, 0),
        do.Answer(1, 0, "0"),
        do.ShowResult(1),
        do.RepeatMissed(1),
        do.SetConsent("alerts", on=True, attempt=1),
        do.ShowLink("abcd2345"),
        do.ShareTotals("abcd2345"),
        do.SharePoster("abcd2345"),
        do.ShareWorksheet("abcd2345"),
        do.ShowBooking(1),
        do.CorrectBooking(1),
        do.ConfirmBooking(1),
        do.CancelBooking(1, sure=True),
    ]
    for action in theirs:
        assert keys(await other.does(action)) == ["stale.button"], action
    after = await world.dump()
    for table in ("residents", "attempts", "answers", "quiz_links", "bookings"):
        assert after[table] == before[table]


# --- twice, and at once


async def test_a_double_press_starts_one_attempt(world: World) -> None:
    person = world.person()
    await person.does(do.StartQuiz("czad", 0, 7))
    await person.does(do.StartQuiz("czad", 0, 7))
    await person.does(do.StartMix("", "", 5, 8))
    await person.does(do.StartMix("", "", 5, 8))
    assert await attempts(world) == 2


async def test_of_two_presses_at_once_one_starts_the_attempt(world: World) -> None:
    person = world.person()
    await person.starts()
    presses = [Event(person.address, f"p{n}", Press(encode(do.StartQuiz("czad", 0, 7)))) for n in range(4)]
    await asyncio.gather(*(world.engine.turn(event) for event in presses))
    assert await attempts(world) == 1


async def test_of_two_answers_the_first_counts(world: World) -> None:
    person = world.person()
    await person.does(do.StartQuiz("czad", 0, 7))
    first = await person.does(do.Answer(1, 0, "1"))
    second = await person.does(do.Answer(1, 0, "0"))
    assert second.blocks == first.blocks
    assert (await world.dump())["answers"][0][4:6] == ("1", False)


async def test_two_answers_at_once_leave_one(world: World) -> None:
    person = world.person()
    await person.does(do.StartQuiz("czad", 0, 7))
    events = [Event(person.address, f"a{n}", Press(encode(do.Answer(1, 0, str(n % 3))))) for n in range(6)]
    replies = await asyncio.gather(*(world.engine.turn(event) for event in events))
    assert len({words_of(reply, world.library) for reply in replies}) == 1
    assert len((await world.dump())["answers"]) == 1


async def test_the_last_place_goes_to_one_and_the_others_wait(world: World) -> None:
    async with world.database.begin() as conn:
        await add_workshop(conn, capacity=1)
    people = [world.person(f"telegram:{number}") for number in range(5)]
    for person in people:
        await person.does(do.Book(1, 1))
        await person.writes("Anna Nowak")
        await person.writes("600 100 200")
    screens = await asyncio.gather(*(person.does(do.ConfirmBooking(1)) for person in people))
    assert sorted(keys(screen)[0] for screen in screens) == ["workshop.confirmed"] + 4 * ["workshop.waiting"]
    async with world.database.read() as conn:
        confirmed = await workshops.roster(conn, VAULT, 1, [BookingState.CONFIRMED])
        waiting = await workshops.roster(conn, VAULT, 1, [BookingState.WAITING])
    assert (len(confirmed), len(waiting)) == (1, 4)


async def test_two_strangers_with_one_address_become_one_resident(world: World) -> None:
    address = Address("telegram", "1")
    await asyncio.gather(*(world.engine.turn(Event(address, f"s{n}", Start())) for n in range(3)))
    assert len((await world.dump())["residents"]) == 1


async def test_only_the_last_events_are_remembered(world: World) -> None:
    person = world.person()
    for _ in range(KEPT_KEYS + 5):
        await person.does(do.Home())
    async with world.database.read() as conn:
        _, conversation = await residents.find_with_conversation(conn, person.address)
    assert conversation
    assert len(conversation.handled) == KEPT_KEYS
    assert person.event
    assert conversation.handled[-1] == person.event.key


# --- all or nothing


class BrokenOnceError(Exception):
    """Something that nobody foresaw."""


async def test_a_turn_that_crashes_leaves_nothing_behind(world: World) -> None:
    def broken() -> int:
        raise BrokenOnceError

    person = world.person()
    await person.does(do.StartQuiz("czad", 0, 7))
    before = await world.dump()
    heard: list[tuple[str, str]] = []
    tools = replace(world.tools, new_code=broken)  # type: ignore[arg-type] # it never returns
    engine = Engine(
        world.database, world.shelf, tools, world.clock, lambda channel, how, _: heard.append((channel, how))
    )
    with pytest.raises(BrokenOnceError):
        await engine.turn(Event(person.address, "k", Press(encode(do.ShareQuiz("czad")))))
    with pytest.raises(BrokenOnceError):  # not even the resident is kept, nor the key
        await engine.turn(Event(Address("telegram", "new"), "k", Press(encode(do.ShareQuiz("czad")))))
    assert await world.dump() == before
    assert heard == [("telegram", "failed")] * 2


async def test_a_turn_is_heard_of_once_it_is_answered(world: World) -> None:
    heard: list[tuple[str, str, bool]] = []
    engine = Engine(
        world.database, world.shelf, world.tools, world.clock, lambda *what: heard.append((*what[:2], what[2] > 0))
    )
    await engine.turn(Event(Address("web", "1"), "k", Start()))
    assert heard == [("web", "ok", True)]


# --- where a resident is


async def test_looking_changes_nothing(world: World) -> None:
    stranger = await world.engine.current(Address("web", "1"), "uk-UA")
    assert stranger.language == "uk"
    assert keys(stranger.screen)[0] == "welcome.hello"
    assert all(rows == [] for rows in (await world.dump()).values())
    person = world.person()
    await person.commands("porada")
    before = await world.dump()
    world.clock.move(days=1)
    assert (await world.engine.current(person.address, "pl")).screen.here == person.screen.here
    assert await world.dump() == before


async def test_a_place_that_a_later_version_dropped_is_the_menu(world: World) -> None:
    person = world.person()
    await person.starts()
    async with world.database.begin() as conn:
        gone = residents.Conversation("zz:1", None, ("k",))
        await residents.save_conversation(conn, 1, gone, new=False)
    assert keys((await world.engine.current(person.address, "pl")).screen) == ["stale.button"]
    assert keys(await person.does(do.SetLanguage("uk"))) == ["home.title"]


async def test_a_language_that_is_gone_is_said_in_polish(world: World) -> None:
    person = world.person()
    await person.starts()
    async with world.database.begin() as conn:
        await residents.change(conn, 1, language="tlh")
    await person.does(do.Settings())
    assert "Ustawienia" in words_of(person.replies[-1], world.library)


@pytest.mark.parametrize(("hint", "language"), [("uk-UA", "uk"), ("", "pl"), ("fr", "pl"), ("en_GB", "en")])
async def test_the_language_comes_from_the_client(world: World, hint: str, language: str) -> None:
    person = world.person(language=hint)
    await person.starts()
    assert person.replies[-1].language == language


# --- coming and going


async def test_who_leaves_is_not_written_to_until_they_are_back(world: World) -> None:
    person = world.person()
    await person.starts()
    await world.engine.left(person.address)
    assert await blocked(world)
    await world.engine.returned(person.address)
    assert not await blocked(world)
    await world.engine.left(Address("telegram", "nobody"))


async def test_who_writes_is_back(world: World) -> None:
    person = world.person()
    await person.starts()
    await world.engine.left(person.address)
    await person.starts()
    assert not await blocked(world)


async def blocked(world: World) -> bool:
    async with world.database.read() as conn:
        resident = await residents.get(conn, 1)
    assert resident
    return resident.blocked_at is not None


async def test_a_conversation_that_moves_goes_on(world: World) -> None:
    person = world.person()
    await person.does(do.Numbers())
    await world.engine.moved(person.address, Address("telegram", "-100"))
    await world.engine.moved(person.address, Address("telegram", "-100"))
    moved = await world.engine.current(Address("telegram", "-100"), "pl")
    assert moved.screen.here == do.Numbers()


async def test_nobody_is_pushed_out_by_a_move(world: World) -> None:
    one, other = world.person("telegram:1"), world.person("telegram:2")
    await one.does(do.Numbers())
    await other.does(do.Help())
    await world.engine.moved(one.address, other.address)
    assert (await world.engine.current(one.address, "pl")).screen.here == do.Numbers()
    assert (await world.engine.current(other.address, "pl")).screen.here == do.Help()


# --- the opt-in


async def finish(person: Person, nonce: int) -> Screen:
    await person.does(do.StartQuiz("sms", 0, nonce))
    attempt = person.screen.here
    assert isinstance(attempt, do.ShowQuestion)
    await answer_all(person, attempt.attempt, 2)
    person.world.clock.move(minutes=1)
    return await person.presses("Wynik")


async def test_the_opt_in_is_offered_once(world: World) -> None:
    person = world.person()
    assert "consent.offer" in keys(await finish(person, 7))
    assert "consent.offer" not in keys(await finish(person, 8))


async def test_the_opt_in_is_not_offered_after_the_settings_showed_it(world: World) -> None:
    person = world.person()
    await person.starts("subscribe")
    assert "consent.offer" not in keys(await finish(person, 7))


async def test_no_opt_in_where_nobody_can_be_written_to(world: World) -> None:
    assert "consent.offer" not in keys(await finish(world.person("web:1"), 7))


# --- what changes under the feet


async def test_a_question_that_content_lost_stops_nothing_else(world: World, library: Library) -> None:
    person = world.person()
    await person.does(do.StartQuiz("czad", 0, 7))
    await answer_all(person, 1, 1)
    await person.does(do.Answer(1, 1, "3"))
    quiz = library.quizzes["czad"]
    without = [one for one in quiz.questions if one.id != "zapach"]
    short = [one.model_copy(update={"options": one.options[:2]}) if one.id == "objawy" else one for one in without]
    put(world, library, quiz.model_copy(update={"questions": tuple(short)}))
    assert keys(await person.does(do.ShowQuestion(1, 2))) == ["stale.button"]
    assert keys(await person.does(do.ShowQuestion(1, 1))) == ["stale.button"]
    assert keys(await person.does(do.ShowQuestion(1, 0))) == ["quiz.right", "source"]
    assert keys(await person.does(do.Home())) == ["home.title"]


async def test_a_result_is_shown_even_when_its_questions_are_gone(world: World, library: Library) -> None:
    person = world.person()
    await person.does(do.StartQuiz("sms", 0, 7))
    await person.does(do.Answer(1, 0, "1"))
    await person.does(do.Answer(1, 1, "1"))
    quiz = library.quizzes["sms"]
    put(world, library, quiz.model_copy(update={"questions": quiz.questions[:1]}))
    assert keys(await person.does(do.ShowResult(1, asked=True))) == ["quiz.score"]


def put(world: World, library: Library, quiz: Quiz) -> None:
    world.shelf.put(replace(library, quizzes={**library.quizzes, quiz.id: quiz}))


# --- links


async def test_a_shared_quiz_is_one_attempt_for_a_resident_and_counts_in_the_totals(world: World) -> None:
    teacher, pupil = world.person("telegram:1"), world.person("telegram:2")
    await teacher.does(do.ShareQuiz("sms"))
    await pupil.starts("q_abcd2345")
    await pupil.starts("q_abcd2345")
    assert await attempts(world) == 1
    async with world.database.read() as conn:
        assert (await classroom.totals(conn, "abcd2345")).started == 1


async def test_a_teacher_who_is_erased_takes_no_ones_attempt_along(world: World) -> None:
    teacher, pupil = world.person("telegram:1"), world.person("telegram:2")
    await teacher.does(do.ShareQuiz("sms"))
    await pupil.starts("q_abcd2345")
    await teacher.does(do.Erase(sure=True))
    assert keys(await pupil.does(do.ShowQuestion(1, 0))) == ["quiz.question"]
    async with world.database.read() as conn:
        attempt = await learning.get_attempt(conn, 1)
    assert attempt
    assert attempt.link is None
