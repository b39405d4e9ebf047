"""Requests to a homeserver, and what its refusals mean."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from bot.channels.matrix import wire as wires
from bot.channels.matrix.account import Account
from bot.channels.matrix.homeserver import SignedOut
from bot.channels.matrix.wire import NoDevice, NotThere, ProofWanted, Wire, path
from bot.domain.errors import Blocked, BotError, Rejected, Throttled, Unanswered, Unreachable
from tests.channels.telegram.world import serving
from tests.support import NOON

TOKEN = "a secret token"


def now() -> Any:
    return NOON


@asynccontextmanager
async def answering(answer: Callable[[web.Request], web.Response]) -> AsyncIterator[Wire]:
    async def handle(request: web.Request) -> web.Response:
        return answer(request)

    async with serving(handle) as url:
        wire = Wire(url, now, TOKEN)
        try:
            yield wire
        finally:
            await wire.close()


def refusal(status: int, body: Any = None, **headers: str) -> Callable[[web.Request], web.Response]:
    text = body if isinstance(body, str) else json.dumps(body or {})
    return lambda _: web.Response(status=status, text=text, headers=headers)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, {"errcode": "M_BAD_JSON"}, Rejected),
        (400, {"errcode": "M_UNKNOWN_DEVICE"}, NoDevice),
        (401, {"errcode": "M_UNKNOWN_TOKEN", "soft_logout": True}, SignedOut),
        (401, {"errcode": "M_MISSING_TOKEN"}, SignedOut),
        (401, {"session": "s", "flows": [{"stages": ["m.login.password"]}]}, ProofWanted),
        (403, {"errcode": "M_FORBIDDEN"}, Blocked),
        (404, {"errcode": "M_NOT_FOUND"}, NotThere),
        (404, "<html>", NotThere),
        (413, {"errcode": "M_TOO_LARGE"}, Rejected),
        (429, {"errcode": "M_LIMIT_EXCEEDED"}, Throttled),
        (500, {"errcode": "M_UNKNOWN"}, Unreachable),
        (502, "<html>Bad gateway</html>", Unreachable),
        (503, "", Unreachable),
        (504, "[]", Unreachable),
    ],
)
async def test_every_refusal_means_something_to_the_core(status: int, body: Any, error: type[BotError]) -> None:
    async with answering(refusal(status, body)) as wire:
        with pytest.raises(error) as raised:
            await wire.get(path("sync"))
    assert type(raised.value) is error
    assert TOKEN not in str(raised.value)


async def test_a_refusal_says_what_the_homeserver_said() -> None:
    async with answering(refusal(400, {"errcode": "M_INVALID_PARAM", "error": "no such filter"})) as wire:
        with pytest.raises(Rejected, match="M_INVALID_PARAM no such filter"):
            await wire.get(path("sync"))


@pytest.mark.parametrize(
    "name", ["@anna:example.org", "!room:example.org", "!V12-room_id", "$event/id", "#home:example.org:8448"]
)
async def test_a_refusal_names_nobody(name: str) -> None:
    async with answering(refusal(404, {"errcode": "M_NOT_FOUND", "error": f"No '{name}' in {name}, sorry"})) as wire:
        with pytest.raises(NotThere) as raised:
            await wire.get(path("sync"))
    assert str(raised.value) == "M_NOT_FOUND No '…' in …, sorry"


@pytest.mark.parametrize(
    ("body", "header", "wait"),
    [
        ({"retry_after_ms": 1500}, None, timedelta(milliseconds=1500)),
        ({"retry_after_ms": 0}, "7", timedelta(0)),
        ({}, "7", timedelta(seconds=7)),
        ({"retry_after_ms": "soon"}, "7", timedelta(seconds=7)),
        ({"retry_after_ms": -1}, None, wires.SHORTEST_WAIT),
        ({}, "Fri, 27 Nov 2026 12:00:00 GMT", wires.SHORTEST_WAIT),
        ({}, None, wires.SHORTEST_WAIT),
        ("<html>", None, wires.SHORTEST_WAIT),
        ({"retry_after_ms": 1e300}, None, wires.LONGEST_WAIT),
        ({}, "9" * 30, wires.LONGEST_WAIT),
    ],
)
async def test_how_long_to_wait(body: Any, header: str | None, wait: timedelta) -> None:
    headers = {"Retry-After": header} if header else {}
    async with answering(refusal(429, body, **headers)) as wire:
        with pytest.raises(Throttled) as raised:
            await wire.get(path("sync"))
    assert raised.value.retry_at == NOON + wait


@pytest.mark.parametrize("text", ["", "no json", "[1]", '"text"', "null", "{"])
async def test_an_answer_that_is_no_object_holds_nothing(text: str) -> None:
    async with answering(lambda _: web.Response(text=text)) as wire:
        assert await wire.get(path("sync")) == {}


async def test_a_proxys_page_is_no_proof_that_something_was_sent() -> None:
    async with answering(lambda _: web.Response(text="<html>Sign in to the network</html>")) as wire:
        account = Account(wire, _nobody)
        with pytest.raises(Unanswered):
            await account.send("!a:b", "m.room.message", {"body": "x"}, key="k", encrypted=False)


async def _nobody() -> tuple[str, None]:
    return "@bot:example.org", None


async def test_a_token_goes_with_every_request_and_is_said_by_nobody() -> None:
    seen: list[str | None] = []

    def note(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization"))
        return web.json_response({})

    async with answering(note) as wire:
        await wire.get(path("sync"))
        await wire.put(path("a"), {})
        await wire.post(path("a"), {})
    assert seen == [f"Bearer {TOKEN}"] * 3


# --- no answer


async def test_nobody_listens_there(unused_tcp_port: int) -> None:
    wire = Wire(f"http://127.0.0.1:{unused_tcp_port}", now)
    try:
        with pytest.raises(Unreachable):
            await wire.get(path("sync"))
    finally:
        await wire.close()


async def test_no_address_at_all() -> None:
    wire = Wire("no address", now)
    try:
        with pytest.raises(Rejected, match="BEZPIECZNY_MATRIX__HOMESERVER"):
            await wire.get(path("sync"))
    finally:
        await wire.close()


async def test_a_connection_that_breaks_leaves_in_doubt() -> None:
    def drop(request: web.Request) -> web.Response:
        assert request.transport
        request.transport.close()
        return web.Response()

    async with answering(drop) as wire:
        with pytest.raises(Unanswered):
            await wire.put(path("a"), {})


async def test_an_answer_that_does_not_come_in_time_leaves_in_doubt() -> None:
    gate = asyncio.Event()

    async def wait(_: web.Request) -> web.Response:
        await gate.wait()
        return web.Response()

    async with serving(wait) as url:
        wire = Wire(url, now)
        with pytest.raises(Unanswered):
            await wire.get(path("sync"), timeout_s=0.05)
        gate.set()
        await wire.close()


async def test_an_answer_that_breaks_off_leaves_in_doubt() -> None:
    async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"next_')
        writer.close()

    async with await asyncio.start_server(break_off, "127.0.0.1", 0) as server:
        wire = Wire(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", now)
        with pytest.raises(Unanswered):
            await wire.get(path("sync"))
        await wire.close()


# --- names in paths


NAMES = ["!a/b:c", "%2F", "...", "a?b=c", "#x", "$łódź", "!🏠:example.org", "a b", "!a:b/../../admin"]


@pytest.mark.parametrize("name", NAMES)
async def test_a_name_leads_nowhere_else(name: str) -> None:
    seen: list[str] = []

    def note(request: web.Request) -> web.Response:
        seen.append(request.raw_path)
        return web.json_response({})

    async with answering(note) as wire:
        await wire.get(path("rooms", name, "members"))
    (raw,) = seen
    start, end = "/_matrix/client/v3/rooms/", "/members"
    assert raw.startswith(start)
    assert raw.endswith(end)
    part = raw[len(start) : -len(end)]
    assert "/" not in part
    assert URL(f"http://a/{part}", encoded=True).path == f"/{name}"


@pytest.mark.parametrize("name", [".", ".."])
def test_a_name_that_leads_elsewhere_however_it_is_escaped_is_none(name: str) -> None:
    with pytest.raises(Rejected):
        path("rooms", name, "members")


@given(st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda name: name not in {".", ".."}))
def test_any_name_is_one_part_of_a_path(name: str) -> None:
    assert path(name, "x").count("/") == path("a", "x").count("/")
