"""What an account sees of what happened since a token, as `/sync` and `/messages` tell it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from tests.matrix_api.limits import Json, Refused, choice, number
from tests.matrix_api.state import MEMBER, Account, Event, Room, World

TIMELINE = 10
"""Events of a room in one answer, if nobody asks for more."""
MOST = 1_000
STRIPPED = ("m.room.create", "m.room.join_rules", "m.room.name", "m.room.encryption")


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for what."""

    user: str
    device: str
    since: int | None
    """The first event that they do not know yet."""
    step: int
    """The first change of account data that they do not know yet."""
    full_state: bool
    limit: int
    kinds: frozenset[str] | None = None
    """Of state events; None: all of them."""
    with_data: bool = True
    """Whether they want to know of account data."""
    without: frozenset[str] = frozenset()
    """Of whose events nothing is told."""


def token(place: int, step: int = 0) -> str:
    """The token of all events before a place, and all changes of account data before a step."""
    return f"s{place}_{step}"


def places(given: str, words: str = "Invalid stream token") -> tuple[int, int]:
    """Place and step of a token. Raises Refused."""
    found = re.fullmatch(r"[st](\d+)_(\d+)", given)
    if found is None:
        raise Refused(400, "M_UNKNOWN", words)
    return int(found[1]), int(found[2])


def asked(account: Account, device: str, query: Mapping[str, str]) -> Asked:
    """Read the request. Raises Refused."""
    wanted = _filter(account, query.get("filter", "{}"))
    room = wanted.get("room", {})
    timeline, kinds = room.get("timeline", {}), room.get("state", {}).get("types")
    since, step = places(query["since"]) if query.get("since") else (None, 0)
    return Asked(
        account.name,
        device,
        since,
        step,
        query.get("full_state") == "true",
        min(timeline.get("limit", TIMELINE), MOST),
        frozenset(kinds) if kinds is not None else None,
        wanted.get("account_data", {}).get("not_types") != ["*"],
        frozenset(timeline.get("not_senders", ())),
    )


def _filter(account: Account, given: str) -> Json:
    if given.isdecimal():
        if int(given) >= len(account.filters):
            raise Refused(404, "M_NOT_FOUND", "No such filter")
        return account.filters[int(given)]
    try:
        read: Json = json.loads(given)
    except ValueError:
        raise Refused(400, "M_NOT_JSON", "Invalid filter JSON") from None
    return read


def answer(world: World, ask: Asked) -> tuple[Json, bool]:
    """The answer, and whether there is anything in it that is not known yet."""
    rooms: dict[str, dict[str, Json]] = {"join": {}, "invite": {}, "leave": {}}
    for name, new in _changed(world, ask).items():
        room = world.rooms[name]
        match room.membership(ask.user):
            case "join":
                if told := _joined(room, new, ask):
                    rooms["join"][name] = told
            case "invite" if _of(new, ask.user):
                rooms["invite"][name] = {"invite_state": {"events": _stripped(room, ask.user)}}
            case "leave" | "ban" if ask.since is not None and _of(new, ask.user):
                rooms["leave"][name] = _left(room, new, ask)
    found: Json = {
        "next_batch": token(len(world.log), world.steps),
        "device_one_time_keys_count": world.accounts[ask.user].one_time_count(ask.device),
        "device_unused_fallback_key_types": [],
    }
    data = _account_data(world.accounts[ask.user], ask.step) if ask.with_data else []
    if data:
        found["account_data"] = {"events": data}
    news = {kind: members for kind, members in rooms.items() if members}
    if news:
        found["rooms"] = news
    return found, bool(news or data)


def _changed(world: World, ask: Asked) -> dict[str, list[Event]]:
    """What is new in each room that has to be told of; with full state, all those that somebody is in."""
    found: dict[str, list[Event]] = {}
    if ask.full_state or ask.since is None:
        found = {room.id: [] for room in world.rooms.values() if room.membership(ask.user) == "join"}
    for event in world.log[ask.since or 0 :]:
        found.setdefault(event.room, []).append(event)
    return found


def _of(events: list[Event], user: str) -> list[Event]:
    """The changes of somebody's membership."""
    return [event for event in events if event.state == (MEMBER, user)]


def _joined(room: Room, new: list[Event], ask: Asked) -> Json | None:
    """What is told of a room; None if nothing is."""
    joined = any(event.json["content"]["membership"] == "join" for event in _of(new, ask.user))
    every = [
        event
        for event in (room.events if joined or ask.since is None else new)
        if event.json["sender"] not in ask.without
    ]
    events = every[max(0, len(every) - ask.limit) :]
    begin = events[0].place if events else (ask.since or 0)
    whole = ask.full_state or joined or ask.since is None
    if not every and not whole:
        return None
    known = 0 if whole else ask.since or 0
    before = (event for event in room.state_before(begin) if event.place >= known)
    state = [event.json for event in before if ask.kinds is None or event.json["type"] in ask.kinds]
    return {
        "timeline": {
            "events": [event.shown(ask.user, ask.device) for event in events],
            "prev_batch": token(begin),
            "limited": joined or len(events) < len(every),
        },
        "state": {"events": state},
        "account_data": {"events": []},
        "ephemeral": {"events": []},
        "unread_notifications": {"notification_count": 0, "highlight_count": 0},
        "summary": {},
    }


def _left(room: Room, new: list[Event], ask: Asked) -> Json:
    gone = _of(new, ask.user)[-1].place
    seen = [event for event in new if event.place <= gone][-ask.limit :]
    timeline = {
        "events": [event.shown(ask.user, ask.device) for event in seen],
        "prev_batch": token(seen[0].place),
        "limited": False,
    }
    return {"timeline": timeline, "state": {"events": []}, "account_data": {"events": []}}


def _stripped(room: Room, user: str) -> list[Json]:
    """What an invitation shows of a room: what it is, who asks, and that they ask."""
    invite = room.state[MEMBER, user]
    shown = [room.state[kind, ""] for kind in STRIPPED if (kind, "") in room.state]
    shown += [room.state[MEMBER, invite.json["sender"]], invite]
    return [{name: event.json[name] for name in ("content", "sender", "state_key", "type")} for event in shown]


def _account_data(account: Account, known: int) -> list[Json]:
    return [{"type": kind, "content": content} for kind, (step, content) in account.data.items() if step >= known]


def messages(world: World, room: Room, user: str, device: str, query: Mapping[str, str]) -> Json:
    """`/messages`: the room's events from a token on, backwards or forwards. Raises Refused."""
    back = choice(query, "dir", ("b", "f"), "f") == "b"
    limit = min(number(query, "limit", 10), MOST)
    words = "'from' parameter is invalid"
    start = places(query["from"], words)[0] if "from" in query else len(world.log) if back else 0
    if back:
        end = places(query["to"])[0] if "to" in query else 0
        found = [event for event in reversed(room.events) if end <= event.place < start][:limit]
    else:
        end = places(query["to"])[0] if "to" in query else len(world.log)
        found = [event for event in room.events if start <= event.place < end][:limit]
    chunk = [{**event.shown(user, device), "room_id": room.id} for event in found]
    told: Json = {"chunk": chunk, "start": token(start)}
    if found:
        told["end"] = f"t{token(found[-1].place if back else found[-1].place + 1)[1:]}"
    return told
