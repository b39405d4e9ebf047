"""The conversation: an event in, a screen out, one transaction a turn.

A turn finds who speaks and where they are, lets one scene act, and keeps where they are now, all in one transaction.
An event whose key has been handled changes nothing: it shows where the resident is, and whatever that
writes is taken back. So every screen's `here` must show the same screen again, whoever asks and how often.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from time import perf_counter
from typing import Protocol, assert_never

from bot.catalogue.library import Library
from bot.dialogue import actions as codec
from bot.dialogue.commands import action_of
from bot.dialogue.courtesies import Courtesy, courtesy_of
from bot.dialogue.scenes import SCENES, TYPED, ask, home, message
from bot.dialogue.turn import Tools, Turn
from bot.domain import actions as do
from bot.domain.actions import Action
from bot.domain.errors import BotError, StaleAction, UnknownItem, WorkshopClosed
from bot.domain.messages import Command, Event, Input, Other, Press, Reply, Screen, Start, Text
from bot.domain.residents import Address, Resident
from bot.services.chats import ChatLinkLate, ChatLinkUnknown, ChatLinkUsed, NoPrivateChat
from bot.services.classroom import LinkEnded
from bot.storage import residents
from bot.storage.database import Connection, Database
from bot.storage.residents import Conversation

KEPT_KEYS = 8
"""How many events of a resident are remembered as handled; channels redeliver only the last few."""

_EXPLAINED: dict[type[BotError], str] = {
    codec.BadCode: "button",
    StaleAction: "button",
    LinkEnded: "link",
    ChatLinkUsed: "chat_used",
    ChatLinkLate: "chat_late",
    ChatLinkUnknown: "chat_unknown",
    NoPrivateChat: "chat_elsewhere",
    UnknownItem: "item",
    WorkshopClosed: "workshop",
}
"""What went wrong → what `Explain` says of it."""

_OPENED: Mapping[str, Callable[[str], Action]] = {
    "q": do.StartLink,
    "c": message.asked_about,
    "staff": do.LinkChat,
}
"""How a link's parameter begins → what the rest of it, whatever it is, leads to."""


class Shelf(Protocol):
    """Where the present library stands."""

    @property
    def library(self) -> Library:
        """The library to teach from now."""
        ...


def ignore(channel: str, outcome: str, seconds: float) -> None:
    """Watch nothing."""


class Engine:
    """Answers events; see `channels.base.Dialogue`."""

    def __init__(
        self,
        database: Database,
        shelf: Shelf,
        tools: Tools,
        clock: Callable[[], datetime],
        observe: Callable[[str, str, float], None] = ignore,
    ) -> None:
        """`observe` hears of each turn: the channel, `ok` or `failed`, and the seconds it took."""
        self._observe = observe
        self._database = database
        self._shelf = shelf
        self._tools = tools
        self._clock = clock

    async def turn(self, event: Event) -> Reply:
        """Answer an event; when this returns, the turn is committed."""
        begun, outcome = perf_counter(), "failed"
        try:
            reply = await self._turn(event)
            outcome = "ok"
        finally:
            self._observe(event.address.channel, outcome, perf_counter() - begun)
        return reply

    async def _turn(self, event: Event) -> Reply:
        now = self._clock()
        async with self._database.begin() as conn:
            found, conversation = await residents.find_with_conversation(conn, event.address)
            resident = found or await self._new_resident(conn, event, now)
            before = conversation or Conversation(here=codec.encode(do.Welcome()))
            turn = self._at(conn, resident, before, now)
            again = event.key in before.handled
            screen = await _safely(turn, _read_here(before) if again else event.input, before)
            if again:
                await conn.rollback()
            elif not turn.forgotten:
                await self._keep(turn, event, before, screen, new=conversation is None)
            reply = Reply(turn.resident.language, screen, turn.resident.answering, forgotten=turn.forgotten)
        return await _complete(reply)

    async def welcome(self, language: str) -> Reply:
        """The first screen for somebody of whom nothing is kept yet."""
        library = self._shelf.library
        chosen = library.words.choose(language)
        return Reply(chosen, home.welcome_screen(library, chosen, self._tools.new_number()))

    async def current(self, address: Address, language: str) -> Reply:
        """Where a resident is, without anything happening; the first screen for a stranger."""
        now = self._clock()
        async with self._database.begin() as conn:
            resident, conversation = await residents.find_with_conversation(conn, address)
            if resident is None or conversation is None:
                return await self.welcome(language)
            turn = self._at(conn, resident, conversation, now)
            screen = await _safely(turn, _read_here(conversation), conversation)
            await conn.rollback()
        return await _complete(Reply(turn.resident.language, screen, turn.resident.answering))

    async def left(self, address: Address) -> None:
        """The resident does not want to hear from us."""
        async with self._database.begin() as conn:
            await residents.set_blocked(conn, address, self._clock())

    async def returned(self, address: Address) -> None:
        """The resident is back."""
        async with self._database.begin() as conn:
            await residents.set_blocked(conn, address, None)

    async def moved(self, old: Address, new: Address) -> None:
        """The conversation has another address."""
        async with self._database.begin() as conn:
            await residents.move(conn, old, new)

    def _at(self, conn: Connection, resident: Resident, conversation: Conversation, now: datetime) -> Turn:
        try:
            here = codec.decode(conversation.here)
        except codec.BadCode:  # a later version dropped this action
            here = do.Home()
        return Turn(conn, self._shelf.library, resident, now, self._tools, here, play)

    async def _new_resident(self, conn: Connection, event: Event, now: datetime) -> Resident:
        return await residents.add(conn, event.address, self._shelf.library.words.choose(event.language), now)

    async def _keep(self, turn: Turn, event: Event, before: Conversation, screen: Screen, *, new: bool) -> None:
        here = codec.encode(screen.here) if screen.here else before.here
        handled = (*before.handled, event.key)[-KEPT_KEYS:]
        after = Conversation(here, screen.awaits, handled)
        await residents.save_conversation(turn.conn, turn.resident.id, after, new=new)
        if before.seen_on != turn.now.date() or turn.resident.blocked_at:
            await residents.note_seen(turn.conn, turn.resident, turn.now)


def _read_here(conversation: Conversation) -> Press:
    return Press(conversation.here)


async def _complete(reply: Reply) -> Reply:
    """The reply with its slow part, which waits until nobody waits for the database."""
    return replace(reply, screen=await reply.screen.later()) if reply.screen.later else reply


async def _safely(turn: Turn, given: Input, before: Conversation) -> Screen:
    try:
        return await _answer(turn, given, before)
    except tuple(_EXPLAINED) as error:
        why = next(_EXPLAINED[kind] for kind in type(error).__mro__ if kind in _EXPLAINED)
        return await play(turn, do.Explain(why))


async def _answer(turn: Turn, given: Input, before: Conversation) -> Screen:
    match given:
        case Press(code):
            return await play(turn, codec.decode(code))
        case Start(parameter):
            return await play(turn, _started(turn, parameter, before))
        case Command(name, arguments):
            return await _command(turn, name, arguments)
        case Text(text):
            return await _typed(turn, text, before)
        case Other():
            return await _unreadable(turn, before)
        case _:
            assert_never(given)


async def play(turn: Turn, action: Action) -> Screen:
    """Let the scene of an action act; the screen knows how to come back to itself."""
    screen = await SCENES[type(action)](turn, action)
    return screen if screen.here else replace(screen, here=action)


def _started(turn: Turn, parameter: str, before: Conversation) -> Action:
    kind, _, value = parameter.partition("_")
    if parameter == "subscribe":
        return do.Consents()
    if kind in _OPENED and value:
        return _OPENED[kind](value)
    if kind == "quiz" and value in turn.library.quizzes:
        return do.QuizIntro(value)
    if kind == "tip" and value in turn.library.tips:
        return do.ShowTip(value)
    return do.Home() if before.handled else do.Welcome()


async def _command(turn: Turn, name: str, arguments: str) -> Screen:
    action = action_of(name)
    if action is None:
        return await play(turn, do.Explain("command"))
    if arguments.strip() and isinstance(action, do.Quizzes):
        return await ask.search_quiz(turn, arguments)
    if arguments.strip() and isinstance(action, (do.Ask, do.NextTip)):
        return await ask.search(turn, arguments)
    if arguments.strip() and isinstance(action, do.Verify):
        return await play(turn, message.asked_about(arguments))
    return await play(turn, action)


async def _typed(turn: Turn, text: str, before: Conversation) -> Screen:
    if screen := await _awaited(turn, text, before):
        return screen
    if screen := await message.recognised(turn, text):
        return screen
    named = action_of(text.strip())
    if named and not isinstance(named, do.Panel):  # "menu", "pomoc", "stop": a command whose slash was forgotten
        return await play(turn, named)
    if courtesy := courtesy_of(text):
        return await play(turn, _returned(turn, courtesy))
    return await ask.search(turn, text)


def _returned(turn: Turn, courtesy: Courtesy) -> Action:
    """Where a greeting leads, and thanks; whoever has been nowhere yet may want another language first."""
    if courtesy is Courtesy.THANKS:
        return do.Thanked()
    return do.Welcome() if turn.here == do.Welcome() else do.Home()


async def _unreadable(turn: Turn, before: Conversation) -> Screen:
    """A picture in place of a name asks for the name again."""
    return await _awaited(turn, "", before) or await play(turn, do.Explain("unreadable"))


async def _awaited(turn: Turn, text: str, before: Conversation) -> Screen | None:
    what, _, about = (before.awaiting or "").partition(":")
    reader = TYPED.get(what)
    return await reader(turn, about, text) if reader else None
