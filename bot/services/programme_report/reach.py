"""Whom the programme reached, and with what: by area, month and district."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.domain.areas import DISTRICTS, Area
from bot.services.programme_report import cells
from bot.services.programme_report.cells import NOTHING, Tally
from bot.services.programme_report.messages import Messages
from bot.services.programme_report.model import COLUMNS, SEVERAL, TOTAL, UNSAID, Gap, Name, Row, Table, Value
from bot.storage import yearly
from bot.storage.database import Connection
from bot.storage.yearly import Frame, Group

AREAS: tuple[str | None, ...] = (*(area.value for area in Area), None)
MONTHS = tuple(range(1, 13))
PLACES: tuple[int | None, ...] = (*range(1, len(DISTRICTS) + 1), None)
KNOWN = frozenset({"messages", "budget"})
"""Columns that need nobody to be still here."""
Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """One kind of act, counted by some columns and all together."""

    groups: Mapping[Key, Group]
    total: Group

    def tally(self, *key: object) -> Tally:
        """How many there are of a group, and of how many people."""
        found = self.groups.get(key)
        return Tally(found.count, found.people) if found else NOTHING

    def part(self, *key: object) -> int:
        """How many of a group came to their end."""
        return self.groups[key].part if key in self.groups else 0


@dataclass(frozen=True, slots=True)
class Reach:
    """Everything that people did in a year, in each of the ways the report shows it."""

    acts: Mapping[str, Cut]
    attempts: Mapping[str, Cut]
    tips: Mapping[str, Cut]
    answers: Cut
    """By area."""


async def reach(conn: Connection, frame: Frame) -> Reach:
    """Count what people did."""
    lines = ("area", "month", "district")
    acts = await yearly.acts_by(conn, frame)
    attempts = await yearly.attempts_by(conn, frame)
    tips = await yearly.tips_by(conn, frame)
    answers = await yearly.answers_by(conn, frame)
    grids = {f"area_{by}": _cut(await yearly.attempts_by(conn, frame, by, "area"), attempts) for by in lines[1:]}
    return Reach(
        acts={by: _cut(await yearly.acts_by(conn, frame, by), acts) for by in lines},
        attempts={by: _cut(await yearly.attempts_by(conn, frame, by), attempts) for by in lines} | grids,
        tips={by: _cut(await yearly.tips_by(conn, frame, by), tips) for by in lines},
        answers=_cut(await yearly.answers_by(conn, frame, "area"), answers),
    )


def _cut(groups: Sequence[Group], total: Sequence[Group]) -> Cut:
    return Cut({group.key: group for group in groups}, total[0])


# --- tables


def by_area(found: Reach, messages: Messages) -> Table:
    """What was done in each area."""
    columns = _acted(found, "area", AREAS)
    sent = [messages.by_area.get(area, 0) for area in AREAS]
    answers, all_answers = _line(found.answers, AREAS)
    right = [
        cells.share(found.answers.part(area), found.answers.tally(area), answers[n]) for n, area in enumerate(AREAS)
    ]
    columns |= {
        "messages": [*sent, sum(sent)],
        "answers": [*answers, all_answers],
        "right": [*right, cells.share(found.answers.total.part, found.answers.total.count, all_answers)],
    }
    return _table(Name.AREA, [area or SEVERAL for area in AREAS], columns)


def by_month(found: Reach, messages: Messages, states: Sequence[Gap | None]) -> Table:
    """What was done in each month; `states` says which of them were not measured, or are still to come."""
    measured = _measured(states)
    columns = _acted(found, "month", measured)
    columns["messages"] = [*(messages.by_month.get(month, 0) for month in measured), messages.total]
    table = _with_gaps(_table(Name.MONTH, list(map(str, measured)), columns), states)
    return Table(table.name, tuple(_with_messages(row, messages) for row in table.rows))


def _measured(states: Sequence[Gap | None]) -> list[int]:
    return [month for month, state in zip(MONTHS, states, strict=True) if state is None]


def _with_messages(row: Row, messages: Messages) -> Row:
    """The ledger knows what was sent, whether or not anybody of then is still here."""
    keys = [key for key, _ in COLUMNS[Name.MONTH]]
    unmeasured = Gap.UNMEASURED in row.values
    sent = messages.by_month.get(int(row.key), 0) if unmeasured and row.key != TOTAL else 0
    return Row(
        row.key,
        tuple(sent if unmeasured and key in KNOWN else value for key, value in zip(keys, row.values, strict=True)),
    )


def by_district(found: Reach) -> Table:
    """What the people of each district did."""
    return _table(Name.DISTRICT, _place_keys(), _acted(found, "district", PLACES))


def _place_keys() -> list[str]:
    return [str(place) if place else UNSAID for place in PLACES]


def _acted(found: Reach, by: str, keys: Sequence[Any]) -> dict[str, list[Value]]:
    people = [cells.of_people(found.acts[by].tally(key).people) for key in keys]
    active, all_active = cells.line(people, cells.of_people(found.acts[by].total.people))
    tried = found.attempts[by]
    attempts, all_attempts = _line(tried, keys)
    finished = _shares(tried, keys, attempts)
    tips, all_tips = _line(found.tips[by], keys)
    return {
        "active": [*active, all_active],
        "attempts": [*attempts, all_attempts],
        "finished": [*finished, cells.share(tried.total.part, tried.total.count, all_attempts)],
        "tips": [*tips, all_tips],
    }


def _line(cut: Cut, keys: Sequence[Any]) -> tuple[list[Value], Value]:
    return cells.line([cut.tally(key) for key in keys], Tally(cut.total.count, cut.total.people))


def _shares(cut: Cut, keys: Sequence[Any], shown: Sequence[Value]) -> list[Value]:
    return [cells.share(cut.part(key), cut.tally(key), value) for key, value in zip(keys, shown, strict=True)]


def crossed(found: Reach, states: Sequence[Gap | None]) -> tuple[Table, Table]:
    """Attempts by area and month, and by area and district."""
    measured = _measured(states)
    months = _crossed(Name.AREA_MONTH, found, "month", measured, list(map(str, measured)))
    return _with_gaps(months, states), _crossed(Name.AREA_DISTRICT, found, "district", PLACES, _place_keys())


def _crossed(name: Name, found: Reach, by: str, keys: Sequence[Any], labels: Sequence[str]) -> Table:
    cut = found.attempts[f"area_{by}"]
    rows, total = _line(found.attempts[by], keys)
    columns, _ = _line(found.attempts["area"], AREAS)
    inner = cells.grid([[cut.tally(key, area) for area in AREAS] for key in keys], rows, columns)
    lines = [Row(label, (*line, rows[place])) for place, (label, line) in enumerate(zip(labels, inner, strict=True))]
    return Table(name, (*lines, Row(TOTAL, (*columns, total))))


def _table(name: Name, keys: Sequence[str], columns: Mapping[str, Sequence[Value]]) -> Table:
    ordered = [columns[column] for column, _ in COLUMNS[name]]
    return Table(name, tuple(Row(key, tuple(values)) for key, *values in _rows([*keys, TOTAL], ordered)))


def _rows(keys: Sequence[str], columns: Sequence[Sequence[Value]]) -> list[Any]:
    return list(zip(keys, *columns, strict=True))


def _with_gaps(table: Table, states: Sequence[Gap | None]) -> Table:
    """All twelve months: those without numbers say why."""
    width = len(COLUMNS[table.name])
    found = {row.key: row for row in table.rows}
    months = [
        found.get(str(month)) or Row(str(month), (state or Gap.AHEAD,) * width)
        for month, state in zip(MONTHS, states, strict=True)
    ]
    return Table(table.name, (*months, found[TOTAL]))


def month_states(frame: Frame, since: datetime | None, now: datetime) -> list[Gap | None]:
    """Of each month: None if it was measured, or why it was not."""

    def state(start: datetime, end: datetime) -> Gap | None:
        if start > now:
            return Gap.AHEAD
        return None if since and since < end else Gap.UNMEASURED

    return [state(start, end) for start, end in zip(frame.bounds, frame.bounds[1:], strict=False)]
