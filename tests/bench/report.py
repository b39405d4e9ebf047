"""What was measured, as tables on a terminal and in Markdown."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Promise:
    """A figure and the limit it has to keep to."""

    what: str
    figure: str
    limit: str
    kept: bool


@dataclass(frozen=True, slots=True)
class Section:
    """One table, what it promises, and what has to be known to read it."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    promises: tuple[Promise, ...] = ()
    notes: tuple[str, ...] = ()


def at_least(what: str, figure: float, limit: float, unit: str, *, digits: int = 2) -> Promise:
    """Kept when the figure reaches the limit."""
    return Promise(what, f"{figure:,.{digits}f} {unit}", f"at least {limit:,g} {unit}", figure >= limit)


def at_most(what: str, figure: float, limit: float, unit: str, *, digits: int = 2) -> Promise:
    """Kept when the figure does not pass the limit."""
    return Promise(what, f"{figure:,.{digits}f} {unit}", f"at most {limit:,g} {unit}", figure <= limit)


def broken(what: str, reason: str, limit: str) -> Promise:
    """A promise that could not even be measured."""
    return Promise(what, reason, limit, kept=False)


def show(console: Console, section: Section) -> None:
    """Print a section."""
    table = Table(*section.columns, title=section.title, title_justify="left")
    for row in section.rows:
        table.add_row(*row)
    console.print(table)
    for note in section.notes:
        console.print(f"  {note}", markup=False, highlight=False)
    for one in section.promises:
        console.print(f"  {_verdict(one)}: {one.what}: {one.figure} ({one.limit})", markup=False, highlight=False)
    console.print()


def markdown(section: Section) -> str:
    """A section as Markdown."""
    promised = [(one.what, one.figure, one.limit, _verdict(one)) for one in section.promises]
    parts = [f"**{section.title}**", _table(section.columns, section.rows)]
    if promised:
        parts.append(_table(("promise", "measured", "limit", ""), promised))
    return "\n\n".join([*parts, *section.notes])


def _verdict(promise: Promise) -> str:
    return "kept" if promise.kept else "BROKEN"


def _table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [columns, ("---" for _ in columns), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def put(page: str, part: str, text: str) -> str:
    """The page with the text between `<!-- part -->` and `<!-- /part -->` replaced.

    Raises:
        ValueError: the page has no such place.
    """
    begin, end = f"<!-- {part} -->", f"<!-- /{part} -->"
    place = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    if not place.search(page):
        raise ValueError(f"there is no {begin} … {end} in the page")
    return place.sub(lambda _: f"{begin}\n{text}\n{end}", page)
