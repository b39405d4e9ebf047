"""The report in words: what stands on the page, on paper and in the files, in one language."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from bot.catalogue.library import Library
from bot.domain.areas import Area, district_numeral
from bot.domain.messages import Param, Plain, say
from bot.services.programme_report.model import (
    COLUMNS,
    SEVERAL,
    TOTAL,
    UNSAID,
    UPRIGHT,
    Gap,
    Kind,
    Name,
    Report,
    Row,
    Table,
    Value,
)

HIDDEN_SIGN = "#"
"""The sign of official statistics in Poland for what may not be shown."""
DASH = "–"
WHOLE_ZLOTY = 100
"""From here on money is written without grosz."""
NOTES = ("hidden", "unmeasured", "dash", "left", "year")
_FIRST: Mapping[Name, str] = {
    Name.MONTH: "month",
    Name.AREA_MONTH: "month",
    Name.CONSENTS: "month",
    Name.DISTRICT: "district",
    Name.AREA_DISTRICT: "district",
    Name.CAMPAIGNS: "campaign",
}
"""Table → what its rows are; the others' are areas."""
_BARS: Mapping[Name, tuple[str, ...]] = {
    Name.AREA: ("active", "right"),
    Name.MONTH: ("active", "attempts"),
    Name.DISTRICT: ("active",),
    Name.GAIN: ("before", "after"),
    Name.WORKSHOPS: ("booked",),
    Name.CAMPAIGNS: ("delivered",),
}
"""Table → the columns that are drawn as bars, each in a plot of its own."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table."""

    label: str
    cells: tuple[str, ...]
    total: bool


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a plot; without a value there is none, only words."""

    label: str
    value: float | None
    text: str

    @property
    def row(self) -> tuple[str, float | None, str]:
        """As a page's plot takes it."""
        return self.label, self.value, self.text


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a plot; without a value it is broken."""

    name: str
    values: tuple[float | None, ...]

    @property
    def row(self) -> tuple[str, tuple[float | None, ...]]:
        """As a page's plot takes it."""
        return self.name, self.values


@dataclass(frozen=True, slots=True)
class Plot:
    """A picture of numbers that the table beside it holds too: bars, or lines over `labels`."""

    title: str
    alt: str
    bars: tuple[Bar, ...] = ()
    labels: tuple[str, ...] = ()
    series: tuple[Series, ...] = ()
    most: str = ""
    """The highest value of the lines, in words."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table in words."""

    name: str
    title: str
    about: str
    first: str
    """The heading over the lines' labels."""
    headings: tuple[str, ...]
    lines: tuple[Line, ...]
    meanings: tuple[tuple[str, str], ...]
    """Heading and what is counted under it."""
    plots: tuple[Plot, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """The whole report in words."""

    language: str
    title: str
    name: str
    operator: str
    as_of: str
    warnings: tuple[str, ...]
    """What has to be known before anything is read: that the year goes on, that the city is invented."""
    notes: tuple[str, ...]
    """How to read it."""
    sheets: tuple[Sheet, ...]


def read(report: Report, library: Library, language: str) -> Reading:
    """The report in a language."""
    return _Reader(library, language).whole(report)


@dataclass(frozen=True, slots=True)
class _Reader:
    library: Library
    language: str

    def say(self, key: str, **params: Param) -> str:
        return self.library.words.label(say(key, **params), self.language)

    def whole(self, report: Report) -> Reading:
        programme = self.library.programme
        at = self.library.words.moment(report.as_of, self.language)
        warnings = [key for key, holds in (("demo", report.demo), ("in_progress", report.in_progress)) if holds]
        return Reading(
            language=self.language,
            title=self.say("report.title", name=programme.name, year=report.year),
            name=self.say("report.name", year=report.year),
            operator=self.library.words.label(Plain(programme.operator), self.language),
            as_of=self.say("report.as_of", at=at),
            warnings=tuple(self.say(f"report.{key}") for key in warnings),
            notes=tuple(self.say(f"report.reading.{key}") for key in NOTES),
            sheets=tuple(self.sheet(table) for table in report.tables),
        )

    def sheet(self, table: Table) -> Sheet:
        headings = tuple(self.heading(key) for key, _ in COLUMNS[table.name])
        lines = tuple(self.line(table.name, row) for row in table.rows)
        upright = table.name in UPRIGHT
        return Sheet(
            name=table.name.value,
            title=self.say(f"report.table.{table.name.value}"),
            about=self.say(f"report.about.{table.name.value}"),
            first=self.say("report.column.what" if upright else f"report.column.{_FIRST.get(table.name, 'area')}"),
            headings=(self.say("report.column.value"),) if upright else headings,
            lines=tuple(_upright(headings, lines[0])) if upright else lines,
            meanings=tuple(self.meanings(table.name)),
            plots=tuple(self.plots(table)),
        )

    def heading(self, key: str) -> str:
        """Of a column; in tables by area the columns are areas."""
        return self.row_label(key) if key in (*Area, SEVERAL, TOTAL) else self.say(f"report.column.{key}")

    def meanings(self, name: Name) -> Iterator[tuple[str, str]]:
        for key, _ in COLUMNS[name]:
            if key not in (*Area, SEVERAL, TOTAL):
                yield self.heading(key), self.say(f"report.means.{key}")

    def line(self, name: Name, row: Row) -> Line:
        kinds = (kind for _, kind in COLUMNS[name])
        cells = tuple(self.value(kind, value) for kind, value in zip(kinds, row.values, strict=True))
        return Line(self.label(name, row), cells, total=row.key == TOTAL)

    def label(self, name: Name, row: Row) -> str:
        """What a row is of."""
        if row.title:
            return row.title
        of = _FIRST.get(name, "area")
        if of == "month" and row.key != TOTAL:
            return self.say(f"report.month.{row.key}")
        if of == "district" and row.key not in (TOTAL, UNSAID):
            return self.district(int(row.key))
        return self.row_label(row.key)

    def row_label(self, key: str) -> str:
        if key in (TOTAL, SEVERAL, UNSAID):
            return self.say(f"report.row.{key}")
        return self.library.words.label(Plain(self.library.programme.areas[Area(key)].name), self.language)

    def district(self, number: int) -> str:
        name = next(one.name for one in self.library.programme.districts if one.number == number)
        return f"{district_numeral(number)} {name}"

    def value(self, kind: Kind, value: Value) -> str:
        """A value as it is written."""
        if value == Gap.HIDDEN:
            return HIDDEN_SIGN
        if value in (Gap.AHEAD, Gap.NOTHING):
            return DASH
        if value == Gap.UNMEASURED:
            return self.say("report.unmeasured")
        if isinstance(value, str):
            return self.library.words.day(date.fromisoformat(value), self.language)
        return self.number(kind, value)

    def number(self, kind: Kind, value: float) -> str:
        words = self.library.words
        if kind is Kind.SHARE:
            return words.percent(value, self.language)
        if kind is Kind.POINTS:
            sign = "+" if value > 0 else "−" if value < 0 else ""
            return self.say("report.points", value=sign + words.number(abs(round(100 * value, 1)), self.language))
        if kind is Kind.MONEY:
            amount = round(value) if value >= WHOLE_ZLOTY else round(value, 2)
            return self.say("report.zloty", value=words.number(amount, self.language))
        return words.number(value, self.language)

    # --- plots

    def plots(self, table: Table) -> Iterator[Plot]:
        for key in _BARS.get(table.name, ()):
            bars = tuple(self.bars(table, key))
            if any(bar.value for bar in bars):
                yield self.plot(table.name, self.heading(key), bars=bars)
        if table.name is Name.CONSENTS:
            keys = [key for key, _ in COLUMNS[table.name]]
            series = tuple(Series(self.heading(key), tuple(map(_drawn, table.column(key)))) for key in keys)
            labels = tuple(self.label(table.name, row) for row in table.rows)
            if any(value for one in series for value in one.values):
                yield self.plot(table.name, "", labels=labels, series=series)

    def bars(self, table: Table, key: str) -> Iterator[Bar]:
        kind = dict(COLUMNS[table.name])[key]
        for row, value in zip(table.rows, table.column(key), strict=True):
            if row.key != TOTAL:
                yield Bar(self.label(table.name, row), _drawn(value), self.value(kind, value))

    def plot(
        self,
        name: Name,
        what: str,
        *,
        bars: tuple[Bar, ...] = (),
        labels: tuple[str, ...] = (),
        series: tuple[Series, ...] = (),
    ) -> Plot:
        table = self.say(f"report.table.{name.value}")
        title = f"{table}: {what}" if what else table
        most = max((value or 0 for one in series for value in one.values), default=0)
        top = self.library.words.number(round(most), self.language)
        return Plot(title, self.say("report.plot.alt", title=title), bars, labels, series, top)


def _upright(headings: Sequence[str], line: Line) -> Iterator[Line]:
    for heading, cell in zip(headings, line.cells, strict=True):
        yield Line(heading, (cell,), total=False)


def _drawn(value: Value) -> float | None:
    return None if isinstance(value, str) else float(value)
