"""Cross-signing: the account vouches for the bot's device, so that residents' apps trust it and hide nothing.

Three keys of the account's sign for it: the master key, which signs the other two; the self-signing key, which signs
devices; and the user-signing key, which would sign people and is only there because apps expect it. They are made from
the program's secret: with the same secret they are the same, and nothing else has to be kept for them.
https://spec.matrix.org/latest/client-server-api/#cross-signing
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from nio import Api
from nio.crypto import Olm

from bot.channels.matrix.wire import ProofWanted, Wire, path
from bot.domain.errors import BotError, Rejected
from bot.storage.vault import Signer, Vault

PASSWORD = "m.login.password"  # noqa: S105 - the name of a way to prove who one is
GUIDE = "see docs/matrix.md, Trust"

Json = Mapping[str, Any]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Signed:
    """The account vouches for the device; `anew` if it does so since now."""

    anew: bool


@dataclass(frozen=True, slots=True)
class Unsigned:
    """Nobody vouches for the device: some apps warn of it, or hide what it says."""

    reason: str


Trust = Signed | Unsigned


@dataclass(frozen=True, slots=True)
class Keys:
    """The account's three keys."""

    user: str
    master: Signer
    self_signing: Signer
    user_signing: Signer

    def published(self) -> dict[str, dict[str, Any]]:
        """The keys as the homeserver is to show them, the lesser two signed by the master key."""
        lesser = {"self_signing": self.self_signing, "user_signing": self.user_signing}
        signed = {
            usage: with_signature(self._shown(usage, key), self.user, self.master) for usage, key in lesser.items()
        }
        return {f"{usage}_key": key for usage, key in {"master": self._shown("master", self.master), **signed}.items()}

    def _shown(self, usage: str, key: Signer) -> dict[str, Any]:
        return {"user_id": self.user, "usage": [usage], "keys": {key_id(key): unpadded(key.public)}}


def keys_of(vault: Vault, user: str) -> Keys:
    """The keys of an account: always the same with the same secret."""
    purposes = (f"matrix {usage} key of {user}" for usage in ("master", "self-signing", "user-signing"))
    return Keys(user, *map(vault.signer, purposes))


def unpadded(raw: bytes) -> str:
    """Base64 as Matrix writes it."""
    return base64.b64encode(raw).decode().rstrip("=")


def key_id(key: Signer) -> str:
    """The name of a signing key: the key itself."""
    return f"ed25519:{unpadded(key.public)}"


def canonical(content: Json) -> bytes:
    """What is signed of an object: all but its signatures and what the homeserver added, in the one canonical form.

    https://spec.matrix.org/latest/appendices/#signing-json
    """
    return str(Api.to_canonical_json(_bare(content))).encode()


def _bare(content: Json) -> dict[str, Any]:
    return {key: value for key, value in content.items() if key not in {"signatures", "unsigned"}}


def signature(content: Json, key: Signer) -> str:
    """A key's signature of an object."""
    return unpadded(key.sign(canonical(content)))


def with_signature(content: Json, user: str, key: Signer) -> dict[str, Any]:
    """The object with a signature of this key, and no other."""
    return {**_bare(content), "signatures": {user: {key_id(key): signature(content, key)}}}


def inside(content: Any, *keys: str) -> Any:
    """What stands at a place of a homeserver's answer; None where the answer has no such place."""
    for key in keys:
        content = content.get(key) if isinstance(content, dict) else None
    return content


def vouches(keys: Keys, device: Any) -> bool:
    """Whether our self-signing key has signed a device, as the homeserver shows it."""
    found = inside(device, "signatures", keys.user, key_id(keys.self_signing))
    return found is not None and found == signature(device, keys.self_signing)


async def cross_sign(wire: Wire, olm: Olm, vault: Vault, *, password: str | None, take_over: bool = False) -> Trust:
    """See to it that the account vouches for this device, whose keys must be uploaded; what is done is not done again.

    Keys of the account that somebody else made are only replaced to `take_over`. Whatever goes wrong is told in one
    line of the log: the bot talks without it, only some apps will warn.
    """
    keys = keys_of(vault, olm.user_id)
    try:
        trust = await _cross_sign(wire, olm, keys, password, take_over=take_over)
    except BotError as error:
        trust = Unsigned(str(error))
    match trust:
        case Signed(anew):
            if anew:
                _log.info("matrix.device_signed", device=olm.device_id)
        case Unsigned(reason):
            _log.warning(
                "matrix.device_unsigned", reason=reason, device=olm.device_id, fingerprint=fingerprint(olm), guide=GUIDE
            )
    return trust


def fingerprint(olm: Olm) -> str:
    """What people compare to verify the device by hand."""
    return str(olm.account.identity_keys["ed25519"])


async def _cross_sign(wire: Wire, olm: Olm, keys: Keys, password: str | None, *, take_over: bool) -> Trust:
    shown = await wire.post(path("keys", "query"), {"device_keys": {keys.user: []}})
    device = inside(shown, "device_keys", keys.user, olm.device_id)
    if not _is_ours(device, olm):
        return Unsigned("the homeserver does not show the keys that this device has uploaded")
    if inside(shown, "master_keys", keys.user) is not None and not _has_master(shown, keys) and not take_over:
        return _as_others_say(shown, device, keys.user)
    if not _has_keys(shown, keys):
        await _upload(wire, keys, password)
    elif vouches(keys, device):
        return Signed(anew=False)
    return await _sign(wire, keys, device)


def _is_ours(device: Any, olm: Olm) -> bool:
    """Whether what the homeserver shows is what this device said of itself: nothing else may get our signature."""
    signed: object = inside(device, "signatures", olm.user_id, f"ed25519:{olm.device_id}")
    return signed is not None and signed == str(olm.sign_json(_bare(device)))


def _has_master(shown: Json, keys: Keys) -> bool:
    master = inside(shown, "master_keys", keys.user, "keys")
    return bool(master == keys.published()["master_key"]["keys"])


def _has_keys(shown: Json, keys: Keys) -> bool:
    """Whether the homeserver shows all three, signed as they should be."""
    lesser = ("self_signing", "user_signing")
    return _has_master(shown, keys) and all(
        _is_like(inside(shown, f"{usage}_keys", keys.user), keys.published()[f"{usage}_key"], keys.user)
        for usage in lesser
    )


def _is_like(found: Any, ours: Json, user: str) -> bool:
    """Whether a key is the same, with our signature among its signatures."""
    signatures = inside(found, "signatures", user)
    same_key: object = inside(found, "keys")
    return (
        same_key == ours["keys"]
        and isinstance(signatures, dict)
        and ours["signatures"][user].items() <= signatures.items()
    )


def _as_others_say(shown: Json, device: Json, user: str) -> Trust:
    """The account's keys are somebody else's, Element's perhaps: they may have signed this device there."""
    theirs = inside(shown, "self_signing_keys", user, "keys")
    signed_by = inside(device, "signatures", user)
    if isinstance(theirs, dict) and isinstance(signed_by, dict) and theirs.keys() & signed_by.keys():
        return Signed(anew=False)
    return Unsigned("another program has set up the account's keys: verify this device there, or let the bot take over")


async def _upload(wire: Wire, keys: Keys, password: str | None) -> None:
    """Hand over the account's keys; a homeserver that already has some wants to know that it is really us."""
    where, body = path("keys", "device_signing", "upload"), keys.published()
    try:
        await wire.post(where, body)
    except ProofWanted as wanted:
        if password is None or (PASSWORD,) not in wanted.flows:
            raise Rejected("the homeserver wants a proof to take the account's keys that the bot cannot give") from None
        who = {"type": "m.id.user", "user": keys.user}
        proof = {"type": PASSWORD, "identifier": who, "password": password, "session": wanted.session}
        await wire.post(where, {**body, "auth": proof})


async def _sign(wire: Wire, keys: Keys, device: Json) -> Trust:
    signed = with_signature(device, keys.user, keys.self_signing)
    body = {keys.user: {str(device["device_id"]): signed}}
    answer = await wire.post(path("keys", "signatures", "upload"), body)
    if answer.get("failures"):
        return Unsigned("the homeserver does not take the signature of this device")
    return Signed(anew=True)
