"""The Markdown that words and content may use: bold, emphasis, links, lists, line breaks; nothing else."""

import re
from functools import cache, lru_cache

from markdown_it import MarkdownIt

RULES = ("emphasis", "link", "list", "newline", "escape", "entity")

_SPECIAL = re.compile(r"[\\`*_\[\]()<>&~|!#+={}\-]")
_NUMBERED = re.compile(r"^(\d*)\.", re.MULTILINE)
_MARKED = re.compile(r"[\\*_\[&\n]")
_NEW_LINES = re.compile(r"\s*[\r\n]\s*")


@cache
def parser() -> MarkdownIt:
    """The one parser for all channels and checks; it never lets HTML through."""
    return MarkdownIt("zero", {"breaks": True, "html": False}).enable(list(RULES))


@lru_cache(maxsize=4096)
def escape(text: str) -> str:
    """Markdown that shows `text` as it is written: no markup, no links, no list items; blank lines close up."""
    lines = _NEW_LINES.sub("\n", text.strip())
    return _NUMBERED.sub(r"\1\\.", _SPECIAL.sub(r"\\\g<0>", lines))


@lru_cache(maxsize=4096)
def plain(markdown: str) -> str:
    """The words of a Markdown text on one line, for places that hold no markup: buttons, notifications, alt texts."""
    if not _MARKED.search(markdown):
        return markdown
    (inline,) = parser().parseInline(markdown)
    return "".join(" " if token.type.endswith("break") else token.content for token in inline.children or ())
