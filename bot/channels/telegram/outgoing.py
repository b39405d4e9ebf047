"""From screens to requests, and from the Bot API's refusals to what the core can do about them."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from telegram import Bot, InputFile, LinkPreviewOptions, Message
from telegram.constants import ParseMode
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, TelegramError

from bot.catalogue.words import Words
from bot.channels.telegram import render
from bot.channels.telegram.request import Flooded, NotSent, ServerFailed
from bot.domain.errors import Blocked, BotError, Rejected, Throttled, Unanswered, Unreachable
from bot.domain.messages import Screen

NO_PREVIEW = LinkPreviewOptions(is_disabled=True)

_GONE = ("chat not found", "user is deactivated", "user not found", "peer_id_invalid")
"""What a 400 says of somebody who cannot be written to."""
_UNCHANGED = "message is not modified"

Clock = Callable[[], datetime]
Step = Callable[[], Awaitable[Message]]


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


class Postman:
    """Puts screens into chats; every method raises as `our_errors` says."""

    def __init__(self, bot: Bot, words: Callable[[], Words], now: Clock) -> None:
        self._bot = bot
        self._words = words
        self._now = now

    async def change(self, chat: int, message: int, language: str, screen: Screen) -> None:
        """Make a message of text into another screen; the same screen again is fine."""
        words = self._words()
        with our_errors(self._now):
            try:
                await self._bot.edit_message_text(
                    render.text(screen, language, words),
                    chat_id=chat,
                    message_id=message,
                    parse_mode=ParseMode.HTML,
                    link_preview_options=NO_PREVIEW,
                    reply_markup=render.keyboard(screen, language, words),
                )
            except BadRequest as error:
                if _UNCHANGED not in error.message.lower():
                    raise

    def steps(self, chat: int, language: str, screen: Screen) -> list[Step]:
        """The requests that show a screen anew, to be made in order.

        The words go under the picture or the file if they fit there, otherwise into a message of their own after it.
        The buttons are where the words are.
        """
        if not screen.picture and not screen.file:
            return [lambda: self._text(chat, screen, language)]
        caption = render.caption(screen, language, self._words())
        steps: list[Step] = []
        if screen.picture:
            under = caption if not screen.file else None
            steps.append(lambda: self._photo(chat, screen, language, under))
        if screen.file:
            steps.append(lambda: self._document(chat, screen, language, caption))
        if caption is None:
            steps.append(lambda: self._text(chat, screen, language))
        return steps

    async def _text(self, chat: int, screen: Screen, language: str) -> Message:
        words = self._words()
        with our_errors(self._now):
            return await self._bot.send_message(
                chat,
                render.text(screen, language, words),
                parse_mode=ParseMode.HTML,
                link_preview_options=NO_PREVIEW,
                reply_markup=render.keyboard(screen, language, words),
            )

    async def _photo(self, chat: int, screen: Screen, language: str, caption: str | None) -> Message:
        picture = screen.picture
        if picture is None:
            raise Rejected("there is no picture")
        with our_errors(self._now):
            return await self._bot.send_photo(
                chat,
                InputFile(picture.png, filename="picture.png"),
                caption=caption,
                parse_mode=ParseMode.HTML,
                reply_markup=render.keyboard(screen, language, self._words()) if caption is not None else None,
            )

    async def _document(self, chat: int, screen: Screen, language: str, caption: str | None) -> Message:
        file = screen.file
        if file is None:
            raise Rejected("there is no file")
        with our_errors(self._now):
            return await self._bot.send_document(
                chat,
                InputFile(file.content, filename=file.name),
                caption=caption,
                parse_mode=ParseMode.HTML,
                reply_markup=render.keyboard(screen, language, self._words()) if caption is not None else None,
            )
