"""From screens to requests, and from the Bot API's refusals to what the core can do about them."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from telegram import Bot, InlineKeyboardMarkup, InputFile
from telegram.constants import ParseMode
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, TelegramError

from bot.catalogue.words import Words
from bot.channels.telegram import render
from bot.channels.telegram.request import Flooded, NotSent, ServerFailed
from bot.channels.telegram.wire import Wire, body
from bot.domain.errors import Blocked, BotError, Rejected, Throttled, Unanswered, Unreachable
from bot.domain.messages import Screen

NO_PREVIEW = {"is_disabled": True}

_GONE = ("chat not found", "user is deactivated", "user not found", "peer_id_invalid")
"""What a 400 says of somebody who cannot be written to."""
_UNCHANGED = "message is not modified"

Clock = Callable[[], datetime]
Step = Callable[[], Awaitable[int]]
"""Makes one request; returns the number of the message it showed."""


class ChatMoved(BotError):
    """The conversation has another address now."""

    def __init__(self, chat: int) -> None:
        super().__init__()
        self.chat = chat


@contextmanager
def our_errors(now: Clock) -> Iterator[None]:
    """Let only the errors of `bot.domain.errors`, and ChatMoved, out.

    Their causes are cut off: a cause may hold the request's address, and that holds the token.
    """
    try:
        yield
    except TelegramError as error:
        raise _ours(error, now) from None


def _ours(error: TelegramError, now: Clock) -> BotError:
    match error:
        case Flooded():
            return Throttled(now() + timedelta(seconds=error.retry_after_s))
        case ChatMigrated():
            return ChatMoved(error.new_chat_id)
        case Forbidden():
            return Blocked()
        case BadRequest():
            gone = any(sign in error.message.lower() for sign in _GONE)
            return Blocked() if gone else Rejected(error.message)
        case NotSent() | ServerFailed() | InvalidToken():
            return Unreachable(error.message)
        case _:
            return Unanswered(error.message)


def written(screen: Screen, language: str, words: Words) -> dict[str, Any]:
    """A screen as the parameters of a message of text."""
    rows = render.keyboard(screen, language, words)
    return {
        "text": render.text(screen, language, words),
        "parse_mode": ParseMode.HTML,
        "link_preview_options": NO_PREVIEW,
        "reply_markup": {"inline_keyboard": rows} if rows else None,
    }


def buttons(screen: Screen, language: str, words: Words) -> InlineKeyboardMarkup | None:
    """A screen's buttons as the library wants them beside a file."""
    rows = render.keyboard(screen, language, words)
    return InlineKeyboardMarkup.de_json({"inline_keyboard": rows}) if rows else None


class Postman:
    """Puts screens into chats; every method raises as `our_errors` says."""

    def __init__(self, bot: Bot, wire: Wire, words: Callable[[], Words], now: Clock) -> None:
        self._bot = bot
        self._wire = wire
        self._words = words
        self._now = now

    def change(self, chat: int, message: int, language: str, screen: Screen) -> Callable[[], Awaitable[None]]:
        """The request that makes a message of text into another screen; the same screen again is fine.

        It is written out here, so that it leaves at once when its turn comes.
        """
        ready = body(chat_id=chat, message_id=message, **written(screen, language, self._words()))

        async def request() -> None:
            with our_errors(self._now):
                try:
                    await self._wire.post("editMessageText", ready)
                except BadRequest as error:
                    if _UNCHANGED not in error.message.lower():
                        raise

        return request

    def steps(self, chat: int, language: str, screen: Screen) -> list[Step]:
        """The requests that show a screen anew, to be made in order.

        The words go under the picture or the file if they fit there, otherwise into a message of their own after it.
        The buttons are where the words are.
        """
        if not screen.picture and not screen.file:
            return [self._text(chat, screen, language)]
        caption = render.caption(screen, language, self._words())
        steps: list[Step] = []
        if screen.picture:
            under = caption if not screen.file else None
            steps.append(lambda: self._photo(chat, screen, language, under))
        if screen.file:
            steps.append(lambda: self._document(chat, screen, language, caption))
        if caption is None:
            steps.append(self._text(chat, screen, language))
        return steps

    def _text(self, chat: int, screen: Screen, language: str) -> Step:
        ready = body(chat_id=chat, **written(screen, language, self._words()))

        async def request() -> int:
            with our_errors(self._now):
                return await self._wire.show("sendMessage", ready)

        return request

    async def _photo(self, chat: int, screen: Screen, language: str, caption: str | None) -> int:
        picture = screen.picture
        if picture is None:
            raise Rejected("there is no picture")
        with our_errors(self._now):
            shown = await self._bot.send_photo(
                chat,
                InputFile(picture.png, filename="picture.png"),
                caption=caption,
                parse_mode=ParseMode.HTML,
                reply_markup=buttons(screen, language, self._words()) if caption is not None else None,
            )
        return shown.message_id

    async def _document(self, chat: int, screen: Screen, language: str, caption: str | None) -> int:
        file = screen.file
        if file is None:
            raise Rejected("there is no file")
        with our_errors(self._now):
            shown = await self._bot.send_document(
                chat,
                InputFile(file.content, filename=file.name),
                caption=caption,
                parse_mode=ParseMode.HTML,
                reply_markup=buttons(screen, language, self._words()) if caption is not None else None,
            )
        return shown.message_id
