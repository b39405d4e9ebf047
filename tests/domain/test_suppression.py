"""What a reader can work out of a table with hidden cells: nothing of those that are of few people.

The reader here is another method than the code's: equations solved exactly, and every table tried that could be meant.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import product
from operator import mul

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bot.domain.suppression import FEWEST, Tally, hidden_in_grid, hidden_in_line

Counts = Sequence[Sequence[int]]
Cells = frozenset[tuple[int, int]]


def tallies(counts: Sequence[int]) -> list[Tally]:
    """A person each."""
    return [Tally(count, count) for count in counts]


def hidden_of(counts: Counts) -> tuple[frozenset[int], frozenset[int], Cells]:
    """Which rows' sums, columns' sums and cells are hidden, as a report would do it: the sums first."""
    rows = hidden_in_line(tallies([sum(row) for row in counts]))
    columns = hidden_in_line(tallies([sum(column) for column in zip(*counts, strict=True)]))
    cells = hidden_in_grid([tallies(row) for row in counts], hidden_rows=rows, hidden_columns=columns)
    return rows, columns, cells


def equations(counts: Counts, rows: frozenset[int], columns: frozenset[int], hidden: Cells) -> Iterator[list[int]]:
    """What is said of the hidden cells: a line of coefficients, and their sum, for each total that is shown."""
    places = sorted(hidden)
    everything = list(product(range(len(counts)), range(len(counts[0]))))
    lines = [[cell for cell in everything if cell[0] == row] for row in range(len(counts)) if row not in rows]
    lines += [
        [cell for cell in everything if cell[1] == column] for column in range(len(counts[0])) if column not in columns
    ]
    lines += [everything]
    for line in lines:
        total = sum(counts[row][column] for row, column in line if (row, column) in hidden)
        yield [int(place in line) for place in places] + [total]


def solved(lines: list[list[int]]) -> set[int]:
    """The unknowns that the equations alone determine (Gauss and Jordan, in fractions)."""
    matrix = [[Fraction(value) for value in line] for line in lines]
    width, done = len(matrix[0]) - 1, 0
    for column in range(width):
        pivot = next((row for row in range(done, len(matrix)) if matrix[row][column]), None)
        if pivot is None:
            continue
        matrix[done], matrix[pivot] = matrix[pivot], matrix[done]
        matrix[done] = [value / matrix[done][column] for value in matrix[done]]
        for row in range(len(matrix)):
            if row != done and matrix[row][column]:
                factor = matrix[row][column]
                matrix[row] = [value - factor * top for value, top in zip(matrix[row], matrix[done], strict=True)]
        done += 1
    found = ([place for place in range(width) if row[place]] for row in matrix[:done])
    return {places[0] for places in found if len(places) == 1}


def possible(lines: list[list[int]], unknowns: int) -> list[set[int]]:
    """The values each unknown can have, whole and not negative; tries them all."""
    values: list[set[int]] = [set() for _ in range(unknowns)]

    def most(place: int, chosen: tuple[int, ...]) -> int:
        return min(int(line[-1] - sum(map(mul, line, chosen))) for line in lines if line[place])

    def extend(chosen: tuple[int, ...]) -> None:
        if len(chosen) < unknowns:
            for value in range(most(len(chosen), chosen) + 1):
                extend((*chosen, value))
        elif all(sum(map(mul, line, chosen)) == line[-1] for line in lines):
            for place, value in enumerate(chosen):
                values[place].add(value)

    extend(())
    return values


grids = st.tuples(st.integers(1, 5), st.integers(1, 6)).flatmap(
    lambda size: st.lists(
        st.lists(st.one_of(st.integers(0, 9), st.integers(0, 400)), min_size=size[1], max_size=size[1]),
        min_size=size[0],
        max_size=size[0],
    )
)
tiny = st.lists(st.lists(st.integers(0, 6), min_size=3, max_size=3), min_size=2, max_size=2)


@settings(deadline=None)
@given(counts=grids)
def test_no_cell_of_few_people_is_shown(counts: Counts) -> None:
    _, _, hidden = hidden_of(counts)
    for row, column in product(range(len(counts)), range(len(counts[0]))):
        assert counts[row][column] not in range(1, FEWEST) or (row, column) in hidden


@settings(deadline=None)
@given(counts=grids)
def test_no_hidden_cell_follows_from_totals_and_other_cells(counts: Counts) -> None:
    assume(sum(map(sum, counts)) >= FEWEST)  # or else the total is not shown either
    rows, columns, hidden = hidden_of(counts)
    assume(hidden)
    places = sorted(hidden)
    told = solved(list(equations(counts, rows, columns, hidden)))
    assert [places[one] for one in told] == []


@settings(deadline=None, max_examples=150)  # whoever tries everything takes their time
@given(counts=tiny)
def test_nor_from_knowing_that_counts_are_whole_and_not_negative(counts: Counts) -> None:
    assume(sum(map(sum, counts)) >= FEWEST)
    rows, columns, hidden = hidden_of(counts)
    places = sorted(hidden)
    values = possible(list(equations(counts, rows, columns, hidden)), len(places))
    for (row, column), could_be in zip(places, values, strict=True):
        assert counts[row][column] in could_be
        assert len(could_be) > 1


@given(counts=st.lists(st.integers(0, 30), min_size=1, max_size=19))
def test_a_hidden_cell_of_a_line_cannot_be_told_from_its_total(counts: list[int]) -> None:
    total = sum(counts)
    hidden = hidden_in_line(tallies(counts))
    assume(total >= FEWEST)
    assert all(count not in range(1, FEWEST) or place in hidden for place, count in enumerate(counts))
    assert len(hidden) != 1


@given(counts=st.lists(st.integers(FEWEST, 99), min_size=1, max_size=19))
def test_what_is_of_enough_people_is_all_shown(counts: list[int]) -> None:
    assert hidden_in_line(tallies(counts)) == frozenset()


@pytest.mark.parametrize(
    ("counts", "hidden"),
    [
        ([100, 3, 40], {1, 2}),  # the smallest other goes too
        ([100, 3, 4], {1, 2}),  # two hide each other
        ([0, 0, 0], set()),  # a total of nothing says it all
        ([0, 90, 20], set()),  # a nought that follows from the rest may be seen
        ([0, 90, 3], {0, 2}),  # here it hides another
        ([7], set()),
    ],
)
def test_a_line(counts: list[int], hidden: set[int]) -> None:
    assert hidden_in_line(tallies(counts)) == hidden


def test_few_people_who_did_much_are_few_people() -> None:
    assert hidden_in_line([Tally(80, 2), Tally(30, 25), Tally(60, 40)]) == {0, 1}


def test_one_small_cell_of_a_table_takes_three_more_of_the_least() -> None:
    counts = [[50, 60, 70], [80, 2, 90], [10, 30, 20]]
    assert hidden_of(counts) == (frozenset(), frozenset(), frozenset({(1, 1), (1, 0), (2, 1), (2, 0)}))


def test_five_ones_beside_a_total_of_five_stay_unknown() -> None:
    ones = [[int(row == column or True) for column in range(5)] for row in range(5)]
    rows, columns, hidden = hidden_of(ones)
    assert (rows, columns) == (frozenset(), frozenset())
    assert len(hidden) == 25


def test_a_table_of_nothing_has_nothing_to_hide() -> None:
    assert hidden_in_grid([]) == frozenset()
    assert hidden_of([[0, 0], [0, 0]])[2] == frozenset()
