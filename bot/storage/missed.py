"""Words that people searched for in vain: as marks with the people behind them, in clear when enough people are."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, delete, exists, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.storage.database import Connection
from bot.storage.tables import missed_by, missed_words


@dataclass(frozen=True, slots=True)
class Missed:
    """A word in clear, and how many people looked for it."""

    word: str
    people: int


def _people() -> ScalarSelect[int]:
    return select(func.count()).where(missed_by.c.mark == missed_words.c.mark).scalar_subquery()


async def note(conn: Connection, resident_id: int, words: Mapping[str, str], today: date, *, enough: int) -> None:
    """A resident used words that lead nowhere. `words` says what each mark stands for.

    A word is written in clear when `enough` different residents are behind its mark, and not before.
    """
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    for mark in sorted(words):  # in one order: two who use the same words at once wait for one another, and never both
        word = dialect.insert(missed_words).values(mark=mark, first_on=today)
        # Writing what is there already keeps it from being dropped, or counted, by somebody else in the meantime.
        same = {"first_on": missed_words.c.first_on}
        await conn.execute(word.on_conflict_do_update(index_elements=["mark"], set_=same))
        by = dialect.insert(missed_by).values(mark=mark, resident_id=resident_id, missed_on=today)
        await conn.execute(by.on_conflict_do_update(index_elements=["mark", "resident_id"], set_={"missed_on": today}))
        known = missed_words.c.mark == mark, missed_words.c.word.is_(None), _people() >= enough
        await conn.execute(update(missed_words).where(*known).values(word=words[mark]))


async def listed(conn: Connection, since: date, *, enough: int, most: int) -> list[Missed]:
    """The words that enough people used since a day, those of most people first."""
    people = func.count().label("people")
    query = (
        select(missed_words.c.word, people)
        .join(missed_by)
        .where(missed_words.c.word.is_not(None), missed_by.c.missed_on >= since)
        .group_by(missed_words.c.mark, missed_words.c.word)
        .having(people >= enough)
        .order_by(people.desc(), missed_words.c.word)
        .limit(most)
    )
    return [Missed(word, count) for word, count in await conn.execute(query)]


async def of_resident(conn: Connection, resident_id: int) -> list[dict[str, Any]]:
    """A resident's marks, for their export."""
    query = select(missed_by.c.mark, missed_by.c.missed_on).where(missed_by.c.resident_id == resident_id)
    rows = await conn.execute(query.order_by(missed_by.c.missed_on, missed_by.c.mark))
    return [{"mark": mark, "missed_on": on.isoformat()} for mark, on in rows]


async def forget(conn: Connection, resident_ids: Collection[int], *, enough: int) -> None:
    """Take residents out; a word that too few are left behind is readable no longer."""
    await _drop(conn, missed_by.c.resident_id.in_(resident_ids), enough)


async def drop_before(conn: Connection, day: date, *, enough: int) -> int:
    """Take out what was last used before a day, likewise; returns how many marks of people went."""
    return await _drop(conn, missed_by.c.missed_on < day, enough)


async def _drop(conn: Connection, which: ColumnElement[bool], enough: int) -> int:
    touched = select(missed_by.c.mark).where(which)
    held = select(missed_words.c.mark).where(missed_words.c.mark.in_(touched)).order_by(missed_words.c.mark)
    marks: Sequence[str] = (await conn.execute(held.with_for_update())).scalars().all()  # in the order of `note`
    if not marks:
        return 0
    gone = (await conn.execute(delete(missed_by).where(which))).rowcount
    # By what is left, not by `marks`: there may be more of them than a statement takes.
    alone = ~exists().where(missed_by.c.mark == missed_words.c.mark)
    await conn.execute(delete(missed_words).where(alone))
    hidden = missed_words.c.word.is_not(None), _people() < enough
    await conn.execute(update(missed_words).where(*hidden).values(word=None))
    return gone
