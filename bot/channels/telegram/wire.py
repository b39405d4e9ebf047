"""Posts methods of the Bot API as JSON, without the library's own work on each message.

The library builds parameters and a Message object for every call, which costs more than the request itself. Its
transport and its reading of errors are used as they are.
"""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from telegram import Bot
from telegram.request import BaseRequest

if TYPE_CHECKING:
    from telegram.request import RequestData


@dataclass(frozen=True, slots=True)
class _Ready:
    """Parameters that are JSON already: as much of the library's `RequestData` as its transport port asks for."""

    json_payload: bytes
    contains_files: bool = False


def body(**fields: Any) -> bytes:
    """Parameters as JSON; those that are None are left out."""
    given = {name: value for name, value in fields.items() if value is not None}
    return json.dumps(given, ensure_ascii=False).encode()


class Wire:
    """One bot's methods; every call raises the library's errors."""

    def __init__(self, bot: Bot, request: BaseRequest) -> None:
        self._bot = bot
        self._request = request

    async def post(self, method: str, ready: bytes) -> Any:
        """Call a method with parameters that are JSON already; returns its result as plain values."""
        return await self._request.post(f"{self._bot.base_url}/{method}", cast("RequestData", _Ready(ready)))

    async def show(self, method: str, ready: bytes) -> int:
        """Call a method that shows a message; returns the message's number."""
        shown = await self.post(method, ready)
        return int(shown["message_id"])
