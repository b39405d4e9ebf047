"""Totals for other programs, with every number left out in which somebody could be recognised."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.catalogue.library import Library
from bot.domain.areas import Area
from bot.domain.suppression import NOTHING, Tally, hidden_in_grid, hidden_in_line
from bot.services.kept import kept
from bot.storage import totals as store
from bot.storage.database import Connection, Database
from scheduler.calendar import ZONE

RESIDENTS_BY = ("channel", "language", "district")
KEPT_FOR = timedelta(minutes=15)
MIXED = "mixed"
"""Where a mixture of questions from several areas counts, and a quiz that is no more."""
MONTHS = 12
Pair = tuple[str, int | None]
"""A name and its number, None where it is left out."""


@dataclass(frozen=True, slots=True)
class Part:
    """One number; None where it is left out."""

    name: str
    count: int | None


@dataclass(frozen=True, slots=True)
class Residents:
    """How many people talk with the bot, and how they are spread."""

    made_at: datetime
    total: int | None
    by: Mapping[str, tuple[Part, ...]]


@dataclass(frozen=True, slots=True)
class Attempts:
    """Quiz attempts of a year: a row for each area, a column for each month."""

    made_at: datetime
    total: int | None
    areas: tuple[Part, ...]
    months: tuple[Part, ...]
    cells: tuple[tuple[int | None, ...], ...]


# --- residents


async def residents(database: Database, now: datetime) -> Residents:
    """The residents, as they were counted within the last quarter of an hour, or a little before."""
    made_at, found = await kept(database, "api:residents:1", _count_residents, now=now, for_=KEPT_FOR)
    return Residents(made_at, found["total"], {by: _read(found[by]) for by in RESIDENTS_BY})


async def _count_residents(conn: Connection) -> Any:
    """What is kept has its small numbers left out already."""
    counts = {by: await store.residents_by(conn, by) for by in RESIDENTS_BY}
    total = Tally(people := sum(counts["channel"].values()), people)
    return {"total": _shown(total), **{by: _line(counts[by], total) for by in RESIDENTS_BY}}


def _line(counts: Mapping[str, int], total: Tally) -> list[Pair]:
    names = sorted(counts, key=lambda name: (not name, int(name) if name.isdecimal() else 0, name))
    line = [Tally(counts[name], counts[name]) for name in names]
    return _pairs([name or "unknown" for name in names], line, _hidden(line, total))


def _hidden(line: Sequence[Tally], total: Tally) -> frozenset[int]:
    """What is left out of a line that adds up to a total which is told, if that is not too small itself."""
    return frozenset(range(len(line))) if total.is_small and total.count else hidden_in_line(line)


def _pairs(names: Sequence[str], line: Sequence[Tally], hidden: frozenset[int]) -> list[Pair]:
    return [(name, None if place in hidden else line[place].count) for place, name in enumerate(names)]


def _read(pairs: Sequence[Pair]) -> tuple[Part, ...]:
    return tuple(Part(name, count) for name, count in pairs)


def _shown(tally: Tally) -> int | None:
    return None if tally.is_small and tally.count else tally.count


# --- attempts


async def attempts(database: Database, library: Library, year: int, now: datetime) -> Attempts:
    """The attempts that were begun in a year of Kraków's time, by area and month."""
    quizzes = {area.value: [one.id for one in library.quizzes.values() if one.area is area] for area in Area}

    async def count(conn: Connection) -> Any:
        found = await store.attempts_by(conn, quizzes, month_bounds(year))
        return _table({part: Tally(*counts) for part, counts in found.items()})

    made_at, found = await kept(database, f"api:attempts:{year}:1", count, now=now, for_=KEPT_FOR)
    cells = tuple(map(tuple, found["cells"]))
    return Attempts(made_at, found["total"], _read(found["areas"]), _read(found["months"]), cells)


def month_bounds(year: int) -> tuple[datetime, ...]:
    """The beginning of each month of a year in Kraków, and the end of the last."""
    begins = [datetime(year, month, 1, tzinfo=ZONE) for month in range(1, MONTHS + 1)]
    return (*begins, datetime(year + 1, 1, 1, tzinfo=ZONE))


def _table(found: Mapping[store.Part, Tally]) -> Any:
    """A row for each area, a column for each month; what is kept of it has its small numbers left out already."""
    names, places, total = [*(area.value for area in Area), ""], range(MONTHS), found.get((None, None), NOTHING)
    cells = [[found.get((name, place), NOTHING) for place in places] for name in names]
    areas = [found.get((name, None), NOTHING) for name in names]
    months = [found.get((None, place), NOTHING) for place in places]
    no_areas, no_months = _hidden(areas, total), _hidden(months, total)
    hidden = hidden_in_grid(cells, hidden_rows=no_areas, hidden_columns=no_months)
    nothing = _shown(total) is None
    return {
        "total": _shown(total),
        "areas": _pairs([name or MIXED for name in names], areas, no_areas),
        "months": _pairs([f"{place + 1:02}" for place in places], months, no_months),
        "cells": [
            [None if nothing or (row, place) in hidden else cell.count for place, cell in enumerate(line)]
            for row, line in enumerate(cells)
        ],
    }
