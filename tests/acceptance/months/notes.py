"""What is noted of two months: what reached whom, when the program looked, what it held in memory."""

import asyncio
import gc
import threading
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from tests.acceptance.months.town import Step


@dataclass(frozen=True, slots=True)
class Received:
    """A message that reached a resident."""

    at: datetime
    who: int
    mark: str


@dataclass(frozen=True, slots=True)
class Row:
    """What the ledger knew of one delivery, at the end or when its resident was erased."""

    mark: str
    who: int
    state: str
    doubts: int
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class Measure:
    """What the process held at a quiet moment."""

    tasks: int
    threads: int
    objects: Counter[str]
    """Live objects of the program's own classes."""
    traced: int
    """Bytes taken since tracing began, outside of these tests."""


@dataclass(slots=True)
class Notes:
    """Everything that is known of two months."""

    received: list[Received] = field(default_factory=list)
    looks: list[datetime] = field(default_factory=list)
    """When the program looked at what is due."""
    deaths: list[datetime] = field(default_factory=list)
    steps: list[tuple[datetime, Step]] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    measures: dict[int, Measure] = field(default_factory=dict)
    """By the day of the plan."""
    # at the end:
    left_open: list[str] = field(default_factory=list)
    """Keys of runs that did not end."""
    named: list[tuple[datetime, int]] = field(default_factory=list)
    """Of each workshop its end, and how many bookings of it have a name."""
    traces: dict[str, int] = field(default_factory=dict)
    """How much there is of what should be gone by then."""
    traces_later: dict[str, int] = field(default_factory=dict)
    """And three months later."""
    unbalanced: list[str] = field(default_factory=list)


def measure(*, deep: bool) -> Measure:
    objects: Counter[str] = Counter()
    traced = 0
    if deep:
        gc.collect()
        objects.update(_own_classes())
    if deep and tracemalloc.is_tracing():
        shot = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(False, "*/tests/*")])
        traced = sum(stat.size for stat in shot.statistics("filename"))
    return Measure(len(asyncio.all_tasks()), threading.active_count(), objects, traced)


def _own_classes() -> Iterator[str]:
    for one in gc.get_objects():
        kind = type(one)
        if str(kind.__module__).startswith(("bot.", "scheduler.")):
            yield f"{kind.__module__}.{kind.__qualname__}"
