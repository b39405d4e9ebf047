"""What stays the same across restarts: the account's device and its keys, in a folder of their own.

People's apps know the bot by its device, and the homeserver knows by it a message that is sent again. So a device is
made once; another one only where the keys of the first are lost, and the log says so.
"""

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import Any

import structlog
from nio import AsyncClient, AsyncClientConfig
from nio.crypto import OlmAccount
from nio.store import SqliteStore

from bot.channels.matrix.crosssigning import PASSWORD, Signed, cross_sign, inside, keys_of, vouches
from bot.channels.matrix.crypto import Crypto
from bot.channels.matrix.homeserver import SignedOut
from bot.channels.matrix.wire import TIMEOUT_S, Wire, path
from bot.domain.errors import Blocked, Rejected
from bot.storage.vault import Vault, WrongKeyError

ABOUT = "device.json"
STORE = "keys.sqlite3"
ASIDE = "aside"
TAKE_OVER = "take-over"
"""A file that whoever runs the bot lays there: the account's keys are the bot's from now on."""
DEVICE_NAME = "Bezpieczny Kraków"

FIRST = "the bot has a device of its own now"
INSTEAD = (
    "the bot has a new device; the keys of its former one are lost or set aside: what was encrypted for that cannot be"
    " read, and the bot asks people to write again; sign that device out (docs/matrix.md, A lost key)"
)

_log = structlog.get_logger(__name__)


class KeysUnreadable(SignedOut):
    """The Matrix keys cannot be read: BEZPIECZNY_SECRET_KEY was another one, or their file is damaged; put it back."""


class KeysLost(SignedOut):
    """BEZPIECZNY_MATRIX__ACCESS_TOKEN is of a device whose keys are lost: make a new token, or give the password."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Where and as whom the bot signs in: with an access token, or with the password."""

    homeserver: str
    user: str
    """`@bot:example.org`, `bot`, or nothing with an access token."""
    password: str | None = None
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A device that is signed in."""

    user: str
    device: str
    token: str


@dataclass(frozen=True, slots=True)
class Held:
    """Whose keys are in the folder. A token that the password was exchanged for is kept sealed."""

    homeserver: str
    user: str
    device: str
    sealed: str | None = None

    def is_of(self, credentials: Credentials) -> bool:
        """Whether this is the account that is to be signed in."""
        return self.homeserver == credentials.homeserver and _is_called(self.user, credentials.user)


class Identity:
    """The folder with the device's keys.

    Args:
        folder: made if it is not there, and closed to others.
        vault: seals what is in it, and makes the account's own keys.
    """

    def __init__(self, folder: Path, vault: Vault) -> None:
        self._folder = folder
        self.vault = vault

    @property
    def held(self) -> Held | None:
        """Whose keys should be there; the keys themselves may be gone."""
        try:
            return Held(**json.loads((self._folder / ABOUT).read_text("utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    @property
    def device(self) -> str | None:
        """The device whose keys should be there."""
        return self.held.device if self.held else None

    def key_of(self, user: str, device: str) -> str | None:
        """The key by which others know a device, if its keys are here. Raises KeysUnreadable, and changes nothing."""
        if not (self._folder / STORE).exists():
            return None
        try:
            account = self._account(user, device)
        except (sqlite3.DatabaseError, ValueError):  # of a key that does not fit, the library makes a ValueError
            raise KeysUnreadable from None
        return str(account.identity_keys["ed25519"]) if account else None

    def _account(self, user: str, device: str) -> OlmAccount | None:
        with closing(sqlite3.connect(self._folder / STORE)) as file:
            if file.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                raise sqlite3.DatabaseError
        store = SqliteStore(user, device, str(self._folder), self._pickle_key(), STORE)
        try:
            return store.load_account()
        finally:
            store.database.close()

    def token(self, held: Held) -> str | None:
        """The token that was kept."""
        with suppress(WrongKeyError):
            return self.vault.open(held.sealed.encode()) if held.sealed else None
        return None

    def open(self, homeserver: str, session: Session, *, keep_token: bool) -> AsyncClient:
        """The keys of a device, new ones if it has none here. Those of another are set aside."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        if self.key_of(session.user, session.device) is None:
            self._set_aside()
        sealed = self.vault.seal(session.token).decode() if keep_token else None
        client = AsyncClient(homeserver, session.user, session.device, str(self._folder), self._config())
        try:
            client.restore_login(session.user, session.device, session.token)
        except ValueError:
            raise KeysUnreadable from None
        self._write(Held(homeserver, session.user, session.device, sealed))
        return client

    def _config(self) -> AsyncClientConfig:
        """Of nio we use the keys; requests that it sends by itself are not tried again behind our back."""
        return AsyncClientConfig(
            store=SqliteStore,
            store_name=STORE,
            pickle_key=self._pickle_key(),
            store_sync_tokens=False,
            encryption_enabled=True,
            max_limit_exceeded=0,
            max_timeouts=0,
            request_timeout=TIMEOUT_S,
        )

    def _pickle_key(self) -> str:
        return self.vault.token("matrix store")

    def _set_aside(self) -> None:
        here = [path for path in (self._folder / ABOUT, *self._folder.glob(f"{STORE}*")) if path.exists()]
        if not here:
            return
        free = (self._folder / f"{ASIDE}-{number}" for number in count(1))
        aside = next(folder for folder in free if not folder.exists())
        aside.mkdir(mode=0o700)
        for file in here:
            file.rename(aside / file.name)

    def _write(self, held: Held) -> None:
        beside = self._folder / f"{ABOUT}.new"
        beside.touch(mode=0o600)
        beside.write_text(json.dumps(asdict(held), indent=1) + "\n", "utf-8")
        beside.replace(self._folder / ABOUT)

    @property
    def takes_over(self) -> bool:
        """Whether the account's keys are to be replaced."""
        return (self._folder / TAKE_OVER).exists()

    def took_over(self) -> None:
        """They are; it is not done again."""
        (self._folder / TAKE_OVER).unlink(missing_ok=True)


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
    if credentials.user and not _is_called(user, credentials.user):
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


def _is_called(user: str, name: str) -> bool:
    """Whether `@bot:example.org` is who a setting names, in full or without the server."""
    return user == name or user.removeprefix("@").partition(":")[0] == name.removeprefix("@")


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
