"""Codes under messages: one for each run, read however they are typed, and not made without the key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.codes import LARGEST_RUN, LETTERS, MARK_LENGTH, Code, code_of, is_ours, read_code

KEY = b"a key of the city's"
RUNS = st.integers(1, LARGEST_RUN)


@given(RUNS)
def test_a_code_is_read_back_and_known_again(run: int) -> None:
    code = code_of(KEY, run)

    assert read_code(str(code)) == code
    assert is_ours(KEY, code)


@given(RUNS, st.integers(0, MARK_LENGTH - 1), st.sampled_from(LETTERS))
def test_another_letter_makes_it_no_code_of_ours(run: int, place: int, letter: str) -> None:
    code = code_of(KEY, run)
    mark = code.mark[:place] + letter + code.mark[place + 1 :]

    assert is_ours(KEY, Code(run, mark)) is (mark == code.mark)


def test_another_key_or_another_run_has_another_mark() -> None:
    marks = {code_of(key, run).mark for key in (KEY, b"somebody else's") for run in range(1, 200)}

    assert len(marks) == 398


@given(RUNS, st.data())
def test_it_is_read_however_it_is_typed(run: int, data: st.DataObject) -> None:
    code = code_of(KEY, run)
    dash = data.draw(st.sampled_from(["-", "–", " - ", "", " ", "‑"]))
    zero, one = data.draw(st.sampled_from(["0", "o", "O", "о"])), data.draw(st.sampled_from(["1", "l", "I"]))
    typed = str(run).replace("0", zero).replace("1", one) + dash + code.mark
    spaced = " ".join(typed) if data.draw(st.booleans()) else typed
    shouted = spaced.upper() if data.draw(st.booleans()) else spaced

    assert read_code(f" {shouted}\n") == code


def test_of_a_whole_message_the_code_at_its_end_counts() -> None:
    code = code_of(KEY, 1042)
    message = f"Dzwoń 112-abcde. Jest 17-25 osób.\n\nKod: {code}. Sprawdzisz go: /sprawdz"

    assert read_code(message) == code


@pytest.mark.parametrize(
    "text", ["", " ", "112", "pali się olej", "0-aaaaa", "1042-aaaa", "1042-aaaaaa", "9" * 12 + "-aaaaa"]
)
def test_other_texts_hold_no_code(text: str) -> None:
    assert read_code(text) is None


@given(st.text())
def test_no_text_breaks_the_reading(text: str) -> None:
    code = read_code(text)

    assert code is None or read_code(str(code)) == code
