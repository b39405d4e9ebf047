"""What nio keeps of others, in memory and on disk, and how it is let go of: by itself nio keeps all of it for ever.

On disk first, in one transaction: if that fails, nothing has changed. The file overwrites what is deleted from it.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

from nio.crypto import DeviceStore, Olm, OlmDevice, TrustState
from nio.store import (
    DeviceKeys,
    DeviceTrustState,
    EncryptedRooms,
    Keys,
    MegolmInboundSessions,
    OutgoingKeyRequests,
    SqliteStore,
)

AT_ONCE = 500
"""Names in one statement."""
OF_ROOMS = (MegolmInboundSessions, EncryptedRooms, OutgoingKeyRequests)

K = TypeVar("K")
V = TypeVar("V")


class KeyStore(SqliteStore):  # type: ignore[misc]  # it has no types
    """nio's, but it reads all devices at once: by itself it asks for each one's keys, and looks for each among all."""

    def load_device_keys(self) -> DeviceStore:
        """Everybody's devices."""
        found = DeviceStore()
        with self.database.bind_ctx(self.models):
            account = self._get_account()
            if account is None:
                return found
            ours = DeviceKeys.select(DeviceKeys.id).where(DeviceKeys.account == account)
            keys: dict[int, dict[str, str]] = defaultdict(dict)
            known = Keys.select(Keys.device, Keys.key_type, Keys.key).where(Keys.device.in_(ours))
            for device, kind, key in known.tuples():
                keys[device][kind] = key
            chosen = DeviceTrustState.select(DeviceTrustState.device, DeviceTrustState.state)
            trust = dict(chosen.where(DeviceTrustState.device.in_(ours)).tuples())
            for one in DeviceKeys.select().where(DeviceKeys.account == account):
                found[one.user_id][one.device_id] = OlmDevice(
                    one.user_id,
                    one.device_id,
                    keys[one.id],
                    display_name=one.display_name,
                    deleted=one.deleted,
                    trust_state=trust.get(one.id, TrustState.unset),
                )
        return found


def people(olm: Olm) -> set[str]:
    """Everybody whose devices are known, or are to be asked for."""
    with olm.store.database.bind_ctx(olm.store.models):
        stored: set[str] = {name for (name,) in DeviceKeys.select(DeviceKeys.user_id).distinct().tuples()}
    return stored.union(olm.device_store.users, olm.tracked_users, olm.users_for_key_query)


def forget_people(olm: Olm, people: Collection[str]) -> None:
    """Let go of these people's devices, and of what was to be said to them."""
    gone = frozenset(people)
    with _transaction(olm):
        for names in _parts(gone):
            devices = DeviceKeys.select(DeviceKeys.id).where(DeviceKeys.user_id.in_(names))
            for table in (Keys, DeviceTrustState):
                table.delete().where(table.device.in_(devices)).execute()
            DeviceKeys.delete().where(DeviceKeys.user_id.in_(names)).execute()
    kept = DeviceStore()
    for user, devices in olm.device_store.items():
        if user not in gone:
            kept[user].update(devices)
    olm.device_store = kept
    olm.tracked_users -= gone
    olm.users_for_key_query -= gone
    olm.wedged_devices = [device for device in olm.wedged_devices if device.user_id not in gone]
    olm.key_request_devices_no_session = [
        device for device in olm.key_request_devices_no_session if device.user_id not in gone
    ]
    _drop(olm.key_re_requests_events, lambda device, _: device[0] in gone)
    _drop(olm.key_requests_waiting_for_session, lambda device, _: device[0] in gone)
    _drop(olm.key_request_from_untrusted, lambda _, asked: asked.sender in gone)
    _drop(olm.key_verifications, lambda _, sas: sas.other_olm_device.user_id in gone)


def rooms(olm: Olm) -> set[str]:
    """All rooms of which something is kept on disk."""
    with olm.store.database.bind_ctx(olm.store.models):
        return {room for table in OF_ROOMS for (room,) in table.select(table.room_id).distinct().tuples()}


def forget_rooms(olm: Olm, rooms: Collection[str]) -> None:
    """Let go of the keys of what was said in these rooms."""
    gone = frozenset(rooms)
    with _transaction(olm):
        for names in _parts(gone):
            for table in OF_ROOMS:
                table.delete().where(table.room_id.in_(names)).execute()
    for room in gone:
        olm.inbound_group_store[room].clear()
        olm.outbound_group_sessions.pop(room, None)
    _drop(olm.outgoing_key_requests, lambda _, asked: asked.room_id in gone)


@contextmanager
def _transaction(olm: Olm) -> Iterator[None]:
    with olm.store.database.bind_ctx(olm.store.models), olm.store.database.atomic():
        yield


def _parts(names: Collection[str]) -> Iterator[list[str]]:
    rest = iter(names)
    while part := list(islice(rest, AT_ONCE)):
        yield part


def _drop(kept: dict[K, V], which: Callable[[K, V], bool]) -> None:
    for key in [key for key, value in kept.items() if which(key, value)]:
        del kept[key]
