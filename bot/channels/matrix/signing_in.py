"""Signing in: as the device whose keys are here, with the token that is given or kept, or with the password.

Another device is made only where the keys of the first are lost, and the log says so.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import structlog
from nio import AsyncClient

from bot.channels.matrix.crosssigning import PASSWORD, Signed, cross_sign, inside, keys_of, vouches
from bot.channels.matrix.crypto import Crypto
from bot.channels.matrix.homeserver import SignedOut
from bot.channels.matrix.identity import DEVICE_NAME, Credentials, Identity, KeysUnreadable, Session
from bot.channels.matrix.wire import Wire, path
from bot.domain.errors import Blocked, Rejected
from bot.storage.vault import Vault

FIRST = "the bot has a device of its own now"
INSTEAD = (
    "the bot has a new device; the keys of its former one are lost or set aside: what was encrypted for that cannot be"
    " read, and the bot asks people to write again; sign that device out (docs/matrix.md, A lost key)"
)

_log = structlog.get_logger(__name__)


class KeysLost(SignedOut):
    """BEZPIECZNY_MATRIX__ACCESS_TOKEN is of a device whose keys are lost: make a new token, or give the password."""


async def sign_in(wire: Wire, credentials: Credentials, identity: Identity) -> tuple[str, Crypto]:
    """Sign in, load the device's keys, upload them, and let the account vouch for them.

    Returns our name, and the keys. Afterwards the wire carries the session's token. May be called again.
    Raises SignedOut, KeysUnreadable and KeysLost, which only a person can mend, and what `Wire` raises.
    """
    lost = identity.held is not None and identity.held.is_of(credentials) and not _is_here(identity)
    session = await _session(wire, credentials, identity)
    shown = await _devices(wire, session)
    ours, theirs = identity.key_of(session.user, session.device), _key(shown, session.device)
    if theirs is not None and theirs != ours:
        if credentials.token:
            raise KeysLost
        lost, ours, theirs = True, None, None
        session = await _log_in(wire, credentials, None)
    client = identity.open(credentials.homeserver, session, keep_token=credentials.token is None)
    if ours is None:
        _tell(session, lost=lost or _was_here(shown, session, identity.vault))
    return session.user, await _trusted(wire, client, credentials, identity, published=theirs is not None)


def _is_here(identity: Identity) -> bool:
    held = identity.held
    return held is not None and identity.key_of(held.user, held.device) is not None


def _was_here(shown: Mapping[str, Any], session: Session, vault: Vault) -> bool:
    """Whether the account has vouched for another device before: then there was one, if nothing here knows of it."""
    keys = keys_of(vault, session.user)
    return any(vouches(keys, device) for device in shown.values())


def _tell(session: Session, *, lost: bool) -> None:
    if lost:
        _log.warning("matrix.new_device", device=session.device, reason=INSTEAD)
    else:
        _log.info("matrix.new_device", device=session.device, reason=FIRST)


async def _trusted(
    wire: Wire, client: AsyncClient, credentials: Credentials, identity: Identity, *, published: bool
) -> Crypto:
    crypto, olm = Crypto(client, wire), client.olm
    if olm is None:  # a store in a folder always has keys
        raise KeysUnreadable
    if not published:  # also where somebody has removed the device, and it has come back under its name
        olm.account.shared = False
        olm.save_account()
    await crypto.upload_keys()
    takes_over = identity.takes_over
    trust = await cross_sign(wire, olm, identity.vault, password=credentials.password, take_over=takes_over)
    if takes_over and isinstance(trust, Signed):
        identity.took_over()
    return crypto


# --- the ways in


async def _session(wire: Wire, credentials: Credentials, identity: Identity) -> Session:
    if credentials.token:
        return await _by_token(wire, credentials, credentials.token)
    held = identity.held
    if held is None or not held.is_of(credentials) or not _is_here(identity):
        return await _log_in(wire, credentials, None)
    kept = identity.token(held)
    if kept:  # each sign-in with the password counts against the homeserver's limit, which is low
        with suppress(SignedOut):
            return await _by_token(wire, credentials, kept)
    return await _log_in(wire, credentials, held.device)


async def _by_token(wire: Wire, credentials: Credentials, token: str) -> Session:
    wire.token = token
    try:
        said = await wire.get(path("account", "whoami"))
    except (Blocked, Rejected) as error:
        raise SignedOut(f"The homeserver refuses the access token ({error}).") from error
    user, device = said.get("user_id"), said.get("device_id")
    if not isinstance(user, str) or not isinstance(device, str):
        raise SignedOut("The access token belongs to no device: sign in to get one, as docs/matrix.md shows.")
    if credentials.user and not credentials.names(user):
        raise SignedOut("The access token belongs to another account than BEZPIECZNY_MATRIX__USER names.")
    return Session(user, device, token)


async def _log_in(wire: Wire, credentials: Credentials, device_before: str | None) -> Session:
    wire.token = ""
    body = {
        "type": PASSWORD,
        "identifier": {"type": "m.id.user", "user": credentials.user},
        "password": credentials.password or "",
        "initial_device_display_name": DEVICE_NAME,
    } | ({"device_id": device_before} if device_before else {})
    try:
        said = await wire.post(path("login"), body)
    except Blocked as error:
        raise SignedOut from error
    except Rejected as error:
        raise SignedOut(
            f"The homeserver does not take a password ({error}); check its address, or give an access token."
        ) from error
    user, device, token = (str(said.get(name, "")) for name in ("user_id", "device_id", "access_token"))
    if not (user and device and token):
        raise SignedOut("What answers is no Matrix homeserver; check BEZPIECZNY_MATRIX__HOMESERVER.")
    wire.token = token
    return Session(user, device, token)


async def _devices(wire: Wire, session: Session) -> Mapping[str, Any]:
    """The keys of all the account's devices, as the homeserver shows them."""
    shown = await wire.post(path("keys", "query"), {"device_keys": {session.user: []}})
    if not isinstance(inside(shown, "device_keys"), dict):  # to take it for "no keys" would make new ones
        raise Rejected("the homeserver's answer about keys cannot be read")
    devices = inside(shown, "device_keys", session.user)
    return devices if isinstance(devices, dict) else {}


def _key(devices: Mapping[str, Any], device: str) -> Any:
    """The key by which others know a device; None if it has uploaded none."""
    return inside(devices, device, "keys", f"ed25519:{device}")
