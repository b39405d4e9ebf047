"""Tokens for other programs, for admins: made here, shown once, ended here."""

from datetime import date, datetime, time, timedelta

from fastapi import HTTPException
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from bot.services import tokens
from bot.services.tokens import Scope
from bot.storage.database import Connection
from bot.web.console.fields import Trouble
from bot.web.console.visit import Change, Done, Route, Visit
from scheduler.calendar import ZONE

HERE = "/console/tokens"
FAR_AWAY = date(2999, 12, 31)
"""Whatever is later is as much too late, and can be reckoned with."""


class TokenForm(BaseModel):
    """What a token is to be."""

    model_config = ConfigDict(frozen=True)

    name: str
    scopes: list[Scope]
    until: date | None = None
    """The last day on which it is good, in Kraków."""

    @property
    def expires_at(self) -> datetime | None:
        """The end of that day."""
        if self.until is None:
            return None
        return datetime.combine(min(self.until, FAR_AWAY) + timedelta(days=1), time(), ZONE)


async def listing(visit: Visit, trouble: Trouble | None = None) -> Response:
    """Every token there ever was, and a form for another."""
    async with visit.house.database.read() as conn:
        found = await tokens.all_of(conn)
    return visit.page(
        "tokens.html",
        trouble=trouble,
        rows=[(one, tokens.is_good(one, visit.now)) for one in found],
        scopes=[(scope.value, _scope_words(visit, scope.value)) for scope in Scope],
        scope_words=lambda scope: _scope_words(visit, scope),
        typed=visit.fields,
        today=visit.now.astimezone(ZONE).date(),
    )


def _scope_words(visit: Visit, scope: str) -> str:
    return visit.say(f"tokens.scope.{scope.replace(':', '_')}")


async def make(visit: Visit) -> Response:
    """Make a token and show it, this once: the page answers the form itself, and one sent twice leads to the list."""
    form = visit.read(TokenForm)
    if isinstance(form, Trouble):
        return await listing(visit, form)
    made: list[tuple[str, str]] = []

    async def change(conn: Connection) -> Done:
        token, shown = await tokens.make(
            conn,
            secret=visit.house.new_token(),
            name=form.name,
            scopes=frozenset(form.scopes),
            expires_at=form.expires_at,
            who=visit.member.name,
            now=visit.now,
        )
        made.append((token.name, shown))
        until = form.until.isoformat() if form.until else None
        after = {"name": token.name, "scopes": sorted(token.scopes), "until": until}
        return Done(HERE, log=Change("make_token", f"token:{token.id}", after=after))

    answer = await visit.act(change, lambda trouble: listing(visit, trouble))
    if not made:
        return answer
    name, shown = made[0]
    return visit.page("tokens_made.html", name=name, shown=shown)


async def revoke(visit: Visit) -> Response:
    """End a token."""
    number: int = visit.path["number"]

    async def change(conn: Connection) -> Done:
        token = await tokens.revoke(conn, number, who=visit.member.name, now=visit.now)
        return Done(HERE, told="token_revoked", log=Change("revoke_token", f"token:{number}", {"name": token.name}))

    if number > tokens.LARGEST:
        raise HTTPException(404)
    return await visit.act(change, lambda trouble: listing(visit, trouble))


ROUTES = (
    Route("GET", "/tokens", "manage_tokens", listing),
    Route("POST", "/tokens", "manage_tokens", make),
    Route("POST", "/tokens/{number:int}/revoke", "manage_tokens", revoke),
)
