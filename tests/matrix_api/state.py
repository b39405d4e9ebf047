"""What the homeserver remembers: accounts, rooms, and everything that happened, in one order."""

import asyncio
import hashlib
import itertools
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.matrix_api.limits import Json, Refused

SERVER = "city.test"
EPOCH_MS = 1_790_000_000_000
"""When everything began; each event is a millisecond later, and nothing here depends on the clock."""
MEMBER = "m.room.member"
PRIVATE: tuple[tuple[str, Json], ...] = (
    ("m.room.power_levels", {"users": {}, "users_default": 0, "events_default": 0, "state_default": 50}),
    ("m.room.join_rules", {"join_rule": "invite"}),
    ("m.room.history_visibility", {"history_visibility": "shared"}),
    ("m.room.guest_access", {"guest_access": "can_join"}),
)


@dataclass(slots=True)
class Event:
    """One event; `place` is its place among all events. `json` is what clients see of it in its present state."""

    place: int
    room: str
    json: Json
    sent_in: tuple[str, str, str] | None = None
    """Account, device and transaction."""

    @property
    def id(self) -> str:
        """Its name."""
        return str(self.json["event_id"])

    @property
    def state(self) -> tuple[str, str] | None:
        """Which state of the room it sets, if any."""
        key = self.json.get("state_key")
        return None if key is None else (self.json["type"], key)

    def shown(self, user: str, device: str) -> Json:
        """As a device sees it: what it sent itself it can know again."""
        if self.sent_in is None or self.sent_in[:2] != (user, device):
            return self.json
        unsigned = {**self.json.get("unsigned", {}), "transaction_id": self.sent_in[2]}
        return {**self.json, "unsigned": unsigned}


@dataclass(slots=True)
class Room:
    """A room: what happened in it, and how it is now."""

    id: str
    events: list[Event] = field(default_factory=list)
    state: dict[tuple[str, str], Event] = field(default_factory=dict)
    reactions: set[tuple[str, str, str]] = field(default_factory=set)
    typing: set[str] = field(default_factory=set)
    read: dict[str, str] = field(default_factory=dict)

    def membership(self, user: str) -> str:
        """`join`, `invite`, `leave` or `ban`; nothing of whoever was never here."""
        event = self.state.get((MEMBER, user))
        return "" if event is None else str(event.json["content"]["membership"])

    def those(self, *memberships: str) -> list[str]:
        """Whose membership is one of these."""
        members = ((key, event) for (kind, key), event in self.state.items() if kind == MEMBER)
        return [user for user, event in members if event.json["content"]["membership"] in memberships]

    def state_before(self, place: int) -> list[Event]:
        """The room's state as it was before a place."""
        found = {event.state: event for event in self.events if event.state and event.place < place}
        return list(found.values())


@dataclass(slots=True)
class Account:
    """A user of the homeserver, and what they keep there."""

    name: str
    password: str
    display_name: str
    data: dict[str, tuple[int, Json]] = field(default_factory=dict)
    """Account data by kind, with the step in which it was set."""
    devices: dict[str, Json] = field(default_factory=dict)
    """The keys of each device."""
    one_time: dict[str, dict[str, Any]] = field(default_factory=dict)
    cross_signing: dict[str, Json] = field(default_factory=dict)
    filters: list[Json] = field(default_factory=list)

    def one_time_count(self, device: str) -> dict[str, int]:
        """How many one-time keys a device has left."""
        return {"signed_curve25519": len(self.one_time.get(device, {}))}


class World:
    """Everything, and who waits for news of it."""

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self.tokens: dict[str, tuple[str, str]] = {}
        """Whose each access token is: the account and the device."""
        self.rooms: dict[str, Room] = {}
        self.log: list[Event] = []
        self.sent: dict[tuple[str, str, str, str], str] = {}
        """The event of each room, account, device and transaction."""
        self.repeated = 0
        """Requests that were answered with an event that was there already."""
        self.media: dict[str, tuple[bytes, str]] = {}
        self._names = itertools.count(1)
        self._news: dict[str, asyncio.Event] = {}
        self.steps = 0
        """Changes of account data."""

    def account(self, local: str) -> Account:
        """The account of `@local:…`, made if there is none yet."""
        name = f"@{local}:{SERVER}"
        return self.accounts.setdefault(name, Account(name, f"pw-{local}", local.capitalize()))

    def sign_in(self, account: Account, device: str) -> str:
        """A new access token; others of the device stay good."""
        token = f"token-{self.name()}"
        self.tokens[token] = (account.name, device)
        return token

    def keep(self, account: Account, kind: str, content: Json) -> None:
        """Set account data."""
        account.data[kind] = (self.steps, content)
        self.steps += 1
        self.tell([account.name])

    def name(self) -> str:
        """A new name, the same in each run."""
        digest = hashlib.sha256(str(next(self._names)).encode()).digest()
        return urlsafe_b64encode(digest).decode().rstrip("=")

    def room(self, name: str, user: str, *memberships: str) -> Room:
        """A room in which somebody is a member. Raises Refused."""
        room = self.rooms.get(name)
        if room is None or room.membership(user) not in (memberships or ("join",)):
            raise Refused(403, "M_FORBIDDEN", f"User {user} not in room {name}")
        return room

    def make_room(self, creator: Account, *, more: Sequence[tuple[str, Json]] = ()) -> Room:
        """A new room with its creator in it, in the way of a private conversation; `more` is further state."""
        room = Room(f"!{self.name()}")
        self.rooms[room.id] = room
        self.put(room, creator.name, "m.room.create", {"room_version": "12"}, state_key="")
        self.enter(room, creator)
        for kind, content in (*PRIVATE, *more):
            self.put(room, creator.name, kind, content, state_key="")
        return room

    def enter(self, room: Room, account: Account) -> None:
        """Somebody comes in."""
        content = {"membership": "join", "displayname": account.display_name}
        self.put(room, account.name, MEMBER, content, state_key=account.name)

    def invite(self, room: Room, by: str, account: Account, *, direct: bool) -> None:
        """Somebody is asked in."""
        content: Json = {"membership": "invite", "displayname": account.display_name}
        direct_too = {"is_direct": True} if direct else {}
        self.put(room, by, MEMBER, content | direct_too, state_key=account.name)

    def put(
        self,
        room: Room,
        sender: str,
        kind: str,
        content: Json,
        *,
        state_key: str | None = None,
        redacts: str | None = None,
        sent_in: tuple[str, str, str] | None = None,
    ) -> Event:
        """Something happens in a room."""
        place = len(self.log)
        shown: Json = {
            "content": content,
            "event_id": f"${self.name()}",
            "origin_server_ts": EPOCH_MS + place,
            "sender": sender,
            "type": kind,
            "unsigned": {"age": 1},
        }
        if state_key is not None:
            shown["state_key"] = state_key
        if redacts is not None:
            shown["redacts"] = redacts
        event = Event(place, room.id, shown, sent_in)
        self.log.append(event)
        room.events.append(event)
        if event.state:
            room.state[event.state] = event
        self.tell([*room.those("join", "invite"), sender, *([state_key] if kind == MEMBER and state_key else [])])
        return event

    def redact(self, room: Room, target: str, by: Event) -> None:
        """Take an event's content away, if it is one of the room."""
        for event in room.events:
            if event.id == target and event.state is None:
                unsigned = {**event.json["unsigned"], "redacted_because": by.json}
                event.json = {**event.json, "content": {}, "unsigned": unsigned}
                room.reactions = {one for one in room.reactions if one[1] != target}

    # --- news

    def news(self, user: str) -> asyncio.Event:
        """Set at the next thing that somebody can see."""
        return self._news.setdefault(user, asyncio.Event())

    def tell(self, users: list[str]) -> None:
        """There are news for them."""
        for user in users:
            if (waiting := self._news.pop(user, None)) is not None:
                waiting.set()
