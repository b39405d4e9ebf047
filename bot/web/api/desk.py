"""What requests stand on, who sends them, and how many of them there may be."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, cast

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes

from bot.catalogue.library import Library, Shelf
from bot.services import tokens
from bot.services.tokens import Caller, Scope, TokenRefused
from bot.storage.database import Database
from bot.storage.vault import Vault
from bot.web.api.problems import Refused

PER_MINUTE = 120
REALM = 'Bearer realm="Bezpieczny Krakow"'  # headers hold ASCII


class Limits:
    """How often each token has asked in the last minute, of this process."""

    def __init__(self, per_minute: int = PER_MINUTE) -> None:
        self._per_minute = per_minute
        self._asked: dict[int, tuple[datetime, int]] = {}

    def admit(self, token: int, now: datetime) -> None:
        """Count a request. Raises Refused (429) for one too many, which counts for nothing itself."""
        since, count = self._asked.get(token, (now, 0))
        if now - since >= timedelta(minutes=1):
            since, count = now, 0
        if count >= self._per_minute:
            wait_s = 60 - int((now - since).total_seconds())
            raise Refused("too-many-requests", headers={"Retry-After": str(max(1, wait_s))})
        self._asked[token] = since, count + 1


@dataclass(frozen=True, slots=True)
class Desk:
    """The parts that requests use."""

    database: Database
    shelf: Shelf
    vault: Vault
    clock: Callable[[], datetime]
    public_url: str
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Call:
    """One request of a program whose token was recognised."""

    desk: Desk
    caller: Caller
    now: datetime

    @property
    def database(self) -> Database:
        """Where everything is kept."""
        return self.desk.database

    @property
    def library(self) -> Library:
        """The content of this moment."""
        return self.desk.shelf.library


_BEARER = HTTPBearer(
    auto_error=False,
    scheme_name="token",
    bearerFormat="bk_…",
    description="A token that an administrator made in the console, under *Tokens*. It is shown once.",
)


def desk_of(request: Request) -> Desk:
    """The desk that this application was made for."""
    return cast("Desk", request.app.state.desk)


async def gate(
    desk: Annotated[Desk, Depends(desk_of)],
    needed: SecurityScopes,
    shown: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
) -> Call:
    """Let a program in that shows a good token for what it asks. Raises Refused (401, 403, 429)."""
    now = desk.clock()
    caller = await _recognise(desk, shown, now)
    desk.limits.admit(caller.token.id, now)
    for scope in needed.scopes:
        if not caller.may(Scope(scope)):
            told = {"WWW-Authenticate": f'{REALM}, error="insufficient_scope", scope="{scope}"'}
            raise Refused("missing-scope", f"The token lacks the scope {scope}.", headers=told)
    return Call(desk, caller, now)


async def _recognise(desk: Desk, shown: HTTPAuthorizationCredentials | None, now: datetime) -> Caller:
    if shown is None:
        raise Refused("unauthorized", "No token was sent.", headers={"WWW-Authenticate": REALM})
    try:
        async with desk.database.read() as conn:
            caller = await tokens.recognise(conn, shown.credentials, now)
    except TokenRefused as error:
        told = {"WWW-Authenticate": f'{REALM}, error="invalid_token"'}
        raise Refused("unauthorized", str(error), headers=told) from error
    if not tokens.is_noted(caller.token, now):
        async with desk.database.begin() as conn:
            await tokens.note_use(conn, caller, now)
    return caller


ReadsCampaigns = Annotated[Call, Security(gate, scopes=[Scope.CAMPAIGNS_READ])]
WritesCampaigns = Annotated[Call, Security(gate, scopes=[Scope.CAMPAIGNS_WRITE])]
ReadsWorkshops = Annotated[Call, Security(gate, scopes=[Scope.WORKSHOPS_READ])]
WritesWorkshops = Annotated[Call, Security(gate, scopes=[Scope.WORKSHOPS_WRITE])]
ReadsTotals = Annotated[Call, Security(gate, scopes=[Scope.TOTALS_READ])]
Anybody = Annotated[Call, Security(gate)]
"""Who has a token, whatever it is for."""
