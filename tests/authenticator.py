"""A device that keeps passkeys, in software: real keys, real signatures, the messages of WebAuthn byte by byte."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.encode_cbor import encode_cbor

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40
"""Flags of the authenticator's data (WebAuthn, 6.1)."""


@dataclass(frozen=True)
class Key:
    """A key pair for one site and one of its people."""

    id: bytes
    rp_id: str
    handle: bytes
    private: ec.EllipticCurvePrivateKey

    @property
    def cose(self) -> bytes:
        """The public half: EC2 on P-256 for ES256 (RFC 9053)."""
        point = self.private.public_key().public_numbers()
        return encode_cbor({1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")})


@dataclass
class Device:
    """A phone or a stick with the browser around it. What it lies about can be set."""

    origin: str = "https://bk.example.org"
    flags: int = PRESENT | VERIFIED
    counts: bool = True
    """Whether it counts its uses; many that keep keys in a cloud do not."""
    keys: list[Key] = field(default_factory=list)
    uses: int = 0

    def create(self, options: str) -> str:
        """What a browser brings back from `navigator.credentials.create`."""
        wanted = json.loads(options)
        key = Key(
            id=sha256(wanted["challenge"].encode()).digest()[:16],
            rp_id=wanted["rp"]["id"],
            handle=base64url_to_bytes(wanted["user"]["id"]),
            private=ec.generate_private_key(ec.SECP256R1()),
        )
        self.keys.append(key)
        attested = bytes(16) + len(key.id).to_bytes(2, "big") + key.id + key.cose
        data = self._data(key, ATTESTED) + attested
        statement = encode_cbor({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", wanted["challenge"])
        return _credential(key, {"clientDataJSON": client, "attestationObject": statement})

    def get(self, options: str, *, key: int = -1) -> str:
        """What a browser brings back from `navigator.credentials.get`, signed by one of the keys."""
        return self.sign(json.loads(options)["challenge"], self.keys[key])

    def sign(self, challenge: str, key: Key) -> str:
        """A signed challenge."""
        self.uses += 1
        data = self._data(key)
        client = self._client("webauthn.get", challenge)
        signature = key.private.sign(data + sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        parts = {"clientDataJSON": client, "authenticatorData": data, "signature": signature, "userHandle": key.handle}
        return _credential(key, parts)

    def known(self, options: str) -> bool:
        """Whether the site says that a key of this device is there already; then a device makes no other."""
        named = {one["id"] for one in json.loads(options)["excludeCredentials"]}
        return any(bytes_to_base64url(key.id) in named for key in self.keys)

    def _data(self, key: Key, more: int = 0) -> bytes:
        count = self.uses if self.counts else 0
        return sha256(key.rp_id.encode()).digest() + bytes([self.flags | more]) + count.to_bytes(4, "big")

    def _client(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}).encode()


def _credential(key: Key, response: dict[str, bytes]) -> str:
    parts = {name: bytes_to_base64url(value) for name, value in response.items()}
    name = bytes_to_base64url(key.id)
    return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": parts})


def changed(answer: str, change: Callable[[dict[str, Any]], None]) -> str:
    """An answer that somebody changed on its way."""
    credential = json.loads(answer)
    change(credential)
    return json.dumps(credential)


def as_other(key: Key, **lies: Any) -> Key:
    """A key that says it is another."""
    return replace(key, **lies)
