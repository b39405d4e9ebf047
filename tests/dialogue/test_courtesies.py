import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dialogue.courtesies import Courtesy, courtesy_of

GREETINGS = ("cześć", "Dzień dobry!", "hej", "Hello", "Hi there", "good morning", "Привіт", "добрий день", "вітаю")
THANKS = ("dziękuję", "Dzięki!", "dziekuje bardzo", "Thank you.", "thanks a lot", "дякую", "Щиро дякую!")
SHORT = ("", "👋", "good", "day")
MORE = ("hej, pali się", "dziękuję nie", "cześć, co to jest czad", "no thanks", "Dobry Andrzej")
courtesies = st.sampled_from([*GREETINGS, *THANKS])


@pytest.mark.parametrize("text", GREETINGS)
def test_a_greeting_is_known(text: str) -> None:
    assert courtesy_of(text) is Courtesy.GREETING


@pytest.mark.parametrize("text", THANKS)
def test_thanks_are_known(text: str) -> None:
    assert courtesy_of(text) is Courtesy.THANKS


@pytest.mark.parametrize("text", [*SHORT, *MORE])
def test_what_says_anything_else_is_neither(text: str) -> None:
    assert courtesy_of(text) is None


@given(st.lists(courtesies, min_size=1, max_size=4), st.sampled_from([" ", ", ", "! ", "\n", " 🙏 "]))
def test_several_are_one_and_thanks_weigh_more(said: list[str], between: str) -> None:
    thanks = any(one in THANKS for one in said)
    assert courtesy_of(between.join(said)) is (Courtesy.THANKS if thanks else Courtesy.GREETING)


@given(st.lists(courtesies, max_size=3), st.text("bcdfghjk", min_size=4, max_size=8))
def test_one_word_more_and_it_is_a_question(said: list[str], word: str) -> None:
    assert courtesy_of(" ".join([*said, word])) is None
    assert courtesy_of(" ".join([word, *said])) is None
