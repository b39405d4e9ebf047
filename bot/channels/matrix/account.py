"""One account on a real homeserver; see `homeserver.Homeserver`."""

import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

import structlog
from nio.crypto.attachments import encrypt_attachment

from bot.channels.matrix import reading
from bot.channels.matrix.crypto import ENCRYPTED, Crypto
from bot.channels.matrix.events import Batch, RoomEvent
from bot.channels.matrix.homeserver import SignedOut
from bot.channels.matrix.wire import CLIENT, TIMEOUT_S, NotThere, Wire, path
from bot.domain.errors import Blocked, BotError, Rejected, Unanswered

TIMELINE = 200
"""Events of one room in one sync; with more, the rest is read backwards."""
PAGE = 100
FURTHEST = 1000
"""Missed events of one room that are still read; whoever wrote more gets an answer to the last of them."""
NAME = "Bezpieczny Kraków"
UNENCRYPTED = frozenset({"m.reaction"})
"""Kinds that go without a cipher even in encrypted rooms (Matrix has none for them yet)."""

_NOTHING = {"not_types": ["*"]}
FILTER: dict[str, Any] = {
    "presence": _NOTHING,
    "account_data": _NOTHING,
    "room": {
        "account_data": _NOTHING,
        "ephemeral": _NOTHING,
        "timeline": {"limit": TIMELINE},
        "state": {"types": ["m.room.encryption"]},  # who came or went in a gap is read with the events in it
    },
}

_log = structlog.get_logger(__name__)


def _without(user: str) -> dict[str, Any]:
    """The filter without what somebody does. A sync with it must not wait: it would begin anew at all that they do."""
    timeline = {"limit": TIMELINE, "not_senders": [user]}
    return {**FILTER, "room": {**FILTER["room"], "timeline": timeline}}


class Account:
    """A `Homeserver`.

    Args:
        wire: requests, with the account's token once it is signed in.
        sign_in: signs in; returns our name, and the keys of our device: None for an account that cannot encrypt.
    """

    def __init__(self, wire: Wire, sign_in: Callable[[], Awaitable[tuple[str, Crypto | None]]]) -> None:
        self._wire = wire
        self._sign_in = sign_in
        self._crypto: Crypto | None = None
        self.user = ""
        self.said = 0
        self._encrypted: dict[str, bool] = {}

    @property
    def encrypts(self) -> bool:
        """See `Homeserver`."""
        return self._crypto is not None

    async def connect(self) -> None:
        """See `Homeserver`."""
        self.user, self._crypto = await self._sign_in()
        with suppress(BotError):  # it is known by its address, too
            await self._introduce()

    async def _introduce(self) -> None:
        """Take our name, where the account has none but its address: whoever named it otherwise meant it."""
        where = path("profile", self.user, "displayname")
        try:
            named = (await self._wire.get(where)).get("displayname")
        except NotThere:
            named = None
        if named in {None, "", self.user[1:].partition(":")[0]}:
            await self._wire.put(where, {"displayname": NAME})

    # --- in

    async def sync(self, since: str | None, *, wait_s: float, echoes: bool = True) -> Batch:
        """See `Homeserver`."""
        raw = await self._happened(since, wait_s, FILTER if echoes else _without(self.user))
        if not echoes and any(news.gap_before for news in reading.batch_of(raw, self.user, reading.event_of).joined):
            raw = await self._happened(since, wait_s, FILTER)  # a room that we have entered is told of with a gap
        if not isinstance(raw.get("next_batch"), str):
            raise Rejected("the answer is no sync; check BEZPIECZNY_MATRIX__HOMESERVER")
        if self._crypto is not None:
            await self._crypto.received(raw)
            await self._crypto.know(_senders(raw))
        batch = reading.batch_of(raw, self.user, self._decipher)
        for news in batch.joined:
            self._note((*news.state, *news.events))
        if self._crypto is not None:
            await self._tidied(self._crypto)
        return batch

    async def _happened(self, since: str | None, wait_s: float, wanted: Mapping[str, Any]) -> dict[str, Any]:
        query = {"filter": json.dumps(wanted), "timeout": str(round(wait_s * 1000)), "set_presence": "offline"}
        if since:
            query["since"] = since
        return await self._wire.get(path("sync"), query, timeout_s=wait_s + TIMEOUT_S)

    async def _tidied(self, crypto: Crypto) -> None:
        """What fails of it is done after the next sync: it keeps nobody from being read."""
        try:
            await crypto.tidy()
        except SignedOut:
            raise
        except BotError as error:
            _log.warning("matrix.keys_not_tidied", kind=type(error).__name__)

    def _decipher(self, room: str, raw: Mapping[str, Any]) -> RoomEvent | None:
        return self._crypto.decipher(room, raw) if self._crypto else reading.event_of(room, raw)

    def _note(self, events: tuple[RoomEvent, ...]) -> None:
        """What changes how we speak in a room."""
        for event in events:
            if event.kind == "m.room.encryption" and event.state_key is not None:
                self._encrypted[event.room] = True
            elif event.kind == "m.room.member" and event.state_key is not None and self._crypto is not None:
                self._crypto.forget_members(event.room)

    def receive(self, raw: Mapping[str, Any]) -> Batch:
        """What the homeserver has pushed to us. Raises Rejected for what is no transaction."""
        batch = reading.pushed(raw, self.user)
        for news in batch.joined:
            self._note(news.events)
        return batch

    async def earlier(self, room: str, start: str, end: str | None) -> tuple[RoomEvent, ...]:
        """See `Homeserver`."""
        found: list[RoomEvent] = []
        at: str | None = start
        while at and at != end and len(found) < FURTHEST:
            query = {"dir": "b", "from": at, "limit": str(PAGE)} | ({"to": end} if end else {})
            raw = await self._wire.get(path("rooms", room, "messages"), query)
            chunk = raw.get("chunk")
            if self._crypto is not None:
                await self._crypto.know(_writers(chunk))
            found += reading.events(room, chunk, self._decipher)
            at = raw["end"] if chunk and isinstance(raw.get("end"), str) else None
        self._note(tuple(found))
        return tuple(reversed(found))

    async def event(self, room: str, name: str) -> RoomEvent | None:
        """See `Homeserver`."""
        try:
            raw = await self._wire.get(path("rooms", room, "event", name))
        except NotThere:
            return None
        if self._crypto is not None:
            await self._crypto.know(_writers([raw]))
        return self._decipher(room, raw)

    async def members(self, room: str) -> frozenset[str]:
        """See `Homeserver`."""
        raw = await self._wire.get(path("rooms", room, "members"), {"not_membership": "leave"})
        events = reading.events(room, raw.get("chunk"), reading.event_of)
        here = (one for one in events if one.content.get("membership") in {"join", "invite"})
        return frozenset(one.state_key for one in here if one.state_key)

    async def is_encrypted(self, room: str) -> bool:
        """See `Homeserver`."""
        if room not in self._encrypted:
            try:
                await self._wire.get(path("rooms", room, "state", "m.room.encryption", ""))
            except NotThere:
                self._encrypted[room] = False
            else:
                self._encrypted[room] = True
        return self._encrypted[room]

    # --- rooms

    async def join(self, room: str) -> None:
        """See `Homeserver`."""
        await self._wire.post(path("join", room), {})

    async def leave(self, room: str, reason: str = "") -> None:
        """See `Homeserver`."""
        with suppress(Blocked, NotThere):
            await self._wire.post(path("rooms", room, "leave"), {"reason": reason} if reason else {})
            await self._wire.post(path("rooms", room, "forget"), {})
        self._encrypted.pop(room, None)
        if self._crypto is not None:
            self._crypto.forget_members(room)

    # --- what is forgotten

    async def forget_people(self, *, but: frozenset[str]) -> None:
        """See `Homeserver`."""
        if self._crypto is not None:
            await self._crypto.forget_people(but)

    async def forget_room(self, room: str) -> None:
        """See `Homeserver`."""
        if self._crypto is not None:
            self._crypto.forget_room(room)

    async def forget_rooms_left(self) -> None:
        """See `Homeserver`."""
        if self._crypto is not None:
            await self._crypto.forget_rooms_left()

    # --- out

    async def send(self, room: str, kind: str, content: Mapping[str, Any], *, key: str, encrypted: bool) -> str:
        """See `Homeserver`."""
        if kind not in UNENCRYPTED and (encrypted or self._encrypted.get(room)):
            if self._crypto is None:
                raise Rejected("the room is encrypted, and this account cannot encrypt")
            kind, content = await self._crypto.encrypt(room, kind, content)
        self.said += 1
        sent = await self._wire.put(path("rooms", room, "send", kind, key), content)
        if not isinstance(sent.get("event_id"), str):  # a proxy's page
            raise Unanswered("the answer names no event")
        return str(sent["event_id"])

    async def redact(self, room: str, event: str, *, key: str) -> None:
        """See `Homeserver`."""
        self.said += 1
        await self._wire.put(path("rooms", room, "redact", event, key), {})

    async def upload(self, content: bytes, name: str, media_type: str, *, encrypted: bool) -> dict[str, Any]:
        """See `Homeserver`."""
        if not encrypted:
            return {"url": await self._store(content, media_type, {"filename": name})}
        sealed, keys = encrypt_attachment(content)
        return {"file": {**keys, "url": await self._store(sealed, "application/octet-stream", {})}}

    async def _store(self, content: bytes, media_type: str, query: Mapping[str, str]) -> str:
        where = CLIENT.replace("client", "media") + "/upload"
        stored = await self._wire.call("POST", where, data=content, media_type=media_type, query=query)
        return str(stored.get("content_uri", ""))

    async def typing(self, room: str, on: bool) -> None:
        """See `Homeserver`."""
        body: dict[str, Any] = {"typing": on} | ({"timeout": 30_000} if on else {})
        await self._wire.put(path("rooms", room, "typing", self.user), body)

    async def read_up_to(self, room: str, event: str) -> None:
        """See `Homeserver`."""
        await self._wire.post(path("rooms", room, "receipt", "m.read", event), {})

    async def close(self) -> None:
        """See `Homeserver`."""
        if self._crypto is not None:
            await self._crypto.close()
        await self._wire.close()


def _writers(chunk: Any) -> set[tuple[str, str]]:
    """Who wrote something encrypted in a list of events, and by which key."""
    events = chunk if isinstance(chunk, list) else []
    sealed = (one for one in events if isinstance(one, dict) and one.get("type") == ENCRYPTED)
    return {(one["sender"], _key_of(one)) for one in sealed if isinstance(one.get("sender"), str)}


def _key_of(sealed: Mapping[str, Any]) -> str:
    content = sealed.get("content")
    return str(content.get("sender_key", "")) if isinstance(content, dict) else ""


def _senders(raw: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Who wrote something encrypted in a sync, and by which key."""
    rooms = raw.get("rooms")
    joined = rooms.get("join") if isinstance(rooms, dict) else None
    timelines = [one.get("timeline") for one in (joined or {}).values() if isinstance(one, dict)]
    return {writer for one in timelines if isinstance(one, dict) for writer in _writers(one.get("events"))}
