"""A real homeserver for tests: Synapse on loopback, in a folder, from the environment that `make test-matrix` makes.

    with Synapse(folder) as homeserver:
        homeserver.register("anna")  # who signs in with PASSWORD
        homeserver.restart()  # on the same data

Everything here blocks, for some tenths of a second; nobody else is kept waiting by a test's loop.
"""

import hmac
import json
import signal
import subprocess
import time
from base64 import b64encode
from hashlib import sha1, sha256
from itertools import count
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tests.acceptance.conftest import PATIENCE_S, ROOT, free_port

PYTHON = ROOT / ".venv-synapse" / "bin" / "python"
SERVER_NAME = "bot.test"
PASSWORD = "pw"
SECRET = "s"

LIMITS = (
    *("message", "registration", "room_creation", "profile", "joins_per_room", "joins.local", "joins.remote"),
    *("login.address", "login.account", "login.failed_attempts"),
    *("invites.per_room", "invites.per_user", "invites.per_issuer"),
)
BOUNDLESS = {"per_second": 100_000, "burst_count": 100_000}
END_WITH_US = 'read -r nothing; kill -KILL "$0"'
"""Waits until the pipe from this process closes, however this process ends."""


class NoSynapse(Exception):
    """There is no Synapse here: `make test-matrix` installs it, in an environment of its own."""


class Synapse:
    """One homeserver, which a `with` block starts and ends.

    Args:
        folder: an empty one, for all it writes.
        limits: keep its own limits on requests, which are low; `rc_message` and the like in `settings` set others.
        appservices: registration files that it reads when it starts.
        settings: more of its configuration, by name.
    """

    def __init__(
        self, folder: Path, *, limits: bool = False, appservices: tuple[Path, ...] = (), **settings: object
    ) -> None:
        if not PYTHON.exists():
            raise NoSynapse(NoSynapse.__doc__)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "log"
        self._folder = folder
        self._numbers = count(1)
        self._processes: list[subprocess.Popen[bytes]] = []
        given = {"app_service_config_files": list(map(str, appservices))}
        self._configure(_base(folder, self.port) | ({} if limits else _boundless()) | given | settings)

    def _configure(self, settings: dict[str, object]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        key = b64encode(sha256(str(self._folder).encode()).digest()).decode().rstrip("=")
        (self._folder / "signing.key").write_text(f"ed25519 a_test {key}\n")
        (self._folder / "homeserver.yaml").write_text(json.dumps(settings))  # JSON is YAML

    def __enter__(self) -> "Synapse":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # --- from start to stop

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with self.log.open("ab") as log:
            command = [str(PYTHON), "-m", "synapse.app.homeserver", "-c", str(self._folder / "homeserver.yaml")]
            server = subprocess.Popen(command, cwd=self._folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        watch = subprocess.Popen(["sh", "-c", END_WITH_US, str(server.pid)], stdin=subprocess.PIPE)
        self._processes = [watch, server]
        while not self._answers():
            time.sleep(0.05)

    def _answers(self) -> bool:
        _, server = self._processes
        assert server.poll() is None, f"Synapse did not start:\n{self.said()}"
        try:
            with urlopen(f"{self.url}/health", timeout=PATIENCE_S):  # noqa: S310 - on loopback
                return True
        except OSError:
            return False

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it; nothing if it has ended."""
        for process, by in zip(self._processes, (signal.SIGKILL, how), strict=False):
            process.send_signal(by)
            process.wait(PATIENCE_S)
            if process.stdin:
                process.stdin.close()
        self._processes = []

    def restart(self) -> None:
        """End it, and start it again on the same data."""
        self.stop()
        self.start()

    @property
    def pid(self) -> int:
        """Its process."""
        return self._processes[-1].pid

    def said(self, since: int = 0) -> str:
        """Its log, from a byte on."""
        return self.log.read_bytes()[since:].decode(errors="replace") if self.log.exists() else ""

    def troubles(self, since: int = 0) -> str:
        """The lines of its log that tell of something amiss, from a byte on."""
        lines = [line for line in self.said(since).splitlines() if " - WARNING - " in line or " - ERROR - " in line]
        return "\n".join(line for line in lines if "Not sending response to request" not in line)

    # --- people

    def user(self, name: str) -> str:
        """The whole of a name: `@anna:bot.test`."""
        return f"@{name}:{SERVER_NAME}"

    def register(self, name: str, *, admin: bool = False) -> str:
        """Let somebody in, with PASSWORD; returns the whole of their name."""
        register = "/_synapse/admin/v1/register"
        nonce = self.ask("GET", register)["nonce"]
        words = (nonce, name, PASSWORD, "admin" if admin else "notadmin")
        mac = hmac.new(SECRET.encode(), "\0".join(words).encode(), sha1).hexdigest()
        about = {"nonce": nonce, "username": name, "password": PASSWORD, "admin": admin, "mac": mac}
        return str(self.ask("POST", register, about)["user_id"])

    def newcomer(self, name: str) -> str:
        """Let in somebody whose name begins so, and whom nobody has met yet; returns the whole of their name."""
        return self.register(f"{name}-{next(self._numbers)}")

    def sign_in(self, user: str, device: str = "TEST") -> str:
        """An access token of somebody's."""
        who = {"type": "m.id.user", "user": user}
        asked = {"type": "m.login.password", "identifier": who, "password": PASSWORD, "device_id": device}
        return str(self.ask("POST", "/_matrix/client/v3/login", asked)["access_token"])

    def ask(self, method: str, path: str, body: object = None, *, token: str = "") -> Any:
        """One request; returns what it answered. Fails the test if it is refused."""
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        content = None if body is None else json.dumps(body).encode()
        request = Request(self.url + path, content, headers, method=method)  # noqa: S310 - on loopback
        try:
            with urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310 - on loopback
                return json.loads(answer.read())
        except HTTPError as error:
            raise AssertionError(f"{method} {path} → {error.code} {error.read().decode()}") from None


def _base(folder: Path, port: int) -> dict[str, object]:
    listener = {"port": port, "bind_addresses": ["127.0.0.1"], "type": "http", "tls": False}
    return {
        "server_name": SERVER_NAME,
        "report_stats": False,
        "pid_file": str(folder / "pid"),
        "listeners": [listener | {"resources": [{"names": ["client"]}]}],
        "database": {"name": "sqlite3", "args": {"database": str(folder / "homeserver.sqlite3")}},
        "media_store_path": str(folder / "media"),
        "signing_key_path": str(folder / "signing.key"),
        "registration_shared_secret": SECRET,
        "macaroon_secret_key": "m",
        "form_secret": "f",
        "trusted_key_servers": [],
        "federation_domain_whitelist": [],
        "bcrypt_rounds": 4,
        "presence": {"enabled": False},
        "caches": {"sync_response_cache_duration": "0s"},  # the default shows a first sync again for two minutes
    }


def _boundless() -> dict[str, object]:
    limits: dict[str, object] = {}
    for name in LIMITS:
        section, _, key = name.partition(".")
        inner = limits.setdefault(f"rc_{section}", {} if key else BOUNDLESS)
        if key and isinstance(inner, dict):
            inner[key] = BOUNDLESS
    return limits
