"""A Telegram channel with a dialogue that follows a script, against the server of our own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.catalogue.words import Words
from bot.channels.patience import Patience
from bot.channels.telegram.channel import TelegramChannel
from tests.channels.contract import FakeDialogue
from tests.channels.fakes import Pace, Time
from tests.telegram_api import TelegramApi

CONTENT = Path(__file__).parents[3] / "content"
NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
QUICK = Patience(first_pause=0.01)
PNG = b"\x89PNG\r\n\x1a\n picture"


@cache
def words() -> Words:
    return Words.load(CONTENT / "words")


@dataclass
class World:
    api: TelegramApi
    dialogue: FakeDialogue = field(default_factory=FakeDialogue)
    time: Time = field(default_factory=lambda: Time(NOW))
    pace: Pace = field(default_factory=Pace)

    def channel(self, **more: Any) -> TelegramChannel:
        settings: dict[str, Any] = {
            "dialogue": self.dialogue,
            "words": words,
            "pace": self.pace,
            "now": self.time,
            "base_url": self.api.base_url,
            "sleep": self.time.sleep,
            "patience": QUICK,
            "secret_key": b"key of this test",
        }
        return TelegramChannel(more.pop("token", self.api.token), **settings | more)

    @asynccontextmanager
    async def polling(self, **more: Any) -> AsyncIterator[TelegramChannel]:
        """The channel at work, by long polling."""
        async with running(self.channel(**more)) as channel:
            yield channel

    @asynccontextmanager
    async def webhook(self, **more: Any) -> AsyncIterator[TelegramChannel]:
        """The channel at work, by webhook, behind a web server as small as can be."""
        hook = Hook()
        async with serving(hook.serve) as url:
            channel = hook.channel = self.channel(webhook_url=url, **more)
            async with running(channel):
                yield channel


@dataclass
class Hook:
    """Where the fake Bot API delivers updates."""

    channel: TelegramChannel | None = None

    async def serve(self, request: web.Request) -> web.Response:
        if self.channel is None:
            return web.Response(status=503)
        secret = request.headers.get("X-Telegram-Bot-Api-Secret-Token")
        return web.Response(status=await self.channel.webhook.handle(await request.json(), secret))


@asynccontextmanager
async def serving(handler: Callable[[web.Request], Awaitable[web.Response]]) -> AsyncIterator[str]:
    """A web server that answers everything with `handler`; gives its address."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{site.port}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def running(channel: TelegramChannel) -> AsyncIterator[TelegramChannel]:
    stop = asyncio.Event()
    task = asyncio.create_task(channel.run(stop))
    try:
        yield channel
    finally:
        stop.set()
        await asyncio.wait_for(task, 11)


async def until(what: Callable[[], object], within_s: float = 3.0) -> None:
    """Wait until `what()` is true."""
    async with asyncio.timeout(within_s):
        while not what():  # noqa: ASYNC110 - what is waited for happens on the other side of HTTP
            await asyncio.sleep(0.002)
