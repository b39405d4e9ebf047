"""People whose devices have real keys, and in memory what carries these: no message is sent, each is handed over."""

import asyncio
import json
import sqlite3
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from nio import AsyncClient, AsyncClientConfig
from nio.crypto import Olm

from bot.channels.matrix.crypto import Crypto
from bot.channels.matrix.events import RoomEvent
from bot.channels.matrix.keystore import KeyStore
from bot.channels.matrix.wire import Wire
from tests.channels.matrix.homeserver import US
from tests.support import NOON

Json = dict[str, Any]


def device_of(user: str) -> str:
    """Somebody's device: nio takes one that is called like its own for its own."""
    return user[1:4].upper()


class Store(KeyStore):
    """The product's, which need not outlast a power cut."""

    def _create_database(self) -> Any:
        database = super()._create_database()
        database.init(self.database_path, pragmas=[*database._pragmas, ("synchronous", "off")])
        return database


async def nothing() -> None:
    """What happens beside a request, by default."""


@dataclass
class Carrier:
    """What homeservers do for keys."""

    devices: dict[str, Json] = field(default_factory=dict)
    one_time: dict[str, Json] = field(default_factory=lambda: defaultdict(dict))
    letters: dict[str, list[Json]] = field(default_factory=lambda: defaultdict(list))
    rooms: dict[str, set[str]] = field(default_factory=dict)
    events: dict[str, Json] = field(default_factory=dict)
    """What was said."""
    beside: Callable[[], Awaitable[None]] = nothing
    """Happens in the middle of each request."""
    asked: list[str] = field(default_factory=list)
    joined: Any = None
    """What is said of which rooms one is in, in place of the truth."""
    numbers: "count[int]" = field(default_factory=count)

    async def answer(self, user: str, where: str, body: Json) -> Json:
        _, _, _, _, *parts = map(unquote, where.split("/"))
        self.asked.append("/".join(parts))
        await self.beside()
        return self._of_keys(user, parts, body) or self._of_rooms(user, parts)

    def _of_keys(self, user: str, parts: list[str], body: Json) -> Json | None:
        match parts:
            case ["keys", "upload"]:
                self.devices[user] = body.get("device_keys") or self.devices[user]
                self.one_time[user].update(body.get("one_time_keys", {}))
                return {"one_time_key_counts": {"signed_curve25519": len(self.one_time[user])}}
            case ["keys", "query"]:
                return {"failures": {}, "device_keys": {name: self._devices(name) for name in body["device_keys"]}}
            case ["keys", "claim"]:
                return {"failures": {}, "one_time_keys": {name: self._claimed(name) for name in body["one_time_keys"]}}
            case ["sendToDevice", kind, _]:
                for name, devices in body["messages"].items():
                    self.letters[name] += [{"type": kind, "sender": user, "content": devices[device_of(name)]}]
                return {"sent": True}
            case _:
                return None

    def _of_rooms(self, user: str, parts: list[str]) -> Json:
        match parts:
            case ["rooms", room, "joined_members"]:
                return {"joined": {name: {"display_name": None, "avatar_url": None} for name in self.rooms[room]}}
            case ["rooms", _, "event", name]:
                return self.events[name]
            case ["joined_rooms"]:
                rooms = [room for room, members in self.rooms.items() if user in members]
                return {"joined_rooms": rooms} if self.joined is None else self.joined
            case ["profile", *_]:
                return {"displayname": "Bot"}
            case _:
                raise AssertionError(parts)

    def _devices(self, name: str) -> Json:
        return {device_of(name): self.devices[name]} if name in self.devices else {}

    def _claimed(self, name: str) -> Json:
        key = next(iter(self.one_time[name]))
        return {device_of(name): {key: self.one_time[name].pop(key)}}


class Line(Wire):
    """Somebody's requests to the carrier."""

    def __init__(self, carrier: Carrier, user: str) -> None:
        super().__init__("http://127.0.0.1:9", lambda: NOON)
        self._carrier, self._user = carrier, user

    async def call(self, _: str, where: str, *, data: bytes | None = None, **__: Any) -> Json:  # type: ignore[override]
        return await self._carrier.answer(self._user, where, json.loads(data or b"{}"))


@dataclass
class Talker:
    """Somebody with a device."""

    user: str
    crypto: Crypto
    olm: Olm
    file: Path
    carrier: Carrier

    async def says(self, room: str, words: str) -> Mapping[str, Any]:
        """A message as the homeserver hands it on."""
        kind, content = await self.crypto.encrypt(room, "m.room.message", {"msgtype": "m.text", "body": words})
        name = f"${next(self.carrier.numbers)}"
        event = {"event_id": name, "sender": self.user, "type": kind, "content": content, "origin_server_ts": 1}
        self.carrier.events[name] = event
        return event

    async def reads(self, room: str, message: Mapping[str, Any]) -> RoomEvent | None:
        """A message as it can be read, with the keys that have come; all in the order of `Account.sync`."""
        letters, self.carrier.letters[self.user] = self.carrier.letters[self.user], []
        counts = {"signed_curve25519": len(self.carrier.one_time[self.user])}
        name = f"s{next(self.carrier.numbers)}"
        told = {"next_batch": name, "to_device": {"events": letters}, "device_one_time_keys_count": counts}
        await self.crypto.received(told)
        await self.crypto.know({(message["sender"], message["content"]["sender_key"])})
        read = self.crypto.decipher(room, message)
        await self.crypto.tidy()
        return read

    def stored(self, query: str) -> set[str]:
        """What another program finds in the file: the first column."""
        with closing(sqlite3.connect(self.file)) as file:
            return {row[0] for row in file.execute(query)}

    def has(self, words: str) -> bool:
        """Whether words stand anywhere in the file."""
        return words.encode() in self.file.read_bytes()


@asynccontextmanager
async def talker(carrier: Carrier, user: str, folder: Path) -> AsyncIterator[Talker]:
    """Somebody with a device, and their keys in a folder."""
    folder.mkdir(exist_ok=True)
    name = f"{user[1:4]}.sqlite3"
    config = AsyncClientConfig(
        store=Store, store_name=name, encryption_enabled=True, store_sync_tokens=False, pickle_key="a test's"
    )
    client = AsyncClient("http://127.0.0.1:9", user, store_path=str(folder), config=config)
    client.restore_login(user, device_of(user), "token")
    crypto = Crypto(client, Line(carrier, user))
    assert client.olm is not None
    try:
        await crypto.upload_keys()
        yield Talker(user, crypto, client.olm, folder / name, carrier)
    finally:
        await crypto.close()
        client.store.database.close()


@asynccontextmanager
async def company(folder: Path, *people: str) -> AsyncIterator[list[Talker]]:
    """Us and these people; each has a room alone with us, named like them, and all are in `!all`."""
    carrier = Carrier(rooms={room_of(name): {US, name} for name in people} | {"!all:example.org": {US, *people}})
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(talker(carrier, user, folder)) for user in (US, *people)]


def room_of(person: str) -> str:
    """The room in which somebody is alone with us."""
    return "!" + person[1:]


async def soon() -> None:
    """Let others go on."""
    for _ in range(5):
        await asyncio.sleep(0)
