"""The bot as an application service: the homeserver pushes what happens, in place of our asking.

A transaction is acknowledged once every turn in it is committed. Until then the homeserver sends it again and again,
and nothing after it: what was missed while the bot was away comes in its order.
https://spec.matrix.org/latest/application-service-api/
"""

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import structlog

from bot.channels.matrix.events import Batch
from bot.channels.matrix.homeserver import SignedOut
from bot.channels.matrix.identity import DEVICE_NAME
from bot.channels.matrix.intake import Intake
from bot.channels.matrix.kit import Kit
from bot.channels.matrix.registration import Registration
from bot.channels.matrix.trouble import Faults
from bot.channels.matrix.wire import CLIENT, NoDevice, NotThere, Wire, path
from bot.channels.patience import pause
from bot.domain.errors import Blocked, BotError, Rejected, Unreachable
from bot.storage import matrix

DEVICE = "BEZPIECZNY"
OK, BAD, FAILED, UNAVAILABLE = 200, 400, 500, 503
SINCE = "pushed"
"""A transaction always goes on from those before it."""
PING_S = 60.0
"""How often the homeserver is asked to reach us: after a failure it waits by itself for up to eight minutes."""
AS_SERVICE = "m.login.application_service"

_log = structlog.get_logger(__name__)


class UnknownService(SignedOut):
    """The homeserver does not know the as_token of BEZPIECZNY_MATRIX__REGISTRATION: give it the file, restart it."""


class NotReached(BotError):
    """The homeserver cannot reach the bot at the `url` of BEZPIECZNY_MATRIX__REGISTRATION; it is asked again."""


# --- who we are


async def sign_in(
    wire: Wire, registration: Registration, new_device: Callable[[], Awaitable[None]]
) -> tuple[str, None]:
    """Say who we are; the account and its device are made if they are not there. May be called again.

    A device there must be, though it has no keys: by it the homeserver still knows after its own restart that a message
    was sent already. `new_device` hears that it did not know this one. Raises UnknownService, SignedOut, and what
    `Wire` raises.
    """
    wire.token, wire.speaker = registration.as_token, {}
    try:
        user = await _name(wire, registration)
        if not await _has_device(wire, user):
            await _make(wire, registration.localpart)
            await new_device()
            if not await _has_device(wire, user):
                _log.warning("matrix.no_device", reason="after its restart the homeserver may repeat a message")
    except SignedOut:
        raise UnknownService from None
    except (Blocked, Rejected) as error:
        raise SignedOut(f"The homeserver refuses the application service ({error}).") from error
    return user, None


async def _name(wire: Wire, registration: Registration) -> str:
    user = str((await wire.get(path("account", "whoami"))).get("user_id", ""))
    if not user.startswith(f"@{registration.localpart}:"):
        raise Rejected("it knows us by another name, or is no Matrix homeserver")
    return user


async def _has_device(wire: Wire, user: str) -> bool:
    """Whether we can speak from our device; if so, from now on we do."""
    wire.speaker = {"user_id": user, "device_id": DEVICE}
    with suppress(NoDevice):
        if (await wire.get(path("account", "whoami"))).get("device_id") == DEVICE:
            return True
    wire.speaker = {}
    return False


async def _make(wire: Wire, localpart: str) -> None:
    try:
        await wire.post(path("register"), {"type": AS_SERVICE, "username": localpart, "inhibit_login": True})
    except Rejected as error:
        if "M_USER_IN_USE" not in str(error):
            raise
    await wire.post(
        path("login"),
        {
            "type": AS_SERVICE,
            "identifier": {"type": "m.id.user", "user": localpart},
            "device_id": DEVICE,
            "initial_device_display_name": DEVICE_NAME,
        },
    )


async def ping(wire: Wire, registration: Registration) -> None:
    """Let the homeserver try whether it reaches us, and send at once what waits. Raises NotReached, or as `Wire`."""
    where = f"{CLIENT.replace('v3', 'v1')}/appservice/{quote(registration.id, safe='')}/ping"
    with suppress(NotThere):  # an older homeserver
        try:
            await wire.post(where, {"transaction_id": DEVICE})
        except (Unreachable, Rejected) as error:
            if any(code in str(error) for code in ("M_CONNECTION", "M_BAD_STATUS", "M_URL_NOT_SET")):
                raise NotReached from error
            raise


# --- what comes


class Pushed:
    """A `Source`: takes the transactions that the web application hands on. `ready` is set while it takes them.

    Args:
        kit: the channel's parts.
        intake: commits what a transaction tells.
        registration: has the homeserver's token.
        read: makes a batch of what was posted; raises Rejected.
        ping: see `ping`.
    """

    def __init__(
        self,
        kit: Kit,
        intake: Intake,
        *,
        registration: Registration,
        read: Callable[[Mapping[str, Any]], Batch],
        ping: Callable[[], Awaitable[None]],
    ) -> None:
        self._kit = kit
        self._intake = intake
        self._registration = registration
        self._read = read
        self._ping = ping
        self._one_by_one = asyncio.Lock()
        self._closed = asyncio.Event()
        self.ready = asyncio.Event()

    # --- for the web application

    def trusts(self, token: str) -> bool:
        """Whether a token is the homeserver's."""
        return hmac.compare_digest(token.encode(errors="replace"), self._registration.hs_token.encode())

    def is_ours(self, user: str) -> bool:
        """Whether a name is the bot's."""
        return user.startswith(f"@{self._registration.localpart}:")

    @property
    def open(self) -> bool:
        """Whether transactions are taken."""
        return self.ready.is_set() and not self._closed.is_set()

    async def take(self, transaction: str, raw: Mapping[str, Any]) -> int:
        """Take what was posted as JSON; returns the HTTP status. The same transaction again waits for the first."""
        if not self.open:
            return UNAVAILABLE
        try:
            batch = self._read(raw)
        except Rejected:
            return BAD
        if not (batch.joined or batch.invites or batch.left):
            return OK
        async with self._one_by_one:
            return await self._take(_mark(transaction, raw), batch) if self.open else UNAVAILABLE

    async def _take(self, mark: str, batch: Batch) -> int:
        try:
            async with self._kit.database.read() as conn:
                if await matrix.is_done(conn, mark):
                    return OK
            shown = await self._intake.take(batch, SINCE, self._closed)
            if self._closed.is_set():  # some of it may not be taken
                return UNAVAILABLE
            if shown:
                await asyncio.wait(shown, timeout=self._kit.patience.webhook_reply)
            async with self._kit.database.begin() as conn:
                await matrix.note_done(conn, mark, self._kit.clock())
        except Exception as error:  # noqa: BLE001 - whatever it is, it must come again; a traceback may hold words
            _log.error("matrix.transaction_failed", kind=type(error).__name__)
            return FAILED
        return OK

    # --- from start to stop

    async def run(self, stop: asyncio.Event) -> None:
        """Take transactions until `stop`, and then finish the one in hand. The account is signed in."""
        self._closed.clear()
        self.ready.set()
        try:
            await self._be_reached(stop)
        except SignedOut as error:
            _log.error("matrix.off", reason=str(error))
        finally:
            self._closed.set()
            self.ready.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._kit.patience.last_turns), self._one_by_one:
                    pass

    async def _be_reached(self, stop: asyncio.Event) -> None:
        faults = Faults(self._kit.patience)
        while not stop.is_set():
            try:
                await self._ping()
            except SignedOut:
                raise
            except BotError as error:
                await pause(stop, faults.failed(error, self._kit.clock()))
            else:
                faults.worked()
                await pause(stop, PING_S)


def _mark(transaction: str, raw: Mapping[str, Any]) -> str:
    """What a transaction is known by. Its name alone is not enough: a homeserver may begin anew with 1."""
    told = raw.get("events")
    names = [str(one.get("event_id")) for one in told if isinstance(one, dict)] if isinstance(told, list) else []
    return sha256("\n".join((transaction, *names)).encode(errors="replace")).hexdigest()
