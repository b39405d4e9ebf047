"""Prose as our Markdown: no mark too many, and read again to be sure that it shows what it should."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from bot.catalogue.exchange import prose
from bot.catalogue.exchange.hypertext import Node, of_markdown, parse
from bot.catalogue.exchange.prose import Block, Listing, Paragraph, Run
from bot.catalogue.markup import escape

_SPECIAL = re.compile(r"[\\*_\[\]&\n]|^(?:[-+]|\d+[.)])")
_ENTITY = re.compile(r"&(?=#?\w+;)")
_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_ITEM = re.compile(r"^([-+]|\d{1,9}(?=[.)]))(?=[.)]?(?:\s|$))", re.MULTILINE)
_LINK_END = re.compile(r"\](?=\()")


def of_nodes(nodes: Sequence[Node]) -> str:
    """HTML as Markdown. Where Markdown cannot put a mark (`un<b>(think)</b>able`), the words stay without it."""
    shown = prose.read(nodes)
    match shown:
        case ((Run(text, strong=False, em=False, href=""),),) if not _SPECIAL.search(text):
            return text  # as most texts are: nothing to mark, nothing to escape
    for blocks in (shown, prose.bare(shown)):
        for writer in (_Writer("_"), _Writer("*"), _Writer("_", careful=True)):
            markdown = writer.write(blocks)
            if prose.read(parse(of_markdown(markdown))) == blocks:
                return markdown
    return escape(prose.words(shown))


def canonical(markdown: str) -> str:
    """A Markdown text as it comes back from HTML: other spelling perhaps, the same to see."""
    return of_nodes(parse(of_markdown(markdown)))


Mark = tuple[str, str]
"""`href` with its address, `strong` or `em`."""


@dataclass(frozen=True, slots=True)
class _Writer:
    em: str
    careful: bool = False
    """Escape everything that may be a mark."""

    def write(self, blocks: Sequence[Block], between: str = "\n\n") -> str:
        return between.join(self._blocks(blocks))

    def _blocks(self, blocks: Sequence[Block]) -> Iterator[str]:
        other = False
        for before, block in zip([None, *blocks], blocks, strict=False):
            if not isinstance(block, Listing):
                yield self._paragraph(block)
                continue
            follows = isinstance(before, Listing) and (before.start is None) is (block.start is None)
            other = follows and not other
            yield self._listing(block, other)

    def _listing(self, listing: Listing, other: bool) -> str:
        between = "\n\n" if listing.loose else "\n"
        items = []
        for place, item in enumerate(listing.items):
            marker = (
                ("* " if other else "- ")
                if listing.start is None
                else f"{listing.start + place}{')' if other else '.'} "
            )
            text = self.write(item, between)
            items.append((marker + text.replace("\n", "\n" + " " * len(marker))).strip(" "))
        return re.sub(r"\n +\n", "\n\n", between.join(items))

    def _paragraph(self, runs: Paragraph) -> str:
        text = self._inline(runs, frozenset())
        return _ITEM.sub(lambda found: f"\\{found[0]}" if found[0] in "-+" else f"{found[0]}\\", text)

    def _inline(self, runs: Sequence[Run], inside: frozenset[Mark]) -> str:
        """The mark that reaches furthest goes around the others."""
        text, place = "", 0
        while place < len(runs):
            reach = {mark: _reach(runs[place:], mark) for mark in _marks(runs[place]) if mark not in inside}
            mark = max(reach, key=lambda mark: reach[mark], default=None)
            length = reach[mark] if mark else 1
            if mark:
                text += self._wrapped(mark, self._inline(runs[place : place + length], inside | {mark}))
            else:
                text += self._text(runs[place])
            place += length
        return text

    def _wrapped(self, mark: Mark, text: str) -> str:
        sort, href = mark
        if sort == "href":
            return f"[{text}]({_destination(href)})"
        return f"**{text}**" if sort == "strong" else f"{self.em}{text}{self.em}"

    def _text(self, run: Run) -> str:
        return escape(run.text) if self.careful else _escaped(run.text, bool(run.href))


def _marks(run: Run) -> list[Mark]:
    marks = (("href", run.href), ("strong", str(run.strong or "")), ("em", str(run.em or "")))
    return [(sort, value) for sort, value in marks if value]


def _reach(runs: Sequence[Run], mark: Mark) -> int:
    return sum(1 for _ in takewhile(lambda run: mark in _marks(run), runs))


def _escaped(text: str, in_link: bool) -> str:
    text = text.replace("\\", "\\\\").replace("*", "\\*")
    text = _ENTITY.sub(r"\\&", _UNDERSCORE.sub(r"\\_", text))
    return text.replace("[", "\\[").replace("]", "\\]") if in_link else _LINK_END.sub(r"\\]", text)


def _destination(href: str) -> str:
    address = _ENTITY.sub(r"\\&", href)
    return f"<{address}>" if re.search(r"[()\s*_]", address) else address
