"""From a homeserver's JSON to `events`. Whatever is malformed is passed over: anybody may have written it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bot.channels.matrix.events import Batch, Invite, RoomEvent, RoomNews
from bot.domain.errors import Rejected

Raw = Mapping[str, Any]
Decipher = Callable[[str, Raw], RoomEvent | None]
"""Reads an event of a room; None for what is no event."""


def event_of(room: str, raw: Any) -> RoomEvent | None:
    """An event as it stands there; None for what is no event."""
    if not isinstance(raw, dict):
        return None
    name, sender, kind, content = (raw.get(key) for key in ("event_id", "sender", "type", "content"))
    if not (isinstance(name, str) and isinstance(sender, str) and isinstance(kind, str)):
        return None
    fields = content if isinstance(content, dict) else {}
    state_key, redacts = raw.get("state_key"), raw.get("redacts", fields.get("redacts"))
    was = _map(_map(raw.get("unsigned")).get("prev_content")).get("membership")
    return RoomEvent(
        name,
        room,
        sender,
        kind,
        fields,
        state_key if isinstance(state_key, str) else None,
        redacts if isinstance(redacts, str) else None,
        was=was if isinstance(was, str) else None,
    )


def batch_of(raw: Raw, user: str, decipher: Decipher) -> Batch:
    """The answer to a sync; `user` is our own name."""
    rooms = _map(raw.get("rooms"))
    joined = tuple(_news(room, _map(news), decipher) for room, news in _map(rooms.get("join")).items())
    invites = (_invite(room, _map(news), user) for room, news in _map(rooms.get("invite")).items())
    return Batch(
        str(raw.get("next_batch", "")), joined, tuple(one for one in invites if one), tuple(_map(rooms.get("leave")))
    )


def pushed(raw: Raw, user: str) -> Batch:
    """What a homeserver pushes to an application service; `user` is our own name. Raises Rejected for anything else.

    Our own words come as well: of them nothing is to be read. Of a room where our place in it changed, only the last
    of these changes counts, as in a sync.
    """
    if not isinstance(raw.get("events"), list):
        raise Rejected("these are no events")
    rooms: dict[str, list[Raw]] = {}
    for one in raw["events"]:
        room = one.get("room_id") if isinstance(one, dict) else None
        if isinstance(room, str) and (one.get("sender") != user or isinstance(one.get("state_key"), str)):
            rooms.setdefault(room, []).append(one)
    places = {room: _place(told, user) for room, told in rooms.items()}
    invites = (_asked_in(room, told, user) for room, told in rooms.items() if places[room] == "invite")
    return Batch(
        "",
        tuple(_news_of(room, told) for room, told in rooms.items() if places[room] in {"", "join"}),
        tuple(one for one in invites if one),
        tuple(room for room, place in places.items() if place in {"leave", "ban"}),
    )


def _place(told: list[Raw], user: str) -> str:
    """Our membership after these events; empty if they tell none."""
    ours = [one for one in told if one.get("type") == "m.room.member" and one.get("state_key") == user]
    return str(_map(ours[-1].get("content")).get("membership", "")) if ours else ""


def _asked_in(room: str, told: list[Raw], user: str) -> Invite | None:
    """The invitation, with what it says of the room."""
    last = next(one for one in reversed(told) if one.get("state_key") == user)
    about = _list(_map(last.get("unsigned")).get("invite_room_state"))
    return _invite(room, {"invite_state": {"events": [*about, last]}}, user)


def _news_of(room: str, told: list[Raw]) -> RoomNews:
    return RoomNews(room, tuple(events(room, told, event_of)))


def _map(raw: Any) -> Raw:
    return raw if isinstance(raw, dict) else {}


def _list(raw: Any) -> list[Any]:
    return raw if isinstance(raw, list) else []


def _news(room: str, news: Raw, decipher: Decipher) -> RoomNews:
    timeline = _map(news.get("timeline"))
    gap = timeline.get("prev_batch") if timeline.get("limited") is True else None
    state = (event_of(room, one) for one in _list(_map(news.get("state")).get("events")))
    return RoomNews(
        room,
        tuple(events(room, timeline.get("events"), decipher)),
        gap if isinstance(gap, str) else None,
        tuple(one for one in state if one),
    )


def events(room: str, raw: Any, decipher: Decipher) -> Iterator[RoomEvent]:
    """The events of a room in a list."""
    for one in _list(raw):
        event = decipher(room, one) if isinstance(one, dict) else None
        if event:
            yield event


def _invite(room: str, news: Raw, user: str) -> Invite | None:
    state = [one for one in _list(_map(news.get("invite_state")).get("events")) if isinstance(one, dict)]
    ours = [one for one in state if one.get("type") == "m.room.member" and one.get("state_key") == user]
    if not ours or not isinstance(ours[-1].get("sender"), str):
        return None
    return Invite(
        room,
        ours[-1]["sender"],
        direct=_map(ours[-1].get("content")).get("is_direct") is True,
        encrypted=any(one.get("type") == "m.room.encryption" for one in state),
    )
