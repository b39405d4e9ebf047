"""What is counted of answers and ratings, on a made-up school of people whose numbers are known."""

from datetime import date, timedelta

import pytest

from bot.catalogue.schema import Quiz
from bot.domain.psychometrics import Flag
from bot.domain.quizzes import Given, Ref
from bot.services import kept, quality
from bot.storage import classroom, learning
from bot.storage.classroom import QuizLink
from bot.storage.database import Connection, Database
from tests.support import NOON, add_resident, library, question, quiz, tip

QUESTIONS = ("one", "two", "three")


async def answer(
    conn: Connection, marks: str, *, quiz: str | None = "czad", seed: int = 1, of: int | None = None, pupil: str = ""
) -> None:
    """An attempt: for each question `r` (option 0), `1` or `2` (that option, wrong), or nothing more."""
    refs = [Ref("czad", name) for name in QUESTIONS]
    link = "klasa" if pupil else None
    attempt = await learning.add_attempt(
        conn, refs, seed=seed, now=NOON, resident_id=of, quiz=quiz, token=pupil or None, link=link
    )
    for place, mark in enumerate(marks):
        given = Given("0", right=True) if mark == "r" else Given(mark, right=False)
        await learning.add_answer(conn, attempt, place, given, NOON)
    if len(marks) == len(refs):
        await learning.finish_attempt(conn, attempt.id, NOON)


async def school(conn: Connection, *marks: str, begin: int = 0) -> list[int]:
    """Residents, each with their first attempt."""
    ids = []
    for number, one in enumerate(marks, start=begin):
        resident = await add_resident(conn, f"telegram:{number}")
        await answer(conn, one, of=resident.id)
        ids.append(resident.id)
    return ids


async def figures(database: Database, name: str) -> quality.Judged:
    counts = await quality.measure_again(database, NOON)
    return next(one for one in quality.judged([quiz()], counts) if one.question.id == name)


async def test_first_attempts_are_counted_and_nothing_else(database: Database) -> None:
    async with database.begin() as conn:
        ids = await school(conn, *["r1r"] * 6)
        await answer(conn, "111", of=ids[0], seed=2)  # once more
        await answer(conn, "111", of=ids[1], seed=3, quiz=None)  # in a mixture
        await school(conn, "2r", begin=10)  # left before the last question
        await classroom.add_link(conn, QuizLink("klasa", "czad", None, NOON, NOON + timedelta(days=1)))
        await answer(conn, "rrr", pupil="a")
        await answer(conn, "1rr", pupil="b")
    one, two = [(await figures(database, name)).figures for name in ("one", "two")]
    assert (one.answers, one.right, one.chosen) == (9, 7, {0: 7, 1: 1, 2: 1})
    assert one.facility == 7 / 9
    assert one.compared == 8
    assert (two.answers, two.right, two.chosen) == (9, 3, {0: 3, 1: 6})


async def test_discrimination_compares_with_the_rest_and_waits_for_thirty(database: Database) -> None:
    async with database.begin() as conn:
        await school(conn, *["rrr"] * 15, *["1r1"] * 14)
    assert (await figures(database, "one")).figures.discrimination is None
    async with database.begin() as conn:
        await school(conn, "1r1", begin=100)
    first, second = await figures(database, "one"), await figures(database, "two")
    # Whoever was right had 2 of 2 elsewhere, the others 1 of 2: all of it; the second question everybody could do.
    assert first.figures.compared == 30
    assert first.figures.discrimination == pytest.approx(1.0)
    assert Flag.WEAK not in first.flags
    assert second.figures.discrimination is None
    assert second.flags == (Flag.TOO_EASY,)


async def test_a_question_is_not_compared_with_itself(database: Database) -> None:
    # Right at the first: elsewhere 1 or 1/2; wrong: 1/2. Means 3/4 and 1/2, of all 2/3; variance 1/18; √(pq) = √2/3.
    async with database.begin() as conn:
        await school(conn, *["rrr"] * 10, *["r1r"] * 10, *["1r1"] * 10)
    found = (await figures(database, "one")).figures.discrimination
    assert found == pytest.approx((3 / 4 - 1 / 2) / (1 / 18) ** 0.5 * 2**0.5 / 3)
    assert found == pytest.approx(0.5)


async def test_what_misleads_those_who_know_is_flagged(database: Database) -> None:
    async with database.begin() as conn:
        await school(conn, *["1rr"] * 20, *["r11"] * 20)
    judged = await figures(database, "one")
    assert judged.figures.discrimination == pytest.approx(-1.0)
    assert judged.flags == (Flag.NEGATIVE, Flag.UNUSED)  # and nobody took the third answer


async def test_below_five_answers_it_looks_as_if_nobody_had(database: Database) -> None:
    async with database.begin() as conn:
        await school(conn, *["rrr"] * 4)
    judged = await figures(database, "one")
    assert (judged.figures.answers, judged.figures.facility, judged.flags) == (0, None, ())


async def test_pupils_answers_go_with_their_link(database: Database) -> None:
    async with database.begin() as conn:
        await classroom.add_link(conn, QuizLink("klasa", "czad", None, NOON, NOON + timedelta(days=1)))
        for number in range(6):
            await answer(conn, "rrr", pupil=f"p{number}")
    assert (await figures(database, "one")).figures.answers == 6
    async with database.begin() as conn:
        await classroom.drop_ended(conn, NOON + timedelta(days=9))
    assert (await figures(database, "one")).figures.answers == 0


async def test_every_chosen_box_of_several_counts(database: Database) -> None:
    several = question("one", kind="multiple").model_dump()
    several["options"][2]["right"] = True
    books = Quiz.model_validate(quiz().model_dump() | {"questions": [several]})
    async with database.begin() as conn:
        for number in range(6):
            resident = await add_resident(conn, f"telegram:{number}")
            attempt = await learning.add_attempt(
                conn, [Ref("czad", "one")], seed=1, now=NOON, resident_id=resident.id, quiz="czad"
            )
            await learning.add_answer(conn, attempt, 0, Given("02" if number else "1", right=bool(number)), NOON)
    counts = await quality.measure_again(database, NOON)
    (judged,) = quality.judged([books], counts)
    assert judged.figures.chosen == {0: 5, 1: 1, 2: 5}
    assert quality.wrong_options(judged.question) == (1,)


async def test_what_people_say_of_tips_is_shown_from_five_on(database: Database) -> None:
    async with database.begin() as conn:
        for number in range(7):
            resident = await add_resident(conn, f"telegram:{number}")
            useful = {0: None, 1: None, 2: False}.get(number, True)
            await learning.mark_tip(conn, resident.id, "czujka", NOON, useful=useful)
            if number < 6:
                await learning.mark_tip(conn, resident.id, "prad", NOON, useful=useful)
            if number < 4:
                await learning.mark_tip(conn, resident.id, "gaz", NOON)
    counts = await quality.measure_again(database, NOON)
    rated, hardly, rare = quality.opinions([tip("czujka"), tip("prad"), tip("gaz")], counts)
    assert (rated.seen, rated.useful, rated.useless, rated.share) == (7, 4, 1, 0.8)
    assert (hardly.seen, hardly.useful, hardly.useless, hardly.share) == (6, None, None, None)
    assert (rare.seen, rare.share) == (None, None)


async def test_counts_are_kept_for_an_hour_and_made_anew_on_demand(database: Database) -> None:
    async with database.begin() as conn:
        await school(conn, *["rrr"] * 6)
    assert (await quality.measured(database, NOON)).made_at == NOON
    soon, later = NOON + timedelta(minutes=59), NOON + timedelta(hours=2)
    assert (await quality.measured(database, soon)).made_at == NOON
    assert (await quality.measured(database, later)).made_at == NOON  # old ones at once; new ones are being made
    await kept.settled(database)
    assert (await quality.measured(database, later)).made_at == later
    again = later + timedelta(minutes=1)
    assert (await quality.measure_again(database, again)).made_at == again


def test_what_is_due_for_review() -> None:
    today = date(2026, 12, 1)
    questions = [
        question(name, review_on=today + timedelta(days=days)).model_dump()
        for name, days in (("one", 61), ("two", 60), ("three", -1))
    ]
    tips = [tip("czujka", review_on=today), tip("gaz", review_on=today + timedelta(days=200))]
    found = quality.due(library(quizzes=[quiz(questions=questions)], tips=tips), today)
    assert [(one.item.id, one.question, one.late) for one in found] == [
        ("czad", 3, True),
        ("czujka", None, False),
        ("czad", 2, False),
    ]
