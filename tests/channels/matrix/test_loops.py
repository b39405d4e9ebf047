"""How many turns a room has had lately."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.channels.matrix.loops import ROOMS_KEPT, WITHIN, LoopGuard
from tests.support import NOON

SECOND = timedelta(seconds=1)


@given(st.lists(st.integers(0, 90), max_size=40))
def test_a_count_begins_with_the_first_turn_and_lasts_a_minute(pauses: list[int]) -> None:
    guard, now, begun = LoopGuard(), NOON, NOON
    expected = 0
    for pause in pauses:
        now += pause * SECOND
        if now - begun >= WITHIN or not expected:
            begun, expected = now, 0
        expected += 1
        assert guard.turns("!a", now) == expected


def test_after_exactly_a_minute_it_begins_anew() -> None:
    guard = LoopGuard()
    assert [guard.turns("!a", NOON + at) for at in (0 * SECOND, WITHIN - SECOND, WITHIN, WITHIN + SECOND)] == [
        1,
        2,
        1,
        2,
    ]


def test_rooms_are_counted_apart() -> None:
    guard = LoopGuard()
    assert [guard.turns(room, NOON) for room in ("!a", "!b", "!a")] == [1, 1, 2]


def test_of_many_rooms_those_that_spoke_last_are_kept() -> None:
    guard = LoopGuard()
    guard.turns("!quiet", NOON)
    guard.turns("!loud", NOON)
    for number in range(ROOMS_KEPT - 1):
        guard.turns("!loud", NOON)
        guard.turns(f"!{number}", NOON)
    assert len(vars(guard)["_rooms"]) == ROOMS_KEPT
    assert guard.turns("!loud", NOON) == ROOMS_KEPT + 1
    assert guard.turns("!quiet", NOON) == 1
