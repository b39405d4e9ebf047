"""Who may ask for what: every route of the console, asked by every role and by a stranger."""

import re
from collections.abc import Mapping
from dataclasses import replace

import httpx
from fastapi import FastAPI
from starlette.responses import PlainTextResponse, Response

from bot.storage.staff import Role
from bot.web.console.app import ROUTES
from bot.web.console.gate import Gate, cookie_name
from bot.web.console.looks import Looks
from bot.web.console.visit import Route, Visit
from bot.web.pages import Pages
from tests.web.console.world import URL, Console
from tests.web.world import FakeShelf, tokens

ALL = "admin editor approver organiser viewer partner"
CITY = "admin editor approver organiser viewer"
WRITERS = "admin editor"
APPROVERS = "admin approver"
OFFICE = "admin editor approver"
DRAFTERS = "admin editor partner"
ORGANISERS = "admin organiser partner"

WHOSE: Mapping[str, str] = {
    # everybody's own
    "GET ": ALL,
    "POST /sign-out": ALL,
    "GET /account": ALL,
    "POST /account/sessions/end": ALL,
    "POST /account/sessions/end-others": ALL,
    "POST /account/passkeys/offer": ALL,
    "POST /account/passkeys": ALL,
    "POST /account/passkeys/rename": ALL,
    "POST /account/passkeys/remove": ALL,
    "POST /account/language": ALL,
    "POST /account/chat": ALL,
    "GET /account/chat": ALL,
    "GET /account/chat/live": ALL,
    "POST /account/chat/unlink": ALL,
    "GET /{rest:path}": ALL,
    # campaigns; of these a partner sees and takes only their own, see the sections' tests
    "GET /campaigns": ALL,
    "GET /campaigns/calendar": ALL,
    "GET /campaigns/{number:int}": ALL,
    "GET /campaigns/{number:int}/live": ALL,
    "GET /campaigns/{number:int}/runs/{run:int}": ALL,
    "GET /campaigns/{number:int}/runs/{run:int}/csv": ALL,
    "GET /campaigns/{number:int}/preview": ALL,
    "GET /campaigns/new": DRAFTERS,
    "POST /campaigns/new": DRAFTERS,
    "POST /campaigns/gaps": DRAFTERS,
    "POST /campaigns/preview": DRAFTERS,
    "POST /campaigns/audience": DRAFTERS,
    "GET /campaigns/{number:int}/edit": DRAFTERS,
    "POST /campaigns/{number:int}/edit": DRAFTERS,
    "POST /campaigns/{number:int}/duplicate": DRAFTERS,
    "POST /campaigns/{number:int}/submit": DRAFTERS,
    "POST /campaigns/{number:int}/test": f"{OFFICE} partner",
    "POST /campaigns/{number:int}/approve": APPROVERS,
    "POST /campaigns/{number:int}/reject": APPROVERS,
    "POST /campaigns/{number:int}/break-glass": OFFICE,
    "POST /campaigns/{number:int}/schedule": WRITERS,
    "POST /campaigns/{number:int}/unschedule": WRITERS,
    "POST /campaigns/{number:int}/skip": WRITERS,
    "POST /campaigns/{number:int}/pause": f"{OFFICE} organiser",
    "POST /campaigns/{number:int}/resume": WRITERS,
    "POST /campaigns/{number:int}/retry": WRITERS,
    "POST /campaigns/{number:int}/cancel": f"{OFFICE} partner",
    "GET /runs": CITY,
    "POST /runs/{run:int}/resume": WRITERS,
    # workshops; of these too a partner has only their own
    "GET /workshops": ALL,
    "GET /workshops/{number:int}": ALL,
    "GET /workshops/new": ORGANISERS,
    "POST /workshops/new": ORGANISERS,
    "GET /workshops/{number:int}/edit": ORGANISERS,
    "POST /workshops/{number:int}/edit": ORGANISERS,
    "POST /workshops/{number:int}/call-off": ORGANISERS,
    "POST /workshops/{number:int}/owner": ORGANISERS,
    "GET /workshops/{number:int}/repeat": ORGANISERS,
    "POST /workshops/{number:int}/copies": ORGANISERS,
    "GET /workshops/{number:int}/message": ORGANISERS,
    "POST /workshops/{number:int}/message": ORGANISERS,
    "POST /workshops/{number:int}/message/look": ORGANISERS,
    "POST /workshops/{number:int}/message/letters": ORGANISERS,
    "GET /workshops/{number:int}/roster": ORGANISERS,
    "GET /workshops/{number:int}/roster/sheet": ORGANISERS,
    "GET /workshops/{number:int}/roster.csv": ORGANISERS,
    "GET /workshops/{number:int}/roster.xlsx": ORGANISERS,
    "POST /workshops/{number:int}/roster": ORGANISERS,
    "POST /workshops/{number:int}/bookings/{booking:int}/cancel": ORGANISERS,
    # what is taught, and how it works
    "GET /content": CITY,
    "GET /content/quizzes/{name}": CITY,
    "GET /content/surveys/{name}": CITY,
    "GET /content/tips/{name}": CITY,
    "GET /content/templates/{name}": CITY,
    "GET /content/quality": CITY,
    "GET /content/quality.csv": CITY,
    "POST /content/quality": CITY,
    "GET /content/ratings": CITY,
    "GET /content/ratings.csv": CITY,
    "GET /content/reviews": CITY,
    "GET /content/missing": CITY,
    "GET /content/check": CITY,
    "GET /content/check/live": CITY,
    "POST /content/check": CITY,
    # numbers, and the one way to a resident
    "GET /people": CITY,
    "POST /people/count": CITY,
    "POST /people/find": "admin",
    "POST /people/export": "admin",
    "POST /people/erase": "admin",
    "GET /report": CITY,
    "GET /report/live": CITY,
    "GET /report/pdf": CITY,
    "GET /report/csv": CITY,
    "POST /report/count": CITY,
    # the staff themselves
    "GET /staff": "admin",
    "GET /staff/member": "admin",
    "POST /staff": "admin",
    "POST /staff/role": "admin",
    "POST /staff/sessions/end": "admin",
    "POST /staff/chat/unlink": "admin",
    "POST /staff/remove": "admin",
    "POST /staff/invitation": "admin",
    "GET /staff/invitation": "admin",
    "GET /audit": "admin",
    "GET /tokens": "admin",
    "POST /tokens": "admin",
    "POST /tokens/{number:int}/revoke": "admin",
}
"""Every route, and whose it is; written out here, so that a slip in the program's own table is seen."""
OPEN = frozenset(
    {"GET /sign-in", "POST /sign-in", "POST /sign-in/ask", "GET /enter/{token}", "POST /enter/{token}"},
)
"""Routes that anybody may ask for: the ways in."""

REACHED = "reached"


def named(route: Route) -> str:
    return f"{route.method} {route.path}"


def test_every_route_is_in_the_table_and_no_other() -> None:
    assert sorted(WHOSE) == sorted({named(route) for route in ROUTES if not route.open})
    assert sorted(OPEN) == sorted({named(route) for route in ROUTES if route.open})


async def reached(_visit: Visit) -> Response:
    return PlainTextResponse(REACHED)


def filled(path: str) -> str:
    """An address of this route."""
    return "/console" + re.sub(r"\{\w+(:int|:path)?\}", "1", path)


async def test_only_whose_it_is_gets_past_the_gate(console: Console) -> None:
    pages = Pages(FakeShelf(), new_token=tokens())
    gate = Gate(console.house, Looks(console.house, pages.assets))
    wrong = []
    for route in ROUTES:
        app = FastAPI()
        app.include_router(gate.router([replace(route, handler=reached)]))
        for role in (None, *Role):
            answer = await ask(app, console, route, role)
            may = named(route) in OPEN or (role is not None and role.value in WHOSE[named(route)].split())
            if (answer.text == REACHED) is not may or (not may and answer.status_code not in (303, 401, 403)):
                wrong.append(f"{named(route)}: {role} got {answer.status_code}")
    assert wrong == []


async def ask(app: FastAPI, console: Console, route: Route, role: Role | None) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=URL) as client:
        csrf = "none"
        if role:
            browser = await console.browser(role)
            cookie = browser.client.cookies[cookie_name(secure=False)]
            client.cookies.set(cookie_name(secure=False), cookie)
            found = re.search(r'name="csrf" value="(\w+)"', (await browser.get("/console/none-of-ours")).text)
            csrf = found[1] if found else csrf
        if route.method == "GET":
            return await client.get(filled(route.path))
        form = f"csrf={csrf}&key=once"
        return await client.post(
            filled(route.path), content=form, headers={"Content-Type": "application/x-www-form-urlencoded"}
        )
