"""Quiz links: a quiz that anybody with a code may answer, and totals for whoever shared it."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.catalogue.library import Library
from bot.catalogue.schema import Question
from bot.domain.errors import StaleAction
from bot.domain.quizzes import Attempt, Ref
from bot.services.learning import get_quiz
from bot.storage import classroom as store
from bot.storage import learning, turns
from bot.storage.classroom import QuizLink
from bot.storage.database import Connection

LINK_LASTS = timedelta(days=30)
FEWEST_SHOWN = 5
"""Below this many people nothing is shown: a class of three is not anonymous."""


class LinkEnded(StaleAction):
    """This quiz link has ended."""


@dataclass(frozen=True, slots=True)
class Share:
    """How a link is doing, as its sharer may see it."""

    link: QuizLink
    finished: int | None
    """How many answered it to the end; None below FEWEST_SHOWN."""
    questions: tuple[tuple[Question, int], ...]
    """Question and the share of right answers in per cent; only those that enough people answered."""


async def share(
    conn: Connection, library: Library, slug: str, *, resident_id: int | None, code: str, now: datetime
) -> QuizLink:
    """The sharer's open link to a quiz, or a new one with `code`. Raises UnknownItem."""
    quiz = get_quiz(library, slug)
    if resident_id is not None and (present := await store.link_of(conn, resident_id, quiz.id, now)):
        return present
    link = QuizLink(code, quiz.id, resident_id, created_at=now, ends_at=now + LINK_LASTS)
    await store.add_link(conn, link)
    return link


async def open_link(conn: Connection, code: str, now: datetime) -> QuizLink:
    """The link of a code, in small letters or capitals. Raises LinkEnded if there is none or it is over."""
    readable = code.isascii() and code.isalnum()
    link = await store.find_link(conn, code.lower()) if readable else None
    if link is None or link.ends_at <= now:
        raise LinkEnded
    return link


def hashed(token: str) -> str:
    """What is kept of a pupil's cookie: enough to know it again, not enough to be it."""
    return hashlib.sha256(token.encode()).hexdigest()


def seed_of(code: str) -> int:
    """The number that makes one attempt of a link for each resident."""
    return int.from_bytes(hashlib.sha256(code.encode()).digest()[:4]) + 2**32  # above any button's number


async def pupil_attempt(conn: Connection, link: QuizLink, token: str) -> Attempt | None:
    """The attempt of whoever holds this cookie, if it was begun."""
    return await learning.find_by_token(conn, hashed(token), link.code)


async def pupil_turn(conn: Connection, link: QuizLink, token: str) -> Attempt | None:
    """The same, while nobody else acts with this cookie until the transaction ends: a double press counts once."""
    await turns.hold(conn, hashed(token))
    return await pupil_attempt(conn, link, token)


async def begin_as_pupil(
    conn: Connection, library: Library, link: QuizLink, token: str, *, seed: int, now: datetime
) -> Attempt:
    """Begin the quiz of a link for nobody in particular; once for each cookie. Raises UnknownItem."""
    if begun := await pupil_attempt(conn, link, token):
        return begun
    quiz = get_quiz(library, link.quiz)
    return await learning.add_attempt(
        conn,
        [Ref(quiz.id, question.id) for question in quiz.questions],
        seed=seed,
        now=now,
        quiz=quiz.id,
        link=link.code,
        token=hashed(token),
    )


async def totals(conn: Connection, library: Library, link: QuizLink) -> Share:
    """How many answered and how the questions went; nothing below FEWEST_SHOWN people. Raises UnknownItem."""
    quiz = get_quiz(library, link.quiz)
    counted = await store.totals(conn, link.code)
    questions = []
    for question in quiz.questions:
        count, right = counted.questions.get(question.id, (0, 0))
        if count >= FEWEST_SHOWN:
            questions.append((question, round(100 * right / count)))
    finished = counted.finished if counted.finished >= FEWEST_SHOWN else None
    return Share(link, finished, tuple(questions))
