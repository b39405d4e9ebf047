"""From Telegram's updates to events."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from telegram import Chat, ChatMember, ChatMemberUpdated, Message, Update

from bot.domain.messages import Command, Event, Input, Other, Press, Start, Text
from bot.domain.residents import Address

if TYPE_CHECKING:
    import asyncio

CHANNEL = "telegram"
UPDATES = ("message", "callback_query", "my_chat_member")
"""The kinds of update we ask for; Telegram keeps the others to itself."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """The press of a button: what has to be answered, and the message it stands under."""

    query: str
    message: int | None
    """None for a message too old for Telegram to say more of it."""
    editable: bool
    """Whether the message is text alone, and so can become another screen."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Something to answer."""

    event: Event
    pressed: Pressed | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """The bot was blocked in a private chat."""

    address: Address


@dataclass(frozen=True, slots=True)
class Returned:
    """The bot was unblocked."""

    address: Address


@dataclass(frozen=True, slots=True)
class Moved:
    """A group became a supergroup."""

    old: Address
    new: Address


@dataclass(frozen=True, slots=True)
class Invited:
    """The bot was put into a group or a channel."""

    chat: int
    language: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """An update that asks for no answer."""


Incoming = Turn | Left | Returned | Moved | Invited | Nothing


@dataclass(frozen=True, slots=True)
class Received:
    """An update that could be read."""

    number: int
    person: int
    """Whose it is: updates with the same number here go in order."""
    meaning: Incoming


class BadUpdate(Exception):
    """This is not an update of the Bot API."""


class Taker(Protocol):
    """Reads updates and commits their turns; the channel does."""

    def read(self, raw: Any) -> Received:
        """What an update means. Raises BadUpdate."""
        ...

    async def take(self, received: Received) -> "asyncio.Task[None] | None":
        """Commit its turn; the task returned shows the reply. Whatever this raises, the update has to come again."""
        ...


def address_of(chat: int) -> Address:
    """The address of a chat."""
    return Address(CHANNEL, str(chat))


def read(raw: Any, username: str | None) -> Received:
    """Read an update; `username` is the bot's own, so that `/help@another_bot` is left to the other bot.

    Raises BadUpdate.
    """
    try:
        update = Update.de_json(raw, None)
        person = update.effective_chat or update.effective_user
        return Received(int(update.update_id), person.id if person else 0, _meaning(update, username))
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise BadUpdate(type(error).__name__) from None


def _meaning(update: Update, username: str | None) -> Incoming:
    if update.callback_query is not None:
        return _press(update)
    if update.my_chat_member is not None:
        return _membership(update.my_chat_member)
    if update.message is not None:
        return _message(update.update_id, update.message, username)
    return Nothing()


def _press(update: Update) -> Incoming:
    query = update.callback_query
    if query is None or query.data is None:  # a game's button; we have none
        return Nothing()
    message = query.message
    if message is not None and message.chat.type != Chat.PRIVATE:
        return Nothing()
    chat = message.chat.id if message else query.from_user.id  # in a private chat the two are the same number
    event = Event(address_of(chat), str(update.update_id), Press(query.data), query.from_user.language_code or "")
    editable = isinstance(message, Message) and message.text is not None
    return Turn(event, Pressed(query.id, message.message_id if message else None, editable))


def _membership(change: ChatMemberUpdated) -> Incoming:
    gone = change.new_chat_member.status in {ChatMember.BANNED, ChatMember.LEFT}
    if change.chat.type == Chat.PRIVATE:
        return Left(address_of(change.chat.id)) if gone else Returned(address_of(change.chat.id))
    return Nothing() if gone else Invited(change.chat.id, change.from_user.language_code or "")


def _message(update_id: int, message: Message, username: str | None) -> Incoming:
    if message.migrate_to_chat_id is not None:
        return Moved(address_of(message.chat.id), address_of(message.migrate_to_chat_id))
    if message.chat.type != Chat.PRIVATE or _is_service(message):
        return Nothing()
    given = _input(message, username)
    if given is None:
        return Nothing()
    language = (message.from_user.language_code if message.from_user else "") or ""
    return Turn(Event(address_of(message.chat.id), str(update_id), given, language))


def _is_service(message: Message) -> bool:
    """Whether Telegram itself wrote it, about the chat; a person would wonder at an answer to that."""
    return any(
        (
            message.pinned_message,
            message.message_auto_delete_timer_changed,
            message.chat_background_set,
            message.write_access_allowed,
            message.proximity_alert_triggered,
        )
    )


def _input(message: Message, username: str | None) -> Input | None:
    if message.text is None:
        return Other()
    if not message.text.startswith("/") or message.text[1:2] in {"", "/", " "}:
        return Text(message.text)
    word, *rest = message.text[1:].split(maxsplit=1)
    name, _, whose = word.partition("@")
    if whose and username and whose.lower() != username.lower():
        return None
    arguments = rest[0].strip() if rest else ""
    return Start(arguments) if name.lower() == "start" else Command(name.lower(), arguments)
