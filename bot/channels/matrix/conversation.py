"""The turns of one private room: what was said there, to the dialogue; its answer, made ready and kept.

A turn is committed by the dialogue; that it is, and what can be chosen from now on, is kept right after. Between the
two the event may come again: then the dialogue knows it by its key, and shows the same screen.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from bot.channels.matrix import choices, letters, polls
from bot.channels.matrix.events import CHANNEL, RoomEvent
from bot.channels.matrix.forgetting import Forgetting
from bot.channels.matrix.incoming import CameIn, Said, Sent, Tapped, Voted, command_of
from bot.channels.matrix.kit import Kit
from bot.channels.matrix.replies import Postman, Replies
from bot.dialogue.actions import encode
from bot.domain.actions import Erase
from bot.domain.errors import BotError
from bot.domain.messages import Event, Input, Other, Press, Reply, Start, Text, say
from bot.domain.residents import Address, Answering
from bot.storage import matrix
from bot.storage.database import Connection
from bot.storage.matrix import CLOSED, Room, Shown

SLOW_S = 1.0
"""After so long without an answer we show that one is on its way."""

Spoken = Said | Sent | Tapped | Voted | CameIn

ERASE = Press(encode(Erase(sure=True)))
"""What erases whoever presses it."""


class Conversation:
    """Takes turns in private rooms."""

    def __init__(self, kit: Kit, postman: Postman, replies: Replies, forgetting: Forgetting) -> None:
        self._kit = kit
        self._postman = postman
        self._replies = replies
        self._forgetting = forgetting

    async def turn(
        self, room: Room, event: RoomEvent, meaning: Spoken, *, again: bool = False, ahead: bool = False
    ) -> asyncio.Task[None] | None:
        """Commit the turn of an event; the task returned shows the answer, None if there is none.

        `again`: it is committed, so whatever it meant, the dialogue shows where the person is. `ahead`: it was written
        before the screen that stands there now was, so that a number does not choose there.
        Raises whatever the dialogue raises, or TimeoutError: then the event has to come again.
        """
        newest = await self._newest(room)
        if newest and newest.event is None and not ahead:
            await self._replies.caught_up(room, self._kit.patience.batch_replies)
            newest = await self._newest(room)
            ahead = newest is not None and newest.event is None
        async with self._kit.database.read() as conn:
            at = await self._screen_of(conn, room, meaning)
            erased = again and event.id in await matrix.erasures(conn, [event.id])
        given = ERASE if erased else _given(meaning, newest, at, ahead=ahead) or (Other() if again else None)
        if given is None or room.person is None:
            return None
        if given == ERASE:
            await self._note_erasure(event, done=False)
        async with self._typing(room), asyncio.timeout(self._kit.patience.turn):
            reply = await self._kit.dialogue.turn(Event(Address(CHANNEL, room.person), event.id, given))
        thread = meaning.thread if isinstance(meaning, Said | Sent) else None
        letter = letters.compose(reply, event.id, self._kit.words(), thread=thread)
        chose = isinstance(given, Press) and not (newest and given.code == newest.here)
        pressed = again or chose  # by now the screen may say otherwise what was typed then
        letter = letters.in_place(letter, newest if at in (None, newest) else None, pressed=pressed)
        await self._keep(room, event, reply, letter.shown, at)
        if isinstance(meaning, Voted):
            self._close(room, meaning.poll, reply.language)
        shown = self._replies.start(room, letter)
        return self._let_go(room, shown) if reply.forgotten else shown

    async def _newest(self, room: Room) -> Shown | None:
        async with self._kit.database.read() as conn:
            return await matrix.newest_screen(conn, room.id)

    async def _screen_of(self, conn: Connection, room: Room, meaning: Spoken) -> Shown | None:
        """The screen that somebody points at."""
        match meaning:
            case Said(about=str(about)) | Tapped(event=about) | Voted(poll=about):
                return await matrix.screen_at(conn, room.id, about)
            case _:
                return None

    async def _note_erasure(self, event: RoomEvent, *, done: bool) -> None:
        """Note that in the turn of this event somebody is erased; nothing may tell whose room it is.

        Noted before too, for the erasure takes along what "1" meant, and whoever was erased must not come back by it
        after a crash. It erases again, then: that does no harm before it is `done`.
        """
        async with self._kit.database.begin() as conn:
            await matrix.note_handled(conn, event.id, "", self._kit.clock(), again=not done)

    async def _keep(self, room: Room, event: RoomEvent, reply: Reply, shown: Shown, at: Shown | None) -> None:
        if reply.forgotten:
            await self._note_erasure(event, done=True)
            return
        async with self._kit.database.begin() as conn:
            await matrix.ensure_room(conn, room, self._kit.clock())  # whoever was erased may speak on at once
            await matrix.note_handled(conn, event.id, room.id, self._kit.clock(), again=True)
            if at and at.event and at.form == Answering.POLL:
                await matrix.close_poll(conn, room.id, at.event)
            await matrix.show(conn, room.id, shown)

    def _let_go(self, room: Room, goodbye: asyncio.Task[None]) -> asyncio.Task[None]:
        """After the goodbye, for which they are needed, their keys go too: the answer is shown once they have."""

        async def let_go() -> None:
            await asyncio.wait({goodbye})
            await self._forgetting.people()
            await goodbye

        return self._replies.aside(room, let_go, queue="forgetting")

    def _close(self, room: Room, poll: str, language: str) -> None:
        """Nobody can vote again: the first vote counts."""
        text = self._kit.words().label(say("matrix.poll_closed"), language)
        self._replies.aside(
            room,
            lambda: self._replies.insist(
                lambda: self._postman.say(room, polls.END, polls.ended(poll, text), f"{poll}:end")
            ),
        )

    @asynccontextmanager
    async def _typing(self, room: Room) -> AsyncIterator[None]:
        """Show that an answer is on its way, if it takes long."""
        shown = False

        async def show() -> None:
            nonlocal shown
            await self._kit.sleep(SLOW_S)
            shown = True
            with suppress(BotError):
                await self._kit.homeserver.typing(room.id, True)

        showing = asyncio.create_task(show())
        try:
            yield
        finally:
            showing.cancel()
            with suppress(asyncio.CancelledError):
                await showing
            if shown:
                with suppress(BotError):
                    await self._kit.homeserver.typing(room.id, False)


def _given(meaning: Spoken, screen: Shown | None, about: Shown | None, *, ahead: bool) -> Input | None:
    """What it means to the dialogue, where `screen` stands and `about` is pointed at; None: nothing there.

    `ahead`: the screen was not there yet.
    """
    match meaning:
        case CameIn():
            return Start()
        case Sent():
            return Other()
        case Tapped(key=key):
            return _press(choices.tapped(key, about.choices) if about else None)
        case Voted(choice=choice):
            offered = dict(about.choices) if about and about.form != CLOSED else {}
            return _press(choice if choice in offered else None)
        case Said(text=text, about=pointed):
            unseen = about is None and (ahead or pointed is not None) and choices.is_pick(text)
            return command_of(text) or _again(screen if unseen else None) or _words(text, about or screen)


def _again(screen: Shown | None) -> Press | None:
    """The screen that stands, once more: for a number that chooses nothing there, or was not meant for it."""
    return _press(screen.here) if screen and screen.choices and not screen.awaits else None


def _press(code: str | None) -> Press | None:
    return Press(code) if code else None


def _words(text: str, screen: Shown | None) -> Input | None:
    if not text:
        return None
    if screen is None:  # they answer what is no longer kept: they may begin anew
        return Start() if text.isdecimal() else Text(text)
    if chosen := choices.press_of(text, screen.choices, awaits=screen.awaits):
        return Press(chosen)
    return (_again(screen) if choices.is_pick(text) else None) or Text(text)
