"""Updates on their way to the bot: kept until confirmed, by polling or by a webhook's 2xx."""

import asyncio
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from tests.telegram_api.methods import Refused, check_secret
from tests.telegram_api.parameters import BadRequest

FIRST = 500_000_001
"""The first update's number; as with Telegram, any will do."""
RETRY_S = 0.02
"""Between two deliveries to a webhook that did not take it; Telegram takes its time."""
Update = dict[str, Any]


class Updates:
    """The queue, the long polls that wait for it, and the deliveries to a webhook."""

    def __init__(self) -> None:
        self.pending: dict[int, Update] = {}
        self.webhook: dict[str, Any] = {}
        self.webhook_statuses: list[int] = []
        """What the webhook answered, in order; 0 for no answer."""
        self.allowed: list[str] = []
        self._next = FIRST
        self._confirmed: dict[int, asyncio.Event] = {}
        self._news = asyncio.Event()
        self._poll = 0
        self._deliveries: set[asyncio.Task[None]] = set()
        self._in_chat: dict[int, asyncio.Lock] = {}
        self._session: aiohttp.ClientSession | None = None

    # --- from people

    def push(self, kind: str, content: dict[str, Any], chat: int) -> asyncio.Event:
        """Queue an update; returns the event of its confirmation. A kind that was not asked for is dropped at once."""
        confirmed = asyncio.Event()
        if self.allowed and kind not in self.allowed:
            confirmed.set()
            return confirmed
        number, self._next = self._next, self._next + 1
        self.pending[number] = {"update_id": number, kind: content}
        self._confirmed[number] = confirmed
        self._wake()
        if self.webhook:
            self._deliver_soon(number, chat)
        return confirmed

    # --- to the bot

    async def get(self, given: dict[str, Any]) -> list[Update]:
        """`getUpdates`."""
        if self.webhook:
            raise Refused(
                409,
                "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the "
                "webhook first",
            )
        self.allowed = given.get("allowed_updates", self.allowed)
        self._confirm_below(given.get("offset", 0))
        self._poll += 1
        self._wake()  # an earlier poll that still waits has lost
        await self._wait(self._poll, given.get("timeout", 0))
        return [self.pending[number] for number in sorted(self.pending)][: given.get("limit", 100)]

    async def _wait(self, poll: int, timeout_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while not self.pending and self._poll == poll:
                    await self._news.wait()
        if self._poll != poll:
            raise Refused(
                409,
                "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
            )

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    def _confirm_below(self, offset: int) -> None:
        for number in [number for number in self.pending if number < offset]:
            self._confirm(number)

    def _confirm(self, number: int) -> None:
        del self.pending[number]
        self._confirmed.pop(number).set()

    # --- webhook

    def set_webhook(self, given: dict[str, Any]) -> bool:
        """`setWebhook`."""
        parts = urlsplit(given["url"])
        if given["url"] and parts.scheme != "https" and parts.hostname != "127.0.0.1":
            raise BadRequest("bad webhook: an HTTPS URL must be provided for webhook")
        if not 1 <= given.get("max_connections", 40) <= 100:
            raise BadRequest("max_connections must be 1-100")
        check_secret(given)
        self.webhook = given if given["url"] else {}
        self.allowed = given.get("allowed_updates", self.allowed)
        self._drop(given)
        for number, update in self.pending.items():
            self._deliver_soon(number, _chat_of(update))
        return True

    def delete_webhook(self, given: dict[str, Any]) -> bool:
        """`deleteWebhook`."""
        self.webhook = {}
        self._drop(given)
        return True

    def webhook_info(self) -> dict[str, Any]:
        """`getWebhookInfo`."""
        return {
            "url": self.webhook.get("url", ""),
            "has_custom_certificate": False,
            "pending_update_count": len(self.pending),
            "allowed_updates": self.allowed,
        }

    def _drop(self, given: dict[str, Any]) -> None:
        if given.get("drop_pending_updates"):
            self._confirm_below(self._next)

    def _deliver_soon(self, number: int, chat: int) -> None:
        task = asyncio.create_task(self._deliver(number, chat))
        self._deliveries.add(task)
        task.add_done_callback(self._deliveries.discard)

    async def _deliver(self, number: int, chat: int) -> None:
        """Post an update until it is taken; one chat's updates go one after another."""
        async with self._in_chat.setdefault(chat, asyncio.Lock()):
            while self.webhook and number in self.pending:
                status = await self._post(self.pending[number])
                self.webhook_statuses.append(status)
                if 200 <= status < 300 and number in self.pending:
                    self._confirm(number)
                else:
                    await asyncio.sleep(RETRY_S)

    async def _post(self, update: Update) -> int:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        secret = self.webhook.get("secret_token")
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret else {}
        try:
            async with self._session.post(self.webhook["url"], json=update, headers=headers) as response:
                return response.status
        except (aiohttp.ClientError, OSError):
            return 0

    async def close(self) -> None:
        """Let nobody wait any longer."""
        self._poll += 1
        self._wake()
        deliveries = list(self._deliveries)
        for task in deliveries:
            task.cancel()
        await asyncio.gather(*deliveries, return_exceptions=True)
        if self._session is not None:
            await self._session.close()


def _chat_of(update: Update) -> int:
    content = next(value for key, value in update.items() if key != "update_id")
    chat = content.get("chat") or content.get("message", {}).get("chat") or content["from"]
    return int(chat["id"])
