"""Quizzes: choosing questions, starting, answering, and what to learn next."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.catalogue.library import Library
from bot.catalogue.schema import Question, QuestionKind, Quiz, Tip
from bot.domain.areas import AgeBand, Audience
from bot.domain.errors import StaleAction, UnknownItem
from bot.domain.quizzes import Attempt, Given, Ref, is_right, read_choice, shuffled
from bot.domain.residents import Resident
from bot.storage import learning as store
from bot.storage.database import Connection

RESUMED_WITHIN = timedelta(days=14)
"""A quiz left longer ago than this is not offered again by itself."""

AUDIENCES_OF_AGE = {
    AgeBand.CHILD: {Audience.PUPILS_7_9},
    AgeBand.TWEEN: {Audience.PUPILS_10_13},
    AgeBand.TEEN: {Audience.PUPILS_14_18, Audience.CYCLISTS},
    AgeBand.ADULT: {Audience.DRIVERS, Audience.CYCLISTS, Audience.PARENTS},
    AgeBand.SENIOR: {Audience.SENIORS, Audience.DRIVERS},
}
PUPILS = {Audience.PUPILS_7_9, Audience.PUPILS_10_13, Audience.PUPILS_14_18}
OF_UNSAID_AGE = frozenset(Audience) - PUPILS
"""For whom the items may be that suit whoever does not say their age: all but children."""


def audiences_of(resident: Resident) -> set[Audience]:
    """For whom the items may be that suit a resident."""
    return {Audience.EVERYONE} | (AUDIENCES_OF_AGE[resident.age] if resident.age else OF_UNSAID_AGE)


@dataclass(frozen=True, slots=True)
class Marked:
    """What an answer turned out to be."""

    attempt: Attempt
    position: int
    question: Question
    given: Given


def find_question(library: Library, ref: Ref) -> Question:
    """The question a reference means. Raises StaleAction if the library has dropped it."""
    quiz = library.quizzes.get(ref.quiz)
    found = next((question for question in quiz.questions if question.id == ref.question), None) if quiz else None
    if found is None:
        raise StaleAction
    return found


def get_quiz(library: Library, slug: str) -> Quiz:
    """A quiz by its slug. Raises UnknownItem."""
    quiz = library.quizzes.get(slug)
    if quiz is None:
        raise UnknownItem
    return quiz


def quizzes_of(library: Library, area: str, audience: str, resident: Resident | None = None) -> list[Quiz]:
    """Quizzes of an area (empty: all) for an audience (empty: any): those that suit the resident first, then easier."""
    suited = audiences_of(resident) if resident else set(Audience)
    found = [
        quiz
        for quiz in library.quizzes.values()
        if (not area or quiz.area == area) and (not audience or audience in quiz.audience)
    ]
    return sorted(found, key=lambda quiz: (suited.isdisjoint(quiz.audience), quiz.level, quiz.id))


async def quiz_about(conn: Connection, library: Library, resident: Resident, tip: Tip) -> Quiz | None:
    """The quiz that trains a tip: of several, one that suits this resident and that they have not finished."""
    quizzes = [library.quizzes[quiz] for quiz in library.trainers.get(tip.id, ())]
    if not quizzes:
        return None
    done = await store.quizzes_done(conn, resident.id) if len(quizzes) > 1 else {}
    suited = audiences_of(resident)
    return min(quizzes, key=lambda quiz: (quiz.id in done, suited.isdisjoint(quiz.audience)))


def option_order(question: Question, attempt: Attempt) -> tuple[int, ...]:
    """In which order the options are shown: fixed for true/false and scam/genuine, else shuffled once an attempt."""
    count = len(question.options)
    if question.kind in (QuestionKind.TRUE_FALSE, QuestionKind.SCAM):
        return tuple(range(count))
    order = shuffled(count, seed=attempt.seed, salt=question.id)
    if question.kind is QuestionKind.ORDERING and order == tuple(range(count)):
        return order[1:] + order[:1]  # shown in the right order it would be no question
    return order


# --- starting


async def start_quiz(
    conn: Connection, library: Library, resident: Resident, slug: str, *, length: int, seed: int, now: datetime
) -> Attempt:
    """Begin a quiz, or go on with the attempt this very press has already begun. Raises UnknownItem."""
    quiz = get_quiz(library, slug)
    if begun := await store.find_by_seed(conn, resident.id, seed):
        return begun
    refs = [Ref(quiz.id, question.id) for question in quiz.questions]
    if 0 < length < len(refs):
        kept = sorted(shuffled(len(refs), seed=seed, salt=quiz.id)[:length])
        refs = [refs[place] for place in kept]
    return await store.add_attempt(conn, refs, seed=seed, now=now, resident_id=resident.id, quiz=quiz.id)


async def start_mix(
    conn: Connection,
    library: Library,
    resident: Resident,
    *,
    area: str,
    audience: str,
    length: int,
    seed: int,
    now: datetime,
) -> Attempt:
    """Begin a mixture of questions, those not met before first, areas in turn. Raises UnknownItem if there is none."""
    if begun := await store.find_by_seed(conn, resident.id, seed):
        return begun
    met = await store.questions_answered(conn, resident.id)
    refs = choose_mix(_quizzes_for(library, resident, area, audience), met, length=length, seed=seed)
    if not refs:
        raise UnknownItem
    return await store.add_attempt(conn, refs, seed=seed, now=now, resident_id=resident.id)


def _quizzes_for(library: Library, resident: Resident, area: str, audience: str) -> list[Quiz]:
    quizzes = quizzes_of(library, area, audience)
    if audience:
        return quizzes
    wanted = {Audience.EVERYONE} | (AUDIENCES_OF_AGE[resident.age] if resident.age else set())
    fitting = [quiz for quiz in quizzes if wanted & set(quiz.audience)]
    followed = [quiz for quiz in fitting if area or resident.follows(quiz.area)]
    return followed or fitting or quizzes


def choose_mix(quizzes: Sequence[Quiz], met: set[Ref], *, length: int, seed: int) -> list[Ref]:
    """Up to `length` questions: new ones first, areas in turn, in an order that only the seed decides."""
    areas = sorted({quiz.area for quiz in quizzes})
    first = shuffled(len(areas), seed=seed, salt="areas")
    queues = [_questions_of(quizzes, areas[place], met, seed) for place in first]
    chosen: list[Ref] = []
    while any(queues) and len(chosen) < length:
        for queue in queues:
            if queue and len(chosen) < length:
                chosen.append(queue.pop(0))
    return _plain_one_first(quizzes, chosen)


def _plain_one_first(quizzes: Sequence[Quiz], chosen: list[Ref]) -> list[Ref]:
    """Whoever has just come is asked something that one press answers."""
    plain = {
        Ref(quiz.id, question.id)
        for quiz in quizzes
        for question in quiz.questions
        if question.kind is QuestionKind.SINGLE
    }
    return sorted(chosen, key=lambda ref: ref != next((one for one in chosen if one in plain), None))


def _questions_of(quizzes: Iterable[Quiz], area: str, met: set[Ref], seed: int) -> list[Ref]:
    entries = [
        (quiz, Ref(quiz.id, question.id)) for quiz in quizzes if quiz.area == area for question in quiz.questions
    ]
    order = shuffled(len(entries), seed=seed, salt=area)
    rank = {entries[place][1]: position for position, place in enumerate(order)}
    entries.sort(key=lambda entry: (entry[1] in met, entry[0].level, rank[entry[1]]))
    return [ref for _, ref in entries]


async def repeat_missed(conn: Connection, resident: Resident, attempt_id: int, *, now: datetime) -> Attempt:
    """Begin an attempt of what was missed in another; a second press goes on with it. Raises StaleAction."""
    attempt = await own_attempt(conn, resident, attempt_id)
    if attempt.finished_at is None or not attempt.missed:
        raise StaleAction
    seed = -attempt_id  # presses bring positive numbers, so this one is free
    begun = await store.find_by_seed(conn, resident.id, seed)
    return begun or await store.add_attempt(conn, attempt.missed, seed=seed, now=now, resident_id=resident.id)


async def start_link(
    conn: Connection, library: Library, resident: Resident, code: str, slug: str, *, seed: int, now: datetime
) -> Attempt:
    """Begin the quiz of a shared link, once for each resident."""
    quiz = get_quiz(library, slug)
    begun = await store.find_by_seed(conn, resident.id, seed)
    refs = [Ref(quiz.id, question.id) for question in quiz.questions]
    return begun or await store.add_attempt(
        conn, refs, seed=seed, now=now, resident_id=resident.id, quiz=quiz.id, link=code
    )


# --- answering


async def own_attempt(conn: Connection, resident: Resident, attempt_id: int) -> Attempt:
    """An attempt of this resident. Raises StaleAction if it is gone, or somebody else's."""
    attempt = await store.get_attempt(conn, attempt_id)
    if attempt is None or attempt.resident_id != resident.id:
        raise StaleAction
    return attempt


async def answer(
    conn: Connection, library: Library, attempt: Attempt, position: int, chosen: str, *, now: datetime
) -> Marked:
    """Mark an answer and keep it; the first one counts, a second finds what the first one was.

    Raises StaleAction for a position or a choice this attempt does not have (any more).
    """
    if position not in range(len(attempt.questions)):
        raise StaleAction
    question = find_question(library, attempt.questions[position])
    if given := attempt.answers.get(position):
        if read_choice(given.chosen, options=len(question.options)) is None:
            raise StaleAction  # the question has since lost the options that were chosen
        return Marked(attempt, position, question, given)
    given = mark(question, chosen)
    await store.add_answer(conn, attempt, position, given, now)
    attempt = replace(attempt, answers={**attempt.answers, position: given})
    if attempt.next_position is None:
        await store.finish_attempt(conn, attempt.id, now)
        attempt = replace(attempt, finished_at=now)
    return Marked(attempt, position, question, given)


def mark(question: Question, chosen: str) -> Given:
    """Whether a choice is right. Raises StaleAction if it is none of the question's."""
    places = read_choice(chosen, options=len(question.options))
    ordered = question.kind is QuestionKind.ORDERING
    one_of = question.kind not in (QuestionKind.MULTIPLE, QuestionKind.ORDERING)
    if places is None or (one_of and len(places) != 1) or (ordered and len(places) != len(question.options)):
        raise StaleAction
    return Given(chosen, is_right(places, question.right, ordered=ordered))


# --- afterwards


def read_next(library: Library, attempt: Attempt, most: int = 2) -> list[Tip]:
    """Tips that teach what was missed, the most useful first."""
    tip_of = {
        Ref(quiz.id, question.id): question.tip for quiz in library.quizzes.values() for question in quiz.questions
    }
    wanted = Counter(tip_of[ref] for ref in attempt.missed if ref in tip_of)
    return [library.tips[slug] for slug, _ in wanted.most_common(most) if slug in library.tips]


async def resumable(conn: Connection, library: Library, resident: Resident, now: datetime) -> Attempt | None:
    """The quiz a resident left not long ago, if its questions are still there."""
    attempt = await store.unfinished(conn, resident.id, now - RESUMED_WITHIN)
    if attempt is None or attempt.next_position is None:
        return None
    try:
        find_question(library, attempt.questions[attempt.next_position])
    except StaleAction:
        return None
    return attempt
