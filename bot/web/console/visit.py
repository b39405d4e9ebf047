"""One request to the console: who asks, what for, and the ways to answer."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from fastapi import HTTPException, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from bot.domain.errors import BotError
from bot.services import signin, staff
from bot.storage import audit, forms
from bot.storage.database import Connection
from bot.storage.staff import Member
from bot.web.console.fields import Fields, M, Trouble, read_model
from bot.web.console.house import House
from scheduler.errors import SchedulerError

if TYPE_CHECKING:
    from bot.web.console.looks import Looks

REFUSALS = (BotError, SchedulerError)
"""What services refuse with."""
UNPROCESSABLE = 422
ASKED_EVERY = timedelta(seconds=10)
"""How often a stream asks whether its reader may still read: they may be signed out, or off the staff, meanwhile."""


@dataclass(frozen=True, slots=True)
class Change:
    """One line for the audit log; see `storage.audit.Entry`."""

    what: str
    about: str
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What a form has done: where to go on, what to say there, what to write into the audit log."""

    location: str
    told: str = ""
    """`console.done.<told>` are the words."""
    log: Change | tuple[Change, ...] = ()

    @property
    def url(self) -> str:
        """Where to go on, with what is to be said there."""
        if not self.told:
            return self.location
        path, mark, anchor = self.location.partition("#")
        return f"{path}{'&' if '?' in path else '?'}{urlencode({'done': self.told})}{mark}{anchor}"

    @property
    def changes(self) -> tuple[Change, ...]:
        """The lines for the audit log."""
        return self.log if isinstance(self.log, tuple) else (self.log,)


Handler = Callable[["Visit"], Awaitable[Response]]
"""Answers a request."""
Doing = Callable[[Connection], Awaitable[Done]]
"""What a form does, in one transaction."""
Again = Callable[[Trouble], Awaitable[Response]]
"""The form's page once more, with what is wrong."""


@dataclass(frozen=True, slots=True)
class Route:
    """One address of the console."""

    method: str
    """GET (which answers HEAD too) or POST."""
    path: str
    """Below `/console`, as Starlette writes it: `/campaigns/{number:int}`."""
    step: str
    """Whose it is: a step of `services.staff.MAY`."""
    handler: Handler
    open: bool = False
    """Also for who is not signed in; then there is no member and no CSRF token."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One request. `member` is who asks; only open routes may be asked by nobody (see `who`)."""

    house: House
    looks: "Looks"
    request: Request
    language: str
    now: datetime
    who: Member | None = None
    session: str = ""
    """The hash of the session's token."""
    csrf: str = ""
    fields: Fields = field(default_factory=Fields)

    @property
    def member(self) -> Member:
        """Who asks. Raises 401 where nobody is signed in."""
        if self.who is None:
            raise HTTPException(401)
        return self.who

    @property
    def path(self) -> Mapping[str, Any]:
        """What stands in the address in place of the route's parameters."""
        return self.request.path_params

    @property
    def query(self) -> Mapping[str, str]:
        """What stands in the address after its question mark."""
        return self.request.query_params

    def may(self, step: str) -> bool:
        """Whether this member may take a step."""
        return self.who is not None and staff.may(self.who.role, step)

    def say(self, key: str, **params: Any) -> str:
        """Words in the member's language, as plain text."""
        return self.looks.say(self.language, key, **params)

    def read(self, model: type[M]) -> M | Trouble:
        """The posted form as a model, or what is wrong with it, field by field."""
        return read_model(model, self.fields, self.say)

    def trouble(self, error: Exception) -> Trouble:
        """What a service refused, in the member's language."""
        return Trouble(self.looks.problem(self.language, error))

    # --- answers

    def page(self, template: str, *, status: int = 200, **context: Any) -> Response:
        """A whole page; with `trouble` in its context it is one that asks again (422)."""
        if status == 200 and context.get("trouble"):  # noqa: PLR2004 - unless it has a status of its own
            status = UNPROCESSABLE
        html = self.looks.render(template, self, context)
        return HTMLResponse(html, status, headers={"Content-Language": self.language})

    def fragment(self, template: str, **context: Any) -> str:
        """A part of a page, for the script and for streams."""
        return self.looks.render(template, self, context)

    def part(self, template: str, **context: Any) -> Response:
        """A fragment as an answer."""
        return HTMLResponse(self.fragment(template, **context), headers={"Content-Language": self.language})

    def go(self, location: str) -> Response:
        """To another page, whatever the method was."""
        return RedirectResponse(location, 303)

    def download(self, name: str, content: bytes, media_type: str) -> Response:
        """A file to save; its name may hold any letters (RFC 6266)."""
        plain = name.encode("ascii", "replace").decode().replace("?", "_").replace('"', "_")
        disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"
        return Response(content, media_type=media_type, headers={"Content-Disposition": disposition})

    def stream(self, fragments: AsyncIterator[str]) -> Response:
        """Fragments as server-sent events, until there are no more, the reader leaves or the server stops."""
        return StreamingResponse(
            self._events(fragments), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
        )

    async def _events(self, fragments: AsyncIterator[str]) -> AsyncIterator[str]:
        asked_at = self.now
        async for fragment in fragments:
            now = self.house.clock()
            if now - asked_at >= ASKED_EVERY:
                if not await self._is_still_in(now):
                    break
                asked_at = now
            yield "".join(f"data: {line}\n" for line in fragment.splitlines()) + "\n"
            if self.house.closing():
                return
        yield "event: end\ndata:\n\n"  # or else the browser would ask for more

    async def _is_still_in(self, now: datetime) -> bool:
        async with self.house.database.read() as conn:
            return await signin.is_in(conn, self.session, now)

    # --- changes

    async def act(self, change: Doing, again: Again) -> Response:
        """Do what a form asks, in one transaction with its audit lines; then go on to where it leads.

        Whatever the services refuse changes nothing, and `again` shows the form with the reason. A form that comes a
        second time, by its key, leads to where the first one led.
        """
        key = sha256(f"{self.session}\n{self.fields.one('key')}".encode()).hexdigest()
        try:
            async with self.house.database.begin() as conn:
                location = await forms.claim(conn, key, self.now)
                if location is None:
                    done = await change(conn)
                    location = done.url
                    await audit.add(conn, (self._entry(one) for one in done.changes))
                    await forms.finish(conn, key, location)
        except REFUSALS as error:
            return await again(self.trouble(error))
        return self.go(location)

    def _entry(self, change: Change) -> audit.Entry:
        who = self.who.name if self.who else ""
        return audit.Entry(self.now, who, change.what, change.about, change.before, change.after)
