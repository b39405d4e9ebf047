"""What stays the same across restarts: the account's device and its keys, in a folder of their own.

People's apps know the bot by its device, and the homeserver knows by it a message that is sent again. So a device is
made once (`signing_in` says when another is).
"""

import json
import sqlite3
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path

from nio import AsyncClient, AsyncClientConfig
from nio.crypto import OlmAccount

from bot.channels.matrix.homeserver import SignedOut
from bot.channels.matrix.keystore import KeyStore
from bot.channels.matrix.wire import TIMEOUT_S
from bot.storage.vault import Vault, WrongKeyError

DEVICE_NAME = "Bezpieczny Kraków"
"""How people's apps call it."""
ABOUT = "device.json"
STORE = "keys.sqlite3"
ASIDE = "aside"
TAKE_OVER = "take-over"
"""A file that whoever runs the bot lays there: the account's keys are the bot's from now on."""


class KeysUnreadable(SignedOut):
    """The Matrix keys cannot be read: BEZPIECZNY_SECRET_KEY was another one, or their file is damaged; put it back."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Where and as whom the bot signs in: with an access token, or with the password."""

    homeserver: str
    user: str
    """`@bot:example.org`, `bot`, or nothing with an access token."""
    password: str | None = None
    token: str | None = None

    def names(self, user: str) -> bool:
        """Whether `@bot:example.org` is who is to be signed in, named in full or without the server."""
        return user == self.user or user.removeprefix("@").partition(":")[0] == self.user.removeprefix("@")


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
        return self.homeserver == credentials.homeserver and credentials.names(self.user)


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
        store = KeyStore(user, device, str(self._folder), self._pickle_key(), STORE)
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
            store=KeyStore,
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
