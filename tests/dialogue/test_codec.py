from dataclasses import fields
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dialogue.actions import ACTIONS, LARGEST, WIRE_LIMIT, BadCode, decode, encode
from bot.dialogue.scenes import SCENES
from bot.dialogue.scenes.ask import MOST_FOUND, short_name
from bot.domain import actions as do
from bot.domain.actions import Action
from bot.domain.areas import AgeBand, Area, Audience
from bot.domain.residents import Answering
from tests.dialogue.strategies import CODES, actions

SLUG = "a" * 32
LONGEST: dict[str, Any] = {
    **dict.fromkeys(("attempt", "nonce", "workshop", "run", "campaign", "revision"), LARGEST),
    **dict.fromkeys(("quiz", "tip", "topic"), SLUG),
    "code": "a" * 16,
    "place": "unsubscribed",
    "position": 20,
    "length": 20,
    "places": 5,
    "page": 1000,
    "hour": -1,
    "district": 18,
    "picked": "012345",
    "chosen": "012345",
    "items": ".".join(short_name("tip", SLUG) for _ in range(MOST_FOUND)),
    "why": "chat_elsewhere",
    "token": "x" * 43,
    "kind": "campaigns",
    "how": max(Answering, key=len).value,
    "language": "zh-hant",
    "area": max(Area, key=len).value,
    "audience": max(Audience, key=len).value,
    "age": max(AgeBand, key=len).value,
}
"""The longest value of every argument there is."""


@given(actions())
def test_an_action_comes_back_from_its_code(action: Action) -> None:
    assert decode(encode(action)) == action


@pytest.mark.parametrize("action", ACTIONS.values(), ids=lambda action: action.__name__)
def test_the_longest_arguments_fit_on_a_button(action: type[Action]) -> None:
    hints = get_type_hints(action)
    code = encode(action(*(LONGEST[f.name] if hints[f.name] is not bool else True for f in fields(action))))
    assert len(code.encode()) <= WIRE_LIMIT


@given(CODES)
def test_what_decodes_is_exactly_what_encodes(code: str) -> None:
    try:
        action = decode(code)
    except BadCode:
        return
    assert encode(action) == code


@pytest.mark.parametrize(
    "code",
    [
        "",
        "zz",
        "ho:1",
        "wo",
        "wo:",
        "wo:one",
        "wo:+1",
        "wo: 1",
        "wo:1_0",
        "wo:01",
        "wo:-0",
        "wo:٣",
        "wo:2147483648",
        "wo:-99999999999999999999",
        "er:2",
        "er:True",
        "qi:" + "a" * 62,
        "qi:<b>",
        "qi:\x00",
        "qi:ł",
        "ho\n",
    ],
)
def test_other_spellings_are_no_codes(code: str) -> None:
    with pytest.raises(BadCode):
        decode(code)


@pytest.mark.parametrize("action", [do.QuizIntro("a:b"), do.QuizIntro("a" * 70), do.NextTip("ł"), do.StartLink("\x00")])
def test_what_cannot_be_read_back_is_not_sent(action: Action) -> None:
    with pytest.raises(ValueError, match="does not fit on the wire"):
        encode(action)


def test_every_action_has_a_code_and_a_scene() -> None:
    known = {kind for kind in vars(do).values() if isinstance(kind, type) and issubclass(kind, Action)} - {Action}
    assert set(ACTIONS.values()) == known == set(SCENES)


@given(st.lists(st.from_regex(r"[a-z0-9]{1,32}", fullmatch=True), unique=True, min_size=2, max_size=300))
def test_short_names_tell_items_apart(slugs: list[str]) -> None:
    names = {short_name("tip", slug) for slug in slugs} | {short_name("quiz", slug) for slug in slugs}
    assert len(names) == 2 * len(slugs)
