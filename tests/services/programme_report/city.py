"""A demo city on the turn of a year, and every row of it in plain Python."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import Table, select

from bot.catalogue.library import Library
from bot.catalogue.loader import Reader
from bot.services.demo import found
from bot.storage import tables
from bot.storage.database import Connection, Database
from scheduler import tables as scheduler_tables
from scheduler.calendar import ZONE
from tests.support import CONTENT, VAULT

NOW = datetime(2027, 2, 10, 11, tzinfo=UTC)
"""The demo city's 120 days begin in October 2026."""
PEOPLE = 700
RowOf = Mapping[str, Any]


@cache
def books() -> Library:
    """What is really taught."""
    return Reader(CONTENT).load()


async def build(database: Database, *, people: int = PEOPLE, now: datetime = NOW, seed: int = 3) -> None:
    """Fill the database with a city."""
    async with database.begin() as conn:
        await found(conn, books(), VAULT, residents=people, seed=seed, now=now)


@dataclass(frozen=True)
class Rows:
    """All rows, by table."""

    of: Mapping[str, list[RowOf]]

    def __getattr__(self, name: str) -> list[RowOf]:
        return self.of[name]


async def rows(conn: Connection) -> Rows:
    """Everything that stands in the database."""
    found: dict[str, list[RowOf]] = defaultdict(list)
    every: list[Table] = [*tables.metadata.sorted_tables, *scheduler_tables.metadata.sorted_tables]
    for table in every:
        found[table.name] = [dict(row) for row in (await conn.execute(select(table))).mappings()]
    return Rows(found)


def month(at: datetime) -> tuple[int, int]:
    """Year and month of an instant in Kraków."""
    local = at.astimezone(ZONE)
    return local.year, local.month


def area_of_quiz(slug: str | None) -> str:
    """The row of the report that a quiz belongs to."""
    quiz = books().quizzes.get(slug or "")
    return quiz.area.value if quiz else "several"


def area_of_tip(slug: str) -> str:
    """The row of the report that a tip belongs to."""
    return books().tips[slug].area.value if slug in books().tips else "several"
