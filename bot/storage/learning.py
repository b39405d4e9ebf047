"""Attempts, answers and the tips already seen."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, bindparam, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.quizzes import Attempt, Given, Ref
from bot.storage.tables import answers, attempts, conversations, quiz_links, tips_seen

# Built once, since every turn of a quiz needs them.
_ATTEMPT = select(attempts).where(attempts.c.id == bindparam("attempt"))
_ANSWERS = select(answers).where(answers.c.attempt_id == bindparam("attempt"))


def _attempt(row: RowMapping, given: Sequence[RowMapping]) -> Attempt:
    return Attempt(
        id=row["id"],
        resident_id=row["resident_id"],
        link=row["link"],
        quiz=row["quiz"],
        questions=tuple(Ref(quiz, question) for quiz, question in row["questions"]),
        seed=row["seed"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        answers={answer["position"]: Given(answer["chosen"], answer["right"]) for answer in given},
    )


async def _with_answers(conn: AsyncConnection, row: RowMapping | None) -> Attempt | None:
    if row is None:
        return None
    given = await conn.execute(_ANSWERS, {"attempt": row["id"]})
    return _attempt(row, given.mappings().all())


async def get_attempt(conn: AsyncConnection, attempt_id: int) -> Attempt | None:
    """An attempt with its answers."""
    row = (await conn.execute(_ATTEMPT, {"attempt": attempt_id})).mappings().first()
    return await _with_answers(conn, row)


async def find_by_seed(conn: AsyncConnection, resident_id: int, seed: int) -> Attempt | None:
    """The attempt that a press with this number has already started."""
    query = select(attempts).where(attempts.c.resident_id == resident_id, attempts.c.seed == seed)
    return await _with_answers(conn, (await conn.execute(query)).mappings().first())


async def find_by_token(conn: AsyncConnection, token: str, link: str) -> Attempt | None:
    """A pupil's attempt, by the hash of its cookie."""
    query = select(attempts).where(attempts.c.token == token, attempts.c.link == link)
    return await _with_answers(conn, (await conn.execute(query)).mappings().first())


async def unfinished(conn: AsyncConnection, resident_id: int, since: datetime) -> Attempt | None:
    """The attempt a resident left most recently, if one is still open."""
    query = (
        select(attempts)
        .where(
            attempts.c.resident_id == resident_id,
            attempts.c.finished_at.is_(None),
            attempts.c.started_at >= since,
        )
        .order_by(attempts.c.id.desc())
        .limit(1)
    )
    return await _with_answers(conn, (await conn.execute(query)).mappings().first())


async def add_attempt(
    conn: AsyncConnection,
    questions: Sequence[Ref],
    *,
    seed: int,
    now: datetime,
    resident_id: int | None = None,
    quiz: str | None = None,
    link: str | None = None,
    token: str | None = None,
) -> Attempt:
    """Begin an attempt, of a resident or (with `token`) of nobody."""
    values = {
        "resident_id": resident_id,
        "token": token,
        "link": link,
        "quiz": quiz,
        "questions": [[ref.quiz, ref.question] for ref in questions],
        "seed": seed,
        "started_at": now,
    }
    row = (await conn.execute(insert(attempts).values(values).returning(attempts))).mappings().one()
    return _attempt(row, ())


async def add_answer(conn: AsyncConnection, attempt: Attempt, position: int, given: Given, now: datetime) -> None:
    """Keep an answer. The caller has checked that there is none yet; the primary key makes sure."""
    ref = attempt.questions[position]
    await conn.execute(
        insert(answers).values(
            attempt_id=attempt.id,
            position=position,
            quiz=ref.quiz,
            question=ref.question,
            chosen=given.chosen,
            right=given.right,
            at=now,
        )
    )


async def finish_attempt(conn: AsyncConnection, attempt_id: int, now: datetime) -> None:
    """The last question was answered."""
    await conn.execute(update(attempts).where(attempts.c.id == attempt_id).values(finished_at=now))


async def quizzes_done(conn: AsyncConnection, resident_id: int) -> dict[str, int]:
    """Quiz → the best score a resident reached in it; only finished attempts of whole quizzes."""
    score = func.count().filter(answers.c.right).label("score")
    each = (
        select(attempts.c.quiz, score)
        .join(answers, answers.c.attempt_id == attempts.c.id)
        .where(attempts.c.resident_id == resident_id, attempts.c.finished_at.is_not(None), attempts.c.quiz.is_not(None))
        .group_by(attempts.c.id, attempts.c.quiz)
        .subquery()
    )
    rows = await conn.execute(select(each.c.quiz, func.max(each.c.score)).group_by(each.c.quiz))
    return {quiz: int(best or 0) for quiz, best in rows}


async def questions_answered(conn: AsyncConnection, resident_id: int) -> set[Ref]:
    """Questions this resident has met."""
    query = select(answers.c.quiz, answers.c.question).join(attempts).where(attempts.c.resident_id == resident_id)
    return {Ref(quiz, question) for quiz, question in await conn.execute(query)}


async def tips_of(conn: AsyncConnection, resident_id: int) -> dict[str, datetime]:
    """Tip → when this resident saw it."""
    query = select(tips_seen.c.tip, tips_seen.c.seen_at).where(tips_seen.c.resident_id == resident_id)
    return {tip: seen_at for tip, seen_at in await conn.execute(query)}  # noqa: C416 - dict() of rows has no types


async def mark_tip(
    conn: AsyncConnection, resident_id: int, tip: str, now: datetime, *, useful: bool | None = None
) -> None:
    """Note that a tip was seen, and what was said of it."""
    changes = {"seen_at": now} if useful is None else {"useful": useful}
    # In one step: the tip of the day may arrive at the moment they ask for one.
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    first = dialect.insert(tips_seen).values(resident_id=resident_id, tip=tip, seen_at=now, useful=useful)
    await conn.execute(first.on_conflict_do_update(index_elements=["resident_id", "tip"], set_=changes))


async def tip_rating(conn: AsyncConnection, resident_id: int, tip: str) -> bool | None:
    """What this resident said of a tip, if anything."""
    query = select(tips_seen.c.useful).where(tips_seen.c.resident_id == resident_id, tips_seen.c.tip == tip)
    return (await conn.execute(query)).scalar()


async def everything_of(conn: AsyncConnection, resident_id: int) -> dict[str, list[dict[str, Any]]]:
    """All attempts, answers, tips and links of a resident, as plain values for their export."""
    mine = attempts.c.resident_id == resident_id
    links = select(quiz_links.c.code, quiz_links.c.quiz, quiz_links.c.created_at, quiz_links.c.ends_at)
    queries = {
        "attempts": select(
            *(attempts.c.id, attempts.c.quiz, attempts.c.link, attempts.c.questions),
            *(attempts.c.started_at, attempts.c.finished_at),
        )
        .where(mine)
        .order_by(attempts.c.id),
        "answers": select(
            answers.c.attempt_id, answers.c.quiz, answers.c.question, answers.c.chosen, answers.c.right, answers.c.at
        )
        .join(attempts)
        .where(mine)
        .order_by(answers.c.attempt_id, answers.c.position),
        "tips": select(tips_seen.c.tip, tips_seen.c.seen_at, tips_seen.c.useful).where(
            tips_seen.c.resident_id == resident_id
        ),
        "quiz_links": links.where(quiz_links.c.resident_id == resident_id),
        "conversation": select(conversations.c.here, conversations.c.awaiting).where(
            conversations.c.resident_id == resident_id
        ),
    }
    return {name: [_plain(row) for row in (await conn.execute(query)).mappings()] for name, query in queries.items()}


def _plain(row: RowMapping) -> dict[str, Any]:
    return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in row.items()}
