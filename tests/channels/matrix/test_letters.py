"""In which form a screen is shown, and when it takes the place of the one that stands there."""

from dataclasses import replace
from typing import Any

import pytest

from bot.channels.matrix import letters, polls
from bot.channels.matrix.letters import MESSAGE, Letter
from bot.domain.actions import Answer, Consents, Home, Settings, ShowQuestion
from bot.domain.messages import Button, File, Picture, Reply, Screen
from bot.domain.residents import Answering
from bot.storage.matrix import CLOSED, Shown
from tests.channels.contract import plain
from tests.channels.telegram.world import words

OPTIONS = (Button(plain("Uciekam"), Answer(1, 0, "0")), Button(plain("Nic"), Answer(1, 0, "1")))
QUESTION = Screen((plain("Co teraz?"),), (OPTIONS,), here=ShowQuestion(1, 0))
TAPS = ("1\ufe0f\u20e3", "2\ufe0f\u20e3")


def composed(
    screen: Screen = QUESTION,
    answering: Answering = Answering.NUMBERS,
    *,
    key: str = "$asked",
    thread: str | None = None,
) -> Letter:
    return letters.compose(Reply("pl", screen, answering), key, words(), thread=thread)


@pytest.mark.parametrize(
    ("answering", "kind", "seeds"),
    [
        (Answering.NUMBERS, MESSAGE, ()),
        (Answering.POLL, polls.START, ()),
        (Answering.REACTIONS, MESSAGE, TAPS),
    ],
)
def test_a_question_comes_in_the_form_that_its_reader_likes(
    answering: Answering, kind: str, seeds: tuple[str, ...]
) -> None:
    letter = composed(answering=answering)
    assert (letter.kind, letter.seeds, letter.shown.form) == (kind, seeds, answering)
    assert letter.shown.choices == (("an:1:0:0", "Uciekam"), ("an:1:0:1", "Nic"))


@pytest.mark.parametrize("answering", Answering)
def test_in_a_thread_it_comes_as_numbers_whatever_they_like(answering: Answering) -> None:
    letter = composed(answering=answering, thread="$root")
    assert (letter.kind, letter.seeds, letter.shown.form) == (MESSAGE, (), Answering.NUMBERS)
    assert letter.content["m.relates_to"]["event_id"] == "$root"


# --- in place


def stands(screen: Screen = QUESTION, **more: Any) -> Shown:
    """What shows a screen in the room."""
    return replace(letters.named(composed(screen, key="$before").shown, "$shown"), **more)


def test_the_same_screen_in_another_state_changes_what_stands_there() -> None:
    ticked = replace(QUESTION, here=ShowQuestion(1, 0, "1"))
    letter = letters.in_place(composed(ticked), stands(), pressed=True)
    assert letter.content["m.relates_to"] == {"rel_type": "m.replace", "event_id": "$shown"}
    assert (letter.key, letter.shown.key, letter.shown.event) == ("$asked", "$before", "$shown")
    assert letter.shown.here != stands().here


PICTURE = Picture(b"\x89PNG" + bytes(20), plain("Tramwaj"))
NEW = {
    "another question": (replace(QUESTION, here=ShowQuestion(1, 1)), stands()),
    "another place": (replace(QUESTION, here=Home()), stands(replace(QUESTION, here=Settings()))),
    "a screen that is no place": (replace(QUESTION, here=None), stands(replace(QUESTION, here=None))),
    "one that stays below": (replace(QUESTION, replaces=False), stands()),
    "a picture": (replace(QUESTION, picture=PICTURE), stands()),
    "a file": (replace(QUESTION, file=File("a.txt", b"a", "text/plain")), stands()),
    "nothing before": (QUESTION, None),
    "one before that was not shown": (QUESTION, stands(event=None)),
    "a poll before": (QUESTION, stands(form=Answering.POLL)),
    "a poll before that is closed": (QUESTION, stands(form=CLOSED)),
    "taps before": (QUESTION, stands(form=Answering.REACTIONS)),
    "a place that is no more": (QUESTION, stands(here="of an older version")),
}


@pytest.mark.parametrize("what", NEW)
def test_anything_else_is_a_message_of_its_own(what: str) -> None:
    screen, before = NEW[what]
    letter = composed(screen)
    assert letters.in_place(letter, before, pressed=True) == letter


@pytest.mark.parametrize("answering", [Answering.POLL, Answering.REACTIONS])
def test_what_is_tapped_or_voted_on_is_never_changed(answering: Answering) -> None:
    """Taps and votes would stay on what is not there any more."""
    letter = composed(answering=answering)
    assert letters.in_place(letter, stands(form=answering), pressed=True) == letter


def test_what_was_asked_for_in_words_comes_below_them() -> None:
    consents = replace(QUESTION, here=Consents())
    letter = composed(consents)
    assert letters.in_place(letter, stands(consents), pressed=False) == letter
    assert letters.in_place(letter, stands(consents), pressed=True) != letter


def test_what_stands_in_a_thread_is_not_changed() -> None:
    letter = composed(thread="$root")
    assert letters.in_place(letter, stands(), pressed=True) == letter
