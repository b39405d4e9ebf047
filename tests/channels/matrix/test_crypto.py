"""Nobody's malformed event or letter may keep others from being read. Talks in cipher are in `tests/matrix`."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from nio import AsyncClient, AsyncClientConfig

from bot.channels.matrix.crypto import ALGORITHM, ENCRYPTED, UNKNOWN_SESSION, Crypto
from bot.channels.matrix.wire import Wire
from tests.channels.matrix.homeserver import US
from tests.channels.matrix.world import ANNA
from tests.support import NOON

ROOM = "!r:example.org"
SEALED = {
    "algorithm": ALGORITHM,
    "ciphertext": "AwgAEnACgAkLmt6qF84IK++J7UDH2Za1YVchHyprqTqsg",
    "device_id": "D",
    "sender_key": "k",
    "session_id": "s1",
}


@pytest.fixture
def client(tmp_path: Path) -> AsyncClient:
    config = AsyncClientConfig(encryption_enabled=True, store_sync_tokens=False, pickle_key="of this test")
    made = AsyncClient("http://127.0.0.1:9", US, store_path=str(tmp_path), config=config)
    made.restore_login(US, "DEVICE", "token")
    return made


@pytest.fixture
async def crypto(client: AsyncClient) -> AsyncIterator[Crypto]:
    made = Crypto(client, Wire("http://127.0.0.1:9", lambda: NOON))
    yield made
    await made.close()


def event(content: Any, kind: str = ENCRYPTED, **more: Any) -> dict[str, Any]:
    return {"event_id": "$1", "sender": ANNA, "type": kind, "content": content, "origin_server_ts": 1} | more


def test_what_came_plain_is_read_as_it_is(crypto: Crypto) -> None:
    read = crypto.decipher(ROOM, event({"msgtype": "m.text", "body": "x"}, "m.room.message"))
    assert read is not None
    assert (read.kind, read.encrypted, read.unreadable) == ("m.room.message", False, None)


def test_what_no_key_is_there_for_names_the_key(crypto: Crypto) -> None:
    read = crypto.decipher(ROOM, event(SEALED))
    assert read is not None
    assert (read.id, read.encrypted, read.unreadable) == ("$1", False, "s1")


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"algorithm": "m.olm.v1.curve25519-aes-sha2"},
        {**SEALED, "session_id": 7},
        {**SEALED, "ciphertext": None},
        {**SEALED, "ciphertext": "no base64 ¿"},
        {**SEALED, "sender_key": ["k"]},
        "junk",
    ],
)
def test_what_is_malformed_is_unreadable_and_no_fault(crypto: Crypto, content: Any) -> None:
    read = crypto.decipher(ROOM, event(content))
    assert read is not None
    assert read.unreadable in {"s1", UNKNOWN_SESSION}


def test_what_is_no_event_is_none(crypto: Crypto) -> None:
    assert crypto.decipher(ROOM, {"type": ENCRYPTED}) is None


@pytest.mark.parametrize(
    "letters",
    [
        [{"type": ENCRYPTED, "sender": ANNA, "content": {"algorithm": "x"}}],
        [{"type": "m.room_key", "sender": ANNA, "content": {"algorithm": ALGORITHM}}],
        [{"type": "m.room_key_request", "sender": ANNA, "content": {"action": 7}}],
        [{"type": 7, "sender": None}, "junk", None],
        "junk",
        {"no": "list"},
    ],
)
async def test_a_malformed_letter_keeps_nothing_else_from_being_read(
    client: AsyncClient, crypto: Crypto, letters: Any
) -> None:
    await crypto.received(
        {
            "next_batch": "s1",
            "to_device": {"events": letters},
            "device_one_time_keys_count": {"signed_curve25519": 3},
            "device_lists": "junk" if letters == "junk" else {},
        }
    )
    assert client.olm is not None
    assert client.olm.uploaded_key_count == 3
