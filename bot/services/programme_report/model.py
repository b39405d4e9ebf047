"""A year's report as it is kept: tables of numbers from which nobody can be told any more, and no words."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.domain.areas import Area


class Gap(StrEnum):
    """Why there is no number."""

    HIDDEN = "hidden"
    """Of fewer than five people, or it would tell of such a number."""
    UNMEASURED = "unmeasured"
    """Nobody counted it; it may have been anything."""
    AHEAD = "ahead"
    """It has not happened yet."""
    NOTHING = "nothing"
    """There is nothing to take a share of."""


Value = int | float | str
"""A number; a date in ISO's form; or a Gap, which is a string of its own."""


class Kind(StrEnum):
    """How a value is written."""

    COUNT = "count"
    SHARE = "share"
    """Of one: 0.25 is 25 %."""
    POINTS = "points"
    """A difference of two shares: 0.07 is 7 percentage points."""
    MONEY = "money"
    """Złoty."""
    DAY = "day"


class Name(StrEnum):
    """The tables, in the order in which they are read."""

    KEY = "key"
    COST = "cost"
    AREA = "area"
    MONTH = "month"
    DISTRICT = "district"
    AREA_MONTH = "area_month"
    AREA_DISTRICT = "area_district"
    GAIN = "gain"
    WORKSHOPS = "workshops"
    CAMPAIGNS = "campaigns"
    CONSENTS = "consents"


TOTAL, SEVERAL, UNSAID = "total", "several", "unsaid"
"""Keys of rows: all together, no one area, no district given."""

_BY_AREA = tuple((key, Kind.COUNT) for key in (*Area, SEVERAL, TOTAL))
COLUMNS: Mapping[Name, tuple[tuple[str, Kind], ...]] = {
    Name.KEY: (
        *(("active", Kind.COUNT), ("joined", Kind.COUNT), ("attempts", Kind.COUNT), ("finished", Kind.SHARE)),
        *(("right", Kind.SHARE), ("tips", Kind.COUNT), ("messages", Kind.COUNT), ("pupils", Kind.COUNT)),
    ),
    Name.COST: (("budget", Kind.MONEY), ("active", Kind.COUNT), ("cost", Kind.MONEY)),
    Name.AREA: (
        *(("active", Kind.COUNT), ("messages", Kind.COUNT), ("attempts", Kind.COUNT), ("finished", Kind.SHARE)),
        *(("answers", Kind.COUNT), ("right", Kind.SHARE), ("tips", Kind.COUNT)),
    ),
    Name.MONTH: (
        *(("active", Kind.COUNT), ("messages", Kind.COUNT), ("attempts", Kind.COUNT), ("finished", Kind.SHARE)),
        ("tips", Kind.COUNT),
    ),
    Name.DISTRICT: (("active", Kind.COUNT), ("attempts", Kind.COUNT), ("finished", Kind.SHARE), ("tips", Kind.COUNT)),
    Name.AREA_MONTH: _BY_AREA,
    Name.AREA_DISTRICT: _BY_AREA,
    Name.GAIN: (
        *(("people", Kind.COUNT), ("before", Kind.SHARE), ("after", Kind.SHARE)),
        *(("gain", Kind.POINTS), ("low", Kind.POINTS), ("high", Kind.POINTS)),
    ),
    Name.WORKSHOPS: (
        *(("held", Kind.COUNT), ("off", Kind.COUNT), ("ahead", Kind.COUNT), ("places", Kind.COUNT)),
        *(("booked", Kind.COUNT), ("attended", Kind.COUNT), ("turnout", Kind.SHARE)),
    ),
    Name.CAMPAIGNS: (
        *(("first", Kind.DAY), ("runs", Kind.COUNT), ("audience", Kind.COUNT), ("delivered", Kind.COUNT)),
        *(("blocked", Kind.COUNT), ("failed", Kind.COUNT), ("presses", Kind.COUNT)),
    ),
    Name.CONSENTS: (("daily_tips", Kind.COUNT), ("alerts", Kind.COUNT), ("campaigns", Kind.COUNT)),
}
"""Table → its columns, and how their values are written."""
UPRIGHT = frozenset({Name.KEY, Name.COST})
"""Tables of one row, which are read downwards."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table."""

    key: str
    """An area, a month's or a district's number, a campaign's; or TOTAL, SEVERAL, UNSAID."""
    values: tuple[Value, ...]
    """In the order of COLUMNS."""
    title: str = ""
    """Of a campaign, as staff called it."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the report."""

    name: Name
    rows: tuple[Row, ...]

    def column(self, key: str) -> list[Value]:
        """The values of a column, from row to row."""
        place = [name for name, _ in COLUMNS[self.name]].index(key)
        return [row.values[place] for row in self.rows]

    def row(self, key: str) -> Mapping[str, Value]:
        """Column → value, of one row."""
        found = next(row for row in self.rows if row.key == key)
        return {name: value for (name, _), value in zip(COLUMNS[self.name], found.values, strict=True)}


@dataclass(frozen=True, slots=True)
class Report:
    """A year as it was at an instant."""

    year: int
    as_of: datetime
    in_progress: bool
    """Whether the year was not over yet."""
    demo: bool
    """Whether some of the city was made up."""
    tables: tuple[Table, ...]

    def table(self, name: Name) -> Table:
        """One of its tables."""
        return next(table for table in self.tables if table.name is name)


def as_data(report: Report) -> dict[str, Any]:
    """A report as JSON can hold it."""
    return asdict(report) | {"as_of": report.as_of.isoformat()}


def from_data(data: Mapping[str, Any]) -> Report:
    """The report that `as_data` wrote."""
    return Report(
        year=data["year"],
        as_of=datetime.fromisoformat(data["as_of"]),
        in_progress=data["in_progress"],
        demo=data["demo"],
        tables=tuple(Table(Name(one["name"]), _rows(one["rows"])) for one in data["tables"]),
    )


def _rows(rows: Sequence[Mapping[str, Any]]) -> tuple[Row, ...]:
    return tuple(Row(row["key"], tuple(row["values"]), row["title"]) for row in rows)
