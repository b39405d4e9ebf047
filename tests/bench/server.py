"""The Bot API server of the measurements, for a process of its own."""

import asyncio
from multiprocessing.connection import Connection as Pipe

from tests.telegram_api import TelegramApi

MESSAGES = 3000


def serve(pipe: Pipe) -> None:
    """The Bot API server, until the pipe is closed."""

    async def main() -> None:
        async with TelegramApi(record=False) as api:
            for number in range(1, MESSAGES + 1):
                api.user(number)
            pipe.send(api.base_url)
            await asyncio.to_thread(pipe.recv)

    asyncio.run(main())
