"""Workshops: what is to come and what was, and each by itself."""

from datetime import datetime
from urllib.parse import urlencode

from starlette.responses import Response

from bot.domain.areas import Area
from bot.services import staff, workshop_messages
from bot.services import workshops as service
from bot.storage import staff as members
from bot.storage import workshops as store
from bot.storage.database import Connection
from bot.storage.staff import Role
from bot.storage.workshops import Numbers, Place
from bot.web.console import workshop_form, workshop_message, workshop_repeat
from bot.web.console.fields import Trouble
from bot.web.console.visit import Change, Done, Route, Visit
from bot.web.console.workshop_parts import LARGEST, about, badge_of, find, only_of, url_of

PER_PAGE = 25
PAST = "past"


async def listing(visit: Visit) -> Response:
    """Those to come, or those past, a page at a time."""
    past, area = visit.query.get("when") == PAST, _area(visit.query.get("area", ""))
    async with visit.house.database.read() as conn:
        found = await store.page(
            conn,
            visit.now,
            past=past,
            limit=PER_PAGE + 1,
            area=area,
            owner=only_of(visit),
            after=_place(visit.query.get("after", "")),
        )
    shown = found[:PER_PAGE]
    return visit.page(
        "workshops.html",
        rows=[(one, badge_of(visit, one.workshop)) for one in shown],
        past=past,
        area=area,
        areas=tuple(Area),
        ways={name: _address(past=name == PAST, area=area) for name in ("coming", PAST)},
        further=_address(past=past, area=area, after=shown[-1]) if len(found) > PER_PAGE else "",
    )


def _area(text: str) -> Area | None:
    return Area(text) if text in set(Area) else None


def _address(*, past: bool, area: Area | None, after: Numbers | None = None) -> str:
    asked = {
        "when": PAST if past else "",
        "area": area.value if area else "",
        "after": f"{after.workshop.starts_at.isoformat()}_{after.workshop.id}" if after else "",
    }
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"/console/workshops?{query}" if query else "/console/workshops"


def _place(text: str) -> Place | None:
    """Where the list goes on; whoever changes the address by hand begins at its beginning."""
    at, _, number = text.rpartition("_")
    try:
        place = Place(datetime.fromisoformat(at), int(number))
    except ValueError:
        return None
    return place if place.starts_at.tzinfo and 0 <= place.number <= LARGEST else None


async def one(visit: Visit) -> Response:
    """A workshop, its numbers, and what can be done with it."""
    return await _show(visit, None)


async def _show(visit: Visit, trouble: Trouble | None) -> Response:
    async with visit.house.database.read() as conn:
        workshop = await find(visit, conn)
        numbers = await store.numbers_of(conn, workshop.id)
        told = await workshop_messages.sent(conn, workshop.id)
        partners = [one.name for one in await members.everyone(conn) if one.role is Role.PARTNER]
    return visit.page(
        "workshops_one.html",
        workshop=workshop,
        numbers=numbers,
        badge=badge_of(visit, workshop),
        told_before=told,
        owners=[("", visit.say("workshops.city")), *((name, name) for name in partners)],
        is_open=workshop.is_open(visit.now),
        is_counted=workshop.is_counted(visit.now),
        can_be_written=visit.now < workshop.erased_at(),
        hands_over=only_of(visit) is None and visit.may("plan_workshops"),
        trouble=trouble,
    )


async def call_off(visit: Visit) -> Response:
    """Call it off; whoever booked is told."""

    async def change(conn: Connection) -> Done:
        number = (await find(visit, conn)).id
        _, told = await service.call_off(conn, number, visit.now)
        done = Change("call_off", about(number), {"called_off": False}, {"called_off": True, "told": told})
        return Done(url_of(number), told="workshop_called_off", log=done)

    return await visit.act(change, again=lambda trouble: _show(visit, trouble))


async def hand_over(visit: Visit) -> Response:
    """Let a partner run it, or the city again; whose it is, only the city says."""

    async def change(conn: Connection) -> Done:
        if only_of(visit) is not None:
            raise staff.NotYourRole
        number = (await find(visit, conn)).id
        owner = visit.fields.one("owner") or None
        before = await service.hand_over(conn, number, owner)
        done = Change("hand_over", about(number), {"owner": before.owner}, {"owner": owner})
        return Done(url_of(number), told="workshop_handed_over", log=done)

    return await visit.act(change, again=lambda trouble: _show(visit, trouble))


ROUTES = (
    Route("GET", "/workshops", "see_workshops", listing),
    *workshop_form.ROUTES,
    Route("GET", "/workshops/{number:int}", "see_workshops", one),
    Route("POST", "/workshops/{number:int}/call-off", "plan_workshops", call_off),
    Route("POST", "/workshops/{number:int}/owner", "plan_workshops", hand_over),
    *workshop_repeat.ROUTES,
    *workshop_message.ROUTES,
)
