"""Workshops: programs see how many places are taken, and plan, change and call off; nobody's name passes here."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query, Request
from starlette.responses import Response

from bot.catalogue.schema import LARGEST
from bot.domain.areas import Area
from bot.domain.errors import UnknownItem
from bot.services import programs
from bot.storage import workshops as store
from bot.storage.database import Connection
from bot.storage.workshops import Numbers, Place
from bot.web.api import examples
from bot.web.api.body import Sent, body_of, described, fingerprint_of
from bot.web.api.campaigns import ASKED, ETAG, MADE, REPLAYED, SENT, Cursor, Limit, read_cursor, write_cursor
from bot.web.api.desk import ReadsWorkshops, WritesWorkshops
from bot.web.api.models import Workshop, WorkshopPage, WorkshopPlan, workshop_of
from bot.web.api.once import Key, once
from bot.web.api.problems import PREFIX, Refused, responses, succeeds

TAG = "Workshops"
_BEGAN = datetime(1970, 1, 1, tzinfo=UTC)

Number = Annotated[int, Path(ge=1, le=LARGEST, description="The workshop's number.", examples=[3])]
OfArea = Annotated[Area | None, Query(description="Only those of this area.")]
Past = Annotated[bool, Query(description="Those that are over, in place of those to come.")]
IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        description="The `ETag` that came with the workshop: the change is made only if nobody made one since.",
        examples=['"0"'],
        max_length=200,
    ),
]


async def listing(
    call: ReadsWorkshops, past: Past = False, area: OfArea = None, limit: Limit = 50, cursor: Cursor = None
) -> WorkshopPage:
    """Workshops to come, or those that are over, a page at a time."""
    after = _read_place(cursor) if cursor else None
    async with call.database.read() as conn:
        found = await store.page(conn, call.now, past=past, limit=limit + 1, area=area, after=after)
    shown = found[:limit]
    more = _write_place(shown[-1]) if len(found) > limit else None
    return WorkshopPage(items=[workshop_of(one) for one in shown], next_cursor=more)


def _write_place(last: Numbers) -> str:
    since = last.workshop.starts_at - _BEGAN
    return write_cursor(since // timedelta(microseconds=1), last.workshop.id)


def _read_place(cursor: str) -> Place:
    since, number = read_cursor(cursor, parts=2)
    return Place(_BEGAN + timedelta(microseconds=since), min(number, LARGEST))


async def one(call: ReadsWorkshops, number: Number, response: Response) -> Workshop:
    """A workshop, with its places taken and waited for."""
    async with call.database.read() as conn:
        return _answer(await _get(conn, number), response)


async def create(
    call: WritesWorkshops,
    sent: Annotated[Sent[WorkshopPlan], Depends(body_of(WorkshopPlan))],
    response: Response,
    key: Key = None,
) -> Workshop:
    """Plan a workshop. Residents can book it at once."""
    async with call.database.begin() as conn:

        async def act() -> int:
            return await programs.plan_workshop(conn, sent.value, caller=call.caller, now=call.now)

        done = await once(conn, call, key, sent.fingerprint, act)
        made = await _get(conn, done.number)
    done.mark(response)
    response.headers["Location"] = f"{PREFIX}/workshops/{done.number}"
    return _answer(made, response)


async def change(
    call: WritesWorkshops,
    number: Number,
    sent: Annotated[Sent[WorkshopPlan], Depends(body_of(WorkshopPlan))],
    response: Response,
    if_match: IfMatch = None,
) -> Workshop:
    """Change a workshop: send all of it, as it is to be.

    Whoever booked is told of a new time or place; with more places, whoever waits moves up. `If-Match` is needed: the
    tag names the revision of what is planned. Places that are taken meanwhile do not change it.
    """
    async with call.database.begin() as conn:
        revision = _matched(await _get(conn, number), if_match)
        await programs.edit_workshop(
            conn, call.desk.vault, number, sent.value, revision=revision, caller=call.caller, now=call.now
        )
        return _answer(await _get(conn, number), response)


async def cancel(
    call: WritesWorkshops, number: Number, request: Request, response: Response, key: Key = None
) -> Workshop:
    """Call a workshop off. Whoever booked, or waits, is told."""
    async with call.database.begin() as conn:

        async def act() -> int:
            return (await programs.call_off_workshop(conn, number, caller=call.caller, now=call.now)).id

        done = await once(conn, call, key, fingerprint_of(request), act)
        workshop = await _get(conn, done.number)
    done.mark(response)
    return _answer(workshop, response)


async def _get(conn: Connection, number: int) -> Numbers:
    found = await store.numbers_of(conn, number)
    if found is None:
        raise UnknownItem
    return found


def _answer(found: Numbers, response: Response) -> Workshop:
    response.headers["ETag"] = tag_of(found)
    return workshop_of(found)


def tag_of(found: Numbers) -> str:
    """The version of what is planned."""
    one = found.workshop
    return f'"{one.revision}{"-cancelled" if one.cancelled_at else ""}"'


def _matched(found: Numbers, if_match: str | None) -> int:
    """The revision that the sender has seen. Raises Refused (412, 428)."""
    if if_match is None:
        raise Refused("precondition-required")
    seen = {tag.strip() for tag in if_match.split(",")}
    if not seen & {"*", tag_of(found)}:
        raise Refused("changed-meanwhile", headers={"ETag": tag_of(found)})
    return found.workshop.revision


# --- their addresses


def routes() -> APIRouter:
    """Every address of workshops."""
    router = APIRouter(prefix="/workshops", tags=[TAG])
    router.add_api_route(
        "",
        listing,
        summary="List workshops",
        response_description="A page of workshops.",
        responses=succeeds(examples.WORKSHOPS) | responses(*ASKED, "invalid"),
    )
    router.add_api_route(
        "",
        create,
        methods=["POST"],
        status_code=201,
        summary="Plan a workshop",
        response_description="The workshop.",
        openapi_extra=described(WorkshopPlan, first_aid=examples.PLAN),
        responses=succeeds(examples.WORKSHOP, status=201, headers=MADE) | responses(*ASKED, *SENT),
    )
    router.add_api_route(
        "/{number}",
        one,
        summary="Look at a workshop",
        response_description="The workshop.",
        responses=succeeds(examples.WORKSHOP, headers=ETAG) | responses(*ASKED, "not-found", "invalid"),
    )
    router.add_api_route(
        "/{number}",
        change,
        methods=["PUT"],
        summary="Change a workshop",
        response_description="The workshop as it is now.",
        openapi_extra=described(WorkshopPlan, first_aid=examples.PLAN),
        responses=succeeds(examples.WORKSHOP, headers=ETAG)
        | responses(*ASKED, *SENT[:-1], "not-found", "not-possible", "changed-meanwhile", "precondition-required"),
    )
    router.add_api_route(
        "/{number}/cancel",
        cancel,
        methods=["POST"],
        summary="Call a workshop off",
        response_description="The workshop, which is off now.",
        responses=succeeds(examples.WORKSHOP, headers=ETAG | REPLAYED)
        | responses(*ASKED, "not-found", "not-possible", "invalid", "key-reused"),
    )
    return router
