"""Pieces that many screens share."""

from collections.abc import Iterable, Sequence

from bot.domain.actions import Action, Home
from bot.domain.messages import Block, Button, Link, Plain, Row, say

MENU: Row = (Button(say("home.menu"), Home()),)
"""The way back that every screen has."""


def button(key: str, action: Action) -> Button:
    """A button with interface words."""
    return Button(say(key), action)


def titled(texts: dict[str, str], action: Action) -> Button:
    """A button with the title of an item."""
    return Button(Plain(texts), action)


def tick(name: Block, action: Action, *, on: bool) -> Button:
    """A choice that is on or off; a mark says which, so colour is never the only sign."""
    return Button(say("choice.on" if on else "choice.off", name=name), action)


def column(buttons: Iterable[Button | Link]) -> tuple[Row, ...]:
    """Buttons below one another."""
    return tuple((one,) for one in buttons)


def grid(buttons: Sequence[Button | Link], width: int) -> tuple[Row, ...]:
    """Buttons in rows of `width`."""
    return tuple(tuple(buttons[start : start + width]) for start in range(0, len(buttons), width))
