"""One screen to many chats: rendered once for each language, posted without the library's own work on each message.

The library builds parameters and a Message object for every call, which costs more than the request itself. Its
transport and its reading of errors are used as they are.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from telegram import Bot, InputFile
from telegram.constants import ParseMode
from telegram.request import BaseRequest

from bot.catalogue.words import Words
from bot.channels.telegram import render
from bot.channels.telegram.outgoing import NO_PREVIEW, Clock, our_errors
from bot.domain.messages import Picture, Screen

if TYPE_CHECKING:
    from telegram.request import RequestData

FORMS_KEPT = 64
PICTURES_KEPT = 16


@dataclass(frozen=True, slots=True)
class _Form:
    """A request but for the chat. What it was made from is kept, so that nothing else can take its place in memory."""

    method: str
    body: bytes
    screen: Screen
    words: Words


@dataclass(frozen=True, slots=True)
class _Ready:
    """Parameters that are JSON already: as much of the library's `RequestData` as its transport port asks for."""

    json_payload: bytes
    contains_files: bool = False


class Bulk:
    """Sends screens unasked; methods raise as `our_errors` says."""

    def __init__(self, bot: Bot, request: BaseRequest, words: Callable[[], Words], now: Clock) -> None:
        self._bot = bot
        self._request = request
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
            body = b'{"chat_id":%d,%s' % (chat, form.body)
            sent: Any = await self._request.post(
                f"{self._bot.base_url}/{form.method}", cast("RequestData", _Ready(body))
            )
            return str(sent["message_id"])

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
        fields: dict[str, Any] = {"parse_mode": ParseMode.HTML}
        if screen.picture:
            caption = render.caption(screen, language, words)
            if caption is None:
                return None
            method = "sendPhoto"
            fields |= {"photo": self._pictures[id(screen.picture)][1], "caption": caption}
        else:
            method = "sendMessage"
            fields |= {
                "text": render.text(screen, language, words),
                "link_preview_options": NO_PREVIEW.to_dict(),
            }
        if keyboard := render.keyboard(screen, language, words):
            fields["reply_markup"] = keyboard.to_dict()
        return _Form(method, json.dumps(fields, ensure_ascii=False).encode()[1:], screen, words)

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
            reply_markup=render.keyboard(screen, language, words),
        )
        _keep(self._pictures, id(picture), (picture, sent.photo[-1].file_id), PICTURES_KEPT)
        return str(sent.message_id)


def _keep(kept: dict[Any, Any], key: object, value: object, most: int) -> None:
    """Remember one more, and forget the oldest beyond `most`."""
    kept[key] = value
    if len(kept) > most:
        del kept[next(iter(kept))]
