"""How questions and tips did: counts of everybody together, from a few passes over the answers.

Of each person the first attempt at a quiz counts: later they know the answers. A pupil's cookie is a person; what is
swept with a shared link is not counted any more.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import CTE, func, select

from bot.domain.quizzes import Ref
from bot.storage.database import Connection
from bot.storage.tables import answers, attempts, tips_seen


@dataclass(frozen=True, slots=True)
class Chosen:
    """How often a question was answered in one way."""

    question: Ref
    chosen: str
    right: bool
    count: int


@dataclass(frozen=True, slots=True)
class Compared:
    """How many did so at a question, and so in the whole of their attempt, which they finished."""

    question: Ref
    right: bool
    score: int
    asked: int
    count: int


@dataclass(frozen=True, slots=True)
class Rated:
    """What people said of a tip."""

    seen: int
    useful: int
    useless: int


def _first_attempts() -> CTE:
    each = attempts.c.resident_id, attempts.c.token, attempts.c.quiz  # one of the first two is empty
    return select(func.min(attempts.c.id).label("id")).where(attempts.c.quiz.is_not(None)).group_by(*each).cte("first")


async def choices(conn: Connection) -> list[Chosen]:
    """Every way in which a question was answered in a first attempt, finished or not."""
    first = _first_attempts()
    kind = answers.c.quiz, answers.c.question, answers.c.chosen, answers.c.right
    query = select(*kind, func.count()).join(first, first.c.id == answers.c.attempt_id).group_by(*kind)
    rows = await conn.execute(query)
    return [Chosen(Ref(quiz, question), chosen, right, count) for quiz, question, chosen, right, count in rows]


async def comparisons(conn: Connection) -> list[Compared]:
    """How each question went beside the score of the attempt; only finished first attempts of several questions."""
    first = _first_attempts()
    asked, score = func.count().label("asked"), func.count().filter(answers.c.right).label("score")
    whole = (
        select(attempts.c.id, asked, score)
        .join(first, first.c.id == attempts.c.id)
        .join(answers, answers.c.attempt_id == attempts.c.id)
        .where(attempts.c.finished_at.is_not(None))
        .group_by(attempts.c.id)
        .having(asked > 1)
        .cte("whole")
    )
    kind = answers.c.quiz, answers.c.question, answers.c.right, whole.c.score, whole.c.asked
    query = select(*kind, func.count()).join(whole, whole.c.id == answers.c.attempt_id).group_by(*kind)
    rows = await conn.execute(query)
    return [Compared(Ref(quiz, question), *rest) for quiz, question, *rest in rows]


async def ratings(conn: Connection) -> Mapping[str, Rated]:
    """Tip → how many saw it and what they said."""
    useful, useless = func.count().filter(tips_seen.c.useful), func.count().filter(~tips_seen.c.useful)
    rows = await conn.execute(select(tips_seen.c.tip, func.count(), useful, useless).group_by(tips_seen.c.tip))
    return {tip: Rated(seen, useful, useless) for tip, seen, useful, useless in rows}
