"""One screen to many chats: rendered once for each language."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from telegram import Bot, InputFile
from telegram.constants import ParseMode

from bot.catalogue.words import Words
from bot.channels.telegram import render
from bot.channels.telegram.outgoing import Clock, buttons, our_errors, written
from bot.channels.telegram.wire import Wire, body
from bot.domain.messages import Picture, Screen

FORMS_KEPT = 64
PICTURES_KEPT = 16


@dataclass(frozen=True, slots=True)
class _Form:
    """A request but for the chat. What it was made from is kept, so that nothing else can take its place in memory."""

    method: str
    body: bytes
    screen: Screen
    words: Words


class Bulk:
    """Sends screens unasked; methods raise as `our_errors` says."""

    def __init__(self, bot: Bot, wire: Wire, words: Callable[[], Words], now: Clock) -> None:
        self._bot = bot
        self._wire = wire
        self._words = words
        self._now = now
        self._forms: dict[tuple[int, str], _Form] = {}
        self._pictures: dict[int, tuple[Picture, str]] = {}  # what Telegram calls those it has

    async def send(self, chat: int, language: str, screen: Screen) -> str | None:
        """Post a screen; returns the number of its message. None: this one does not fit into one request."""
        with our_errors(self._now):
            if screen.picture and id(screen.picture) not in self._pictures:
                return await self._upload(chat, language, screen, screen.picture)
            form = self._form(language, screen)
            if form is None:
                return None
            shown = await self._wire.post(form.method, b'{"chat_id":%d,%s' % (chat, form.body))
            return str(shown["message_id"])

    def _form(self, language: str, screen: Screen) -> _Form | None:
        words, place = self._words(), (id(screen), language)
        known = self._forms.get(place)
        if known and known.screen is screen and known.words is words:
            return known
        form = self._made(language, screen, words)
        if form:
            _keep(self._forms, place, form, FORMS_KEPT)
        return form

    def _made(self, language: str, screen: Screen, words: Words) -> _Form | None:
        if screen.file:
            return None
        fields = written(screen, language, words)
        if screen.picture is None:
            return _Form("sendMessage", body(**fields)[1:], screen, words)
        caption = render.caption(screen, language, words)
        if caption is None:
            return None
        fields |= {"photo": self._pictures[id(screen.picture)][1], "caption": caption}
        fields |= {"text": None, "link_preview_options": None}
        return _Form("sendPhoto", body(**fields)[1:], screen, words)

    async def _upload(self, chat: int, language: str, screen: Screen, picture: Picture) -> str | None:
        """Send a picture that Telegram does not have yet; the next chats get it by its name there."""
        words = self._words()
        caption = None if screen.file else render.caption(screen, language, words)
        if caption is None:
            return None
        sent = await self._bot.send_photo(
            chat,
            InputFile(picture.png, filename="picture.png"),
            caption=caption,
            parse_mode=ParseMode.HTML,
            reply_markup=buttons(screen, language, words),
        )
        _keep(self._pictures, id(picture), (picture, sent.photo[-1].file_id), PICTURES_KEPT)
        return str(sent.message_id)


def _keep(kept: dict[Any, Any], key: object, value: object, most: int) -> None:
    """Remember one more, and forget the oldest beyond `most`."""
    kept[key] = value
    if len(kept) > most:
        del kept[next(iter(kept))]
