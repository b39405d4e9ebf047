"""The audit log, for admins: who changed what and when, from what to what. It can be read, and nothing else."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from bot.storage import audit
from bot.storage.audit import Entry, Filter, Line
from bot.web.console.staff import url_of
from bot.web.console.visit import Route, Visit
from scheduler.calendar import ZONE

HERE = "/console/audit"
PER_PAGE = 50
LARGEST = 2**31 - 1
KINDS = ("campaign", "run", "workshop", "staff", "token", "resident")
"""What can be asked for as a whole; a number after it asks for one of them."""
_PAGES: Mapping[str, str] = {"campaign": "/console/campaigns/", "workshop": "/console/workshops/"}
NOTHING = "–"
_VALUES: Mapping[str, str] = {
    "channel": "figures.channel.",
    "kind": "campaigns.kind.",
    "proof": "account.by_",
    "reason": "figures.reason.",
    "role": "console.role.",
    "state": "campaigns.state.",
}
"""Name of a field → how the keys of words for its values begin."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was."""

    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Row:
    """A line, ready to be read."""

    at: datetime
    who: str
    what: str
    about: str
    url: str
    changes: tuple[Difference, ...]


async def show(visit: Visit) -> Response:
    """The newest lines that fit what is asked for."""
    wanted, before = _wanted(visit), _number(visit.query.get("before", ""))
    async with visit.house.database.read() as conn:
        lines = await audit.page(conn, wanted, before=before, limit=PER_PAGE + 1)
        names = await audit.people(conn)
    shown = lines[:PER_PAGE]
    asked = {name: visit.query.get(name, "").strip() for name in ("who", "kind", "number", "day")}
    return visit.page(
        "audit.html",
        rows=[row_of(visit, line) for line in shown],
        asked=asked,
        names=names,
        kinds=[(kind, visit.say(f"audit.kind.{kind}")) for kind in KINDS],
        older=_address(asked, shown[-1].id) if len(lines) > PER_PAGE else "",
        newest=_address(asked) if before else "",
        filtered=any(asked.values()),
    )


def _wanted(visit: Visit) -> Filter:
    kind, number = visit.query.get("kind", ""), visit.query.get("number", "").strip()
    since = _midnight(visit.query.get("day", ""))
    return Filter(
        who=visit.query.get("who", "").strip(),
        about=f"{kind}:{number}" if kind in KINDS else "",
        since=since,
        until=_next(since) if since else None,
    )


def _midnight(day: str) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(day), time(), ZONE)
    except ValueError:
        return None


def _next(midnight: datetime) -> datetime | None:
    try:
        return datetime.combine(midnight.date() + timedelta(days=1), time(), ZONE)
    except OverflowError:
        return None


def _number(text: str) -> int | None:
    return min(int(text), LARGEST) if re.fullmatch("[0-9]{1,15}", text) else None


def _address(asked: Mapping[str, str], before: int | None = None) -> str:
    query = {name: value for name, value in asked.items() if value}
    return f"{HERE}?{urlencode(query | ({'before': str(before)} if before else {}))}".removesuffix("?")


# --- a line in words


def row_of(visit: Visit, line: Line) -> Row:
    """A line in the reader's language; what has no words of its own stands as it was written down."""
    entry = line.entry
    kind, _, name = entry.about.partition(":")
    return Row(
        at=entry.at,
        who=_worded(visit, f"audit.who.{entry.who}", entry.who),
        what=_worded(visit, f"audit.what.{entry.what}", entry.what.replace("_", " ")),
        about=_about(visit, kind, name),
        url=url_of(name) if kind == "staff" else f"{_PAGES[kind]}{name}" if kind in _PAGES else "",
        changes=tuple(_changes(visit, entry)),
    )


def _about(visit: Visit, kind: str, name: str) -> str:
    called = _worded(visit, f"audit.kind.{kind}", kind)
    return f"{called} {name}".strip() if name.isdecimal() or not name else f"{called}: {name}"


def _worded(visit: Visit, key: str, otherwise: str) -> str:
    return visit.say(key) if visit.looks.words.has(key) else otherwise


def _changes(visit: Visit, entry: Entry) -> Iterator[Difference]:
    for path, *values in differences(entry.before or {}, entry.after or {}):
        old, new = (_shown(visit, value, path[-1]) for value in values)
        yield Difference(": ".join(_part(visit, part) for part in path), old, new)


def _part(visit: Visit, part: str) -> str:
    words = visit.looks.words
    spoken = words.language_name(part) if part in words.languages else part.replace("_", " ")
    return _worded(visit, f"audit.field.{part}", spoken)


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[tuple[str, ...], Any, Any]]:
    """Path, old value and new value of whatever is not the same; None stands for what was not there."""
    old, new = dict(_flat(before)), dict(_flat(after))
    paths = [*old, *(path for path in new if path not in old)]
    return [(path, old.get(path), new.get(path)) for path in paths if old.get(path) != new.get(path)]


def _flat(values: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, (*path, str(name)))
        else:
            yield (*path, str(name)), value


def _shown(visit: Visit, value: Any, field: str) -> str:
    match value:
        case None | "" | [] | {}:
            return NOTHING
        case bool():
            return visit.say("audit.yes") if value else visit.say("audit.no")
        case list():
            return "; ".join(_shown(visit, one, field) for one in value)
        case dict():
            return "; ".join(f"{name}: {_shown(visit, one, field)}" for name, one in value.items())
        case str():
            return _worded(visit, f"{_VALUES[field]}{value}", value) if field in _VALUES else _moment(visit, value)
        case _:
            return str(value)


def _moment(visit: Visit, text: str) -> str:
    """An instant that was written down for a machine, in Kraków's time; any other text as it is."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return visit.looks.words.moment(at, visit.language) if at.tzinfo else text


ROUTES = (Route("GET", "/audit", "see_audit", show),)
