"""The server: HTTP on 127.0.0.1, limits, faults, and a record of what was asked."""

import asyncio
import json
import math
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Self

from aiohttp import web

from tests.matrix_api import limits, sync
from tests.matrix_api.accounts import Accounts
from tests.matrix_api.calls import Call, Endpoint, Media, find
from tests.matrix_api.limits import Bucket, Json, Refused
from tests.matrix_api.people import SAYING, Heard, Person, heard
from tests.matrix_api.rooms import Rooms
from tests.matrix_api.state import World
from tests.telegram_api import faults
from tests.telegram_api.faults import Fault, Planned, Weather

BOT = "bot"
LONGEST_S = 60.0
"""How long a sync may wait for news."""
UPLOAD_BYTES = 50 * 1024 * 1024


class MatrixApi:
    """A homeserver with one bot's account, `@bot:city.test`, whose password is `pw-bot`.

    `async with MatrixApi() as api:` serves it at `api.base_url`; `api.person("anna")` is somebody who can write to the
    bot. `api.fail(TooMany(3), "send")` plans trouble, `api.weather = Weather(1, {Lost(): 0.05})` brings it at random,
    `api.limit = Bucket(5)` turns Synapse's limit of messages on, and `api.latency_s` is how late it answers. `asked`
    counts the requests of each endpoint, `statuses` what they were answered with.
    Whatever it does not know fails the test.
    """

    def __init__(self) -> None:
        self.world = World()
        self.bot = self.world.account(BOT).name
        self.limit: Bucket | None = None
        self.limit_pause_s = 0.5
        """Synapse lets whoever asks too often wait before it says so."""
        self.weather: Weather | None = None
        self.latency_s = 0.0
        self.asked: Counter[str] = Counter()
        self.statuses: Counter[tuple[str, int]] = Counter()
        """By endpoint and status; 0 for no answer."""
        self.unknown: Counter[str] = Counter()
        self._people: dict[str, Person] = {}
        self._planned: list[Planned] = []
        self._table = (*Rooms(self.world).table, *Accounts(self.world).table)
        self._runner: web.ServerRunner | None = None
        self._port = 0

    # --- for tests

    @property
    def base_url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._port}"

    def person(self, local: str) -> Person:
        """Somebody with an account here."""
        if local not in self._people:
            self._people[local] = Person(self.world.account(local), self.world, self.bot)
        return self._people[local]

    def fail(self, fault: Fault, endpoint: str | None = None, *, times: int = 1) -> None:
        """Plan a fault for the next requests of an endpoint, or of any but `sync`."""
        self._planned.append(Planned(fault, endpoint, times))

    def said(self, room: str) -> list[Heard]:
        """What the bot has said in a room, in order."""
        events = self.world.rooms[room].events
        return [heard(one) for one in events if one.json["sender"] == self.bot and one.json["type"] in SAYING]

    # --- HTTP

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
        if error is None and self.unknown:
            raise AssertionError(f"asked for what is not there: {dict(self.unknown)}")

    async def start(self, port: int = 0) -> None:
        """Listen on a port, or on any free one; after `stop` the same one again."""
        self._runner = web.ServerRunner(web.Server(self._serve, access_log=None), shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port or self._port, reuse_address=True)
        await site.start()
        self._port = int(site.name.rpartition(":")[2]) or self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening; what was said stays."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            endpoint, path = find(self._table, request.method, request.rel_url.raw_path)
        except Refused as refused:
            self.unknown[f"{request.method} {request.rel_url.raw_path}"] += 1
            return _answer(refused)
        self.asked[endpoint.name] += 1
        raw = await request.read()
        fault = self._fault(endpoint.name, path.get("room"))
        response = _refusal(fault) or await self._processed(endpoint, path, request, raw)
        pause_s = fault.seconds if isinstance(fault, faults.Slow) else self.latency_s
        if pause_s:
            await asyncio.sleep(pause_s)
        lost = isinstance(fault, faults.Lost | faults.Dropped)
        self.statuses[endpoint.name, 0 if lost else response.status] += 1
        if lost and request.transport is not None:
            request.transport.abort()
        return response

    async def _processed(
        self, endpoint: Endpoint, path: dict[str, str], request: web.BaseRequest, raw: bytes
    ) -> web.Response:
        try:
            call = self._call(endpoint, path, request, raw)
            if endpoint.limited:
                await self._limit(call)
            if endpoint.name == "sync":
                await self._until_news(call)
            return _answer(endpoint.act(call))
        except Refused as refused:
            return _answer(refused)

    def _call(self, endpoint: Endpoint, path: dict[str, str], request: web.BaseRequest, raw: bytes) -> Call:
        user, device = self._who(request) if endpoint.signed_in else ("", "")
        body = {} if endpoint.name == "upload" else limits.body(raw)
        return Call(user, device, path, request.query, body, raw, request.content_type)

    def _who(self, request: web.BaseRequest) -> tuple[str, str]:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer":
            raise Refused(401, "M_MISSING_TOKEN", "Missing access token")
        if token not in self.world.tokens:
            raise Refused(401, "M_UNKNOWN_TOKEN", "Invalid access token passed.", soft_logout=False)
        return self.world.tokens[token]

    async def _limit(self, call: Call) -> None:
        sent_in = (call.path["room"], call.user, call.device, call.path.get("txn", ""))
        if self.limit is None or sent_in in self.world.sent:
            return
        if wait_s := self.limit.wait_s(call.user, asyncio.get_running_loop().time()):
            await asyncio.sleep(self.limit_pause_s)
            raise Refused(429, "M_LIMIT_EXCEEDED", "Too Many Requests", retry_after_ms=int(1000 * wait_s))

    async def _until_news(self, call: Call) -> None:
        account = self.world.accounts[call.user]
        ask = sync.asked(account, call.device, call.query)
        wait_s = min(limits.number(call.query, "timeout", 0) / 1000, LONGEST_S)
        if ask.since is None or ask.full_state:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                while wait_s and not sync.answer(self.world, ask)[1]:
                    await self.world.news(call.user).wait()

    def _fault(self, endpoint: str, room: str | None) -> Fault | None:
        for planned in self._planned:
            if planned.times and (planned.method == endpoint or (planned.method is None and endpoint != "sync")):
                planned.times -= 1
                return planned.fault
        return self.weather.draw(endpoint, room) if self.weather else None


def _refusal(fault: Fault | None) -> web.Response | None:
    """The answer to a request that is not processed."""
    match fault:
        case faults.TooMany(seconds):
            return _answer(Refused(429, "M_LIMIT_EXCEEDED", "Too Many Requests", retry_after_ms=1000 * seconds))
        case faults.ServerError(status):
            return web.Response(status=status, text="<html>Bad Gateway</html>", content_type="text/html")
        case faults.Blocked(description):
            return _answer(Refused(403, "M_FORBIDDEN", description))
        case faults.Dropped():
            return web.Response()
        case _:
            return None


def _answer(given: Json | list[Json] | Media | Refused) -> web.Response:
    match given:
        case Refused():
            wait_ms = given.answer.get("retry_after_ms")
            headers = {} if wait_ms is None else {"Retry-After": str(math.ceil(wait_ms / 1000))}
            return _json(given.answer, given.status, headers)
        case Media(content, media_type):
            return web.Response(body=content, content_type=media_type)
        case _:
            return _json(given)


def _json(answer: Json | list[Json], status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    body = json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()
    return web.Response(body=body, status=status, headers=headers, content_type="application/json")
