"""How many residents there are, and of which kinds: numbers in which nobody can be recognised.

They are made safe before they are kept, so that neither a page nor the kept row can show more.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from bot.domain.areas import AgeBand, Area
from bot.domain.suppression import FEWEST, Tally, hidden_in_line
from bot.services.kept import Kept, Make, kept, remake
from bot.storage import figures
from bot.storage.database import Connection, Database
from scheduler.calendar import ZONE

NAME = "people:1"
KEPT_FOR = timedelta(minutes=10)
SEEN_WITHIN = (timedelta(days=7), timedelta(days=30), timedelta(days=90))
DISTRICTS = tuple(str(number) for number in range(1, 19))
CONSENTS = ("alerts", "campaigns", "daily_tips", "no_consent")
TOPICS = ("every_topic", *(area.value for area in Area))


@dataclass(frozen=True, slots=True)
class Part:
    """One number of a line."""

    key: str
    """What it is of: a channel's name, a district's number; empty: they did not say, or it was longer ago."""
    count: int | None
    """None: it would show too few people, here or by what stands beside it."""


@dataclass(frozen=True, slots=True)
class People:
    """All residents, in lines of numbers."""

    made_at: datetime
    total: int | None
    lines: Mapping[str, tuple[Part, ...]]
    """`channel`, `language`, `district`, `age` and `seen` add up to the total; `topics` and `consents` do not."""


async def people(database: Database, now: datetime) -> People:
    """The numbers as they were a few minutes ago."""
    return _read(await kept(database, NAME, _make(now), now=now, for_=KEPT_FOR))


async def count_again(database: Database, now: datetime) -> People:
    """The numbers as they are."""
    return _read(await remake(database, NAME, _make(now), now))


def _make(now: datetime) -> Make:
    async def make(conn: Connection) -> dict[str, Any]:
        return await count(conn, now.astimezone(ZONE).date())

    return make


def _read(found: Kept) -> People:
    made_at, data = found
    lines = {name: tuple(Part(**part) for part in parts) for name, parts in data["lines"].items()}
    return People(made_at, data["total"], lines)


async def count(conn: Connection, today: date) -> dict[str, Any]:
    """All numbers, counted now and made safe, as JSON holds them."""
    seen = tuple(str(span.days) for span in SEEN_WITHIN)
    adding = {
        "channel": (await figures.by(conn, "channel"), ()),
        "language": (await figures.by(conn, "language"), ()),
        "district": (await figures.by(conn, "district"), (*DISTRICTS, "")),
        "age": (await figures.by(conn, "age"), (*(band.value for band in AgeBand), "")),
        "seen": (await figures.by_last_seen(conn, today, SEEN_WITHIN), (*seen, "")),
    }
    wishes = await figures.wishes(conn)
    total = sum(adding["channel"][0].values())
    lines = {name: tuple(_adding(counts, keys, total)) for name, (counts, keys) in adding.items()}
    lines |= {
        name: tuple(_apart(wishes, keys, total))
        for name, keys in (("topics", TOPICS), ("consents", CONSENTS), ("blocked", ("blocked",)))
    }
    shown = total if total >= FEWEST or total == 0 else None
    return {"total": shown, "lines": {name: [asdict(part) for part in parts] for name, parts in lines.items()}}


def _adding(counts: figures.Counts, keys: Sequence[str], total: int) -> Iterator[Part]:
    """The parts of a whole: as many are hidden as it takes for none to be worked out from the others."""
    ordered = [*keys, *sorted(set(counts).difference(keys), key=lambda key: (-counts[key], key))]
    tallies = [Tally(counts.get(key, 0), counts.get(key, 0)) for key in ordered]
    hidden = frozenset(range(len(ordered))) if total < FEWEST else hidden_in_line(tallies)
    for place, key in enumerate(ordered):
        yield Part(key, None if place in hidden else tallies[place].count)


def _apart(counts: figures.Counts, keys: Sequence[str], total: int) -> Iterator[Part]:
    """Numbers that do not add up to the total: each is hidden that leaves too few on either side."""
    for key in keys:
        found = counts[key]
        is_safe = total >= FEWEST and all(part == 0 or part >= FEWEST for part in (found, total - found))
        yield Part(key, found if is_safe else None)
