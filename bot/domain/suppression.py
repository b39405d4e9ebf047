"""Which numbers of a table have to be left out, so that nobody in it can be recognised.

Primary: a cell that is of fewer than FEWEST people. Secondary: as many more cells as it takes for no reader to work a
hidden one out of the totals and of the cells that are shown, knowing that counts are whole and never negative. All of
them get one and the same sign: were the small ones marked, two of them beside their total would tell each other.

A zero is a cell like another and is hidden with the small ones: were all zeros shown, each hidden cell would be at
least one, and five ones beside a total of five would be no secret. It is shown where it follows from the rest anyway.

Method: the cells and totals of an additive table are a flow, from rows to columns. A hidden cell can have another value
if, and only if, some of the flow can go another way round: along any hidden cell, or back along one that is not empty
(D. Gusfield, A graph theoretic approach to statistical data security, SIAM Journal on Computing 17(3), 1988).
"""

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import product

FEWEST = 5
"""Below this many people a number is not shown."""

Cell = tuple[int, int]
_Node = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Tally:
    """How many of something there are, and how many people they come from."""

    count: int
    people: int

    @property
    def is_small(self) -> bool:
        """Whether it comes from too few people to be shown."""
        return self.people < FEWEST


NOTHING = Tally(0, 0)


def hidden_in_line(cells: Sequence[Tally]) -> frozenset[int]:
    """Which cells of a line are hidden, when their sum stands beside them."""
    everywhere = frozenset(range(len(cells)))
    return frozenset(place for _, place in hidden_in_grid([cells], hidden_columns=everywhere))


def hidden_in_grid(
    cells: Sequence[Sequence[Tally]],
    *,
    hidden_rows: AbstractSet[int] = frozenset(),
    hidden_columns: AbstractSet[int] = frozenset(),
) -> frozenset[Cell]:
    """Which cells of a table are hidden, when the sums of its rows and columns stand beside it, but for the named ones.

    The sum of everything is taken to be shown. Rows and columns whose sum is of few people have to be among the named.
    """
    grid = _Grid(cells, hidden_rows, hidden_columns)
    hidden = {cell for cell in grid.inner if grid.tallies[cell].is_small}
    while exposed := next(
        (cell for cell in sorted(hidden) if grid.holds(cell) and grid.gives_away(cell, hidden)), None
    ):
        more = grid.cover(exposed, hidden)
        if not more:
            break
        hidden |= more
    return frozenset(cell for cell in hidden if grid.holds(cell) or not grid.gives_away(cell, hidden))


class _Grid:
    """A table with its totals as one more row and one more column; cells are (row, column)."""

    def __init__(
        self, cells: Sequence[Sequence[Tally]], hidden_rows: AbstractSet[int], hidden_columns: AbstractSet[int]
    ) -> None:
        self.height, self.width = len(cells), len(cells[0]) if cells else 0
        self.inner = list(product(range(self.height), range(self.width)))
        self.unshown = {(row, self.width) for row in hidden_rows} | {(self.height, column) for column in hidden_columns}
        self.tallies = {(row, column): cells[row][column] for row, column in self.inner}
        self.tallies |= {(row, self.width): _sum(cells[row]) for row in range(self.height)}
        self.tallies |= {(self.height, column): _sum(row[column] for row in cells) for column in range(self.width)}

    def holds(self, cell: Cell) -> bool:
        """Whether there is anything in a cell."""
        return self.tallies[cell].count > 0

    def gives_away(self, cell: Cell, hidden: AbstractSet[Cell]) -> bool:
        """Whether a hidden cell can have no other value."""
        start, end = self._ends(cell)
        ways = self._ways(one for one in hidden | self.unshown if one != cell)
        return not (_leads(ways, end, start) or (self.holds(cell) and _leads(ways, start, end)))

    def _ways(self, cells: Iterable[Cell]) -> dict[_Node, list[_Node]]:
        """From each row and column, to which a part of the flow could go instead."""
        ways: dict[_Node, list[_Node]] = {}
        for cell in cells:
            start, end = self._ends(cell)
            ways.setdefault(start, []).append(end)
            if self.holds(cell):
                ways.setdefault(end, []).append(start)
        return ways

    def _ends(self, cell: Cell) -> tuple[_Node, _Node]:
        """A cell flows from its row to its column, a total back again."""
        row, column = ("row", cell[0]), ("column", cell[1])
        return (column, row) if self._is_total(cell) else (row, column)

    def _is_total(self, cell: Cell) -> bool:
        return cell[0] == self.height or cell[1] == self.width

    def cover(self, cell: Cell, hidden: AbstractSet[Cell]) -> set[Cell]:
        """More cells to hide, losing as little as can be, so that this one can have another value; empty: none left."""
        gone = hidden | self.unshown
        ways = [corners - gone for corners in self._rectangles(cell, gone)]
        ways = [way for way in ways if way] or [{one} for one in self.inner if one not in hidden]
        return min(ways, key=lambda way: (sum(self.tallies[one].count for one in way), sorted(way)), default=set())

    def _rectangles(self, cell: Cell, gone: AbstractSet[Cell]) -> Iterator[set[Cell]]:
        """The other corners of each rectangle round which some of the flow could go, if they were hidden."""
        row, column = cell
        for other in product(range(self.height + 1), range(self.width + 1)):
            beside, below = (row, other[1]), (other[0], column)
            corners = {beside, below, other}
            if other[0] == row or other[1] == column or any(one not in gone and self._is_total(one) for one in corners):
                continue
            if self._is_total(other) or self.holds(other) or (self.holds(beside) and self.holds(below)):
                yield corners


def _sum(cells: Iterable[Tally]) -> Tally:
    parts = list(cells)
    return Tally(sum(part.count for part in parts), sum(part.people for part in parts))


def _leads(ways: dict[_Node, list[_Node]], start: _Node, end: _Node) -> bool:
    seen, ahead = {start}, [start]
    while ahead:
        for node in ways.get(ahead.pop(), ()):
            if node == end:
                return True
            if node not in seen:
                seen.add(node)
                ahead.append(node)
    return False
