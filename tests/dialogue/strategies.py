"""Actions and codes for property tests."""

from dataclasses import fields
from typing import Any, get_type_hints

from hypothesis import strategies as st

from bot.dialogue.actions import ACTIONS, LARGEST
from bot.domain.actions import Action

NUMBERS = st.integers(-LARGEST, LARGEST) | st.integers(-1, 7)
WORDS = st.from_regex(r"[A-Za-z0-9._-]{0,9}", fullmatch=True)
KNOWN = st.sampled_from(
    ["czad", "sms", "czujka", "olej", "road", "everyday", "seniors", "fire", "abcd2345", "0", "01", "012", "000", "uk"]
)


def _fields(action: type[Action], words: st.SearchStrategy[str]) -> dict[str, st.SearchStrategy[Any]]:
    kinds: dict[type, st.SearchStrategy[Any]] = {int: NUMBERS, str: words, bool: st.booleans()}
    hints = get_type_hints(action)
    return {field.name: kinds[hints[field.name]] for field in fields(action)}


def actions(words: st.SearchStrategy[str] = WORDS) -> st.SearchStrategy[Action]:
    """Any action, with whatever arguments."""
    return st.one_of([st.builds(action, **_fields(action, words)) for action in ACTIONS.values()])


CODES = st.text(max_size=80) | st.from_regex(r"[a-z]{2}(:[a-z0-9.+ _-]{0,12}){0,5}", fullmatch=True)
"""What might be forged: nothing like a code, or much like one."""
