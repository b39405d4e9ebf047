"""The server: HTTP on 127.0.0.1, faults, and a record of what was asked."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.telegram_api import faults, parameters
from tests.telegram_api.faults import Fault, Planned, RateLimit, Weather
from tests.telegram_api.methods import Methods, Refused
from tests.telegram_api.parameters import BadRequest, Upload
from tests.telegram_api.state import Chat, Message
from tests.telegram_api.updates import Updates
from tests.telegram_api.users import User

TOKEN = "7000000001:test-token-of-nobody"
LIMITED = ("send", "edit")


@dataclass(frozen=True)
class Call:
    """One request, with the status it was answered with (0: no answer)."""

    method: str
    given: dict[str, Any]
    status: int


class TelegramApi:
    """A Bot API for one bot.

    `async with TelegramApi() as api:` serves it at `api.base_url`; `api.user(42)` is a person who can write to the bot,
    `api.fail(TooMany(3), "sendMessage")` plans trouble, `api.limit = RateLimit()` turns Telegram's own limits on,
    `api.weather = Weather(1, {Lost(): 0.05})` brings trouble at random,
    `api.latency_s = 0.05` answers as late as a far server does. `asked` counts the requests of each method.
    With `record` off no calls are kept (for long measurements).
    """

    def __init__(self, token: str = TOKEN, *, username: str = "test_bot", record: bool = True) -> None:
        self.token = token
        self.limit: RateLimit | None = None
        self.weather: Weather | None = None
        self.latency_s = 0.0
        self.asked: Counter[str] = Counter()
        self.calls: list[Call] = []
        self.methods = Methods(username)
        self.updates = Updates()
        self._record = record
        self._planned: list[Planned] = []
        self._runner: web.AppRunner | None = None
        self._port = 0
        self._table: dict[str, Callable[[dict[str, Any]], Awaitable[Any]]] = {
            "getUpdates": self.updates.get,
            "setWebhook": _soon(self.updates.set_webhook),
            "deleteWebhook": _soon(self.updates.delete_webhook),
            "getWebhookInfo": _soon(lambda _: self.updates.webhook_info()),
            **{name: _soon(method) for name, method in self.methods.table.items()},
        }

    # --- for tests

    @property
    def base_url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._port}"

    def user(self, number: int = 42, *, language: str = "pl", first_name: str = "Ola") -> User:
        """A person, who exists for the bot from now on."""
        chat = self.methods.chats.setdefault(number, Chat(number, language=language, first_name=first_name))
        return User(chat, self.methods, self.updates)

    def group(self, number: int = -100) -> Chat:
        """A group."""
        return self.methods.chats.setdefault(number, Chat(number, kind="group"))

    def fail(self, fault: Fault, method: str | None = None, *, times: int = 1) -> None:
        """Plan a fault for the next requests of a method, or of any but those about updates."""
        self._planned.append(Planned(fault, method, times))

    def called(self, method: str) -> list[dict[str, Any]]:
        """The parameters of each request of a method that was answered with success."""
        return [call.given for call in self.calls if call.method == method and call.status == 200]

    def tried(self, method: str) -> list[int]:
        """The status of each request of a method, in order."""
        return [call.status for call in self.calls if call.method == method]

    def messages(self) -> list[Message]:
        """What the bot has shown to everyone, in order."""
        found = [message for chat in self.methods.chats.values() for message in chat.messages.values()]
        return sorted((message for message in found if message.by_bot), key=lambda message: message.id)

    # --- HTTP

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self, port: int = 0) -> None:
        """Listen on a port, or on any free one; after `stop` the same one again."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/bot{token}/{method}", self._serve)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port or self._port, reuse_address=True)
        await site.start()
        self._port = site.port

    async def stop(self) -> None:
        """Stop listening; what was said stays."""
        await self.updates.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["token"] != self.token:
            return _answer(401, description="Unauthorized")
        method = parameters.method_named(request.match_info["method"])
        if method is None:
            return _answer(404, description="Not Found")
        given = await _given(request)
        self.asked[method] += 1
        fault = self._fault(method, given)
        response = _refusal(fault) or await self._process(method, given)
        pause_s = fault.seconds if isinstance(fault, faults.Slow) else self.latency_s
        if pause_s:
            await asyncio.sleep(pause_s)
        lost = isinstance(fault, faults.Lost | faults.Dropped)
        if self._record:
            self.calls.append(Call(method, given, 0 if lost else response.status))
        if lost and request.transport is not None:
            request.transport.abort()
        return response

    async def _process(self, method: str, given: dict[str, Any]) -> web.Response:
        try:
            read = parameters.read(method, given)
            self._limit(method, read)
            result = await self._table[method](read)
        except BadRequest as error:
            return _answer(400, description=f"Bad Request: {error}")
        except Refused as refused:
            return _answer(refused.status, description=refused.description, parameters=refused.parameters)
        return _answer(200, result=result)

    def _limit(self, method: str, given: dict[str, Any]) -> None:
        if self.limit is None or not method.startswith(LIMITED) or "chat_id" not in given:
            return
        if self.limit.refuses(given["chat_id"], asyncio.get_running_loop().time()):
            raise Refused(429, "Too Many Requests: retry after 1", {"retry_after": 1})

    def _fault(self, method: str, given: dict[str, Any]) -> Fault | None:
        for planned in self._planned:
            if planned.times and (planned.method == method or (planned.method is None and method != "getUpdates")):
                planned.times -= 1
                return planned.fault
        return self.weather.draw(method, given.get("chat_id")) if self.weather else None


def _soon(method: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Awaitable[Any]]:
    async def awaited(given: dict[str, Any]) -> Any:
        return method(given)

    return awaited


async def _given(request: web.Request) -> dict[str, Any]:
    """The parameters, however they come: in the address, as a form, with files, or as JSON."""
    given: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        given |= await request.json()
    elif request.can_read_body:
        for name, value in (await request.post()).items():
            if isinstance(value, web.FileField):
                given[name] = Upload(value.filename, value.file.read(), value.content_type)
            else:
                given[name] = value
    return {name: _attached(value, given) for name, value in given.items() if not _is_attachment(name, given)}


def _is_attachment(name: str, given: dict[str, Any]) -> bool:
    return f"attach://{name}" in given.values()


def _attached(value: Any, given: dict[str, Any]) -> Any:
    if isinstance(value, str) and value.startswith("attach://"):
        return given.get(value.removeprefix("attach://"), value)
    return value


def _refusal(fault: Fault | None) -> web.Response | None:
    """The answer to a request that is not processed."""
    match fault:
        case faults.TooMany(seconds):
            description = f"Too Many Requests: retry after {seconds}"
            return _answer(429, description=description, parameters={"retry_after": seconds})
        case faults.ServerError(status):
            return web.Response(status=status, text="<html>Bad Gateway</html>")
        case faults.Blocked(description):
            return _answer(403, description=description)
        case faults.Dropped():
            return web.Response()
        case _:
            return None


def _answer(status: int, **parts: Any) -> web.Response:
    body = {"ok": status == 200} | {name: value for name, value in parts.items() if value is not None}
    return web.json_response(body if status == 200 else body | {"error_code": status}, status=status)
