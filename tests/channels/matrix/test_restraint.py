from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.channels.matrix.restraint import BURST, ROOMS_KEPT, Restraint, Turn
from tests.support import NOON

SECOND = timedelta(seconds=1)


@given(st.lists(st.integers(0, 30), max_size=60))
def test_no_minute_has_more_than_the_burst_and_six_and_a_silence_begins_with_one_line(pauses: list[int]) -> None:
    restraint, now = Restraint(), NOON
    answered, turns = [], []
    for pause in pauses:
        now += pause * SECOND
        turns.append(restraint.turn("!estate", now))
        if turns[-1] is Turn.ANSWER:
            answered.append(now)
    for at in answered:
        assert sum(at <= one < at + 60 * SECOND for one in answered) <= BURST + 6
    for before, after in zip([Turn.ANSWER, *turns], turns, strict=False):
        assert (after is Turn.LAST_WORD) == (before is Turn.ANSWER and after is not Turn.ANSWER)


def test_rooms_do_not_take_from_each_other_and_patience_comes_back() -> None:
    restraint = Restraint()
    turns = [restraint.turn("!estate", NOON) for _ in range(BURST + 2)]
    assert turns == [*[Turn.ANSWER] * BURST, Turn.LAST_WORD, Turn.SILENCE]
    assert restraint.turn("!school", NOON) is Turn.ANSWER
    assert restraint.turn("!estate", NOON + 9 * SECOND) is Turn.SILENCE
    assert restraint.turn("!estate", NOON + 10 * SECOND) is Turn.ANSWER


def test_a_clock_that_is_set_back_takes_nothing_away() -> None:
    restraint = Restraint()
    turns = [restraint.turn("!estate", NOON - minute * 60 * SECOND) for minute in range(BURST)]
    assert turns == [Turn.ANSWER] * BURST


def test_a_flood_of_rooms_is_not_kept() -> None:
    restraint = Restraint()
    for number in range(3 * ROOMS_KEPT):
        restraint.turn(f"!{number}", NOON)
    assert len(vars(restraint)["_rooms"]) == ROOMS_KEPT
