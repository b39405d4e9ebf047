"""Everything that runs side by side: the server, the channels, the deliverers, the clockwork.

On SQLite one process does it all. On PostgreSQL any number of processes share it by their roles, and for what only one
of them may do (plan, or poll an account) they agree through the database who does.

Apart from `wiring`, so that a command of the staff's starts without the web framework and Telegram's library.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry

from bot import accounts
from bot.accounts import Channels
from bot.catalogue import reload
from bot.catalogue.library import Library
from bot.catalogue.problems import ContentError
from bot.channels.telegram.channel import TelegramChannel
from bot.dialogue.engine import Engine
from bot.domain.errors import BotError
from bot.domain.roles import EVERYTHING, Role
from bot.jobs import jobs_of
from bot.obs import Metrics
from bot.services import signin
from bot.settings import Settings, data_folder
from bot.storage.audience import ResidentsAudience
from bot.storage.lock import hold
from bot.web import lessons, ops, verify
from bot.web.api import app as api
from bot.web.api.desk import Desk
from bot.web.app import create_app
from bot.web.console import app as console
from bot.web.console.house import House as ConsoleHouse
from bot.web.server import Server
from bot.wiring import House, new_number, new_token, open_house, utc_now
from scheduler.clockwork import Clockwork
from scheduler.services import Service, Upheld

if TYPE_CHECKING:
    from fastapi import FastAPI

LOCK = "bot.lock"


class OnlyOneProcess(BotError):
    """On SQLite one process does everything. To share it out, set BEZPIECZNY_DATABASE_URL to a PostgreSQL database."""


@dataclass(frozen=True, slots=True)
class Running:
    """What is on, for whoever started it."""

    address: str
    channels: tuple[str, ...]
    console: str | None = None
    """The staff's console, as they reach it; None for a process that does not serve it."""
    first_link: str | None = None
    """Where nobody is on the staff yet: the one-time link of the first admin."""


def web_app(
    house: House,
    engine: Engine,
    registry: CollectorRegistry,
    channels: Channels,
    *,
    listening: TelegramChannel | None = None,
    closing: Callable[[], bool] = lambda: False,
) -> "FastAPI":
    """Everything that is served over HTTP; `closing` tells when the server is about to stop."""
    public_url = house.settings.public_url
    return create_app(
        dialogue=engine,
        shelf=house.shelf,
        new_token=new_token,
        public_url=public_url,
        checks=ops.checks_of(house.database, house.shelf),
        registry=registry,
        telegram_webhook=listening.webhook.handle if listening else None,
        appservice=channels.pushed,
        lessons=lessons.routes(
            database=house.database,
            shelf=house.shelf,
            clock=house.clock,
            new_token=new_token,
            new_number=new_number,
            secure=public_url.startswith("https:"),
        ),
        verification=verify.routes(database=house.database, vault=house.tools.vault, clock=house.clock),
        console=console.routes(
            ConsoleHouse(
                settings=house.settings,
                database=house.database,
                shelf=house.shelf,
                tools=house.tools,
                clock=house.clock,
                new_token=new_token,
                rates=house.settings.rates,
                senders=channels.senders,
                closing=closing,
            )
        ),
        api=api.routes(Desk(house.database, house.shelf, house.tools.vault, house.clock, public_url)),
    )


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that runs side by side, built and not yet started."""

    house: House
    metrics: Metrics
    server: Server
    services: tuple[Service, ...]


def build(
    house: House,
    metrics: Metrics,
    registry: CollectorRegistry,
    channels: Channels,
    roles: Collection[Role] = EVERYTHING,
    *,
    closing: Callable[[], bool] = lambda: False,
) -> Parts:
    """Every part of these roles; `channels` is filled here."""
    settings = house.settings
    engine = Engine(house.database, house.shelf, house.tools, house.clock, metrics.turn)
    services, listening = [_clock(house, metrics, roles)], None
    if settings.telegram.token and {Role.WEB, Role.DELIVER}.intersection(roles):
        service, listening = accounts.telegram(house, engine, metrics, channels, roles)
        services.append(service)
    if settings.matrix.homeserver and Role.MATRIX in roles:
        services.append(accounts.matrix(house, engine, metrics, channels))
    if Role.WEB in roles:
        app = web_app(house, engine, registry, channels, listening=listening, closing=closing)
    else:
        app = ops.alone(ops.checks_of(house.database, house.shelf), registry, appservice=channels.pushed)
    return Parts(house, metrics, Server(app, settings.host, settings.port), tuple(services))


def _clock(house: House, metrics: Metrics, roles: Collection[Role]) -> Service:
    names = tuple(house.settings.rates)
    jobs = jobs_of(house, ResidentsAudience(lambda: names), metrics)
    if Role.PLAN not in roles:
        return Clockwork([job for job in jobs if job.everywhere])
    leader = accounts.leader_of(house, "plan")
    return Upheld((Clockwork(jobs, leader),), on=(leader,))


async def run(
    settings: Settings,
    stop: asyncio.Event,
    announce: Callable[[Running], None],
    *,
    roles: Collection[Role] = EVERYTHING,
    clock: Callable[[], datetime] = utc_now,
) -> None:
    """Run everything of these roles until `stop`; what is in flight is finished, within about ten seconds.

    Raises what `open_house` raises, ContentError, AlreadyRunning, OnlyOneProcess, and PortTaken.
    """
    channels = Channels(settings)
    with _alone_on_sqlite(settings, roles):
        async with open_house(
            settings, clock=clock, telegram_username=channels.telegram_name, matrix_user=channels.matrix_name
        ) as house:
            await asyncio.to_thread(lambda: house.shelf.library)  # broken content is to be known before anything is on
            registry = CollectorRegistry()
            parts = build(house, Metrics(registry), registry, channels, roles, closing=stop.is_set)
            address = parts.server.open()
            announce(await _running(house, address, roles))
            await _together(parts, stop)


async def _running(house: House, address: str, roles: Collection[Role]) -> Running:
    channels = ("web", *house.settings.rates)
    if Role.WEB not in roles:
        return Running(address, channels)
    token = new_token()
    async with house.database.begin() as conn:
        first = await signin.invite_first(conn, token, house.clock())
    link = house.tools.links.sign_in(token) if first else None
    return Running(address, channels, f"{house.settings.public_url}/console", link)


@contextmanager
def _alone_on_sqlite(settings: Settings, roles: Collection[Role]) -> Iterator[None]:
    if not settings.is_sqlite:
        yield
        return
    if set(roles) != EVERYTHING:
        raise OnlyOneProcess
    with hold(data_folder(settings) / LOCK):
        yield


async def _together(parts: Parts, stop: asyncio.Event) -> None:
    """Run the parts side by side: those that answer stop last, so that no reply is lost."""
    async with asyncio.TaskGroup() as group:
        for part in (parts.server, *parts.services):
            group.create_task(part.run(stop))
        watching = group.create_task(reload.watch(parts.house.reader, parts.house.shelf, _tell(parts.metrics)))
        await stop.wait()
        watching.cancel()


def _tell(metrics: Metrics) -> Callable[[Library | ContentError], Awaitable[None]]:
    async def tell(outcome: Library | ContentError) -> None:
        metrics.reload("broken" if isinstance(outcome, ContentError) else "ok")

    return tell
