"""What somebody in a room of several asks of us; nothing, unless they speak to us."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import unquote

from bot.catalogue.stems import is_cyrillic
from bot.channels.matrix.incoming import SIGNS, command_of
from bot.dialogue.commands import LISTED, action_of
from bot.domain.actions import Quizzes
from bot.domain.messages import Command, Input, Start

CYRILLIC = "uk"
"""Whose names are written so."""
RESULTS: Mapping[str, str] = {"wyniki": "pl", "rezultaty": "uk", "результати": "uk", "results": "en"}
"""What closes a poll, and in which language."""

_PILL = re.compile(r'(?:<p>)?<a href="https://matrix\.to/#/([^"?]+)[^"]*">([^<]*)</a>')
_ENDS_NAME = re.compile(r"[:,]?(?=\s|$)")


@dataclass(frozen=True, slots=True)
class Quiz:
    """A question; `language` is None where its name says nothing of it."""

    language: str | None
    topic: str = ""


@dataclass(frozen=True, slots=True)
class Results:
    """The result of what was asked."""

    language: str | None


@dataclass(frozen=True, slots=True)
class Help:
    """Anything else: what can be had here."""

    language: str | None = None


Ask = Quiz | Results | Help


def read(text: str, content: Mapping[str, Any], us: str, languages: Collection[str]) -> Ask | None:
    """What is asked of us in words (the event's `content` may show that they name us); None: they are for others."""
    named = _after_our_name(text, content, us)
    if named is None:
        return _meant(command_of(text), languages)
    command = command_of(named if named.startswith(SIGNS) else f"!{named}")
    return _meant(command, languages) or Help()


def _meant(given: Input | None, languages: Collection[str]) -> Ask | None:
    """A command of ours; those of other programs in the room are not."""
    match given:
        case Command(name) if name in RESULTS:
            return Results(RESULTS[name])
        case Command(name, arguments) if isinstance(action_of(name), Quizzes):
            first, _, rest = arguments.partition(" ")
            return Quiz(first, rest.strip()) if first in languages else Quiz(_language_of(name), arguments)
        case Command(name) if action_of(name):
            return Help(_language_of(name))
        case Start():
            return Help()
        case _:
            return None


def _language_of(name: str) -> str | None:
    """The language that a command is in, if its name is of one alone."""
    if is_cyrillic(name):
        return CYRILLIC
    languages = [language for one in LISTED for language, listed in one.names.items() if listed == name]
    return languages[0] if len(languages) == 1 else None


# --- our name


def _after_our_name(text: str, content: Mapping[str, Any], us: str) -> str | None:
    """What follows our name, at the beginning of a text; None if it does not begin so."""
    for name in (*_pill(content, us), us, us.partition(":")[0]):
        ends = _ENDS_NAME.match(text, len(name)) if text.lower().startswith(name.lower()) else None
        if ends:
            return text[ends.end() :].strip()
    short = us.removeprefix("@").partition(":")[0]
    head, colon, rest = text.partition(":")  # as it was written before clients marked names
    return rest.strip() if colon and head.lower() == short.lower() else None


def _pill(content: Mapping[str, Any], us: str) -> tuple[str, ...]:
    """The name by which a client shows us where a message begins with it."""
    html = content.get("formatted_body")
    found = _PILL.match(html) if isinstance(html, str) else None
    return (unescape(found[2]),) if found and found[2] and unquote(found[1]) == us else ()
