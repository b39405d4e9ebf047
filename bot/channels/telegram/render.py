"""From screens to what Telegram shows: HTML and an inline keyboard."""

from collections.abc import Iterator
from dataclasses import replace
from html import escape
from urllib.parse import urlsplit

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.catalogue.words import Words
from bot.channels.telegram import markup
from bot.channels.telegram.markup import Line
from bot.dialogue.actions import encode
from bot.domain.messages import Button, Link, Row, Screen

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
ROW_LIMIT = 8
BUTTON_LIMIT = 100


def text(screen: Screen, language: str, words: Words, *, limit: int = TEXT_LIMIT) -> str:
    """The screen's words as Telegram's HTML, cut after a paragraph if there are more than `limit` characters."""
    return markup.fit(_lines(screen, language, words), limit)


def caption(screen: Screen, language: str, words: Words) -> str | None:
    """The same under a picture or a file; None if it does not fit there whole."""
    lines = _lines(screen, language, words)
    html = markup.fit(lines, CAPTION_LIMIT)
    return html if html == markup.fit(lines, TEXT_LIMIT) else None


def keyboard(screen: Screen, language: str, words: Words) -> InlineKeyboardMarkup | None:
    """The screen's buttons; rows too wide for Telegram go on below, buttons beyond its limit are left out."""
    rows: list[list[InlineKeyboardButton]] = []
    room = BUTTON_LIMIT
    for row in screen.rows:
        buttons = list(_buttons(row, language, words))[:room]
        room -= len(buttons)
        rows += [buttons[start : start + ROW_LIMIT] for start in range(0, len(buttons), ROW_LIMIT)]
    return InlineKeyboardMarkup(rows) if rows else None


def _lines(screen: Screen, language: str, words: Words) -> list[Line]:
    lines = [line for block in screen.blocks for line in markup.lines_of(words.markdown(block, language))]
    for place, block in enumerate(screen.legend):
        entry = markup.lines_of(words.markdown(block, language))
        lines += [replace(line, joint="\n") for line in entry] if place else entry
    for row in screen.rows:
        for way in row:
            if isinstance(way, Link) and not _fits_a_button(way.url):
                shown = f"{words.label(way.label, language)}: {way.url}"
                lines.append(Line(escape(shown, quote=False), shown))
    return lines


def _buttons(row: Row, language: str, words: Words) -> Iterator[InlineKeyboardButton]:
    for way in row:
        match way:
            case Button(label, action):
                yield InlineKeyboardButton(words.label(label, language), callback_data=encode(action))
            case Link(label, url):
                if _fits_a_button(url):
                    yield InlineKeyboardButton(words.label(label, language), url=url)


def _fits_a_button(url: str) -> bool:
    """Telegram refuses a whole message for a button to a host without a dot, such as `localhost`."""
    return "." in (urlsplit(url).hostname or "")
