"""The report of `content check`, made beside everything else and kept until the content changes.

To read every file strictly takes seconds of work, so it is done in a thread, once at a time, and whoever asks in the
meantime waits for the same or looks at the report before.
"""

import asyncio
import hashlib
from dataclasses import astuple, dataclass
from datetime import datetime
from pathlib import Path
from weakref import WeakKeyDictionary

from bot.catalogue.check import check
from bot.catalogue.loader import Reader
from bot.catalogue.problems import Problem, Severity
from bot.storage import kept as store
from bot.storage.database import Database
from scheduler.calendar import ZONE

NAME = "content-check:1"

_CHECKING: WeakKeyDictionary[Database, asyncio.Task["Report"]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Report:
    """What is to be put right."""

    made_at: datetime
    problems: tuple[Problem, ...]
    """Their files are below the content folder."""
    content: str
    """The state of the files that were read, to compare with a later one."""

    @property
    def errors(self) -> int:
        """How many problems keep an edit from being used."""
        return sum(problem.severity is Severity.ERROR for problem in self.problems)


async def state(folder: Path) -> str:
    """What tells one state of the content's files from another."""
    return await asyncio.to_thread(_state, folder)


def _state(folder: Path) -> str:
    files = ((file.relative_to(folder), stamp) for file, stamp in Reader(folder).snapshot().items())
    return hashlib.sha256("\n".join(f"{file} {stamp}" for file, stamp in sorted(files)).encode()).hexdigest()


async def last(database: Database) -> Report | None:
    """The report that was made last, if there is one."""
    async with database.read() as conn:
        found = await store.find(conn, NAME)
    if found is None:
        return None
    made_at, data = found
    problems = (
        Problem(file, line, column, message, Severity(severity))
        for file, line, column, message, severity in data["problems"]
    )
    return Report(made_at, tuple(problems), data["content"])


def begin(database: Database, folder: Path, now: datetime) -> "asyncio.Task[Report]":
    """Have a report made, or go on with the one that is being made."""
    if present := being_made(database):
        return present
    _CHECKING[database] = asyncio.create_task(_make(database, folder, now), name="content check")
    return _CHECKING[database]


def being_made(database: Database) -> "asyncio.Task[Report] | None":
    """The report that is being made, if one is."""
    task = _CHECKING.get(database)
    return None if task is None or task.done() else task


async def _make(database: Database, folder: Path, now: datetime) -> Report:
    report = await asyncio.to_thread(_check, folder, now)
    problems = [list(astuple(problem)) for problem in report.problems]
    async with database.begin() as conn:
        await store.save(conn, NAME, now, {"problems": problems, "content": report.content})
    return report


def _check(folder: Path, now: datetime) -> Report:
    before = _state(folder)  # what is edited while it is read counts as changed
    problems = check(Reader(folder).read(), now.astimezone(ZONE).date())
    return Report(now, tuple(_below(folder, problem) for problem in problems), before)


def _below(folder: Path, problem: Problem) -> Problem:
    """The problem with its file as authors know it: no place on the server's disk."""
    file = Path(problem.file)
    short = file.relative_to(folder) if file.is_relative_to(folder) else file
    return Problem(str(short), problem.line, problem.column, problem.message, problem.severity)
