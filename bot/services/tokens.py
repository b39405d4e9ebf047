"""Tokens for other programs: who may have one made, what each lets them do, and whose it is when it is shown.

A token is shown once, when it is made; the database keeps its SHA-256 alone. 256 random bits need no slower hash, and
finding one by its hash takes no time from which it could be guessed.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from bot.domain.errors import BotError
from bot.services import staff
from bot.services.staff import PROGRAMS
from bot.storage import tokens as store
from bot.storage.database import Connection
from bot.storage.tokens import Token

PREFIX = "bk_"
"""By it a token is known for one of ours, to people and to programs that look for secrets in what is published."""
LONGEST_NAME = 40
LASTS_AT_MOST = timedelta(days=3653)
LARGEST = 2**31 - 1
"""No token has a larger number."""
NOTED_EVERY = timedelta(minutes=1)
"""A token's last use is written down no more often than this."""

_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9 ._-]{{0,{LONGEST_NAME - 1}}}")
_SHAPE = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{16,128}}")


class Scope(StrEnum):
    """What a token may be used for."""

    CAMPAIGNS_READ = "campaigns:read"
    """See campaigns, their runs and results."""
    CAMPAIGNS_WRITE = "campaigns:write"
    """Write drafts, and ask for their approval."""
    WORKSHOPS_READ = "workshops:read"
    """See workshops and how many places are taken; never by whom."""
    WORKSHOPS_WRITE = "workshops:write"
    """Plan, change and call off workshops."""
    TOTALS_READ = "totals:read"
    """See how many people there are and what they learn, in numbers."""


class BadTokenName(BotError):
    """Name the token in 1 to 40 letters without accents, digits, spaces, dots, hyphens or underscores."""


class TokenNameTaken(BotError):
    """There is, or was, a token of this name; histories speak of it, so choose another."""


class NoScope(BotError):
    """Choose what the token may be used for."""


class ExpiryInPast(BotError):
    """This day has passed: the token could never be used."""


class ExpiryTooFar(BotError):
    """A token may last ten years at most."""


class UnknownToken(BotError):
    """There is no such token."""


class TokenRefused(BotError):
    """This token is not known, has expired or was revoked."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A program that showed a token, for as long as one request takes."""

    token: Token

    @property
    def name(self) -> str:
        """As histories and the audit log know it."""
        return f"{PROGRAMS}{self.token.name}"

    def may(self, scope: Scope) -> bool:
        """Whether the token is for this."""
        return scope.value in self.token.scopes


def hash_of(secret: str) -> str:
    """What the database keeps of a token."""
    return sha256(secret.encode()).hexdigest()


async def make(
    conn: Connection,
    *,
    secret: str,
    name: str,
    scopes: frozenset[Scope],
    expires_at: datetime | None,
    who: str,
    now: datetime,
) -> tuple[Token, str]:
    """A new token; returns what is kept of it, and the token, which nobody will see again.

    `secret`: 256 random bits as base64url text. Raises UnknownMember, NotYourRole, BadTokenName, TokenNameTaken,
    NoScope, ExpiryInPast, ExpiryTooFar.
    """
    maker = await staff.allowed(conn, "manage_tokens", who)
    name = name.strip()
    if not _NAME.fullmatch(name):
        raise BadTokenName
    if not scopes:
        raise NoScope
    if expires_at is not None and expires_at <= now:
        raise ExpiryInPast
    if expires_at is not None and expires_at > now + LASTS_AT_MOST:
        raise ExpiryTooFar
    if await store.named(conn, name):
        raise TokenNameTaken
    shown = PREFIX + secret
    values = {"hash_": hash_of(shown), "name": name, "created_by": maker, "expires_at": expires_at}
    number = await store.add(conn, **values, scopes=[one.value for one in scopes], now=now)  # type: ignore[arg-type] # each value has the type of its column
    return await _get(conn, number), shown


async def revoke(conn: Connection, number: int, *, who: str, now: datetime) -> Token:
    """End a token: the next request that shows it is refused. Raises UnknownMember, NotYourRole, UnknownToken."""
    await staff.allowed(conn, "manage_tokens", who)
    await _get(conn, number)
    await store.revoke(conn, number, now)
    return await _get(conn, number)


async def all_of(conn: Connection) -> list[Token]:
    """Every token there ever was, the newest first."""
    return await store.all_of(conn)


async def _get(conn: Connection, number: int) -> Token:
    token = await store.get(conn, number)
    if token is None:
        raise UnknownToken
    return token


async def recognise(conn: Connection, shown: str, now: datetime) -> Caller:
    """Whose token was shown. Raises TokenRefused, for whatever reason in the same words."""
    token = await store.find(conn, hash_of(shown)) if _SHAPE.fullmatch(shown) else None
    if token is None or not is_good(token, now):
        raise TokenRefused
    return Caller(token)


def is_good(token: Token, now: datetime) -> bool:
    """Whether a token still opens anything."""
    return token.revoked_at is None and (token.expires_at is None or now < token.expires_at)


def is_noted(token: Token, now: datetime) -> bool:
    """Whether its last use was written down a moment ago."""
    return token.used_at is not None and now - token.used_at < NOTED_EVERY


async def note_use(conn: Connection, caller: Caller, now: datetime) -> None:
    """Write down that a token was used."""
    await store.note_use(conn, caller.token.id, now, unless_since=now - NOTED_EVERY)


async def maker_of(conn: Connection, author: str) -> str | None:
    """Who made the token under whose name something was written; None if it was no token's.

    Whoever made a token has seen it, and could have written with it: they are no second person.
    """
    if not author.startswith(PROGRAMS):
        return None
    token = await store.named(conn, author.removeprefix(PROGRAMS))
    return token.created_by if token else None
