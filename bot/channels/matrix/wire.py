"""Requests to a homeserver, and what its refusals mean to the core. Nothing is tried twice in here."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import aiohttp

from bot.channels.matrix.homeserver import SignedOut
from bot.domain.errors import Blocked, BotError, Rejected, Throttled, Unanswered, Unreachable

CLIENT = "/_matrix/client/v3"
TIMEOUT_S = 30.0
CONNECTIONS = 200
"""More than a broadcast has in flight (`Deliverer`'s 128), so that replies never queue for one."""
SHORTEST_WAIT = timedelta(seconds=1)
"""Where a homeserver asks us to wait without saying how long."""
LONGEST_WAIT = timedelta(days=1)
"""Whoever asks for more is asked again by then."""

_NAMES = re.compile(r"[@!#$+][\w/=.~-]+(?::[\w.:\[\]-]*\w)?")
"""Of people, rooms and events: errors are told in the log, which names nobody."""

Query = Mapping[str, str]


class NotThere(Rejected):
    """The homeserver has no such thing."""


class NoDevice(SignedOut):
    """The homeserver knows no such device of this account; the bot makes it when it starts."""


class ProofWanted(Rejected):
    """The homeserver wants a proof of who we are, for this request alone.

    https://spec.matrix.org/latest/client-server-api/#user-interactive-authentication-api

    Args:
        session: what the proof refers to.
        flows: the ways to give it, each of one or more steps.
    """

    def __init__(self, session: str, flows: tuple[tuple[str, ...], ...]) -> None:
        super().__init__("the homeserver wants a proof of who we are")
        self.session = session
        self.flows = flows


def path(*parts: str) -> str:
    """A path of the client-server API: names are escaped, so that none can lead elsewhere. Raises Rejected."""
    if {".", ".."} & set(parts):  # which no escaping hides
        raise Rejected("that is no name")
    return "/".join((CLIENT, *(quote(part, safe="") for part in parts)))


class Wire:
    """HTTP with one account's token. Errors are those of `homeserver.Homeserver`."""

    def __init__(self, homeserver: str, now: Callable[[], datetime], token: str = "") -> None:
        self._root = homeserver.rstrip("/")
        self._now = now
        self.token = token
        self.speaker: Query = {}
        """An application service's token is of no device: each request says who speaks, and from which."""
        self._http: aiohttp.ClientSession | None = None

    async def get(self, where: str, query: Query | None = None, *, timeout_s: float = TIMEOUT_S) -> dict[str, Any]:
        """Ask."""
        return await self.call("GET", where, query=query, timeout_s=timeout_s)

    async def put(self, where: str, body: Mapping[str, Any], query: Query | None = None) -> dict[str, Any]:
        """Put something under a name."""
        return await self.call("PUT", where, data=_json(body), query=query)

    async def post(self, where: str, body: Mapping[str, Any], query: Query | None = None) -> dict[str, Any]:
        """Hand something over."""
        return await self.call("POST", where, data=_json(body), query=query)

    async def call(
        self,
        method: str,
        where: str,
        *,
        data: bytes | None = None,
        media_type: str = "application/json",
        query: Query | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> dict[str, Any]:
        """One request; returns the JSON of the answer, nothing where it is none."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if data is not None:
            headers["Content-Type"] = media_type
        try:
            async with self._session().request(
                method,
                self._root + where,
                data=data,
                headers=headers,
                params={**(query or {}), **self.speaker},
                timeout=aiohttp.ClientTimeout(total=timeout_s),
            ) as answer:
                return self._read(answer, await answer.read())
        except aiohttp.ClientConnectorError as error:
            raise Unreachable(f"no connection to {error.host}:{error.port}") from None
        except aiohttp.InvalidURL:
            raise Rejected("BEZPIECZNY_MATRIX__HOMESERVER is no address") from None
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unanswered(type(error).__name__) from None

    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            self._http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS))
        return self._http

    def _read(self, answer: aiohttp.ClientResponse, raw: bytes) -> dict[str, Any]:
        try:
            read = json.loads(raw) if raw else {}
        except ValueError:  # a proxy's page
            read = {}
        body = read if isinstance(read, dict) else {}
        if answer.ok:
            return body
        raise self._refusal(answer.status, body, answer.headers.get("Retry-After", ""))

    def _refusal(self, status: int, body: Mapping[str, Any], retry_after: str) -> BotError:
        code, said = str(body.get("errcode", "")), _NAMES.sub("…", str(body.get("error", "")))
        match status, code:
            case 429, _:
                return Throttled(self._now() + _wait(body.get("retry_after_ms"), retry_after))
            case (401, _) | (400, "M_UNKNOWN_DEVICE"):
                return _unproven(body)
            case 403, _:
                return Blocked()
            case 404, _:
                return NotThere(f"{code or status} {said}".strip())
            case _ if status >= 500:  # noqa: PLR2004 - HTTP's own line
                return Unreachable(f"the homeserver answers {status} {code}".strip())
            case _:
                return Rejected(f"{code or status} {said}".strip())

    async def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.close()
            self._http = None


def _json(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _wait(retry_after_ms: Any, retry_after: str) -> timedelta:
    """How long to wait: the older field in milliseconds, or HTTP's header in seconds."""
    longest_s = LONGEST_WAIT.total_seconds()
    if isinstance(retry_after_ms, int | float) and retry_after_ms >= 0:
        return timedelta(seconds=min(retry_after_ms / 1000, longest_s))
    return timedelta(seconds=min(int(retry_after[:9]), longest_s)) if retry_after.isdecimal() else SHORTEST_WAIT


def _unproven(body: Mapping[str, Any]) -> BotError:
    if body.get("errcode") == "M_UNKNOWN_DEVICE":
        return NoDevice()
    flows = body.get("flows")
    if not isinstance(flows, list):
        return SignedOut()
    return ProofWanted(str(body.get("session", "")), tuple(map(_stages, flows)))


def _stages(flow: Any) -> tuple[str, ...]:
    """The steps of one way to prove who we are."""
    stages = flow.get("stages") if isinstance(flow, dict) else None
    return tuple(map(str, stages)) if isinstance(stages, list) else ()
