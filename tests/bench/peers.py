"""Others' ways to send, each recording nothing: a script of its own, since aiogram has its own environment.

`python peers.py NAME --loop uvloop --url http://127.0.0.1:1 --count 10000 --at-once 64 --message message.json` prints
the seconds and the CPU seconds it took, as JSON. It needs the standard library and the library it measures.
"""

import argparse
import asyncio
import json
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

TOKEN = "7000000001:test-token-of-nobody"
Send = Callable[[int], Awaitable[object]]
Message = dict[str, Any]


async def bare(url: str, message: Message, at_once: int, measure: Callable[[Send], Awaitable[None]]) -> None:
    """Posts of aiohttp, with the answer read and not looked at."""
    import aiohttp  # noqa: PLC0415 - each way has its own library

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=at_once)) as session:

        async def send(chat: int) -> None:
            body = json.dumps(message | {"chat_id": chat})
            headers = {"Content-Type": "application/json"}
            async with session.post(f"{url}/bot{TOKEN}/sendMessage", data=body, headers=headers) as answer:
                await answer.read()

        await measure(send)


async def ptb(url: str, message: Message, _at_once: int, measure: Callable[[Send], Awaitable[None]]) -> None:
    """python-telegram-bot's Bot as it comes: httpx, no rate limiter."""
    from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup  # noqa: PLC0415 - each way has its own library

    rows = message["reply_markup"]["inline_keyboard"]
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton(**button) for button in row] for row in rows])
    async with Bot(TOKEN, base_url=f"{url}/bot") as bot:
        await measure(
            lambda chat: bot.send_message(
                chat,
                message["text"],
                parse_mode=message["parse_mode"],
                disable_web_page_preview=True,
                reply_markup=keyboard,
            )
        )


async def aiogram(url: str, message: Message, _at_once: int, measure: Callable[[Send], Awaitable[None]]) -> None:
    """The Bot of aiogram with its default session."""
    # Not in this project's environment, see `peers.in`.
    from aiogram import Bot  # type: ignore[import-not-found]  # noqa: PLC0415
    from aiogram.client.session.aiohttp import AiohttpSession  # type: ignore[import-not-found]  # noqa: PLC0415
    from aiogram.client.telegram import TelegramAPIServer  # type: ignore[import-not-found]  # noqa: PLC0415
    from aiogram.types import InlineKeyboardMarkup, LinkPreviewOptions  # type: ignore[import-not-found]  # noqa: PLC0415

    keyboard = InlineKeyboardMarkup.model_validate(message["reply_markup"])
    preview = LinkPreviewOptions(is_disabled=True)
    async with Bot(TOKEN, session=AiohttpSession(api=TelegramAPIServer.from_base(url))) as bot:
        await measure(
            lambda chat: bot.send_message(
                chat,
                message["text"],
                parse_mode=message["parse_mode"],
                link_preview_options=preview,
                reply_markup=keyboard,
            )
        )


WAYS = {"bare": bare, "ptb": ptb, "aiogram": aiogram}


async def run(given: argparse.Namespace) -> dict[str, float]:
    """Send to the chats 1, 2, …, so many at once; what is opened before and closed after does not count."""
    message = json.loads(Path(given.message).read_text(encoding="utf-8"))
    taken: dict[str, float] = {}

    async def measure(send: Send) -> None:
        chats = iter(range(1, given.count + 1))

        async def worker() -> None:
            for chat in chats:
                await send(chat)

        begun, cpu = time.perf_counter(), _cpu_s()
        await asyncio.gather(*(worker() for _ in range(given.at_once)))
        taken.update(seconds=time.perf_counter() - begun, cpu_s=_cpu_s() - cpu)

    await WAYS[given.way](given.url, message, given.at_once, measure)
    return taken


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Read the arguments, send, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("way", choices=WAYS)
    parser.add_argument("--loop", choices=("asyncio", "uvloop"), default="asyncio")
    parser.add_argument("--url", required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--at-once", type=int, required=True)
    parser.add_argument("--message", required=True)
    given = parser.parse_args()
    if given.loop == "uvloop":
        import uvloop  # noqa: PLC0415 - only where it is asked for

        taken = uvloop.run(run(given))
    else:
        taken = asyncio.run(run(given))
    sys.stdout.write(json.dumps(taken))


if __name__ == "__main__":
    main()
