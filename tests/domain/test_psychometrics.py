"""Facility and discrimination: by hand, by another formula, and what must hold for any answers."""

from math import isclose, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.psychometrics import FEWEST_JUDGED, Figures, Flag, Group, discrimination, flags

groups = st.lists(
    st.builds(
        Group,
        right=st.booleans(),
        rest=st.integers(0, 12).flatmap(lambda top: st.integers(0, top).map(lambda got: got / top if top else 0.0)),
        count=st.integers(0, 40),
    ),
    max_size=20,
)


def pearson(groups: list[Group]) -> float | None:
    """The correlation of the same, person by person, by the product-moment formula."""
    people = [(float(group.right), group.rest) for group in groups for _ in range(group.count)]
    n = len(people)
    if not n:
        return None
    mean_x, mean_y = (sum(person[axis] for person in people) / n for axis in (0, 1))
    across = sum((x - mean_x) * (y - mean_y) for x, y in people)
    x_spread = sum((x - mean_x) ** 2 for x, _ in people)
    y_spread = sum((y - mean_y) ** 2 for _, y in people)
    return across / sqrt(x_spread * y_spread) if x_spread > 1e-12 and y_spread > 1e-12 else None


def test_five_people_by_hand() -> None:
    # Right: rests 3, 2, 3 of 4; wrong: 1, 0 of 4. Means 2/3 and 1/8; all: mean 0.45, variance 0.085; p·q = 0.24.
    people = [Group(right=True, rest=0.75, count=2), Group(right=True, rest=0.5, count=1)]
    people += [Group(right=False, rest=0.25, count=1), Group(right=False, rest=0.0, count=1)]
    assert discrimination(people) == pytest.approx((2 / 3 - 1 / 8) / sqrt(0.085) * sqrt(0.24))
    assert discrimination(people) == pytest.approx(0.910, abs=0.001)


@pytest.mark.parametrize(
    ("people", "expected"),
    [
        ([Group(right=True, rest=1.0, count=7), Group(right=False, rest=0.0, count=3)], 1.0),
        ([Group(right=True, rest=0.0, count=7), Group(right=False, rest=1.0, count=3)], -1.0),
        ([Group(right=right, rest=rest, count=5) for right in (True, False) for rest in (0.2, 0.8)], 0.0),
    ],
    ids=["those who know the rest know this", "the other way round", "no matter who"],
)
def test_the_extremes(people: list[Group], expected: float) -> None:
    assert discrimination(people) == pytest.approx(expected)


@pytest.mark.parametrize(
    "people",
    [
        [],
        [Group(right=True, rest=0.5, count=9)],
        [Group(right=False, rest=0.5, count=9), Group(right=True, rest=0.1, count=0)],
        [Group(right=True, rest=1 / 3, count=4), Group(right=False, rest=1 / 3, count=4)],
    ],
    ids=["nobody", "all right", "none right", "all the same elsewhere"],
)
def test_what_cannot_be_told_is_not(people: list[Group]) -> None:
    assert discrimination(people) is None


@given(groups)
def test_it_is_the_correlation_of_persons(people: list[Group]) -> None:
    ours, theirs = discrimination(people), pearson(people)
    assert (ours is None) == (theirs is None)
    assert ours is None or theirs is None or isclose(ours, theirs, abs_tol=1e-6)


@given(groups)
def test_it_lies_between_minus_one_and_one(people: list[Group]) -> None:
    found = discrimination(people)
    assert found is None or -1 <= found <= 1


@given(groups.flatmap(lambda people: st.tuples(st.just(people), st.permutations(people))))
def test_the_order_of_people_does_not_matter(both: tuple[list[Group], list[Group]]) -> None:
    assert discrimination(both[0]) == discrimination(both[1])


@given(groups)
def test_turning_right_and_wrong_about_turns_the_sign(people: list[Group]) -> None:
    turned = [Group(right=not group.right, rest=group.rest, count=group.count) for group in people]
    one, other = discrimination(people), discrimination(turned)
    assert (one is None) == (other is None)
    assert one is None or other is None or isclose(one, -other, abs_tol=1e-9)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(0, n))))
def test_shares_lie_between_none_and_all(counts: tuple[int, int, int]) -> None:
    answers, right, chosen = counts
    figures = Figures(answers, right, {0: chosen})
    assert figures.facility == right / answers
    assert 0 <= figures.facility <= 1
    assert figures.share(0) == chosen / answers
    assert figures.share(1) == 0


def test_without_answers_there_is_nothing_to_say() -> None:
    assert Figures(0, 0, {}).facility is None
    assert Figures(0, 0, {}).share(0) is None


ANSWERS = 1000


@pytest.mark.parametrize(
    ("right", "correlation", "expected"),
    [
        (950, 0.3, ()),
        (951, 0.3, (Flag.TOO_EASY,)),
        (300, 0.3, ()),
        (299, 0.3, (Flag.TOO_HARD,)),
        (600, 0.2, ()),
        (600, 0.19, (Flag.WEAK,)),
        (600, 0.0, (Flag.WEAK,)),
        (600, -0.06, (Flag.WEAK,)),  # of a thousand people that may be chance
        (600, -0.07, (Flag.NEGATIVE,)),
        (200, -0.5, (Flag.NEGATIVE, Flag.TOO_HARD)),
        (600, None, ()),
    ],
)
def test_what_is_flagged(right: int, correlation: float | None, expected: tuple[Flag, ...]) -> None:
    assert flags(Figures(ANSWERS, right, {}, ANSWERS, correlation)) == expected


@pytest.mark.parametrize(("chosen", "expected"), [(9, (Flag.UNUSED,)), (10, ())])
def test_a_wrong_answer_that_nobody_takes(chosen: int, expected: tuple[Flag, ...]) -> None:
    figures = Figures(ANSWERS, 600, {0: 600, 1: 400 - chosen, 2: chosen})
    assert flags(figures, wrong=(1, 2)) == expected


def test_of_a_question_that_everybody_can_do_unused_answers_are_no_news() -> None:
    assert flags(Figures(ANSWERS, 990, {0: 990, 1: 10}), wrong=(1, 2)) == (Flag.TOO_EASY,)


def test_too_few_answers_are_not_judged() -> None:
    few = FEWEST_JUDGED - 1
    assert flags(Figures(few, few, {0: few}), wrong=(1,)) == ()
    assert flags(Figures(few + 1, few + 1, {0: few + 1}), wrong=(1,)) == (Flag.TOO_EASY,)
