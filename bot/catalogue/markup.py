"""The Markdown that words and content may use: bold, emphasis, links, lists, line breaks; nothing else."""

import re
from collections.abc import Iterator
from functools import cache
from itertools import chain

from markdown_it import MarkdownIt
from markdown_it.token import Token

RULES = ("emphasis", "link", "list", "newline", "escape", "entity")

_SPECIAL = re.compile(r"[\\`*_\[\]()<>&~|!#+={}\-]")
_NUMBERED = re.compile(r"^(\d*)\.", re.MULTILINE)
_MARKED = re.compile(r"[\\*_\[&\n]")
_NEW_LINES = re.compile(r"\s*[\r\n]\s*")


@cache
def parser() -> MarkdownIt:
    """The one parser for all channels and checks; it never lets HTML through."""
    return MarkdownIt("zero", {"breaks": True, "html": False}).enable(list(RULES))


def escape(text: str) -> str:
    """Markdown that shows `text` as it is written: no markup, no links, no list items; blank lines close up."""
    lines = _NEW_LINES.sub("\n", text.strip())
    return _NUMBERED.sub(r"\1\\.", _SPECIAL.sub(r"\\\g<0>", lines))


def plain(markdown: str) -> str:
    """The words of a Markdown text on one line, for places that hold no markup: buttons, notifications, alt texts."""
    if not _MARKED.search(markdown):
        return markdown
    (inline,) = parser().parseInline(markdown)
    return "".join(" " if token.type.endswith("break") else token.content for token in inline.children or ())


def length(markdown: str) -> int:
    """How long a text is once its markup is gone, as Telegram counts: UTF-16 units. At most a few more are said."""
    units = depth = 0
    for token in parser().parse(markdown):
        if token.type in {"bullet_list_open", "ordered_list_open", "bullet_list_close", "ordered_list_close"}:
            depth += token.nesting
        if token.type == "list_item_open":
            units += depth * len("  ") + len("99. ")
        if token.type == "inline":
            units += len("\n\n") + sum(_units(child) for child in token.children or ())
    return units


def _units(token: Token) -> int:
    return 1 if token.type.endswith("break") else len(token.content.encode("utf-16-le")) // 2


_FOREIGN = {
    "heading_open": "headings (`#`, or a line of dashes below) are not shown; make it **bold**",
    "blockquote_open": "quotations (`>`) are not shown; use quotation marks",
    "fence": "code (```` ``` ````) is not shown; write plain text",
    "code_block": "lines indented by four spaces are read as code; take the spaces away",
    "code_inline": "code (`` ` ``) is not shown; use quotation marks",
    "hr": "lines (`---`) are not shown; leave an empty line",
    "html_block": "HTML is not shown; use **bold**, _emphasis_, lists and links",
    "html_inline": "HTML is not shown; use **bold**, _emphasis_, lists and links",
    "image": "pictures are not shown; describe what matters",
}
SAFE_LINKS = ("https://", "http://", "tel:", "mailto:")


def foreign(markdown: str) -> Iterator[str]:
    """What a text uses that no channel shows, each with what to do instead."""
    tokens = MarkdownIt("commonmark").parse(markdown)
    for token in chain.from_iterable((token, *(token.children or ())) for token in tokens):
        if token.type in _FOREIGN:
            yield _FOREIGN[token.type]
        href = str(token.attrGet("href") or "")
        if token.type == "link_open" and not href.startswith(SAFE_LINKS):
            yield f"the link to {href!r} leads nowhere; write the whole address, beginning with https://"
