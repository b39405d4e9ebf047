"""From our Markdown to Telegram's HTML, and never more of it than fits."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from html import escape

from markdown_it.token import Token

from bot.catalogue.markup import parser

MORE = "…"
TEXTS_KEPT = 4096
LINKED = ("https://", "http://", "tg://")
"""Telegram drops other links without a word."""

_TAGS = {
    "strong_open": "<b>",
    "strong_close": "</b>",
    "em_open": "<i>",
    "em_close": "</i>",
    "softbreak": "\n",
    "hardbreak": "\n",
}
_LISTS = {"bullet_list_open", "ordered_list_open"}


@dataclass(frozen=True, slots=True)
class Line:
    """A paragraph or one item of a list: tags are opened and closed within it, so a text can be cut after any."""

    html: str
    words: str
    """The same without tags: what Telegram counts."""
    joint: str = "\n\n"
    """What stands between it and the line before."""


def length(text: str) -> int:
    """The length Telegram goes by: UTF-16 units, so that an emoji counts as two."""
    return len(text.encode("utf-16-le")) // 2


def lines_of(markdown: str) -> tuple[Line, ...]:
    """The lines of a Markdown text."""
    return tuple(_read(parser().parse(markdown)))


known_lines = lru_cache(maxsize=TEXTS_KEPT)(lines_of)
"""The same, kept for the next time: reading Markdown takes longer than all the rest of showing it."""


def fit(lines: Iterable[Line], limit: int) -> str:
    """The HTML of as many lines as fit, with "…" for the others; a first line too long in itself loses its markup."""
    pieces: list[str] = []
    used = 0
    rest = list(lines)
    total = _total(rest)
    if total <= limit:
        return _join(rest)
    ending = length("\n\n" + MORE)
    for line in rest:
        needs = length(line.words) + (length(line.joint) if pieces else 0)
        if used + needs + ending > limit:
            break
        pieces += [line.joint if pieces else "", line.html]
        used += needs
    if not pieces:
        return escape(_shortened(rest[0].words, limit), quote=False)
    return "".join(pieces) + "\n\n" + MORE


def _total(lines: list[Line]) -> int:
    return sum(length(line.words) + length(line.joint) for line in lines) - (length(lines[0].joint) if lines else 0)


def _join(lines: list[Line]) -> str:
    return "".join((line.joint if place else "") + line.html for place, line in enumerate(lines))


def _shortened(words: str, limit: int) -> str:
    room = limit - length(MORE)
    while length(words) > room:
        words = words[: max(0, len(words) - max(1, (length(words) - room) // 2))]
    return words.rstrip() + MORE


def _read(tokens: list[Token]) -> Iterator[Line]:
    """Walk through the blocks; `counts` holds the next number of each open list, None for bullets."""
    counts: list[int | None] = []
    marker: str | None = None
    joint = "\n\n"
    for token in tokens:
        if token.type in _LISTS:
            counts.append(int(token.attrGet("start") or 1) if token.type == "ordered_list_open" else None)
        elif token.type in {"bullet_list_close", "ordered_list_close"}:
            counts.pop()
            joint = "\n" if counts else "\n\n"
        elif token.type == "list_item_open":
            marker = _marker(counts)
        elif token.type == "inline":
            yield _line(token, marker or "", joint)
            marker, joint = (None, "\n") if counts else (None, "\n\n")


def _marker(counts: list[int | None]) -> str:
    indent = "  " * (len(counts) - 1)
    number = counts[-1]
    if number is None:
        return f"{indent}• "
    counts[-1] = number + 1
    return f"{indent}{number}. "


def _line(token: Token, marker: str, joint: str) -> Line:
    html = [marker]
    words = [marker]
    closings: list[str] = []
    for child in token.children or ():
        if child.type == "link_open":
            href = str(child.attrGet("href") or "")
            linked = href.startswith(LINKED)
            html.append(f'<a href="{escape(href)}">' if linked else "")
            closings.append("</a>" if linked else "")
        elif child.type == "link_close":
            html.append(closings.pop())
        else:
            html.append(_TAGS.get(child.type) or escape(child.content, quote=False))
            words.append("\n" if child.type.endswith("break") else child.content)
    return Line("".join(html), "".join(words), joint)
