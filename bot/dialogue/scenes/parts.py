"""Pieces that many screens share."""

from collections.abc import Iterable, Sequence

from bot.catalogue.schema import Source
from bot.domain.actions import Action, Home
from bot.domain.messages import Block, Button, Link, Phrase, Plain, Row, say

MENU: Row = (Button(say("home.menu"), Home()),)
"""The way back that every screen has."""


def button(key: str, action: Action) -> Button:
    """A button with interface words."""
    return Button(say(key), action)


def titled(texts: dict[str, str], action: Action) -> Button:
    """A button with the title of an item."""
    return Button(Plain(texts), action)


def tick(key: str, action: Action, *, on: bool) -> Button:
    """A choice that is on or off; a mark says which, so colour is never the only sign."""
    return Button(say("choice.on" if on else "choice.off", name=say(key)), action)


def column(buttons: Iterable[Button | Link]) -> tuple[Row, ...]:
    """Buttons below one another."""
    return tuple((one,) for one in buttons)


def grid(buttons: Sequence[Button | Link], width: int) -> tuple[Row, ...]:
    """Buttons in rows of `width`."""
    return tuple(tuple(buttons[start : start + width]) for start in range(0, len(buttons), width))


def source_line(source: Source) -> Phrase:
    """Where a claim can be checked."""
    return say("source", title=source.title, publisher=source.publisher, url=Plain({"pl": str(source.url)}))


def numbered(lines: Sequence[dict[str, str]]) -> list[Block]:
    """Lines with their numbers, close together as one paragraph; nothing if there are none."""
    return together([say("step", number=place, text=Plain(line)) for place, line in enumerate(lines, start=1)])


def together(lines: Sequence[Block]) -> list[Block]:
    """Lines as one paragraph."""
    if not lines:
        return []
    joined = lines[0]
    for line in lines[1:]:
        joined = say("lines", first=joined, second=line)
    return [joined]
