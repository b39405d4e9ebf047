"""Paragraphs and lists between HTML and Markdown: what a text shows, apart from how it is written.

Bold, emphasis and links are marks on runs of characters. A space has the marks that its neighbours share, so that
two ways to write the same thing are the same prose.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise

from bot.catalogue.exchange.hypertext import BLOCKS, SPACE, UNSEEN, Element, Node
from bot.catalogue.markup import SAFE_LINKS

_PIECES = re.compile(r"\n|[^\S\n\xa0]+|[^\s]+|\xa0+")
_SPACES = re.compile(f"[{SPACE}]+")
LONGEST_NUMBER = 9
"""Digits of the first number of a list, in Markdown."""


@dataclass(frozen=True, slots=True)
class Run:
    """Characters with the same marks; `\\n` is a line break."""

    text: str
    strong: bool = False
    em: bool = False
    href: str = ""

    @property
    def marks(self) -> tuple[bool, bool, str]:
        """All but the text."""
        return self.strong, self.em, self.href


@dataclass(frozen=True, slots=True)
class Listing:
    """A list; `start` is None for bullets."""

    start: int | None
    loose: bool
    """Whether its items stand apart like paragraphs."""
    items: "tuple[tuple[Block, ...], ...]"


Paragraph = tuple[Run, ...]
Block = Paragraph | Listing


def read(nodes: Sequence[Node]) -> tuple[Block, ...]:
    """What HTML shows, with what Markdown can say of it."""
    reader = _Reader()
    reader.walk(nodes, Run(""))
    reader.end_paragraph()
    return tuple(reader.blocks)


class _Reader:
    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._runs: list[Run] = []

    def walk(self, nodes: Sequence[Node], marks: Run) -> None:
        for node in nodes:
            if isinstance(node, str):
                self._runs.append(replace(marks, text=_SPACES.sub(" ", node)))
            elif node.name == "br":
                self._runs.append(replace(marks, text="\n"))
            elif node.name in ("ul", "ol"):
                self.end_paragraph()
                self.blocks += _listing(node)
            elif node.name in BLOCKS:
                self.end_paragraph()
                self.walk(node.children, marks)
                self.end_paragraph()
            elif node.name not in UNSEEN:
                self.walk(node.children, _marked(marks, node))

    def end_paragraph(self) -> None:
        self.blocks += filter(None, map(_tidy, _paragraphs(self._runs)))
        self._runs = []


def _marked(marks: Run, element: Element) -> Run:
    match element.name:
        case "strong" | "b":
            return replace(marks, strong=True)
        case "em" | "i":
            return replace(marks, em=True)
        case "a" if element.attributes.get("href", "").startswith(SAFE_LINKS):
            return replace(marks, href=element.attributes["href"])
        case _:
            return marks


def _listing(element: Element) -> Iterator[Listing]:
    """A list without its empty items; nothing if all are empty."""
    elements = [child for child in element.children if isinstance(child, Element) and child.name == "li"]
    items = tuple(filter(None, (read(item.children) for item in elements)))
    apart = any(isinstance(node, Element) and node.name == "p" for item in elements for node in item.children)
    loose = apart and (len(items) > 1 or any(len(item) > 1 for item in items))
    start = element.attributes.get("start", "1")
    number = int(start) if start.isascii() and start.isdigit() and len(start) <= LONGEST_NUMBER else 1
    if items:
        yield Listing(number if element.name == "ol" else None, loose, items)


def _paragraphs(runs: Iterable[Run]) -> list[list[Run]]:
    """Runs cut into pieces of words, spaces and breaks; two breaks in a row end a paragraph."""
    pieces = [replace(run, text=piece) for run in runs for piece in _PIECES.findall(run.text)]
    pieces = [piece for piece, after in pairwise([*pieces, Run("\n")]) if not (_blank(piece) and _breaks(after))]
    paragraphs: list[list[Run]] = [[]]
    for piece, after in pairwise([*pieces, Run("")]):
        if _breaks(piece) and (_breaks(after) or not paragraphs[-1]):
            paragraphs.append([])
        else:
            paragraphs[-1].append(piece)
    return paragraphs


def _blank(run: Run) -> bool:
    return run.text == " "


def _breaks(run: Run) -> bool:
    return run.text == "\n"


def _tidy(pieces: Sequence[Run]) -> Paragraph:
    kept: list[Run] = []
    for piece in _trimmed(pieces):
        if not (_blank(piece) and kept and kept[-1].text[-1:] in (" ", "\n")):
            kept.append(piece)
    shared = [
        _shared(before, piece, after) if not piece.text.strip() else piece
        for before, piece, after in zip([Run(""), *kept], kept, [*kept[1:], Run("")], strict=False)
    ]
    return _joined(shared)


def _trimmed(pieces: Sequence[Run]) -> Sequence[Run]:
    inked = [place for place, piece in enumerate(pieces) if piece.text.strip()]
    return pieces[inked[0] : inked[-1] + 1] if inked else ()


def _shared(before: Run, space: Run, after: Run) -> Run:
    return Run(
        space.text,
        before.strong and after.strong,
        before.em and after.em,
        before.href if before.href == after.href else "",
    )


def _joined(runs: Sequence[Run]) -> Paragraph:
    joined: list[Run] = []
    for run in runs:
        if joined and joined[-1].marks == run.marks:
            joined[-1] = replace(run, text=joined[-1].text + run.text)
        else:
            joined.append(run)
    return tuple(joined)


def bare(blocks: Iterable[Block]) -> tuple[Block, ...]:
    """The same without bold, emphasis and links, for marks that Markdown cannot say where they stand."""
    return tuple(
        replace(block, items=tuple(bare(item) for item in block.items))
        if isinstance(block, Listing)
        else (Run("".join(run.text for run in block)),)
        for block in blocks
    )


def words(blocks: Iterable[Block]) -> str:
    """The words alone, on one line."""
    return " ".join(
        chain.from_iterable(
            map(words, block.items) if isinstance(block, Listing) else (" ".join(run.text for run in block),)
            for block in blocks
        )
    )
