"""Keys and ciphers, by matrix-nio: it keeps them; the requests are ours, so that each failure is seen.

Of rooms it knows only those that something encrypted was sent to since the start, with their members as the homeserver
tells them: nothing has to be read at the start, however many rooms there are.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import structlog
from nio import (
    AsyncClient,
    EncryptionError,
    ErrorResponse,
    JoinedMembersResponse,
    KeysClaimResponse,
    KeysQueryResponse,
    KeysUploadResponse,
    MatrixRoom,
    MegolmEvent,
    Response,
    SyncResponse,
    ToDeviceResponse,
)
from nio.crypto import Olm

from bot.channels.matrix import keystore
from bot.channels.matrix.events import RoomEvent
from bot.channels.matrix.reading import event_of
from bot.channels.matrix.wire import Wire, path
from bot.channels.ordering import InOrder
from bot.domain.errors import Rejected

ENCRYPTED = "m.room.encrypted"
ALGORITHM = "m.megolm.v1.aes-sha2"
UNKNOWN_SESSION = "?"

_log = structlog.get_logger(__name__)


class Crypto:
    """The keys of one device. Errors are those of `homeserver.Homeserver`."""

    def __init__(self, client: AsyncClient, wire: Wire) -> None:
        self._client = client
        self._wire = wire
        self._rooms = InOrder()
        self._keys = asyncio.Lock()
        self._not_there: set[str] = set()
        """Rooms that we were not in when this was last looked at."""

    # --- our keys, and other people's

    async def upload_keys(self) -> None:
        """Hand the homeserver the keys it lacks, so that others can write to us."""
        olm = self._client.olm
        if olm is not None and olm.should_upload_keys:
            keys = olm.share_keys()
            olm.save_account()  # or a crash now would give the next keys the names of these, which is never accepted
            try:
                answer = await self._wire.post(path("keys", "upload"), keys)
            except Rejected:  # from an old copy of the keys: their names are taken, the next ones are free
                olm.mark_keys_as_published()
                olm.save_account()
                raise
            await self._take(KeysUploadResponse.from_dict(answer))

    async def query_keys(self) -> None:
        """Learn the devices of people of whom something has changed."""
        async with self._keys:
            await self._query()

    async def _query(self) -> None:
        if self._client.should_query_keys:
            wanted: dict[str, list[str]] = {user: [] for user in self._client.users_for_key_query}
            answer = await self._wire.post(path("keys", "query"), {"device_keys": wanted})
            await self._take(KeysQueryResponse.from_dict(answer))

    async def _claim(self, wanted: Mapping[str, list[str]]) -> None:
        asked = {user: dict.fromkeys(devices, "signed_curve25519") for user, devices in wanted.items()}
        answer = await self._wire.post(path("keys", "claim"), {"one_time_keys": asked})
        await self._take(KeysClaimResponse.from_dict(answer, ""))

    async def _take(self, answer: Response) -> None:
        if isinstance(answer, ErrorResponse):
            raise Rejected(f"the homeserver's answer cannot be read: {type(answer).__name__}")
        await self._client.receive_response(answer)

    async def received(self, raw: Mapping[str, Any]) -> None:
        """Take in what a sync says of keys; everything else in it is left out, for nio reads it slowly.

        Anybody may have written a part of it: what nio stumbles over is passed over, and the rest is read.
        """
        keys = {key: raw[key] for key in ("next_batch", "device_lists", "device_one_time_keys_count") if key in raw}
        to_device = raw.get("to_device")
        letters = to_device.get("events") if isinstance(to_device, dict) else None
        for letter in letters if isinstance(letters, list) else []:
            await self._read({"next_batch": raw["next_batch"], "to_device": {"events": [letter]}})
        await self._read(keys)
        counts, olm = raw.get("device_one_time_keys_count"), self._client.olm
        if olm is not None and isinstance(counts, dict) and isinstance(counts.get("signed_curve25519", 0), int):
            olm.uploaded_key_count = counts.get("signed_curve25519", 0)  # nio passes over a nought

    async def _read(self, part: Mapping[str, Any]) -> None:
        self._client.next_batch = ""  # a batch that comes again is read again
        try:
            await self._take(SyncResponse.from_dict(dict(part)))
        except Exception as error:  # noqa: BLE001 - one person's malformed letter must not stop everybody's
            _log.warning("matrix.letter_unreadable", kind=type(error).__name__)

    async def tidy(self) -> None:
        """What is to be done after a sync: hand over new keys, learn new devices, mend broken sessions."""
        await self.upload_keys()
        await self.query_keys()
        if self._client.should_claim_keys:
            await self._claim(self._client.get_users_for_key_claiming())
        for number, letter in enumerate(tuple(self._client.outgoing_to_device_messages)):
            await self._wire.put(
                path("sendToDevice", letter.type, f"{self._client.next_batch}:{number}"), letter.as_dict()
            )
            await self._take(ToDeviceResponse.from_dict({}, letter))

    # --- in

    async def know(self, writers: set[tuple[str, str]]) -> None:
        """Learn the devices of people who wrote by keys of none that is known: no message can be trusted without.

        What they wrote is to be deciphered right after this, before anybody may be forgotten again.
        """
        olm = self._client.olm
        if olm is None or not self._unknown(writers):
            return
        async with self._keys:
            olm.users_for_key_query.update(self._unknown(writers))
            await self._query()

    def _unknown(self, writers: set[tuple[str, str]]) -> set[str]:
        return {user for user, key in writers if user != self._client.user_id and not self._is_of(user, key)}

    def _is_of(self, user: str, key: str) -> bool:
        """Whether a key belongs to one of somebody's devices."""
        store = self._client.device_store
        return user in store.users and any(device.curve25519 == key for device in store.active_user_devices(user))

    def decipher(self, room: str, raw: Mapping[str, Any]) -> RoomEvent | None:
        """An event as its sender wrote it."""
        outer = event_of(room, raw)
        if outer is None or outer.kind != ENCRYPTED:
            return outer
        inner = self._open(room, raw)
        if inner is None:
            session = outer.content.get("session_id")
            return replace(outer, unreadable=session if isinstance(session, str) else UNKNOWN_SESSION)
        read = event_of(room, {**inner, "event_id": outer.id, "sender": outer.sender})
        return replace(read, encrypted=True) if read else None

    def _open(self, room: str, raw: Mapping[str, Any]) -> Mapping[str, Any] | None:
        sealed = MegolmEvent.from_dict(dict(raw))
        if not isinstance(sealed, MegolmEvent) or not self._is_senders(sealed):
            return None
        sealed.room_id = room
        try:
            opened = self._client.decrypt_event(sealed)
        except EncryptionError:
            return None
        except Exception as error:  # noqa: BLE001 - nobody's malformed event must stop everybody's
            _log.warning("matrix.event_unreadable", kind=type(error).__name__)
            return None
        source = getattr(opened, "source", None)
        if not isinstance(source, dict) or source.get("room_id", room) != room:
            return None  # said in another room, and carried here by somebody
        return source

    def _is_senders(self, sealed: MegolmEvent) -> bool:
        """Whether the key belongs to a device of whom the homeserver calls the sender: nio asks verified ones only."""
        return sealed.sender == self._client.user_id or self._is_of(sealed.sender, sealed.sender_key)

    # --- out

    def forget_members(self, room: str) -> None:
        """Somebody came or went: who is there is asked again, and they get another key."""
        if self._client.rooms.pop(room, None) is not None:
            self._client.invalidate_outbound_session(room)

    async def encrypt(self, room: str, kind: str, content: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """An event that only the members' devices can read: its kind and content."""
        async with self._rooms.of(room):
            olm = self._client.olm
            if olm is None:
                raise Rejected("there are no keys to encrypt with")
            while not await self._is_shared(olm, room):  # somebody may come or go, or change devices, meanwhile
                await self._share(room)
            sealed_kind, sealed = self._client.encrypt(room, kind, dict(content))
            return str(sealed_kind), dict(sealed)

    async def _is_shared(self, olm: Olm, room: str) -> bool:
        """Whether all devices that are to read us have the key, as far as the homeserver tells now."""
        await self._know_members(room)
        await self.query_keys()
        return room in self._client.rooms and not olm.should_share_group_session(room)

    async def _know_members(self, room: str) -> None:
        if room in self._client.rooms:
            return
        answer = await self._wire.get(path("rooms", room, "joined_members"))
        self._client.rooms[room] = MatrixRoom(room, self._client.user_id, encrypted=True)
        try:
            await self._take(JoinedMembersResponse.from_dict(answer, room))
        except Rejected:
            del self._client.rooms[room]
            raise
        if self._client.olm is not None:  # their devices may have changed while nobody looked
            self._client.olm.users_for_key_query.update(self._client.rooms[room].users)

    async def _share(self, room: str) -> None:
        """Give the room's next key to every device of its members. What fails is raised, so that nothing is sent."""
        olm, here = self._client.olm, self._client.rooms.get(room)
        if olm is None or here is None:
            return
        users = list(here.users)
        if missing := olm.get_missing_sessions(users):
            await self._claim(missing)
        if self._client.rooms.get(room) is not here:  # somebody came or went, or was forgotten, meanwhile
            return
        letters = olm.share_group_session_parallel(room, users, ignore_unverified_devices=True)
        for number, (devices, messages) in enumerate(letters):
            session = olm.outbound_group_sessions[room]
            await self._wire.put(path("sendToDevice", ENCRYPTED, f"{session.id}:{number}"), messages)
            session.users_shared_with.update(devices)
            if olm.outbound_group_sessions.get(room) is not session:  # given up meanwhile: there is to be another
                return
        olm.outbound_group_sessions[room].shared = True

    # --- what is forgotten

    async def forget_people(self, but: frozenset[str]) -> None:
        """Let go of the devices of everybody else. Whoever writes, or is written to, is asked for again: see `know`.

        Members of rooms of several that we have spoken in since the start stay: they would be asked for at once.
        """
        olm = self._client.olm
        if olm is None:
            return
        async with self._keys:  # an answer under way would bring them back
            others = {room: set(known.users) - {self._client.user_id} for room, known in self._client.rooms.items()}
            alone = {room for room, people in others.items() if len(people) == 1 and not people <= but}
            talking = set[str]().union(*(people for room, people in others.items() if room not in alone))
            gone = keystore.people(olm) - but - talking - {self._client.user_id}
            if gone:
                keystore.forget_people(olm, gone)
            for room in alone:
                self.forget_members(room)

    def forget_room(self, room: str) -> None:
        """We are no longer in a room: nothing that was said there can be read any more."""
        self.forget_members(room)
        if self._client.olm is not None:
            keystore.forget_rooms(self._client.olm, [room])

    async def forget_rooms_left(self) -> None:
        """Let go of the keys of rooms that we were not in when this was last done, and are not now.

        Not of those that we have not been in once: a key may come before we have accepted the invitation.
        """
        olm = self._client.olm
        if olm is None:
            return
        joined = (await self._wire.get(path("joined_rooms"))).get("joined_rooms")
        if not isinstance(joined, list):  # a proxy's page must not make us forget everything
            raise Rejected("the homeserver does not say which rooms we are in")
        not_there = keystore.rooms(olm) - {room for room in joined if isinstance(room, str)}
        if left := not_there & self._not_there:
            keystore.forget_rooms(olm, left)
        self._not_there = not_there - left

    async def close(self) -> None:
        """Close nio's own connections."""
        await self._client.close()
