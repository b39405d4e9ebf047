"""Reads Telegram's HTML as strictly as Telegram does."""

import re
from html import unescape
from html.parser import HTMLParser

SIMPLE = {
    "b",
    "strong",
    "i",
    "em",
    "u",
    "ins",
    "s",
    "strike",
    "del",
    "tg-spoiler",
    "code",
    "pre",
    "blockquote",
}
ATTRIBUTES = {
    "a": {"href"},
    "span": {"class"},
    "tg-emoji": {"emoji-id"},
    "code": {"class"},
    "blockquote": {"expandable"},
}
_TAG = re.compile(r"<(/?)([a-zA-Z0-9-]*)([^<>]*)>")


class BadHtml(ValueError):
    """The text cannot be parsed; the message is what Telegram would say."""


def read(html: str) -> str:
    """The text that is shown. Raises BadHtml for tags unknown, unbalanced or open, and for a bare `<`."""
    opened: list[str] = []
    text: list[str] = []
    place = 0
    while (start := html.find("<", place)) >= 0:
        text.append(unescape(html[place:start]))
        found = _TAG.match(html, start)
        if found is None:
            raise BadHtml(f"can't parse entities: unclosed start tag at byte offset {start}")
        _follow(found, start, opened)
        place = found.end()
    if opened:
        raise BadHtml(f"can't parse entities: can't find end tag corresponding to start tag \"{opened[-1]}\"")
    return "".join([*text, unescape(html[place:])])


def _follow(found: re.Match[str], start: int, opened: list[str]) -> None:
    closing, name, rest = found[1], found[2].lower(), found[3]
    if closing:
        if not opened or opened.pop() != name:
            raise BadHtml(f'can\'t parse entities: unexpected end tag "{name}" at byte offset {start}')
        return
    attributes = _attributes(found[0]) if rest.strip() else set()
    if name not in SIMPLE | ATTRIBUTES.keys() or not attributes <= ATTRIBUTES.get(name, set()):
        raise BadHtml(f'can\'t parse entities: unsupported start tag "{name}{rest}" at byte offset {start}')
    opened.append(name)


def _attributes(tag: str) -> set[str]:
    names: set[str] = set()

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the parser's port
            names.update(name for name, _ in attrs)

    Reader().feed(tag)
    return names
