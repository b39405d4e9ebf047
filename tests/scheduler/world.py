"""A small host for the scheduler: people in a table, a courier that does as it is told, and time that can be turned."""

import asyncio
import selectors
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Integer, MetaData, Select, String, Table, event, false, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import StaticPool

from scheduler import ledger, lifecycle
from scheduler.model import Campaign, Delivery, Kind, OneOff, Outcome, Run, Schedule, Sent
from scheduler.tables import metadata

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)

host_metadata = MetaData()
people = Table(
    "people", host_metadata, Column("id", Integer, primary_key=True), Column("account", String, nullable=False)
)


class Everyone:
    """The audience of all people in the table."""

    def select(self, run: Run, campaign: Campaign | None) -> Select[int, str, bool]:  # noqa: ARG002 - a port's signature
        return select(people.c.id.label("recipient"), people.c.account, false().label("held_out"))


class Database:
    """An engine with the scheduler's and the host's tables."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    def begin(self) -> AbstractAsyncContextManager[AsyncConnection]:
        return self.engine.begin()

    async def populate(self, *accounts: str) -> None:
        """Add one person for each account; ids count from 1."""
        async with self.begin() as conn:
            await conn.execute(insert(people), [{"account": account} for account in accounts])

    async def open(self, kind: Kind = Kind.NEWS, key: str = "run", now: datetime = NOON, **more: Any) -> Run:
        values: dict[str, Any] = {"slot_at": now, "expires_at": now + DAY} | more
        async with self.begin() as conn:
            return await ledger.open_run(conn, Everyone(), key=key, kind=kind, now=now, **values)

    async def schedule(self, when: Schedule | None = None, kind: Kind = Kind.NEWS, now: datetime = NOON) -> Campaign:
        """A campaign that went all the way to its schedule."""
        drafted = lifecycle.draft(kind=kind, title="t", content={"a": 1}, audience={"b": [2]}, author="ada", now=now)
        async with self.begin() as conn:
            campaign = await ledger.create_campaign(conn, drafted)
            campaign = lifecycle.approve(lifecycle.submit(campaign, now), "bob", now)
            campaign = lifecycle.schedule(campaign, when or OneOff(now), now)
            return await ledger.save_campaign(conn, campaign, who="ada", what="scheduled", now=now)

    async def save(self, campaign: Campaign, now: datetime = NOON) -> Campaign:
        async with self.begin() as conn:
            return await ledger.save_campaign(conn, campaign, who="ada", what=campaign.state, now=now)

    async def load(self, campaign_id: int) -> Campaign:
        async with self.begin() as conn:
            return await ledger.load_campaign(conn, campaign_id)


@asynccontextmanager
async def database(path: Path | None = None) -> AsyncIterator[Database]:
    """A SQLite database in a file (WAL), or in memory."""
    if path:
        engine = create_async_engine(f"sqlite+aiosqlite:///{path}")
    else:
        engine = create_async_engine("sqlite+aiosqlite://", poolclass=StaticPool)
    _prepare_sqlite(engine)
    async with _opened(engine) as opened:
        yield opened


@asynccontextmanager
async def database_at(url: str) -> AsyncIterator[Database]:
    """A PostgreSQL database that `fill` was given."""
    engine = create_async_engine(url, pool_size=20)
    ledger.name_faults(engine.sync_engine)
    async with _opened(engine) as opened:
        yield opened


async def fill(url: str) -> None:
    """Make the scheduler's and the host's tables in an empty database."""
    async with database_at(url):
        pass


@asynccontextmanager
async def _opened(engine: AsyncEngine) -> AsyncIterator[Database]:
    try:
        async with engine.begin() as conn:
            await conn.run_sync(metadata.create_all)
            await conn.run_sync(host_metadata.create_all)
        yield Database(engine)
    finally:
        await engine.dispose()


def _prepare_sqlite(engine: AsyncEngine) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def _connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode = WAL", "foreign_keys = ON", "busy_timeout = 5000", "synchronous = NORMAL"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


Answer = Callable[[Delivery], Outcome | Awaitable[Outcome]]


class FakeCourier:
    """Notes every send and answers by a function; by default all is sent."""

    def __init__(self, answer: Answer = lambda delivery: Sent(delivery.key)) -> None:
        self.answer = answer
        self.sends: list[Delivery] = []

    async def prepare(self, batch: Sequence[Delivery], run: Run, campaign: Campaign | None) -> list[Any]:  # noqa: ARG002 - a port's signature
        return [FakeParcel(self, delivery) for delivery in batch]

    async def send(self, delivery: Delivery) -> Outcome:
        self.sends.append(delivery)
        outcome = self.answer(delivery)
        return await outcome if isinstance(outcome, Awaitable) else outcome

    @property
    def recipients(self) -> list[int]:
        return [delivery.recipient for delivery in self.sends]


class FakeParcel:
    """A message of the fake courier's."""

    def __init__(self, courier: FakeCourier, delivery: Delivery) -> None:
        self._courier = courier
        self._delivery = delivery

    async def send(self) -> Outcome:
        return await self._courier.send(self._delivery)


class _LeapingSelector(selectors.DefaultSelector):
    """Does not wait for a timer: it sets the loop's clock to it."""

    loop: "VirtualLoop"

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("everything waits and no timer runs")
        if timeout > 0:
            self.loop.now += timeout + next(self.loop.late_s)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop on which waiting takes no time. Timers fire late by `late_s` in turn, like on a busy machine."""

    def __init__(self, late_s: Sequence[float] = (0.0,)) -> None:
        selector = _LeapingSelector()
        selector.loop = self
        self.now = 1000.0
        self.late_s = cycle(late_s)
        super().__init__(selector)

    def time(self) -> float:
        return self.now


def in_virtual_time(main: Coroutine[Any, Any, Any], *late_s: float) -> Any:
    """Run a coroutine to its end in virtual time."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(late_s or (0.0,))) as runner:
        return runner.run(main)
