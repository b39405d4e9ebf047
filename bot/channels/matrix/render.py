"""From screens to what Matrix shows: a notice whose choices are numbered lines, as there are no buttons."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import islice
from typing import Any

from bot.catalogue.words import Words
from bot.channels.matrix import markup
from bot.channels.matrix.choices import Choices, letter_of
from bot.channels.matrix.markup import Paragraph
from bot.dialogue.actions import encode
from bot.domain.messages import Button, File, Link, Picture, Row, Screen, say

LIMIT = 44_000
"""Bytes of JSON. An event may have 65,536, encryption takes a third more, and an edit says its beginning twice."""
FALLBACK_LIMIT = 300
"""Characters of an edit that clients without edits show."""
MORE = "…"
GRID = 3
"""So many short choices in a row, or more, stand on one line."""
SHORT = 20
"""Characters, with the number."""
TAKEN = "☑"
"""Before an option that was chosen already and has no button any more."""
ASKS = "✏️"
NUMBERED = re.compile(r"^\d+\. ", re.MULTILINE)
"""In what has numbers of its own: a list's, or those of steps to take now."""

Content = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """A screen as an event, and what can be answered to it."""

    content: Content
    """Of an `m.room.message`."""
    choices: Choices
    """In the order of their numbers."""


def message(screen: Screen, language: str, words: Words) -> Message:
    """The screen as a notice: its paragraphs, ways out, numbered choices, and what a typed answer is for.

    The numbers are part of the text and not an HTML list's: clients that show lists in their own way, or not at
    all, still show them, they are read aloud and copied with the words, and "A." or several on a line can stand there.
    """
    choices = choices_of(screen, language, words)
    said = _said(screen, language, words)
    ending = list(_ending(screen, language, words, said, choices))
    room = LIMIT - sum(map(_weight, ending))
    return Message(_notice([*_fit(said, room), *ending]), choices)


def choices_of(screen: Screen, language: str, words: Words) -> Choices:
    """A screen's buttons as codes and the words they show: the whole answer, where the label is but its letter."""
    return tuple((encode(way.action), markup.label(way.full or way.label, language, words)) for way in _buttons(screen))


def text(screen: Screen, language: str, words: Words) -> str:
    """What a screen says, without its choices and markup."""
    return "\n\n".join(one.text for one in _said(screen, language, words))


def edited(content: Content, event: str) -> Content:
    """What takes the place of an event. Clients without edits show its beginning after a star."""
    body = content["body"]
    shown = body if len(body) <= FALLBACK_LIMIT else body[:FALLBACK_LIMIT].rstrip() + MORE
    return {
        "msgtype": content["msgtype"],
        "body": f"* {shown}",
        "m.new_content": content,
        "m.relates_to": {"rel_type": "m.replace", "event_id": event},
    }


def in_thread(content: Content, root: str) -> Content:
    """The same within the thread that begins with `root`; an edit stays where the event is that it changes."""
    if "m.relates_to" in content:
        return content
    thread = {
        "rel_type": "m.thread",
        "event_id": root,
        "is_falling_back": True,
        "m.in_reply_to": {"event_id": root},
    }
    return {**content, "m.relates_to": thread}


def picture(uploaded: Content, picture: Picture, language: str, words: Words) -> Content:
    """A picture; its body is what it shows, for whoever does not see it."""
    # A PNG's first chunk holds its width and height as two big-endian numbers (PNG specification, 11.2.1).
    width, height = (int.from_bytes(picture.png[start : start + 4], "big") for start in (16, 20))
    info = {"mimetype": "image/png", "size": len(picture.png), "w": width, "h": height}
    return {"msgtype": "m.image", "body": markup.label(picture.alt, language, words), "info": info, **uploaded}


def file(uploaded: Content, file: File) -> Content:
    """A document to keep."""
    info = {"mimetype": file.media_type, "size": len(file.content)}
    return {"msgtype": "m.file", "body": file.name, "filename": file.name, "info": info, **uploaded}


# --- parts of a screen


def _said(screen: Screen, language: str, words: Words) -> list[Paragraph]:
    said = [part for block in screen.blocks for part in markup.read(block, language, words)]
    legend = list(_legend(screen, language, words))
    return [*said, _lines(legend)] if legend else said


def _legend(screen: Screen, language: str, words: Words) -> Iterator[Paragraph]:
    """What the choices do not say themselves; if they say whole answers, that is what was taken before."""
    full = [markup.label(way.full, language, words) for way in _buttons(screen) if way.full]
    for block in screen.legend:
        shown = markup.label(block, language, words)
        if not any(one.endswith(shown) for one in full):
            yield _line(f"{TAKEN} {shown}" if full else shown)


def _ending(
    screen: Screen, language: str, words: Words, said: Sequence[Paragraph], choices: Choices
) -> Iterator[Paragraph]:
    if links := _links(screen, language, words):
        yield _lines(links)
    if choices:
        if any(NUMBERED.search(one.text) for one in said):  # steps to take now must not be taken for choices
            yield from markup.read(say("matrix.next"), language, words)
        yield _lines(list(_numbered(screen, choices)))
    if screen.asks:
        asks = markup.label(screen.asks, language, words)
        yield Paragraph(f"<p>{ASKS} <em>{escape(asks)}</em></p>", f"{ASKS} {asks}")


def _links(screen: Screen, language: str, words: Words) -> list[Paragraph]:
    return [
        markup.link(markup.label(way.label, language, words), way.url)
        for row in screen.rows
        for way in row
        if isinstance(way, Link)
    ]


def _numbered(screen: Screen, choices: Choices) -> Iterator[Paragraph]:
    lines = iter([_choice(number, label) for number, (_, label) in enumerate(choices, start=1)])
    above = 0
    for row in screen.rows:
        shown = list(islice(lines, sum(isinstance(way, Button) for way in row)))
        beside = max(len(shown), above) >= GRID and _is_short(row, shown)  # a grid's last row may be a short one
        yield from [_beside(shown)] if beside else shown
        above = len(shown) if beside else 0


def _choice(number: int, label: str) -> Paragraph:
    """`1. Menu`; an answer that bears the letter of its place needs no number: "A" and "1" are the same."""
    letter = letter_of(label)
    if letter == _nth_letter(number):
        return Paragraph(escape(label).replace(f"{letter}.", f"<strong>{letter}.</strong>", 1), label)
    return Paragraph(f"<strong>{number}.</strong> {escape(label)}", f"{number}. {label}")


def _nth_letter(number: int) -> str:
    return chr(ord("A") + number - 1)


def _is_short(row: Row, shown: Sequence[Paragraph]) -> bool:
    whole = any(isinstance(way, Button) and way.full for way in row)
    return not whole and all(len(one.text) <= SHORT for one in shown)


def _buttons(screen: Screen) -> Iterator[Button]:
    return (way for row in screen.rows for way in row if isinstance(way, Button))


# --- paragraphs


def _line(text: str) -> Paragraph:
    return Paragraph(escape(text), text)


def _lines(lines: Sequence[Paragraph]) -> Paragraph:
    return Paragraph(f"<p>{'<br>'.join(one.html for one in lines)}</p>", "\n".join(one.text for one in lines))


def _beside(parts: Sequence[Paragraph]) -> Paragraph:
    return Paragraph(" · ".join(one.html for one in parts), " · ".join(one.text for one in parts))


def _notice(paragraphs: Sequence[Paragraph]) -> Content:
    return {
        "msgtype": "m.notice",
        "body": "\n\n".join(one.text for one in paragraphs),
        "format": "org.matrix.custom.html",
        "formatted_body": "".join(one.html for one in paragraphs),
    }


def _fit(paragraphs: list[Paragraph], room: int) -> list[Paragraph]:
    """As many as fit, with "…" for the others; a first one too long in itself is cut within and loses its markup."""
    kept: list[Paragraph] = []
    for one in paragraphs:
        room -= _weight(one)
        if room < 0:
            return [*(kept or [_shortened(one, room + _weight(one))]), _lines([_line(MORE)])]
        kept.append(one)
    return kept


def _shortened(paragraph: Paragraph, room: int) -> Paragraph:
    text = paragraph.text
    while text and _weight(_lines([_line(text)])) > room:
        text = text[: len(text) * 9 // 10]
    return _lines([_line(text.rstrip())])


def _weight(paragraph: Paragraph) -> int:
    """Bytes in an encrypted event: there, letters beyond ASCII are escaped."""
    return len(json.dumps([paragraph.html, paragraph.text]))
