"""Updates that Telegram delivers to us; the web application calls `Webhook.handle`."""

import asyncio
import hmac
from typing import Any

import structlog

from bot.channels.patience import Patience
from bot.channels.telegram.incoming import BadUpdate, Taker

OK, BAD, FORBIDDEN, UNAVAILABLE = 200, 400, 403, 503

_log = structlog.get_logger(__name__)


class Webhook:
    """Checks who delivers, and acknowledges an update only after its turn is committed."""

    def __init__(self, channel: Taker, secret: str, patience: Patience) -> None:
        self.secret = secret
        self._channel = channel
        self._patience = patience
        self._open = True

    def close(self) -> None:
        """Take no more: Telegram will deliver again, to whoever comes next."""
        self._open = False

    async def handle(self, update: Any, secret: str | None) -> int:
        """Take what was posted as JSON, with the header `X-Telegram-Bot-Api-Secret-Token`; returns the HTTP status."""
        if not hmac.compare_digest((secret or "").encode(errors="replace"), self.secret.encode()):
            return FORBIDDEN
        return await self._take(update) if self._open else UNAVAILABLE

    async def _take(self, raw: Any) -> int:
        try:
            reply = await self._channel.take(self._channel.read(raw))
        except BadUpdate:
            return BAD
        except Exception as error:  # noqa: BLE001 - whatever it is, the update must come again; a traceback may hold words
            _log.error("telegram.turn_failed", kind=type(error).__name__)
            return UNAVAILABLE
        if reply is not None:
            await asyncio.wait({reply}, timeout=self._patience.webhook_reply)
        return OK
