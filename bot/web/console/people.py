"""People: how many of which kind, never who. One resident is found by the code that they gave, to help them."""

import json
from collections.abc import Callable, Mapping

from starlette.responses import Response

from bot.domain.messages import Plain
from bot.services import figures, privacy, support_code
from bot.services.figures import Part, People
from bot.services.support_code import Outline, Reason
from bot.storage import audit
from bot.storage.database import Connection
from bot.web.console.fields import Trouble
from bot.web.console.visit import REFUSALS, Change, Done, Route, Visit

ABOUT = "resident:"
"""In the audit log: that it was done, why and by whom, but not with whom."""
Bars = list[tuple[str, int | None, str]]
"""Rows of a plot: what it is, how many, and the number in words."""


# --- how many


async def overview(visit: Visit) -> Response:
    """All numbers, and the way to find one resident."""
    return await _show(visit, None)


async def _show(visit: Visit, trouble: Trouble | None) -> Response:
    found = await figures.people(visit.house.database, visit.now)
    return visit.page(
        "people.html",
        made_at=found.made_at,
        total=_number(visit, found.total),
        blocked=_number(visit, found.lines["blocked"][0].count),
        plots=[(visit.say(f"figures.by.{name}"), _bars(visit, found, name)) for name in _NAMES],
        code=visit.fields.one("code"),
        trouble=trouble,
    )


async def count_again(visit: Visit) -> Response:
    """The numbers as they are this minute."""
    await figures.count_again(visit.house.database, visit.now)
    return visit.go("/console/people?done=people_counted")


def _bars(visit: Visit, people: People, name: str) -> Bars:
    named = _NAMES[name]
    return [(named(visit, part), part.count, _number(visit, part.count)) for part in people.lines[name]]


def _number(visit: Visit, count: int | None) -> str:
    return visit.say("figures.hidden") if count is None else visit.looks.words.number(count, visit.language)


def _channel(visit: Visit, part: Part) -> str:
    key = f"figures.channel.{part.key}"
    return visit.say(key) if visit.looks.words.has(key) else part.key


def _language(visit: Visit, part: Part) -> str:
    return visit.looks.words.language_name(part.key) if part.key in visit.looks.words.languages else part.key


def _district(visit: Visit, part: Part) -> str:
    names = {str(one.number): one.name for one in visit.house.library.programme.districts}
    return names.get(part.key, part.key) if part.key else visit.say("figures.unsaid")


def _age(visit: Visit, part: Part) -> str:
    return part.key.replace("-plus", "+").replace("-", "–") or visit.say("figures.unsaid")


def _seen(visit: Visit, part: Part) -> str:
    return visit.say(f"figures.seen.{part.key}" if part.key else "figures.seen_before")


def _topic(visit: Visit, part: Part) -> str:
    names = {area.value: about.name for area, about in visit.house.library.programme.areas.items()}
    if part.key not in names:
        return visit.say("figures.every_topic")
    return visit.looks.words.label(Plain(names[part.key]), visit.language)


def _consent(visit: Visit, part: Part) -> str:
    return visit.say(f"figures.consent.{part.key}")


_NAMES: Mapping[str, Callable[[Visit, Part], str]] = {
    "consents": _consent,
    "seen": _seen,
    "channel": _channel,
    "language": _language,
    "topics": _topic,
    "age": _age,
    "district": _district,
}
"""The plots in their order, and what the rows of each are called."""


# --- one of them


async def find(visit: Visit) -> Response:
    """What is kept about whoever gave a code, in outline. It is a look: it changes nothing but the log."""
    try:
        await _admit(visit)
        async with visit.house.database.begin() as conn:
            outline = await _outline(visit, conn)
            await audit.add(conn, [_entry(visit, "find")])
    except REFUSALS as error:
        return await _show(visit, visit.trouble(error))
    return _one(visit, outline, None)


async def _admit(visit: Visit) -> None:
    async with visit.house.database.begin() as conn:
        await support_code.admit(conn, visit.house.tools.vault, visit.member.name, visit.now)


async def _outline(visit: Visit, conn: Connection) -> Outline:
    vault = visit.house.tools.vault
    resident = await support_code.find(conn, vault, visit.fields.one("code"))
    return await support_code.outline(conn, vault, resident, visit.now)


def _one(visit: Visit, outline: Outline, trouble: Trouble | None) -> Response:
    return visit.page(
        "people_one.html",
        outline=outline,
        channel=_channel(visit, Part(outline.resident.address.channel, None)),
        code=visit.fields.one("code"),
        reasons=[(one, visit.say(f"figures.reason.{one or 'choose'}")) for one in ("", *Reason)],
        trouble=trouble,
    )


async def _again(visit: Visit, trouble: Trouble) -> Response:
    """The page of this resident once more; or the search, if there is none any more."""
    try:
        async with visit.house.database.read() as conn:
            outline = await _outline(visit, conn)
    except REFUSALS:
        return await _show(visit, trouble)
    return _one(visit, outline, trouble)


async def export(visit: Visit) -> Response:
    """Everything kept about them, as a file for them: the same that `/dane` gives."""
    vault = visit.house.tools.vault
    try:
        await _admit(visit)
        reason = support_code.reason_of(visit.fields.one("reason"))
        async with visit.house.database.begin() as conn:
            resident = await support_code.find(conn, vault, visit.fields.one("code"))
            kept = await privacy.export(conn, vault, resident, visit.now)
            await audit.add(conn, [_entry(visit, "export", reason)])
    except REFUSALS as error:
        return await _again(visit, visit.trouble(error))
    content = json.dumps(kept, ensure_ascii=False, indent=2).encode()
    return visit.download("bezpieczny-krakow.json", content, "application/json")


async def erase(visit: Visit) -> Response:
    """Forget them, as `/usun` does: at once and for good."""

    async def change(conn: Connection) -> Done:
        reason = support_code.reason_of(visit.fields.one("reason"))
        resident = await support_code.find(conn, visit.house.tools.vault, visit.fields.one("code"))
        await privacy.erase(conn, resident)
        return Done("/console/people", told="resident_erased", log=Change("erase", ABOUT, after={"reason": reason}))

    try:
        await _admit(visit)
    except REFUSALS as error:
        return await _again(visit, visit.trouble(error))
    return await visit.act(change, again=lambda trouble: _again(visit, trouble))


def _entry(visit: Visit, what: str, reason: Reason | None = None) -> audit.Entry:
    after = {"reason": reason.value} if reason else None
    return audit.Entry(visit.now, visit.member.name, what, ABOUT, None, after)


ROUTES = (
    Route("GET", "/people", "see_numbers", overview),
    Route("POST", "/people/count", "see_numbers", count_again),
    Route("POST", "/people/find", "find_resident", find),
    Route("POST", "/people/export", "find_resident", export),
    Route("POST", "/people/erase", "find_resident", erase),
)
