"""Quiz links and what became of them: totals, never people."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, RowMapping, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage.tables import answers, attempts, quiz_links


@dataclass(frozen=True, slots=True)
class QuizLink:
    """A quiz that anybody with the code may answer until it ends."""

    code: str
    quiz: str
    resident_id: int | None
    created_at: datetime
    ends_at: datetime


def _link(row: RowMapping) -> QuizLink:
    return QuizLink(row["code"], row["quiz"], row["resident_id"], row["created_at"], row["ends_at"])


async def add_link(conn: AsyncConnection, link: QuizLink) -> None:
    """Keep a new link."""
    await conn.execute(
        insert(quiz_links).values(
            code=link.code,
            quiz=link.quiz,
            resident_id=link.resident_id,
            created_at=link.created_at,
            ends_at=link.ends_at,
        )
    )


async def find_link(conn: AsyncConnection, code: str) -> QuizLink | None:
    """The link with this code, even if it has ended."""
    row = (await conn.execute(select(quiz_links).where(quiz_links.c.code == code))).mappings().first()
    return _link(row) if row else None


async def link_of(conn: AsyncConnection, resident_id: int, quiz: str, now: datetime) -> QuizLink | None:
    """A resident's link to a quiz, if one is still open."""
    query = (
        select(quiz_links)
        .where(quiz_links.c.resident_id == resident_id, quiz_links.c.quiz == quiz, quiz_links.c.ends_at > now)
        .order_by(quiz_links.c.ends_at.desc())
        .limit(1)
    )
    row = (await conn.execute(query)).mappings().first()
    return _link(row) if row else None


@dataclass(frozen=True, slots=True)
class Totals:
    """How a link is doing."""

    started: int
    finished: int
    questions: dict[str, tuple[int, int]]
    """Question → (answers, right answers)."""


async def totals(conn: AsyncConnection, code: str) -> Totals:
    """What all who opened a link did, added up."""
    counts = await conn.execute(select(func.count(), func.count(attempts.c.finished_at)).where(attempts.c.link == code))
    started, finished = counts.one()
    right = func.count().filter(answers.c.right)
    rows = await conn.execute(
        select(answers.c.question, func.count(), right)
        .join(attempts, attempts.c.id == answers.c.attempt_id)
        .where(attempts.c.link == code)
        .group_by(answers.c.question)
    )
    return Totals(started, finished, {question: (count, int(good or 0)) for question, count, good in rows})


async def drop_ended(conn: AsyncConnection, before: datetime) -> int:
    """Delete links that ended before this, with every pupil's attempt on them; returns how many links."""
    return await _drop(conn, quiz_links.c.ends_at < before)


async def drop_of(conn: AsyncConnection, resident_id: int) -> int:
    """Delete the links a resident shared, with every pupil's attempt on them; returns how many links."""
    return await _drop(conn, quiz_links.c.resident_id == resident_id)


async def _drop(conn: AsyncConnection, which: ColumnElement[bool]) -> int:
    # A pupil's attempt goes with its link; a resident's is theirs, and only forgets how they came to it.
    await conn.execute(
        update(attempts)
        .where(attempts.c.resident_id.is_not(None), attempts.c.link.in_(select(quiz_links.c.code).where(which)))
        .values(link=None)
    )
    return (await conn.execute(delete(quiz_links).where(which))).rowcount
