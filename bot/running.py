"""Everything that runs side by side: the server, the channels, the deliverers, the clockwork.

Apart from `wiring`, so that a command of the staff's starts without the web framework and Telegram's library.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from prometheus_client import CollectorRegistry

from bot.catalogue import reload
from bot.catalogue.library import Library
from bot.catalogue.problems import ContentError
from bot.channels.telegram.channel import TelegramChannel
from bot.dialogue.engine import Engine
from bot.obs import Metrics
from bot.services import broadcasts, retention
from bot.services.courier import Courier
from bot.settings import Settings, SettingsError, data_folder
from bot.storage.audience import ResidentsAudience
from bot.storage.lock import hold
from bot.web import lessons
from bot.web.app import create_app
from bot.web.server import Server
from bot.wiring import House, new_number, new_token, open_house
from scheduler import ledger
from scheduler.clockwork import Clockwork, Job
from scheduler.delivery import Deliverer
from scheduler.pacing import Pace, Pacer
from scheduler.planner import plan

if TYPE_CHECKING:
    from fastapi import FastAPI

LOCK = "bot.lock"
WORKER = "bot"
"""The one process that delivers from a data folder; after a restart it settles what it left in flight."""


@dataclass(frozen=True, slots=True)
class Running:
    """What is on, for whoever started it."""

    address: str
    channels: tuple[str, ...]


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


def web_app(
    house: House, engine: Engine, registry: CollectorRegistry, telegram: TelegramChannel | None = None
) -> "FastAPI":
    """Everything that is served over HTTP."""
    public_url = house.settings.public_url

    async def database() -> bool:
        await house.database.check()
        return True

    return create_app(
        dialogue=engine,
        shelf=house.shelf,
        new_token=new_token,
        public_url=public_url,
        checks={"database": database},
        registry=registry,
        telegram_webhook=telegram.webhook.handle if telegram else None,
        lessons=lessons.routes(
            database=house.database,
            shelf=house.shelf,
            clock=house.clock,
            new_token=new_token,
            new_number=new_number,
            secure=public_url.startswith("https:"),
        ),
    )


class Service(Protocol):
    """Something that runs until it is told to stop, then finishes what is in flight."""

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop`."""
        ...


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that runs side by side, built and not yet started."""

    house: House
    metrics: Metrics
    server: Server
    channels: tuple[TelegramChannel, ...]
    deliverers: tuple[Deliverer, ...]
    clockwork: Clockwork


def build(house: House, metrics: Metrics, registry: CollectorRegistry, channels: list[TelegramChannel]) -> Parts:
    """Every part, from what they stand on; `channels` is filled here, since links ask it for the bot's name."""
    settings = house.settings
    engine = Engine(house.database, house.shelf, house.tools, house.clock, metrics.turn)
    pacer = Pacer(settings.telegram.rate)
    if settings.telegram.token:
        channels.append(telegram_channel(house, engine, pacer))
    senders = {"telegram": channels[0]} if channels else {}
    courier = Courier(house.database, house.shelf, house.tools.vault, senders, house.clock)
    app = web_app(house, engine, registry, channels[0] if channels else None)
    return Parts(
        house,
        metrics,
        server=Server(app, settings.host, settings.port),
        channels=tuple(channels),
        deliverers=tuple(
            Deliverer(
                house.database.begin,
                courier,
                pacer,
                account=account,
                worker=WORKER,
                clock=house.clock,
                observe=lambda run, _, outcome: metrics.delivery(run.kind.value, type(outcome).__name__.lower()),
            )
            for account in senders
        ),
        clockwork=Clockwork(_jobs(house, ResidentsAudience(senders.keys), metrics)),
    )


def _jobs(house: House, audience: ResidentsAudience, metrics: Metrics) -> tuple[Job, ...]:
    database, vault = house.database, house.tools.vault

    async def campaigns() -> None:
        await plan(database.begin, audience, house.clock())

    async def broadcast() -> None:
        await broadcasts.open_due(database, audience, house.clock())
        await broadcasts.fill_free_places(database, vault, house.clock())

    async def forget() -> None:
        await retention.sweep(database, house.clock())

    async def count() -> None:
        async with database.read() as conn:
            metrics.waiting(await ledger.count_open(conn))

    return (
        Job("campaigns", timedelta(seconds=1), campaigns),
        Job("broadcasts", timedelta(seconds=30), broadcast),
        Job("retention", "30 3 * * *", forget),
        Job("metrics", timedelta(seconds=10), count, everywhere=True),
    )


async def run(settings: Settings, stop: asyncio.Event, announce: Callable[[Running], None]) -> None:
    """Run everything until `stop`; what is in flight is finished, within about ten seconds.

    Raises what `open_house` raises, ContentError, AlreadyRunning, and PortTaken.
    """
    channels: list[TelegramChannel] = []

    def username() -> str | None:
        return channels[0].username if channels else None

    with hold(data_folder(settings) / LOCK):
        async with open_house(settings, telegram_username=username) as house:
            await asyncio.to_thread(lambda: house.shelf.library)  # broken content is to be known before anything is on
            registry = CollectorRegistry()
            parts = build(house, Metrics(registry), registry, channels)
            address = parts.server.open()
            announce(Running(address, ("web", *(["telegram"] if channels else []))))
            await _together(parts, stop)


async def _together(parts: Parts, stop: asyncio.Event) -> None:
    """Run the parts side by side: those that answer stop last, so that no reply is lost."""
    async with asyncio.TaskGroup() as group:
        group.create_task(parts.server.run(stop))
        services: tuple[Service, ...] = (*parts.channels, *parts.deliverers, parts.clockwork)
        for part in services:
            group.create_task(part.run(stop))
        watching = group.create_task(reload.watch(parts.house.reader, parts.house.shelf, _tell(parts.metrics)))
        await stop.wait()
        watching.cancel()


def _tell(metrics: Metrics) -> Callable[[Library | ContentError], Awaitable[None]]:
    async def tell(outcome: Library | ContentError) -> None:
        metrics.reload("broken" if isinstance(outcome, ContentError) else "ok")

    return tell
