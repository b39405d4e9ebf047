"""From screens to what Telegram shows: HTML and an inline keyboard."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from html import escape
from urllib.parse import urlsplit

from bot.catalogue.words import Words
from bot.channels.telegram import markup
from bot.channels.telegram.markup import Line
from bot.dialogue.actions import encode
from bot.domain.messages import Block, Button, Link, Row, Screen, is_everybodys

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
ROW_LIMIT = 8
BUTTON_LIMIT = 100

Keyboard = list[list[dict[str, str]]]
"""Rows of buttons as the Bot API writes them."""


def text(screen: Screen, language: str, words: Words, *, limit: int = TEXT_LIMIT) -> str:
    """The screen's words as Telegram's HTML, cut after a paragraph if there are more than `limit` characters."""
    return markup.fit(_lines(screen, language, words), limit)


def caption(screen: Screen, language: str, words: Words) -> str | None:
    """The same under a picture or a file; None if it does not fit there whole."""
    lines = _lines(screen, language, words)
    html = markup.fit(lines, CAPTION_LIMIT)
    return html if html == markup.fit(lines, TEXT_LIMIT) else None


def keyboard(screen: Screen, language: str, words: Words) -> Keyboard | None:
    """The screen's buttons; rows too wide for Telegram go on below, buttons beyond its limit are left out."""
    rows: Keyboard = []
    room = BUTTON_LIMIT
    for row in screen.rows:
        buttons = list(_buttons(row, language, words))[:room]
        room -= len(buttons)
        rows += [buttons[start : start + ROW_LIMIT] for start in range(0, len(buttons), ROW_LIMIT)]
    return rows or None


def _lines(screen: Screen, language: str, words: Words) -> list[Line]:
    lines = [line for block in screen.blocks for line in _read(block, language, words)]
    for place, block in enumerate(screen.legend):
        entry = _read(block, language, words)
        lines += [replace(line, joint="\n") for line in entry] if place else entry
    for row in screen.rows:
        for way in row:
            if isinstance(way, Link) and not _fits_a_button(way.url):
                shown = f"{words.label(way.label, language)}: {way.url}"
                lines.append(Line(escape(shown, quote=False), shown))
    return lines


def _read(block: Block, language: str, words: Words) -> Sequence[Line]:
    """A block's lines. What says the same to everybody is read once; what is somebody's own is not kept."""
    text = words.markdown(block, language)
    return markup.known_lines(text) if is_everybodys(block) else markup.lines_of(text)


def _buttons(row: Row, language: str, words: Words) -> Iterator[dict[str, str]]:
    for way in row:
        match way:
            case Button(label, action):
                yield {"text": words.label(label, language), "callback_data": encode(action)}
            case Link(label, url):
                if _fits_a_button(url):
                    yield {"text": words.label(label, language), "url": url}


def _fits_a_button(url: str) -> bool:
    """Telegram refuses a whole message for a button to a host without a dot, such as `localhost`."""
    return "." in (urlsplit(url).hostname or "")
