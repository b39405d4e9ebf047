"""Long tables a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import urlencode

from bot.web.console.visit import Visit

Row = TypeVar("Row")

ROWS = 50
"""Rows on a page."""


@dataclass(frozen=True, slots=True)
class Paged(Generic[Row]):
    """The rows of one page, and the ways to its neighbours."""

    rows: Sequence[Row]
    number: int
    """Which page it is, from 1."""
    of: int
    previous: str
    following: str
    """Addresses; empty where there is no such page."""


def paged(visit: Visit, rows: Sequence[Row], size: int = ROWS) -> Paged[Row]:
    """The page that `?page=` asks for, or the nearest that there is; all else of the address stays."""
    of = max(1, -(-len(rows) // size))
    asked = visit.query.get("page", "1")
    number = min(max(int(asked), 1), of) if asked.isascii() and asked.isdecimal() and len(asked) < len("10000") else 1
    kept = [(name, value) for name, value in visit.query.items() if name not in ("page", "done")]

    def url(page: int) -> str:
        return "?" + urlencode([*kept, ("page", str(page))]) if 1 <= page <= of else ""

    start = (number - 1) * size
    return Paged(rows[start : start + size], number, of, url(number - 1), url(number + 1))
