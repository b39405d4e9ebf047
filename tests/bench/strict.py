"""The tests' strict Bot API in a thread of its own: are the messages right, and are they the same?"""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.bench.product import TEXT
from tests.telegram_api import TelegramApi
from tests.telegram_api.state import Message, message_json


@dataclass(frozen=True, slots=True)
class Seen:
    """A message as its reader sees it; of its text only the length counts, for a line may stand under it."""

    letters: int
    labels: tuple[str, ...]

    @property
    def buttons(self) -> int:
        """How many buttons it has."""
        return len(self.labels)


@dataclass(frozen=True, slots=True)
class Checked:
    """What everybody was sent: as seen, as it was asked for (without the chat), and as the server answers it."""

    seen: Seen
    message: dict[str, Any]
    answer: bytes


class Strict:
    """The server, and what it was told."""

    def __init__(self, api: TelegramApi, count: int) -> None:
        self.base_url = api.base_url
        self._api = api
        self._count = count

    def check(self, who: str) -> Checked:
        """Raise unless everybody was sent one message, the same to all."""
        messages = self._api.messages()
        seen = {_seen(message) for message in messages if TEXT in (message.text or "")}
        if len(messages) != self._count or len({one.chat for one in messages}) != self._count or len(seen) != 1:
            raise RuntimeError(f"{who}: {len(messages)} messages of {len(seen)} kinds for {self._count} people")
        first = messages[0]
        given = {name: first.sent[name] for name in ("text", "parse_mode", "reply_markup", "link_preview_options")}
        shown = message_json(first, self._api.methods.chats[first.chat], self._api.methods.username)
        return Checked(seen.pop(), given, json.dumps({"ok": True, "result": shown}).encode())


def _seen(message: Message) -> Seen:
    return Seen(len(message.text or ""), tuple(button["text"] for row in message.keyboard for button in row))


@contextmanager
def strict_api(count: int) -> Iterator[Strict]:
    """The strict server for the block, with the people 1 to `count`."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    api = TelegramApi(record=False)
    for number in range(1, count + 1):
        api.user(number)
    try:
        asyncio.run_coroutine_threadsafe(api.start(), loop).result()
        yield Strict(api, count)
        asyncio.run_coroutine_threadsafe(api.stop(), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
