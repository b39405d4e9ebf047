from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.quizzes import Attempt, Given, Ref, is_right, read_choice, shuffled
from tests.support import NOON

COUNTS = st.integers(0, 12)
SEEDS = st.integers(-(2**31), 2**33)


@given(COUNTS, SEEDS, st.text(max_size=5))
def test_an_order_is_a_permutation_and_always_the_same(count: int, seed: int, salt: str) -> None:
    order = shuffled(count, seed=seed, salt=salt)
    assert sorted(order) == list(range(count))
    assert order == shuffled(count, seed=seed, salt=salt)


def test_orders_differ_by_seed_and_by_salt() -> None:
    assert len({shuffled(5, seed=seed, salt="a") for seed in range(200)}) > 50
    assert len({shuffled(5, seed=1, salt=str(salt)) for salt in range(200)}) > 50


def test_every_place_is_as_likely() -> None:
    firsts = [shuffled(3, seed=seed, salt="q")[0] for seed in range(3000)]
    assert all(900 < firsts.count(place) < 1100 for place in range(3))


@given(st.text(max_size=8), st.integers(2, 6))
def test_a_choice_is_distinct_options_or_nothing(chosen: str, options: int) -> None:
    places = read_choice(chosen, options=options)
    if places is not None:
        assert "".join(map(str, places)) == chosen
        assert len(set(places)) == len(places)
        assert set(places) <= set(range(options))


@given(st.permutations(range(6)), st.integers(1, 6))
def test_distinct_options_are_a_choice(order: list[int], length: int) -> None:
    places = tuple(order[:length])
    assert read_choice("".join(map(str, places)), options=6) == places


def test_other_texts_are_no_choice() -> None:
    assert [read_choice(text, options=3) for text in ("", "3", "00", "0a", "-1", "٠", "²", " 0", "0\n")] == [None] * 9


@given(st.permutations(range(4)), st.sets(st.integers(0, 3)))
def test_order_matters_only_where_it_is_asked(order: list[int], right: set[int]) -> None:
    places = tuple(order)
    assert is_right(places, frozenset(range(4)), ordered=True) == (order == [0, 1, 2, 3])
    assert is_right(places, frozenset(range(4)), ordered=False)
    assert is_right(tuple(sorted(right)), frozenset(right), ordered=False)
    assert is_right(tuple(right), frozenset(right ^ {0}), ordered=False) is False


def test_part_of_an_order_is_not_right() -> None:
    assert not is_right((0, 1), frozenset(range(3)), ordered=True)


ATTEMPT = Attempt(1, 1, None, "czad", tuple(Ref("czad", name) for name in "abc"), 7, NOON)


@given(st.dictionaries(st.integers(0, 2), st.booleans()))
def test_an_attempt_counts_and_knows_what_is_next(rights: dict[int, bool]) -> None:
    attempt = replace(ATTEMPT, answers={place: Given("0", right) for place, right in rights.items()})
    assert attempt.score == sum(rights.values())
    assert attempt.next_position == min({0, 1, 2} - set(rights), default=None)
    assert [ref.question for ref in attempt.missed] == ["abc"[place] for place in sorted(rights) if not rights[place]]
