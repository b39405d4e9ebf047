"""A Bot API as cheap as can be, in a process of its own, that notes when each message arrived.

It checks nothing: that every message is right is seen with the strict server of the tests. Instants are those of the
system's monotonic clock, which all processes share.
"""

import asyncio
import gc
import json
import multiprocessing
import re
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from typing import Any, cast

import uvloop

from tests.bench import machine

PATIENCE_S = 60.0
HOLD_S = 20.0
"""How long a request for updates is held, at most."""
PEOPLE = 9_000_000_000
"""Chats from here on are of people who write to the bot; broadcasts go to the others."""
SOME = 50
"""How many people take turns to write."""

_LENGTH = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)
_CHAT = re.compile(rb'chat_id"?\s*[:=]\s*"?(\d+)')
_AT_ONCE = re.compile(rb'timeout"?\s*[:=]\s*"?0\b')
_SHOWING = (b"send", b"edit")


@dataclass(frozen=True, slots=True)
class Watched:
    """What the server saw: the instant and chat of each message it took, how long each reply took, and its own load.

    `unanswered` counts the people still waiting; `busy_s` is the CPU time of the server's process.
    """

    arrivals: list[tuple[float, int]]
    replies_s: list[float]
    unanswered: int
    busy_s: float

    @property
    def instants(self) -> list[float]:
        """When messages arrived, replies among them."""
        return [instant for instant, _ in self.arrivals]

    @property
    def broadcast(self) -> list[float]:
        """When the messages of the broadcast arrived."""
        return [instant for instant, chat in self.arrivals if chat < PEOPLE]


class Api:
    """The server's end of the pipe, and what it knows."""

    def __init__(self, answer: bytes) -> None:
        self.arrivals: list[tuple[float, int]] = []
        self.message = _http(b"200 OK", answer)
        self._asked: dict[int, float] = {}
        self._replies_s: list[float] = []
        self._updates: deque[dict[str, Any]] = deque()
        self._number = 0
        self._refuse_until = 0.0
        self._poll: Http | None = None

    # --- what the measuring process asks of it, by name

    def watched(self) -> Watched:
        """What was seen since the last time."""
        seen = Watched(self.arrivals, self._replies_s, len(self._asked), machine.cpu_s())
        self.arrivals, self._replies_s, self._asked = [], [], {}
        return seen

    def refuse(self, seconds: float) -> float:
        """Answer every message with 429 for a while; returns the instant it begins."""
        now = time.monotonic()
        self._refuse_until = now + seconds
        return now

    def people(self, per_second: float, seconds: float, text: str) -> None:
        """Let people write, one after another, evenly spread."""
        loop = asyncio.get_running_loop()
        for number in range(int(per_second * seconds)):
            loop.call_later(number / per_second, self._writes, PEOPLE + number % SOME, text)

    # --- what it does

    def take(self, connection: "Http", method: bytes, body: bytes) -> bytes | None:
        """The answer to a request, or None if it comes later."""
        now = time.monotonic()
        if method.startswith(_SHOWING):
            return self._show(now, body)
        if method == b"getupdates":
            return self._ask(connection, waits=not _AT_ONCE.search(body))
        return KNOWN.get(method, TRUE)

    def left(self, connection: "Http") -> None:
        """A connection has closed."""
        if self._poll is connection:
            self._poll = None

    def _show(self, now: float, body: bytes) -> bytes:
        if now < self._refuse_until:
            return FLOODED
        found = _CHAT.search(body)
        chat = int(found[1]) if found else 0
        self.arrivals.append((now, chat))
        if (asked := self._asked.pop(chat, None)) is not None:
            self._replies_s.append(now - asked)
        return self.message

    def _ask(self, connection: "Http", *, waits: bool = True) -> bytes | None:
        if waits and not self._updates:
            self._poll = connection
            asyncio.get_running_loop().call_later(HOLD_S, self._let_go, connection)
            return None
        updates = json.dumps({"ok": True, "result": list(self._updates)}).encode()
        self._updates.clear()
        return _http(b"200 OK", updates)

    def _let_go(self, connection: "Http") -> None:
        if self._poll is connection and (answer := self._ask(connection, waits=False)):
            self._poll = None
            connection.say(answer)

    def _writes(self, chat: int, text: str) -> None:
        self._number += 1
        person = {"id": chat, "is_bot": False, "first_name": "A", "language_code": "pl"}
        about = {"id": chat, "type": "private", "first_name": "A"}
        message = {"message_id": self._number, "date": 1_790_000_000, "chat": about, "from": person, "text": text}
        self._updates.append({"update_id": self._number, "message": message})
        self._asked[chat] = time.monotonic()
        waiting, self._poll = self._poll, None
        if waiting is not None and (answer := self._ask(waiting)):
            waiting.say(answer)


def _http(status: bytes, body: bytes) -> bytes:
    return b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body)


TRUE = _http(b"200 OK", b'{"ok":true,"result":true}')
KNOWN = {
    b"getme": _http(
        b"200 OK",
        b'{"ok":true,"result":{"id":7000000001,"is_bot":true,"first_name":"Test","username":"test_bot",'
        b'"can_join_groups":true,"can_read_all_group_messages":false,"supports_inline_queries":false}}',
    ),
    b"getmycommands": _http(b"200 OK", b'{"ok":true,"result":[]}'),
    b"getmyname": _http(b"200 OK", b'{"ok":true,"result":{"name":""}}'),
    b"getmydescription": _http(b"200 OK", b'{"ok":true,"result":{"description":""}}'),
    b"getmyshortdescription": _http(b"200 OK", b'{"ok":true,"result":{"short_description":""}}'),
}
MESSAGE = (
    b'{"ok":true,"result":{"message_id":1,"date":1790000000,"chat":{"id":1,"type":"private","first_name":"A"},'
    b'"from":{"id":7000000001,"is_bot":true,"first_name":"Test","username":"test_bot"},"text":"A"}}'
)
FLOODED = _http(
    b"429 Too Many Requests",
    b'{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 1","parameters":{"retry_after":1}}',
)


class Http(asyncio.Protocol):
    """One connection."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._transport: asyncio.Transport | None = None
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass of it

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's port
        """Send no update where nobody is left."""
        self._api.left(self)

    def data_received(self, data: bytes) -> None:
        """Answer the requests that are complete."""
        self._rest += data
        while (head := self._rest.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(self._rest, 0, head + 2)
            end = head + 4 + (int(length[1]) if length else 0)
            if len(self._rest) < end:
                return
            path = self._rest.split(b" ", 2)[1]
            method = path.rpartition(b"/")[2].partition(b"?")[0].lower()
            body, self._rest = self._rest[head + 4 : end], self._rest[end:]
            if answer := self._api.take(self, method, body):
                self.say(answer)

    def say(self, answer: bytes) -> None:
        """Write an answer."""
        if self._transport is not None:
            self._transport.write(answer)


def serve(pipe: Pipe, answer: bytes, core: int | None) -> None:
    """Serve until the pipe says `stop`."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        api, stop = Api(answer), asyncio.Event()

        async def answered(name: str, given: list[Any]) -> Any:
            return getattr(api, name)(*given)

        def listen() -> None:
            with suppress(EOFError):
                while (asked := pipe.recv())[0] != "stop":
                    name, *given = asked
                    pipe.send(asyncio.run_coroutine_threadsafe(answered(name, given), loop).result())
            loop.call_soon_threadsafe(stop.set)

        server = await loop.create_server(lambda: Http(api), "127.0.0.1", 0, backlog=1024)
        pipe.send(server.sockets[0].getsockname()[1])
        listening = asyncio.create_task(asyncio.to_thread(listen))
        await stop.wait()
        await listening
        server.close()

    machine.be_prompt()
    gc.disable()  # a pause of the collector would look like one of the sender
    with machine.on_core(core):
        uvloop.run(main())


class Remote:
    """The measuring process's end of the pipe."""

    def __init__(self, pipe: Pipe, base_url: str) -> None:
        self._pipe = pipe
        self.base_url = base_url

    def watched(self) -> Watched:
        """See `Api.watched`."""
        seen: Watched = self._ask("watched")
        return seen

    def refuse(self, seconds: float) -> float:
        """See `Api.refuse`."""
        begun: float = self._ask("refuse", seconds)
        return begun

    def people(self, per_second: float, seconds: float, text: str) -> None:
        """See `Api.people`."""
        self._ask("people", per_second, seconds, text)

    def _ask(self, *what: Any) -> Any:
        self._pipe.send(what)
        if not self._pipe.poll(PATIENCE_S):
            raise TimeoutError("the measuring server does not answer")
        return self._pipe.recv()


@contextmanager
def bot_api(answer: bytes = MESSAGE) -> Iterator[Remote]:
    """The server for the block, on its own core; `answer` is what each message is answered with."""
    here, there = multiprocessing.Pipe()
    cores = machine.cores()
    process = multiprocessing.get_context("spawn").Process(
        target=serve, args=(there, answer, cores[1] if cores else None), daemon=True
    )
    process.start()
    there.close()  # so that a server that dies is an error here, not a wait
    try:
        if not here.poll(PATIENCE_S):
            raise TimeoutError("the measuring server does not start")
        yield Remote(here, f"http://127.0.0.1:{here.recv()}")
    finally:
        with suppress(OSError):
            here.send(("stop",))
        process.join(PATIENCE_S)
