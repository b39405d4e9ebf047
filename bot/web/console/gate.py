"""Lets in: a session, a role, and that a form is one of ours, are asked for before a page sees anything."""

import hmac
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import Response

from bot.domain.errors import BotError
from bot.services import signin, staff
from bot.web.console.fields import read_fields
from bot.web.console.house import House
from bot.web.console.looks import Looks
from bot.web.console.visit import Route, Visit
from scheduler.errors import SchedulerError, UnknownCampaign, UnknownRun

PREFIX = "/console"
TOUCH_EVERY = timedelta(minutes=1)
"""How exactly the last use of a session is known: not every look at a page should write."""
MISSING = (UnknownCampaign, UnknownRun, staff.UnknownMember)
"""What a look at a page raises when there is no such thing."""


class Gate:
    """Turns routes of the console into those of the application."""

    def __init__(self, house: House, looks: Looks) -> None:
        self._house = house
        self._looks = looks
        self._key = house.tools.vault.token("console forms").encode()
        self.cookie = cookie_name(secure=house.is_secure)

    def router(self, routes: Iterable[Route]) -> APIRouter:
        """All of them, with the page that says what went wrong around each."""
        router = APIRouter(prefix=PREFIX)
        for route in routes:
            methods = ["GET", "HEAD"] if route.method == "GET" else [route.method]
            router.add_api_route(route.path, self._endpoint(route), methods=methods, response_model=None)
        return router

    def _endpoint(self, route: Route) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            visit = await self._greet(request)
            try:
                if refused := await self._refuse(route, visit):
                    return refused
                if route.method == "POST":
                    visit = await self._with_form(route, visit)
                return await route.handler(visit)
            except HTTPException as error:
                return self._trouble(visit, error.status_code)
            except MISSING:
                return self._trouble(visit, 404)
            except (BotError, SchedulerError) as error:
                return visit.page("error.html", status=409, status_code=409, message=visit.trouble(error).message)

        return endpoint

    async def _greet(self, request: Request) -> Visit:
        """Who asks, if anybody, and in which language they are answered."""
        now = self._house.clock()
        language = self._looks.words.choose(request.headers.get("accept-language", ""))
        stranger = Visit(self._house, self._looks, request, language, now)
        token = request.cookies.get(self.cookie)
        if not token:
            return stranger
        async with self._house.database.read() as conn:
            session = await signin.who(conn, token, now)
        if session is None:
            return stranger
        if now - session.used_at >= TOUCH_EVERY:
            async with self._house.database.begin() as conn:
                await signin.touch(conn, session.hash, now)
        spoken = session.language if session.language in self._looks.words.languages else language
        return replace(
            stranger,
            language=spoken or language,
            who=session.member,
            session=session.hash,
            csrf=self._csrf(session.hash),
        )

    def _csrf(self, session: str) -> str:
        return hmac.new(self._key, session.encode(), "sha256").hexdigest()

    async def _refuse(self, route: Route, visit: Visit) -> Response | None:
        if route.open:
            return None
        if visit.who is None:
            if route.method != "GET":
                return self._trouble(visit, 401)
            asked = visit.request.url
            there = f"{asked.path}?{asked.query}" if asked.query else asked.path
            return visit.go(f"{PREFIX}/sign-in?{urlencode({'next': there})}")
        return None if visit.may(route.step) else self._trouble(visit, 403)

    async def _with_form(self, route: Route, visit: Visit) -> Visit:
        fields = await read_fields(visit.request)
        if not route.open:
            if not hmac.compare_digest(fields.one("csrf").encode(), visit.csrf.encode()):
                raise HTTPException(403)
            if not fields.one("key"):
                raise HTTPException(400)
        return replace(visit, fields=fields)

    def _trouble(self, visit: Visit, status: int) -> Response:
        return visit.page("error.html", status=status, status_code=status, message="")


def cookie_name(*, secure: bool) -> str:
    """Over https the prefix makes browsers refuse a cookie that another host or plain http has set."""
    return "__Host-bezpieczny-staff" if secure else "bezpieczny-staff"
