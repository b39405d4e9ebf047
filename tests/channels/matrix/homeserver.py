"""A homeserver in memory: rooms, people and one account, ours. Faults come as they are ordered."""

import asyncio
import json
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bot.channels.matrix.events import Batch, Invite, RoomEvent, RoomNews
from bot.domain.errors import Blocked, Rejected

US = "@bot:example.org"


@dataclass(frozen=True, slots=True)
class Fault:
    """What befalls a request: `error` is raised, `after` it was carried out or in its place; `gate` holds it up."""

    error: Exception | None = None
    after: bool = False
    gate: asyncio.Event | None = None


@dataclass
class Room:
    """A room; `history` is everything that happened there, oldest first, each with its place in the stream."""

    id: str
    encrypted: bool = False
    members: dict[str, str] = field(default_factory=dict)
    """Who is there, and how: invite, join, leave, ban."""
    direct: bool = True
    history: list[tuple[int, RoomEvent]] = field(default_factory=list)


class FakeHomeserver:
    """See `homeserver.Homeserver`; `limit`: so many events of a room fit into one sync."""

    def __init__(self, *, encrypts: bool = True, limit: int = 200) -> None:
        self.user = US
        self.encrypts = encrypts
        self.limit = limit
        self.rooms: dict[str, Room] = {}
        self.place = 0
        self.keys: dict[tuple[str, str], str] = {}
        """What was sent under which key."""
        self.tried: list[tuple[str, str, str]] = []
        """Requests: what, room, and key or event."""
        self.uploads: list[tuple[bytes, str, bool]] = []
        self.missing: set[str] = set()
        """Sessions whose keys have not come."""
        self.faults: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self.refused: dict[tuple[str, str], Exception] = {}
        """What always fails: what, and in which room."""
        self.syncs: list[str | None] = []
        self.echoes: list[bool] = []
        """Whether each of these wanted to hear what we said ourselves."""
        """Where each sync went on from."""
        self.closed = 0
        self._sessions: dict[str, str] = {}
        self._news = asyncio.Event()
        self.said = 0

    # --- what happens there

    def happens(self, room: str, sender: str, kind: str, content: Mapping[str, Any], **more: Any) -> str:
        """An event comes to stand in a room; returns its name."""
        self.place += 1
        session = more.pop("session", None)
        event = RoomEvent(f"${self.place}", room, sender, kind, json.loads(json.dumps(content)), **more)
        if session:
            self._sessions[event.id] = session
        self.rooms[room].history.append((self.place, event))
        self._news.set()
        return event.id

    def member(self, room: str, person: str, membership: str, by: str | None = None) -> str:
        """Somebody comes, goes, or is made to."""
        was = self.rooms[room].members.get(person)
        self.rooms[room].members[person] = membership
        content = {"membership": membership, "is_direct": self.rooms[room].direct}
        return self.happens(room, by or person, "m.room.member", content, state_key=person, was=was)

    def fail(self, what: str, *errors: Exception | None, after: bool = False) -> None:
        """The next requests of this kind fail (None: that one goes through)."""
        self.faults[what] += [Fault(error, after) for error in errors]

    def hold(self, what: str) -> asyncio.Event:
        """The next request of this kind waits until the event returned is set."""
        gate = asyncio.Event()
        self.faults[what].append(Fault(gate=gate))
        return gate

    def shown(self, room: str, sender: str = US) -> list[RoomEvent]:
        """What somebody sent to a room."""
        events = (event for _, event in self.rooms[room].history)
        return [one for one in events if one.sender == sender and one.state_key is None]

    async def _request(self, what: str, room: str, about: str) -> Fault:
        """Carry a request's fault out, if it comes before; returns it for what comes after."""
        self.tried.append((what, room, about))
        fault = self.faults[what].popleft() if self.faults[what] else Fault(self.refused.get((what, room)))
        if fault.gate:
            await fault.gate.wait()
        await asyncio.sleep(0)
        if fault.error and not fault.after:
            raise fault.error
        return fault

    @staticmethod
    def _end(fault: Fault) -> None:
        if fault.error:
            raise fault.error

    def _inside(self, room: str) -> Room:
        if room not in self.rooms or self.rooms[room].members.get(US) != "join":
            raise Blocked
        return self.rooms[room]

    # --- the port

    async def connect(self) -> None:
        await self._request("connect", "", "")

    async def sync(self, since: str | None, *, wait_s: float, echoes: bool = True) -> Batch:
        assert echoes or not wait_s
        self.syncs.append(since)
        self.echoes.append(echoes)
        self._end(await self._request("sync", "", since or ""))
        after = int(since) if since else 0
        if since and self.place == after and wait_s:
            self._news.clear()
            await self._news.wait()
        batch = Batch(
            str(self.place),
            tuple(self._told(room, after, echoes) for room in self._joined(after, echoes)),
            tuple(self._invite(room) for room in self.rooms.values() if self._is_news(room, after, "invite")),
            tuple(room.id for room in self.rooms.values() if since and self._is_gone(room, after)),
        )
        await asyncio.sleep(0)
        return batch

    def _joined(self, after: int, echoes: bool) -> list[Room]:
        """The rooms of which something is told; where only we spoke, nothing is if our words are left out."""
        new = [room for room in self.rooms.values() if self._is_news(room, after, "join")]
        return [room for room in new if echoes or self._told(room, after, echoes).events]

    @staticmethod
    def _is_echo(event: RoomEvent) -> bool:
        return event.sender == US and event.state_key is None

    def _is_news(self, room: Room, after: int, membership: str) -> bool:
        return room.members.get(US) == membership and bool(room.history) and room.history[-1][0] > after

    def _is_gone(self, room: Room, after: int) -> bool:
        return self._is_news(room, after, "leave") or self._is_news(room, after, "ban")

    def _told(self, room: Room, after: int, echoes: bool) -> RoomNews:
        came = [place for place, one in room.history if one.state_key == US and one.content["membership"] == "join"]
        since = 0 if came and came[-1] > after else after  # who comes in is told what was before, as far as it fits
        fresh = [(place, one) for place, one in room.history if place > since and (echoes or not self._is_echo(one))]
        told = fresh[-self.limit :]
        gap = str(told[0][0]) if len(told) < len(fresh) else None
        return RoomNews(room.id, tuple(self._view(one) for _, one in told), gap)

    @staticmethod
    def _invite(room: Room) -> Invite:
        inviter = next(one.sender for _, one in reversed(room.history) if one.state_key == US)
        return Invite(room.id, inviter, room.direct, room.encrypted)

    def _view(self, event: RoomEvent) -> RoomEvent:
        session = self._sessions.get(event.id)
        if session not in self.missing:
            return event
        return replace(event, kind="m.room.encrypted", content={}, encrypted=False, unreadable=session)

    async def earlier(self, room: str, start: str, end: str | None) -> tuple[RoomEvent, ...]:
        await self._request("earlier", room, start)
        between = (one for place, one in self._inside(room).history if int(end or 0) < place < int(start))
        return tuple(map(self._view, between))

    async def event(self, room: str, name: str) -> RoomEvent | None:
        await self._request("event", room, name)
        found = (one for _, one in self._inside(room).history if one.id == name)
        return next(map(self._view, found), None)

    async def members(self, room: str) -> frozenset[str]:
        await self._request("members", room, "")
        here = self._inside(room).members.items()
        return frozenset(person for person, membership in here if membership in {"join", "invite"})

    async def is_encrypted(self, room: str) -> bool:
        await self._request("is_encrypted", room, "")
        return self._inside(room).encrypted

    async def join(self, room: str) -> None:
        fault = await self._request("join", room, "")
        if room not in self.rooms or self.rooms[room].members.get(US) not in {"invite", "join"}:
            raise Blocked
        if self.rooms[room].members[US] == "invite":
            self.member(room, US, "join")
        self._end(fault)

    async def leave(self, room: str, reason: str = "") -> None:
        self._end(await self._request("leave", room, reason))
        if self.rooms[room].members.get(US) in {"invite", "join"}:
            self.member(room, US, "leave")

    async def send(self, room: str, kind: str, content: Mapping[str, Any], *, key: str, encrypted: bool) -> str:
        fault = await self._request("send", room, key)
        place = self._inside(room)
        sealed = encrypted and kind != "m.reaction"
        if (room, key) not in self.keys:
            self.keys[room, key] = self.happens(place.id, US, kind, content, encrypted=sealed)
            self.said += 1
        self._end(fault)
        return self.keys[room, key]

    async def redact(self, room: str, event: str, *, key: str) -> None:
        self._end(await self._request("redact", room, f"{event} {key}"))

    async def upload(self, content: bytes, name: str, media_type: str, *, encrypted: bool) -> dict[str, Any]:
        self._end(await self._request("upload", "", name))
        self.uploads.append((content, media_type, encrypted))
        url = f"mxc://example.org/{len(self.uploads)}"
        return {"file": {"url": url, "v": "v2"}} if encrypted else {"url": url}

    async def typing(self, room: str, on: bool) -> None:
        self._end(await self._request("typing", room, str(on)))

    async def read_up_to(self, room: str, event: str) -> None:
        self._end(await self._request("read_up_to", room, event))

    async def forget_people(self, *, but: frozenset[str]) -> None:
        await self._request("forget_people", "", " ".join(sorted(but)))

    async def forget_room(self, room: str) -> None:
        await self._request("forget_room", room, "")

    async def forget_rooms_left(self) -> None:
        await self._request("forget_rooms_left", "", "")

    async def close(self) -> None:
        self.closed += 1


def refusal() -> Exception:
    """What would be refused again."""
    return Rejected("M_TOO_LARGE")
