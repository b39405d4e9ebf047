"""The accounts on messengers: who listens on each, who sends, and at what pace.

On SQLite one process does it all. On PostgreSQL several share it by their roles. Telegram tells its updates to whoever
asks and takes messages from anybody with the token. On Matrix the keys are one device's, so one process listens and
sends; to an application service, which has no keys, its homeserver pushes events, and any process may take them.
"""

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from bot.channels.matrix import appservice, registration
from bot.channels.matrix.account import Account
from bot.channels.matrix.appservice import Pushed
from bot.channels.matrix.channel import MatrixChannel
from bot.channels.matrix.crypto import Crypto
from bot.channels.matrix.events import CHANNEL as MATRIX
from bot.channels.matrix.groups import Teaching
from bot.channels.matrix.identity import Credentials, Identity
from bot.channels.matrix.registration import Registration
from bot.channels.matrix.signing_in import sign_in
from bot.channels.matrix.wire import Wire
from bot.channels.telegram.channel import TelegramChannel
from bot.channels.telegram.incoming import CHANNEL as TELEGRAM
from bot.dialogue.engine import Engine
from bot.domain.errors import BotError
from bot.domain.roles import Role
from bot.obs import Metrics
from bot.services.courier import Courier, Sender
from bot.settings import Settings, SettingsError, data_folder
from bot.wiring import House, new_worker
from scheduler import ledger
from scheduler.delivery import Deliverer
from scheduler.heartbeat import Heartbeat
from scheduler.leader import AdvisoryLeader, Leader, NullLeader
from scheduler.pacing import Pace, Pacer
from scheduler.services import Elected, Once, Service, Upheld
from scheduler.timeshare import shared_pacer

WORKER = "bot"
"""The one process that delivers from a SQLite file; after a restart it settles what it left in flight."""
KEY_LASTS = {MATRIX: timedelta(hours=23)}
"""For how long a channel knows a message by its delivery's key: sent again, it is the same message. Synapse keeps
transactions for a day (`synapse/rest/client/transactions.py`); an hour is left for slow answers and clocks that differ.
"""
ASK_AGAIN_S = 15.0


@dataclass(slots=True)
class Channels:
    """The accounts that this process speaks for: filled when they are built, since links ask for their names."""

    settings: Settings
    telegram: TelegramChannel | None = None
    matrix: MatrixChannel | None = None

    def telegram_name(self) -> str | None:
        """The bot's user name on Telegram, once it is known."""
        return self.telegram.username if self.telegram else None

    def matrix_name(self) -> str | None:
        """The bot's name on Matrix, once it is known; where another process is signed in, as the settings have it."""
        return (self.matrix.user if self.matrix else None) or self.settings.matrix.name

    @property
    def pushed(self) -> Pushed | None:
        """What takes events that a Matrix homeserver pushes, if it does."""
        source = self.matrix.source if self.matrix else None
        return source if isinstance(source, Pushed) else None

    @property
    def senders(self) -> dict[str, Sender]:
        """Those through which something can be said unasked."""
        both: dict[str, Sender | None] = {TELEGRAM: self.telegram, MATRIX: self.matrix}
        return {name: sender for name, sender in both.items() if sender}


# --- Telegram


def telegram_channel(house: House, engine: Engine, pace: Pace) -> TelegramChannel:
    """The Telegram channel as the settings want it. There must be a token."""
    wanted = house.settings.telegram
    if wanted.token is None:
        raise SettingsError("BEZPIECZNY_TELEGRAM__TOKEN is not set.")
    return TelegramChannel(
        wanted.token.get_secret_value(),
        dialogue=engine,
        words=lambda: house.shelf.library.words,
        pace=pace,
        now=house.clock,
        base_url=wanted.base_url.removesuffix("/bot"),
        webhook_url=wanted.webhook_url,
        secret_key=house.tools.vault.token("telegram webhook").encode(),
    )


@dataclass(frozen=True, slots=True)
class Posting:
    """A channel that only sends: it learns the bot's name, for links, and closes its connections at the end.

    Apart from the one that listens, so that replies never queue for a connection behind a broadcast, and a process that
    stops listening sends on what it has begun.
    """

    channel: TelegramChannel

    async def run(self, stop: asyncio.Event) -> None:
        """Stay until `stop`."""
        while not stop.is_set():
            pause_s = None if await self._knows_name() else ASK_AGAIN_S
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause_s)
        await self.channel.close()

    async def _knows_name(self) -> bool:
        with suppress(BotError):  # whoever listens says what is wrong
            await self.channel.ask_name()
        return self.channel.username is not None


def telegram(
    house: House, engine: Engine, metrics: Metrics, channels: Channels, roles: Collection[Role]
) -> tuple[Service, TelegramChannel | None]:
    """What serves the Telegram account in a process of these roles, and the channel that listens, if it does."""
    pace = pace_of(house, TELEGRAM)
    channels.telegram = sending = telegram_channel(house, engine, pace)
    listening = telegram_channel(house, engine, pace) if Role.WEB in roles else None
    above = [_listener(house, listening)] if listening else []
    below: list[Service] = [Posting(sending)]
    if Role.DELIVER in roles:
        delivering, beating = _delivering(house, TELEGRAM, sending, pace, metrics)
        above.append(delivering)
        below += beating
    return Upheld(above, on=below), listening


def _listener(house: House, channel: TelegramChannel) -> Service:
    """Updates may be posted to any process, but only one may ask for them."""
    alone = house.database.is_sqlite or house.settings.telegram.webhook_url is not None
    return channel if alone else Elected(channel, leader_of(house, "poll:telegram"))


# --- Matrix


def matrix_channel(house: House, engine: Engine, pace: Pace) -> MatrixChannel:
    """The Matrix channel as the settings want it. There must be a homeserver."""
    wanted = house.settings.matrix
    if wanted.homeserver is None:
        raise SettingsError("BEZPIECZNY_MATRIX__HOMESERVER is not set.")
    wire = Wire(wanted.homeserver, house.clock)
    make = partial(
        MatrixChannel,
        database=house.database,
        dialogue=engine,
        words=lambda: house.shelf.library.words,
        pace=pace,
        clock=house.clock,
        teaching=Teaching(lambda: house.shelf.library, house.tools.vault),
    )
    if wanted.registration:
        return _service(house, make, wire, registration.read(wanted.registration))
    identity = Identity(data_folder(house.settings) / "matrix", house.tools.vault)
    credentials = Credentials(
        wanted.homeserver,
        wanted.user,
        wanted.password.get_secret_value() if wanted.password else None,
        wanted.access_token.get_secret_value() if wanted.access_token else None,
    )

    async def signed_in() -> tuple[str, Crypto]:
        before = identity.device
        signed = await sign_in(wire, credentials, identity)
        if identity.device != before:
            await _forget_keys(house)
        return signed

    return make(Account(wire, signed_in))


async def _forget_keys(house: House) -> None:
    """From another device, the homeserver does not know what was sent under which key."""
    async with house.database.begin() as conn:
        await ledger.forget_keys(conn, MATRIX, house.clock())


def _service(house: House, make: Callable[..., MatrixChannel], wire: Wire, registered: Registration) -> MatrixChannel:
    """The channel as an application service."""
    account = Account(wire, lambda: appservice.sign_in(wire, registered, lambda: _forget_keys(house)))
    ping = partial(appservice.ping, wire, registered)
    return make(account, source=partial(Pushed, registration=registered, read=account.receive, ping=ping))


def matrix(house: House, engine: Engine, metrics: Metrics, channels: Channels) -> Service:
    """What serves the Matrix account: one process at a time. Nothing is delivered before what was missed is read.

    What is pushed, every process takes that it is pushed to; one of them delivers.
    """
    pace = pace_of(house, MATRIX)
    channels.matrix = channel = matrix_channel(house, engine, pace)
    delivering, beating = _delivering(house, MATRIX, channel, pace, metrics)
    once = Once(delivering, channel.ready)
    if house.database.is_sqlite:
        return Upheld((once,), on=(channel, *beating))
    leader = leader_of(house, "matrix")
    if channels.pushed:
        return Upheld((Elected(once, leader),), on=(channel, *beating))
    return Elected(Upheld((once,), on=(channel, *beating)), leader)


# --- both


def pace_of(house: House, account: str) -> Pace:
    """The limit of an account, which all processes keep to together."""
    rate, database = house.settings.rates[account], house.database
    return Pacer(rate) if database.is_sqlite else shared_pacer(rate, database.begin, account)


def leader_of(house: House, key: str) -> Leader:
    """How processes agree on one of them."""
    return NullLeader() if house.database.is_sqlite else AdvisoryLeader(house.database.url, key)


def _delivering(
    house: House, account: str, sender: Sender, pace: Pace, metrics: Metrics
) -> tuple[Deliverer, list[Service]]:
    """What delivers on an account, and what shows others that it lives."""
    worker = f"{WORKER}:{account}" if house.database.is_sqlite else new_worker()
    deliverer = Deliverer(
        house.database.begin,
        Courier(
            house.database, house.shelf, house.tools.vault, {account: sender}, house.clock, links=house.tools.links
        ),
        pace,
        account=account,
        worker=worker,
        clock=house.clock,
        key_lasts=KEY_LASTS.get(account),
        observe=lambda run, _, outcome: metrics.delivery(run.kind.value, type(outcome).__name__.lower()),
    )
    return deliverer, [] if house.database.is_sqlite else [Heartbeat(house.database.begin, worker)]
