"""What an event of a room means to us, with nothing looked up."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.channels.matrix import polls
from bot.channels.matrix.events import RoomEvent
from bot.domain.messages import Command, Input, Start

LONGEST = 4000
"""Characters of a message that are read; a whole event may have 65,536 bytes."""
SIGNS = ("!", "/")
"""How a command begins. Clients take the slash for themselves; who escapes theirs is understood all the same."""


@dataclass(frozen=True, slots=True)
class Said:
    """Words."""

    text: str
    about: str | None = None
    """The event that they answer."""
    thread: str | None = None
    """The event that the thread they stand in began with."""


@dataclass(frozen=True, slots=True)
class Sent:
    """Something that is no words: a picture, a voice message, a sticker."""

    thread: str | None = None


@dataclass(frozen=True, slots=True)
class Tapped:
    """A reaction to an event."""

    key: str
    event: str


@dataclass(frozen=True, slots=True)
class Voted:
    """A vote in a poll."""

    poll: str
    choice: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Its key is missing."""

    session: str


@dataclass(frozen=True, slots=True)
class CameIn:
    """We are in the room now, and were not before."""


@dataclass(frozen=True, slots=True)
class Stirred:
    """Somebody came or went, or the room is encrypted from now on: who and how is to be looked at again."""


@dataclass(frozen=True, slots=True)
class MovedOn:
    """The room goes on as another one."""

    room: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """It asks for no answer."""


Meaning = Said | Sent | Tapped | Voted | Unreadable | CameIn | Stirred | MovedOn | Nothing


def read(event: RoomEvent, us: str) -> Meaning:
    """What an event means; `us` is our own name. Notices are bots' talk: nobody answers them."""
    if event.state_key is not None:
        return _state(event, us)
    if event.sender == us:
        return Nothing()
    return Unreadable(event.unreadable) if event.unreadable else _spoken(event)


def _spoken(event: RoomEvent) -> Meaning:
    match event.kind:
        case "m.room.message":
            return _message(event.content)
        case "m.sticker":
            return Sent(_thread(event.content))
        case "m.reaction":
            return _tapped(event.content)
        case _:
            vote = polls.vote_of(event.content) if event.kind in polls.VOTES else None
            return Voted(*vote) if vote else Nothing()


def _state(event: RoomEvent, us: str) -> Meaning:
    match event.kind:
        case "m.room.member" if event.state_key == us and event.content.get("membership") == "join":
            return CameIn() if event.was != "join" else Nothing()
        case "m.room.member" if event.was == event.content.get("membership") == "join":
            return Nothing()  # another name or picture
        case "m.room.member" | "m.room.encryption":
            return Stirred()
        case "m.room.tombstone":
            room = event.content.get("replacement_room")
            return MovedOn(room) if isinstance(room, str) and room.startswith("!") else Nothing()
        case _:
            return Nothing()


def _message(content: Mapping[str, Any]) -> Meaning:
    relation = _relation(content)
    if relation.get("rel_type") == "m.replace":  # what was said counts, not what became of it
        return Nothing()
    match content.get("msgtype"):
        case "m.text" | "m.emote":
            body = content.get("body")
            about = _name(_map(relation.get("m.in_reply_to")).get("event_id"))
            falls_back = relation.get("is_falling_back") is True
            if not isinstance(body, str):
                return Nothing()
            text = (_without_quotation(body) if about else body).replace("\0", "")  # which PostgreSQL does not keep
            return Said(text.strip()[:LONGEST], None if falls_back else about, _thread(content))
        case "m.notice" | None:
            return Nothing()
        case str():
            return Sent(_thread(content))
        case _:
            return Nothing()


def _tapped(content: Mapping[str, Any]) -> Meaning:
    relation = _relation(content)
    key, about = relation.get("key"), _name(relation.get("event_id"))
    annotates = relation.get("rel_type") == "m.annotation"
    return Tapped(key, about) if annotates and isinstance(key, str) and about else Nothing()


def _thread(content: Mapping[str, Any]) -> str | None:
    relation = _relation(content)
    return _name(relation.get("event_id")) if relation.get("rel_type") == "m.thread" else None


def _relation(content: Mapping[str, Any]) -> Mapping[str, Any]:
    return _map(content.get("m.relates_to"))


def _map(raw: Any) -> Mapping[str, Any]:
    return raw if isinstance(raw, Mapping) else {}


def _name(raw: Any) -> str | None:
    return raw if isinstance(raw, str) else None


def _without_quotation(body: str) -> str:
    """An answer without what older clients quote above it."""
    lines = body.splitlines()
    quoted = 0
    while quoted < len(lines) and lines[quoted].startswith(">"):
        quoted += 1
    return "\n".join(lines[quoted:]) if quoted else body


def command_of(text: str) -> Input | None:
    """The command that somebody wrote, `!quiz czad`; None if it is none."""
    if not text.startswith(SIGNS) or text[1:2] in {"", "/", "!", " "}:
        return None
    word, *rest = text[1:].split(maxsplit=1)
    arguments = rest[0].strip() if rest else ""
    return Start(arguments) if word.lower() == "start" else Command(word.lower(), arguments)
