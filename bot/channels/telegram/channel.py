"""The Telegram channel: takes updates to the dialogue, and shows screens."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any, assert_never
from urllib.parse import urlsplit

import structlog
from telegram import Bot
from telegram.error import InvalidToken, TelegramError

from bot.catalogue.words import Words
from bot.channels.base import Dialogue, Pace
from bot.channels.ordering import InOrder
from bot.channels.patience import Patience, pause, unless
from bot.channels.telegram import incoming
from bot.channels.telegram.bulk import Bulk
from bot.channels.telegram.faults import explain, note
from bot.channels.telegram.incoming import Invited, Left, Moved, Nothing, Received, Returned, Turn
from bot.channels.telegram.outgoing import ChatMoved, Clock, Postman, our_errors
from bot.channels.telegram.polling import Polling
from bot.channels.telegram.replies import Replies
from bot.channels.telegram.request import AiohttpRequest
from bot.channels.telegram.setup import introduce
from bot.channels.telegram.webhook import Webhook
from bot.channels.telegram.wire import Wire, body
from bot.channels.trouble import Faults
from bot.domain.errors import Rejected
from bot.domain.messages import Screen, say
from bot.domain.residents import Address
from bot.services.courier import Posted

PUBLIC_API = "https://api.telegram.org"
WEBHOOK_PATH = "/telegram/webhook"

_log = structlog.get_logger(__name__)


class TelegramChannel:
    """One bot account. `run` serves it until told to stop; `send` says things unasked.

    Args:
        token: the bot's, from BotFather.
        dialogue: the conversation.
        words: gives the interface words of the moment (they change when content is reloaded).
        pace: the account's limit; replies travel in its first lane.
        now: the clock, UTC.
        base_url: of the Bot API, up to the token or to the `/bot` before it.
        webhook_url: where Telegram is to deliver updates (a bare host means the path we serve); None for long polling.
        secret_key: the program's key, from which the webhook's secret is derived.
        sleep: waits, between the tries of a reply.
        patience: how long to wait, for what.
    """

    def __init__(
        self,
        token: str,
        *,
        dialogue: Dialogue,
        words: Callable[[], Words],
        pace: Pace,
        now: Clock,
        base_url: str = PUBLIC_API,
        webhook_url: str | None = None,
        secret_key: bytes = b"",
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        patience: Patience | None = None,
    ) -> None:
        self.username: str | None = None
        self._patience = patience or Patience()
        self._request = AiohttpRequest()
        self._bot = Bot(
            token,
            base_url=f"{base_url.rstrip('/').removesuffix('/bot')}/bot",
            request=self._request,
            get_updates_request=self._request,
        )
        self._dialogue = dialogue
        self._words = words
        self._now = now
        self._wire = Wire(self._bot, self._request)
        self._postman = Postman(self._bot, self._wire, words, now)
        self._bulk = Bulk(self._bot, self._wire, words, now)
        self._replies = Replies(self._postman, dialogue, pace, now=now, sleep=sleep)
        self._turns = InOrder()
        self._asides: set[asyncio.Task[None]] = set()
        self._webhook_url = webhook_url and _with_path(webhook_url)
        self.webhook = Webhook(self, webhook_secret(token, secret_key), self._patience)

    def link(self, parameter: str = "") -> str | None:
        """The address that opens the conversation, with a start parameter; None until the bot's name is known."""
        if self.username is None:
            return None
        return f"https://t.me/{self.username}" + (f"?start={parameter}" if parameter else "")

    # --- in

    def read(self, raw: Any) -> Received:
        """What an update means. Raises BadUpdate."""
        return incoming.read(raw, self.username)

    async def take(self, received: Received) -> asyncio.Task[None] | None:
        """Commit the turn of an update; the task returned shows the reply, and never raises.

        Raises whatever the dialogue raises, or TimeoutError: then the update has to come again.
        """
        meaning = received.meaning
        answered = None
        if isinstance(meaning, Turn) and meaning.pressed:
            answered = self._aside(self._answer(meaning.pressed.query))
        async with self._turns.of(received.person), asyncio.timeout(self._patience.turn):
            return await self._act(meaning, answered)

    async def _act(self, meaning: incoming.Incoming, answered: asyncio.Task[None] | None) -> asyncio.Task[None] | None:
        match meaning:
            case Turn(event, pressed):
                reply = await self._dialogue.turn(event)
                return self._replies.start(int(event.address.id), reply, pressed, answered)
            case Left(address):
                await self._dialogue.left(address)
            case Returned(address):
                await self._dialogue.returned(address)
            case Moved(old, new):
                await self._dialogue.moved(old, new)
            case Invited(chat, language):
                self._aside(self._decline(chat, language))
            case Nothing():
                pass
            case _:
                assert_never(meaning)
        return None

    async def _answer(self, query: str) -> None:
        """Stop the button's waiting sign; a query already answered, or too old, needs nothing."""
        await self._wire.post("answerCallbackQuery", body(callback_query_id=query))

    async def _decline(self, chat: int, language: str) -> None:
        """Leave a group: what people ask here, and their quiz results, are nobody else's."""
        words = self._words()
        try:
            link = self.link() or ""
            await self._bot.send_message(chat, words.label(say("telegram.group", link=link), words.choose(language)))
        finally:
            await self._bot.leave_chat(chat)

    def _aside(self, doing: Awaitable[None]) -> asyncio.Task[None]:
        """Do something nobody waits for, and whose failure harms nobody."""

        async def quietly() -> None:
            try:
                await doing
            except TelegramError as error:
                _log.debug("telegram.aside_failed", kind=type(error).__name__)

        task = asyncio.create_task(quietly())
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)
        return task

    # --- out

    async def send(self, address: Address, language: str, screen: Screen, *, key: str) -> Posted:  # noqa: ARG002 - the Bot API knows no idempotency key
        """Say a screen unasked; see `bot.services.courier.Sender`. Pacing is the caller's."""
        try:
            chat = int(address.id)
        except ValueError:
            raise Rejected("this is no chat's number") from None
        try:
            return await self._post(chat, language, screen)
        except ChatMoved as moved:
            await self._dialogue.moved(address, incoming.address_of(moved.chat))
            return await self._post(moved.chat, language, screen)

    async def _post(self, chat: int, language: str, screen: Screen) -> Posted:
        if number := await self._bulk.send(chat, language, screen):
            return Posted(number)
        posted = [await step() for step in self._postman.steps(chat, language, screen)]
        return Posted(str(posted[-1]))

    async def ask_name(self) -> str:
        """The bot's user name, asked of the Bot API; for links, where the channel is not served."""
        with our_errors(self._now):
            self.username = (await self._bot.get_me()).username
        return self.username or ""

    # --- from start to stop

    async def close(self) -> None:
        """Close the connections; for whoever sends without `run`."""
        await self._request.shutdown()

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop`, then finish what is in flight. A wrong token ends this channel with a line in the log."""
        try:
            if await self._begun(stop):
                self._aside(introduce(self._bot, self._words()))
                if self._webhook_url:
                    await stop.wait()
                    self.webhook.close()
                else:
                    await Polling(self, self._bot, self._replies, self._patience).run(stop)
        finally:
            await self._replies.finish(self._patience.last_replies)
            for task in list(self._asides):
                task.cancel()
            await asyncio.gather(*self._asides, return_exceptions=True)
            await self.close()

    async def _begun(self, stop: asyncio.Event) -> bool:
        """Learn who we are and choose how updates come, as often as it takes; False if it cannot be."""
        faults = Faults("telegram", self._patience)
        while not stop.is_set():
            try:
                await unless(stop, self._connect())
            except InvalidToken as error:
                _log.error("telegram.off", reason=explain(error))
                return False
            except TelegramError as error:
                await pause(stop, note(faults, error))
            else:
                faults.worked()
                mode = "webhook" if self._webhook_url else "polling"
                _log.info("telegram.on", username=self.username, mode=mode)
                return not stop.is_set()
        return False

    async def _connect(self) -> None:
        self.username = (await self._bot.get_me()).username
        if self._webhook_url:
            await self._bot.set_webhook(
                self._webhook_url, secret_token=self.webhook.secret, allowed_updates=incoming.UPDATES
            )
        else:
            await self._bot.delete_webhook()


def _with_path(url: str) -> str:
    return url if urlsplit(url).path.strip("/") else url.rstrip("/") + WEBHOOK_PATH


def webhook_secret(token: str, secret_key: bytes) -> str:
    """What Telegram has to show with each update: made from the token, so that it changes with it."""
    return hmac.new(secret_key, b"telegram-webhook:" + token.encode(), sha256).hexdigest()
