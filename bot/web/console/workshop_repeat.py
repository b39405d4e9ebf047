"""The same workshop on further dates, shown before they are made."""

from collections.abc import Iterable, Mapping
from datetime import date

from starlette.responses import Response

from bot.domain.errors import BotError
from bot.domain.workshops import Workshop
from bot.services import repeats
from bot.services.repeats import MOST, Copy, Every
from bot.storage.database import Connection
from bot.web.console.fields import Trouble
from bot.web.console.visit import Change, Done, Route, Visit
from bot.web.console.workshop_form import as_json
from bot.web.console.workshop_parts import about, find
from scheduler.calendar import ZONE, parse_day
from scheduler.errors import CalendarError

EVERY: Mapping[Every, str] = {
    Every.WEEK: "workshops.repeat.week",
    Every.FORTNIGHT: "workshops.repeat.fortnight",
    Every.MONTH: "workshops.repeat.month",
}
"""Rule → the key of its words."""
PICKED = 6
"""Boxes for dates that no rule gives."""


async def choose(visit: Visit) -> Response:
    """The rule and the dates, and once there are some, what would be made."""
    return await _show(visit, None)


async def _show(visit: Visit, trouble: Trouble | None) -> Response:
    async with visit.house.database.read() as conn:
        workshop = await find(visit, conn)
    planned: list[Copy] = []
    if "every" in visit.query:
        try:
            planned = repeats.copies(workshop, _wanted(visit, workshop), visit.now)
        except (BotError, CalendarError) as error:
            trouble = visit.trouble(error)
    asked = visit.request.query_params
    return visit.page(
        "workshops_repeat.html",
        workshop=workshop,
        rules=[
            ("", visit.say("workshops.repeat.no_rule")),
            *((one.value, visit.say(key)) for one, key in EVERY.items()),
        ],
        every=asked.get("every", Every.WEEK.value),
        count=asked.get("count", "4"),
        picked=[*asked.getlist("on")[:PICKED], *[""] * PICKED][:PICKED],
        most=MOST,
        rows=[(one, _why(visit, one)) for one in planned],
        trouble=trouble,
    )


def _why(visit: Visit, copy: Copy) -> str:
    return visit.trouble(copy.found).message if isinstance(copy.found, Exception) else ""


def _wanted(visit: Visit, workshop: Workshop) -> list[date]:
    """The dates of the rule, and those that were picked. Raises NotADay, TooManyDates."""
    asked = visit.request.query_params
    every, count = asked.get("every", ""), asked.get("count", "")
    first = workshop.starts_at.astimezone(ZONE).date()
    by_rule = repeats.days(first, Every(every), _number(count)) if every in set(Every) else []
    return [*by_rule, *_days(asked.getlist("on"))]


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > len(str(MOST)) or int(text) > MOST:
        raise repeats.TooManyDates
    return int(text)


def _days(texts: Iterable[str]) -> list[date]:
    """Dates as they were typed. Raises NotADay."""
    return [parse_day(text) for text in texts if text.strip()]


async def make(visit: Visit) -> Response:
    """Make those that are still ticked."""

    async def change(conn: Connection) -> Done:
        workshop = await find(visit, conn)
        made = await repeats.repeat(conn, workshop, _days(visit.fields.all("day")), visit.now)
        like = {"owner": workshop.owner, "like": workshop.id}
        log = tuple(Change("create", about(number), None, {**as_json(plan), **like}) for number, plan in made)
        return Done("/console/workshops", told="workshops_repeated", log=log)

    return await visit.act(change, again=lambda trouble: _show(visit, trouble))


ROUTES = (
    Route("GET", "/workshops/{number:int}/repeat", "plan_workshops", choose),
    Route("POST", "/workshops/{number:int}/copies", "plan_workshops", make),
)
