from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.areas import Area
from bot.domain.workshops import Booking, BookingState, Workshop, promoted, state_for
from tests.support import NOON

WORKSHOP = Workshop(1, Area.ROAD, {"pl": "a"}, {"pl": "a"}, "x", None, NOON, NOON + timedelta(hours=2), capacity=3)


def waiting(places: list[int]) -> list[Booking]:
    return [Booking(n, 1, n, many, BookingState.WAITING, NOON) for n, many in enumerate(places)]


@given(st.lists(st.integers(1, 5), max_size=12), st.integers(0, 20))
def test_who_moves_up_fits_and_keeps_the_order(places: list[int], free: int) -> None:
    queue = waiting(places)
    chosen = promoted(queue, free=free)
    left = free - sum(booking.places for booking in chosen)
    assert left >= 0
    assert [booking for booking in queue if booking in chosen] == chosen
    assert all(booking.places > left for booking in queue if booking not in chosen)


def test_a_smaller_party_goes_ahead_of_one_that_does_not_fit() -> None:
    assert [booking.id for booking in promoted(waiting([4, 2, 1]), free=3)] == [1, 2]


@given(st.integers(1, 5), st.integers(0, 10))
def test_a_party_is_not_split(places: int, free: int) -> None:
    fits = state_for(places, free=free) is BookingState.CONFIRMED
    assert fits == (places <= free)


@given(st.integers(0, 10), st.integers(0, 10))
def test_free_places_are_never_fewer_than_none(capacity: int, taken: int) -> None:
    assert replace(WORKSHOP, capacity=capacity, taken=taken).free == max(0, capacity - taken)


def test_a_workshop_is_open_until_it_starts_or_is_called_off() -> None:
    assert WORKSHOP.is_open(NOON - timedelta(seconds=1))
    assert not WORKSHOP.is_open(NOON)
    assert not replace(WORKSHOP, cancelled_at=NOON).is_open(NOON - timedelta(days=1))
