from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.figures import between, busiest, median, percentile, rate

INSTANTS = st.lists(st.integers(0, 5000).map(lambda tick: tick / 64), min_size=1, max_size=60)


def test_the_busiest_second_begins_anywhere_and_leaves_its_end_out() -> None:
    assert busiest([0.0, 0.5, 1.0, 1.5]) == 2
    assert busiest([0.9, 1.0, 1.1, 1.8, 5.0]) == 4
    assert busiest([]) == 0


@given(INSTANTS)
def test_the_busiest_second_is_the_fullest_of_those_that_begin_with_an_instant(instants: list[float]) -> None:
    assert busiest(instants) == max(len(between(instants, begin, begin + 1)) for begin in instants)


@given(st.integers(2, 200), st.integers(1, 100))
def test_what_comes_evenly_has_its_rate(count: int, per_second: int) -> None:
    instants = [number / per_second for number in range(count)]
    assert rate(instants) == pytest.approx(per_second)


@given(st.lists(st.integers(-1000, 1000), min_size=1), st.integers(1, 100))
def test_a_percentile_is_the_smallest_value_with_the_share_at_or_below_it(values: list[int], hundredths: int) -> None:
    share = hundredths / 100
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) * 100 >= hundredths * len(values)
    assert sum(value < found for value in values) * 100 < hundredths * len(values)


def test_percentiles_of_a_hundred() -> None:
    values = list(range(1, 101))
    assert (percentile(values, 0.99), percentile(values, 1.0), median(values)) == (99, 100, 50)


@given(INSTANTS, st.lists(st.integers(0, 80), min_size=2, max_size=6, unique=True).map(sorted))
def test_spans_that_touch_share_no_instant(instants: list[float], edges: list[int]) -> None:
    parts = [one for begin, end in pairwise(edges) for one in between(instants, begin, end)]
    assert sorted(parts) == sorted(between(instants, edges[0], edges[-1]))
