"""A city of the size that the console has to stand: written by SQL, so that it takes seconds.

The demo city gives rows that are right in every column; the rest is copies of these, and rows by the million.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from bot.catalogue.library import Library
from bot.services import demo, signin
from bot.storage import migrate
from bot.storage.database import Database
from bot.storage.staff import Role
from bot.storage.vault import Vault
from scheduler import counting

PEOPLE = 100_000
RUNS = 50
ATTEMPTS = 200_000
ANSWERS = 5
"""Of each attempt."""
WORKSHOPS = 200
FIRST_RUN = 1_000
"""Its number, and that of its campaign."""
SEED_PEOPLE = 2_000
"""Whom the demo city begins with."""

_SQL = Path(__file__).with_name("town.sql")
_FORMAT = "%Y-%m-%d %H:%M:%S.%f"
"""How SQLAlchemy stores an instant in SQLite."""


async def found(url: str, file: Path, library: Library, vault: Vault, now: datetime) -> None:
    """Fill an empty SQLite database; every role of the demo city is signed in by `session-ROLE`."""
    database = Database(url)
    await migrate.upgrade(database)
    async with database.begin() as conn:
        await demo.found(conn, library, vault, residents=SEED_PEOPLE, seed=1, now=now)
        for role in Role:
            await signin.begin(conn, f"demo-{role}", session=f"session-{role}", device="Bench", proof="link", now=now)
    await database.close()
    _grow(file, library, vault, now)
    database = Database(url)
    await counting.sum_up(database.begin, database.read, limit=10 * RUNS)  # as the job does beside
    await database.close()


def _grow(file: Path, library: Library, vault: Vault, now: datetime) -> None:
    numbers = {"seed_people": SEED_PEOPLE, "people": PEOPLE, "attempts": ATTEMPTS, "answers": ANSWERS}
    numbers |= {"workshops": WORKSHOPS}
    sealed = {"name": vault.seal("Demo 1"), "contact": vault.seal("demo@example.org")}
    given = {**numbers, **sealed, "now": now.strftime(_FORMAT)}
    with _quick(file, now) as conn:
        _library(conn, library)
        for statement in _statements("people"):
            conn.execute(statement, given)
        for number in range(RUNS):
            for statement in _statements("run"):
                conn.execute(statement, given | _run(number, now))


def _run(number: int, now: datetime) -> dict[str, object]:
    """All are over but the last, which is going out."""
    is_last = number == RUNS - 1
    slot_at = now - (timedelta(minutes=10) if is_last else timedelta(days=RUNS - number))
    return {
        "run": FIRST_RUN + number,
        "state": "running" if is_last else "finished",
        "slot_at": slot_at.strftime(_FORMAT),
        "expires_at": (slot_at + timedelta(days=1)).strftime(_FORMAT),
        "finished_at": None if is_last else (slot_at + timedelta(minutes=67)).strftime(_FORMAT),
    }


def _statements(of: str) -> list[str]:
    parts = _SQL.read_text(encoding="utf-8").split(";")
    return [part for part in parts if f"-- {of}\n" in part]


@contextmanager
def _quick(file: Path, now: datetime) -> Iterator[sqlite3.Connection]:
    """A connection that spares itself what a power cut would need."""
    with closing(sqlite3.connect(file, isolation_level=None)) as conn:
        conn.execute("PRAGMA synchronous=OFF")
        conn.execute("PRAGMA cache_size=-200000")
        conn.create_function("ago", 1, lambda minutes: (now - timedelta(minutes=minutes)).strftime(_FORMAT))
        conn.execute("BEGIN")
        yield conn
        conn.execute("COMMIT")
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _library(conn: sqlite3.Connection, library: Library) -> None:
    conn.execute("CREATE TEMP TABLE bench_quizzes (id INTEGER PRIMARY KEY, quiz TEXT, questions TEXT)")
    conn.execute("CREATE TEMP TABLE bench_tips (id INTEGER PRIMARY KEY, tip TEXT)")
    long = [quiz for quiz in library.quizzes.values() if len(quiz.questions) >= ANSWERS]
    asked = [json.dumps([[quiz.id, question.id] for question in quiz.questions[:ANSWERS]]) for quiz in long]
    rows = [(place, quiz.id, questions) for place, (quiz, questions) in enumerate(zip(long, asked, strict=True))]
    conn.executemany("INSERT INTO bench_quizzes VALUES (?, ?, ?)", rows)
    conn.executemany("INSERT INTO bench_tips VALUES (?, ?)", enumerate(library.tips))
