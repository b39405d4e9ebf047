"""How good the content is: what its questions tell apart, what people say of its tips, what is due for review."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from bot.catalogue.library import Library
from bot.catalogue.rules.dates import reviews
from bot.catalogue.schema import Question, QuestionKind, Quiz, Source, Survey, Tip
from bot.domain.psychometrics import FEWEST_JUDGED, Figures, Flag, Group, discrimination, flags
from bot.domain.quizzes import Ref
from bot.services.classroom import FEWEST_SHOWN
from bot.services.kept import Kept, kept, remake
from bot.storage import quality as store
from bot.storage.database import Connection, Database
from bot.storage.quality import Compared, Rated

NAME = "quality:1"
COUNTED_EVERY = timedelta(hours=1)
DUE_WITHIN = timedelta(days=60)
"""A review is announced so long before its day."""
TEMPTING = frozenset({QuestionKind.SINGLE, QuestionKind.MULTIPLE})
"""Kinds whose wrong options an author has thought of; of two fixed choices the facility says it all."""


@dataclass(frozen=True, slots=True)
class Measured:
    """All counts, as they were at some time."""

    made_at: datetime
    questions: Mapping[Ref, Figures]
    tips: Mapping[str, Rated]


@dataclass(frozen=True, slots=True)
class Judged:
    """A question of the library beside what is known of it."""

    quiz: Quiz
    place: int
    """From 1."""
    question: Question
    figures: Figures
    """Nothing in it below FEWEST_SHOWN answers."""
    flags: tuple[Flag, ...]


@dataclass(frozen=True, slots=True)
class Opinion:
    """A tip beside what people said of it; None where fewer than FEWEST_SHOWN did."""

    tip: Tip
    seen: int | None
    useful: int | None
    useless: int | None

    @property
    def share(self) -> float | None:
        """The share who found it useful, of those who said anything."""
        if self.useful is None or self.useless is None:
            return None
        return self.useful / (self.useful + self.useless)


@dataclass(frozen=True, slots=True)
class Review:
    """A claim whose source is to be looked at again."""

    item: Quiz | Survey | Tip
    question: int | None
    """Its place in the item, from 1; None for a tip."""
    on: date
    source: Source
    late: bool


# --- counting


async def measured(database: Database, now: datetime) -> Measured:
    """The counts: at most about an hour old, unless nobody has asked for longer. They are made in the background."""
    return _read(await kept(database, NAME, count, now=now, for_=COUNTED_EVERY))


async def measure_again(database: Database, now: datetime) -> Measured:
    """The counts, made now."""
    return _read(await remake(database, NAME, count, now))


async def count(conn: Connection) -> dict[str, Any]:
    """Go through all answers; for JSON. It takes seconds with a million of them."""
    correlations = _correlations(await store.comparisons(conn))
    answered: dict[Ref, int] = defaultdict(int)
    right: dict[Ref, int] = defaultdict(int)
    chosen: dict[Ref, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for one in await store.choices(conn):
        answered[one.question] += one.count
        right[one.question] += one.count * one.right
        for digit in set(one.chosen):
            chosen[one.question][int(digit)] += one.count
    return {
        "questions": [
            [ref.quiz, ref.question, answered[ref], right[ref], chosen[ref], *correlations.get(ref, (0, None))]
            for ref in answered
        ],
        "tips": {tip: [one.seen, one.useful, one.useless] for tip, one in (await store.ratings(conn)).items()},
    }


def _correlations(compared: Iterable[Compared]) -> Mapping[Ref, tuple[int, float | None]]:
    """Question → of how many it is known how the rest of the quiz went, and the discrimination if they are enough."""
    groups: dict[Ref, list[Group]] = defaultdict(list)
    for one in compared:
        rest = (one.score - one.right) / (one.asked - 1)
        groups[one.question].append(Group(one.right, rest, one.count))
    people = {ref: sum(group.count for group in those) for ref, those in groups.items()}
    return {
        ref: (people[ref], discrimination(those) if people[ref] >= FEWEST_JUDGED else None)
        for ref, those in groups.items()
    }


def _read(found: Kept) -> Measured:
    made_at, data = found
    return Measured(
        made_at,
        {
            Ref(quiz, question): Figures(
                answers, right, {int(option): count for option, count in chosen.items()}, compared, correlation
            )
            for quiz, question, answers, right, chosen, compared, correlation in data["questions"]
        },
        {tip: Rated(*counts) for tip, counts in data["tips"].items()},
    )


# --- beside the library


NOTHING = Figures(0, 0, {})


def judged(quizzes: Iterable[Quiz], counts: Measured) -> Iterator[Judged]:
    """Every question, in the order of the quizzes. What too few answered looks as if nobody had."""
    for quiz in quizzes:
        for place, question in enumerate(quiz.questions, start=1):
            figures = counts.questions.get(Ref(quiz.id, question.id), NOTHING)
            if figures.answers < FEWEST_SHOWN:
                figures = NOTHING
            yield Judged(quiz, place, question, figures, flags(figures, wrong_options(question)))


def wrong_options(question: Question) -> tuple[int, ...]:
    """The options that should tempt whoever does not know; none where the kind fixes them."""
    if question.kind not in TEMPTING:
        return ()
    return tuple(place for place in range(len(question.options)) if place not in question.right)


def opinions(tips: Iterable[Tip], counts: Measured) -> Iterator[Opinion]:
    """Every tip with what people say of it."""
    for tip in tips:
        rated = counts.tips.get(tip.id, Rated(0, 0, 0))
        enough = rated.useful + rated.useless >= FEWEST_SHOWN
        yield Opinion(
            tip,
            rated.seen if rated.seen >= FEWEST_SHOWN else None,
            rated.useful if enough else None,
            rated.useless if enough else None,
        )


def due(library: Library, today: date) -> list[Review]:
    """What is to be reviewed within DUE_WITHIN, or should have been; the earliest first."""
    items: Iterable[Quiz | Survey | Tip] = (
        *library.quizzes.values(),
        *library.tips.values(),
        *library.surveys.values(),
    )
    found = [
        Review(item, int(where[1]) + 1 if where else None, on, source, late=on < today)
        for item in items
        for where, on, source in reviews(item)
        if on <= today + DUE_WITHIN
    ]
    return sorted(found, key=lambda review: (review.on, review.item.id, review.question or 0))
