from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.catalogue.library import Library
from bot.catalogue.schema import Question, QuestionKind, Quiz
from bot.domain.areas import AgeBand, Area, Audience
from bot.domain.errors import StaleAction, UnknownItem
from bot.domain.quizzes import Attempt, Given, Ref
from bot.domain.residents import Resident
from bot.services import learning
from bot.storage.database import Connection, Database
from tests.support import NOON, add_resident, library, question, quiz, texts, tip


def quiz_of(slug: str, area: Area, questions: int, **changes: object) -> Quiz:
    return quiz(slug, area=area, questions=[question(f"q{n}").model_dump() for n in range(questions)], **changes)


QUIZZES = st.lists(st.tuples(st.sampled_from(Area), st.integers(1, 6), st.integers(1, 3)), max_size=7).map(
    lambda made: [quiz_of(f"quiz{n}", area, count, level=level) for n, (area, count, level) in enumerate(made)]
)


def refs_of(quizzes: list[Quiz]) -> list[Ref]:
    return [Ref(one.id, asked.id) for one in quizzes for asked in one.questions]


# --- mixtures


@given(QUIZZES, st.integers(1, 12), st.integers(0, 2**33), st.sets(st.integers(0, 40)))
def test_a_mixture_is_of_the_right_length_and_repeats_nothing(
    quizzes: list[Quiz], length: int, seed: int, places: set[int]
) -> None:
    everything = refs_of(quizzes)
    met = {ref for place, ref in enumerate(everything) if place in places}
    chosen = learning.choose_mix(quizzes, met, length=length, seed=seed)
    assert len(chosen) == len(set(chosen)) == min(length, len(everything))
    assert set(chosen) <= set(everything)
    assert chosen == learning.choose_mix(quizzes, met, length=length, seed=seed)


@given(QUIZZES, st.integers(1, 12), st.integers(0, 2**33))
def test_areas_take_turns(quizzes: list[Quiz], length: int, seed: int) -> None:
    chosen = learning.choose_mix(quizzes, set(), length=length, seed=seed)
    area_of = {one.id: one.area for one in quizzes}
    counts = {area: sum(area_of[ref.quiz] == area for ref in chosen) for area in set(area_of.values())}
    there = {area: sum(len(one.questions) for one in quizzes if one.area == area) for area in counts}
    most = max(counts.values(), default=0)
    assert all(count >= min(most - 1, there[area]) for area, count in counts.items())


@given(QUIZZES, st.integers(1, 12), st.integers(0, 2**33), st.sets(st.integers(0, 40)))
def test_in_each_area_new_questions_come_before_met_ones(
    quizzes: list[Quiz], length: int, seed: int, places: set[int]
) -> None:
    everything = refs_of(quizzes)
    met = {ref for place, ref in enumerate(everything) if place in places}
    chosen = set(learning.choose_mix(quizzes, met, length=length, seed=seed))
    for area in Area:
        here = set(refs_of([one for one in quizzes if one.area == area]))
        if chosen & here & met:
            assert here - met <= chosen


def test_mixtures_differ() -> None:
    quizzes = [quiz_of(f"quiz{n}", area, 4) for n, area in enumerate(Area)]
    assert len({tuple(learning.choose_mix(quizzes, set(), length=5, seed=seed)) for seed in range(30)}) > 20


def test_a_mixture_begins_with_something_that_one_press_answers() -> None:
    several = question("several", kind=QuestionKind.MULTIPLE).model_dump()
    mixed = quiz("mixed", questions=[several, question("plain").model_dump()])
    firsts = {learning.choose_mix([mixed], set(), length=2, seed=seed)[0].question for seed in range(20)}
    assert firsts == {"plain"}


# --- which quizzes


def small() -> Library:
    return library(
        quizzes=[
            quiz_of("all", Area.ROAD, 3),
            quiz_of("pupils", Area.ROAD, 3, audience=[Audience.PUPILS_7_9]),
            quiz_of("drivers", Area.CYBER, 3, audience=[Audience.DRIVERS], level=2),
        ]
    )


@pytest.mark.parametrize(
    ("area", "audience", "found"),
    [
        ("", "", ["all", "pupils", "drivers"]),
        ("road", "", ["all", "pupils"]),
        ("", "drivers", ["drivers"]),
        ("cyber", "pupils-7-9", []),
        ("nothing", "", []),
    ],
)
def test_quizzes_by_area_and_audience_the_easy_ones_first(area: str, audience: str, found: list[str]) -> None:
    assert [one.id for one in learning.quizzes_of(small(), area, audience)] == found


async def test_what_suits_the_resident_comes_first(database: Database) -> None:
    async with database.begin() as conn:
        unknown = await add_resident(conn, "telegram:1")
        child = await add_resident(conn, "telegram:2", age=AgeBand.CHILD.value)
    assert [one.id for one in learning.quizzes_of(small(), "", "", unknown)] == ["all", "drivers", "pupils"]
    assert [one.id for one in learning.quizzes_of(small(), "", "", child)] == ["all", "pupils", "drivers"]


async def test_a_tip_offers_its_quizzes_one_after_another(database: Database) -> None:
    """One that suits comes first; one that is finished makes room for the next."""
    one = {"questions": [question().model_dump()]}
    shelf = library(quizzes=[quiz("a", audience=[Audience.PUPILS_7_9], **one), quiz("b", **one), quiz("c", **one)])
    taught = shelf.tips["czujka"]
    async with database.begin() as conn:
        resident = await add_resident(conn, "telegram:1")
        offered = []
        for seed in range(1, 5):
            about = await learning.quiz_about(conn, shelf, resident, taught)
            assert about
            offered.append(about.id)
            attempt = await learning.start_quiz(conn, shelf, resident, about.id, length=0, seed=seed, now=NOON)
            await learning.answer(conn, shelf, attempt, 0, "0", now=NOON)
        assert offered == ["b", "c", "a", "b"]
        assert await learning.quiz_about(conn, shelf, resident, tip("strange")) is None


async def mix(conn: Connection, resident: Resident, area: str = "", audience: str = "") -> set[str]:
    attempt = await learning.start_mix(
        conn, small(), resident, area=area, audience=audience, length=9, seed=resident.id, now=NOON
    )
    return {ref.quiz for ref in attempt.questions}


async def test_a_mixture_fits_the_resident(database: Database) -> None:
    async with database.begin() as conn:
        assert await mix(conn, await add_resident(conn, "telegram:1")) == {"all"}
        child = await add_resident(conn, "telegram:2", age=AgeBand.CHILD.value)
        assert await mix(conn, child) == {"all", "pupils"}
        driver = await add_resident(conn, "telegram:3", age=AgeBand.ADULT.value, cyber=True)
        assert await mix(conn, driver) == {"drivers"}
        assert await mix(conn, await add_resident(conn, "telegram:4"), audience="drivers") == {"drivers"}
        nothing_fits = await add_resident(conn, "telegram:5", everyday=True)
        assert await mix(conn, nothing_fits) == {"all"}


async def test_there_is_no_mixture_of_nothing(database: Database) -> None:
    async with database.begin() as conn:
        with pytest.raises(UnknownItem):
            await mix(conn, await add_resident(conn), area="nothing")


# --- attempts


async def begin(conn: Connection, resident: Resident, *, length: int = 0, seed: int = 7) -> Attempt:
    return await learning.start_quiz(conn, library(), resident, "czad", length=length, seed=seed, now=NOON)


async def test_a_short_quiz_asks_some_questions_in_their_order(database: Database) -> None:
    async with database.begin() as conn:
        resident = await add_resident(conn)
        seen = set()
        for seed in range(1, 20):
            attempt = await begin(conn, resident, length=2, seed=seed)
            names = [ref.question for ref in attempt.questions]
            assert sorted(names, key=["one", "two", "three"].index) == names
            seen.add(tuple(names))
        assert len(seen) == 3


@pytest.mark.parametrize("length", [0, 3, 99, -1])
async def test_any_other_length_is_the_whole_quiz(database: Database, length: int) -> None:
    async with database.begin() as conn:
        assert len((await begin(conn, await add_resident(conn), length=length)).questions) == 3


async def test_the_same_press_goes_on_with_its_attempt(database: Database) -> None:
    async with database.begin() as conn:
        resident = await add_resident(conn)
        first = await begin(conn, resident)
        await learning.answer(conn, library(), first, 0, "0", now=NOON)
        assert (await begin(conn, resident)).id == first.id
        assert (await begin(conn, resident)).next_position == 1
        assert (await begin(conn, await add_resident(conn, "telegram:2"))).id != first.id


async def test_answers_are_marked_kept_and_finish_the_attempt(database: Database) -> None:
    async with database.begin() as conn:
        resident = await add_resident(conn)
        attempt = await begin(conn, resident)
        for position, chosen in enumerate("010"):
            marked = await learning.answer(conn, library(), attempt, position, chosen, now=NOON)
            assert marked.given.right is (chosen == "0")
            attempt = marked.attempt
        kept = await learning.own_attempt(conn, resident, attempt.id)
    assert kept == attempt
    assert (kept.score, kept.finished_at) == (2, NOON)
    assert [ref.question for ref in kept.missed] == ["two"]


@pytest.mark.parametrize(("position", "chosen"), [(0, ""), (0, "3"), (0, "01"), (0, "x"), (3, "0"), (-1, "0")])
async def test_what_is_no_answer_is_refused(database: Database, position: int, chosen: str) -> None:
    async with database.begin() as conn:
        attempt = await begin(conn, await add_resident(conn))
        with pytest.raises(StaleAction):
            await learning.answer(conn, library(), attempt, position, chosen, now=NOON)


async def test_what_was_missed_is_repeated_once_the_attempt_is_over(database: Database) -> None:
    async with database.begin() as conn:
        resident = await add_resident(conn)
        attempt = await begin(conn, resident)
        attempt = (await learning.answer(conn, library(), attempt, 0, "1", now=NOON)).attempt
        with pytest.raises(StaleAction):
            await learning.repeat_missed(conn, resident, attempt.id, now=NOON)
        for position in (1, 2):
            attempt = (await learning.answer(conn, library(), attempt, position, "0", now=NOON)).attempt
        repeat = await learning.repeat_missed(conn, resident, attempt.id, now=NOON)
        assert [ref.question for ref in repeat.questions] == ["one"]
        assert (await learning.repeat_missed(conn, resident, attempt.id, now=NOON)).id == repeat.id
        for other in (await add_resident(conn, "telegram:2"), replace(resident, id=99)):
            with pytest.raises(StaleAction):
                await learning.repeat_missed(conn, other, attempt.id, now=NOON)


async def test_nothing_missed_is_nothing_to_repeat(database: Database) -> None:
    async with database.begin() as conn:
        resident = await add_resident(conn)
        attempt = await begin(conn, resident)
        for position in range(3):
            attempt = (await learning.answer(conn, library(), attempt, position, "0", now=NOON)).attempt
        with pytest.raises(StaleAction):
            await learning.repeat_missed(conn, resident, attempt.id, now=NOON)


async def test_a_quiz_left_can_be_resumed_for_two_weeks(database: Database) -> None:
    async with database.begin() as conn:
        resident = await add_resident(conn)
        assert await learning.resumable(conn, library(), resident, NOON) is None
        attempt = await begin(conn, resident)
        soon, late = NOON + timedelta(days=14), NOON + timedelta(days=14, seconds=1)
        found = await learning.resumable(conn, library(), resident, soon)
        assert found
        assert found.id == attempt.id
        assert await learning.resumable(conn, library(), resident, late) is None
        assert await learning.resumable(conn, library(quizzes=[]), resident, NOON) is None


# --- marking and the order of options


def single(**changes: object) -> Question:
    return question(**changes)  # type: ignore[arg-type] # what the schema takes


def ordering() -> Question:
    steps = [{"text": texts(str(n)), "feedback": texts(str(n))} for n in range(3)]
    return single(kind=QuestionKind.ORDERING, options=steps)


def multiple() -> Question:
    options = [{"text": texts(str(n)), "right": n < 2, "feedback": texts(str(n))} for n in range(4)]
    return single(kind=QuestionKind.MULTIPLE, options=options)


@pytest.mark.parametrize(
    ("asked", "chosen", "right"),
    [
        (single(), "0", True),
        (single(), "2", False),
        (multiple(), "01", True),
        (multiple(), "10", True),
        (multiple(), "0", False),
        (multiple(), "0123", False),
        (ordering(), "012", True),
        (ordering(), "021", False),
    ],
)
def test_marking(asked: Question, chosen: str, right: bool) -> None:
    assert learning.mark(asked, chosen).right is right


@pytest.mark.parametrize(("asked", "chosen"), [(ordering(), "01"), (multiple(), "00"), (multiple(), "4")])
def test_no_choice_cannot_be_marked(asked: Question, chosen: str) -> None:
    with pytest.raises(StaleAction):
        learning.mark(asked, chosen)


@given(st.integers(0, 2**33))
def test_steps_are_never_shown_in_the_right_order(seed: int) -> None:
    attempt = Attempt(1, 1, None, None, (), seed, NOON)
    order = learning.option_order(ordering(), attempt)
    assert sorted(order) == [0, 1, 2]
    assert order != (0, 1, 2)


@given(st.integers(0, 2**33))
def test_true_stands_before_false(seed: int) -> None:
    halves = [{"right": right, "feedback": texts("x")} for right in (False, True)]
    attempt = Attempt(1, 1, None, None, (), seed, NOON)
    for kind, more in ((QuestionKind.TRUE_FALSE, {}), (QuestionKind.SCAM, {"exhibit": EXHIBIT})):
        assert learning.option_order(single(kind=kind, options=halves, **more), attempt) == (0, 1)


EXHIBIT = {"kind": "sms", "sender": texts("X"), "text": texts("x")}


# --- what to read next


def missed(*names: str) -> Attempt:
    refs = tuple(Ref("czad", name) for name in names)
    answers = {place: Given("1", right=False) for place in range(len(refs))}
    return Attempt(1, 1, None, "czad", refs, 7, NOON, NOON, answers)


def test_the_tip_that_was_missed_most_comes_first() -> None:
    asked = [question("a", tip="t1"), question("b", tip="t2"), question("c", tip="t2"), question("d", tip="t3")]
    shelf = library(quizzes=[quiz(questions=[one.model_dump() for one in asked])], tips=[tip("t1"), tip("t2")])
    assert [one.id for one in learning.read_next(shelf, missed("a", "b", "c", "d"))] == ["t2", "t1"]
    assert [one.id for one in learning.read_next(shelf, missed("a", "gone"), 1)] == ["t1"]
    assert learning.read_next(shelf, missed()) == []
