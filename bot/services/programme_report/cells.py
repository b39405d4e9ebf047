"""Counts as they may be shown: a number, or a Gap in its place."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from bot.domain.suppression import FEWEST, NOTHING, Tally, hidden_in_grid, hidden_in_line
from bot.services.programme_report.model import Gap, Value


def alone(tally: Tally) -> Value:
    """A count that stands in no line: nought may be seen, a few may not."""
    return Gap.HIDDEN if tally.count and tally.is_small else tally.count


def line(cells: Sequence[Tally], total: Tally | None = None) -> tuple[list[Value], Value]:
    """The cells of a line and their total; give it where it is not their sum, as of people, who can be in several."""
    together = Tally(sum(cell.count for cell in cells), sum(cell.people for cell in cells))
    total = together if total is None else total
    if total.count and total.is_small:
        return [Gap.HIDDEN] * len(cells), Gap.HIDDEN
    hidden = hidden_in_line(cells)
    return [Gap.HIDDEN if place in hidden else cell.count for place, cell in enumerate(cells)], total.count


def grid(
    cells: Sequence[Sequence[Tally]], row_totals: Sequence[Value], column_totals: Sequence[Value]
) -> list[list[Value]]:
    """The cells of a table, beside totals of which `line` has decided in the tables of one dimension."""
    if row_totals and all(total == Gap.HIDDEN for total in row_totals):
        return [[Gap.HIDDEN] * len(row) for row in cells]
    hidden = hidden_in_grid(cells, hidden_rows=_hidden(row_totals), hidden_columns=_hidden(column_totals))
    return [
        [Gap.HIDDEN if (place, other) in hidden else cell.count for other, cell in enumerate(row)]
        for place, row in enumerate(cells)
    ]


def share(part: float, of: Tally | float, shown: Value = 0) -> Value:
    """A part of a whole as a share; a gap where the whole is one, and none of nothing."""
    whole = of.count if isinstance(of, Tally) else of
    if shown in (Gap.HIDDEN, Gap.UNMEASURED):
        return shown
    return part / whole if whole else Gap.NOTHING


def of_people(count: int) -> Tally:
    """A count of people, or of places, each of them for one."""
    return Tally(count, count)


def _hidden(totals: Sequence[Value]) -> AbstractSet[int]:
    return {place for place, total in enumerate(totals) if total == Gap.HIDDEN}


__all__ = ["FEWEST", "NOTHING", "Tally", "alone", "grid", "line", "of_people", "share"]
