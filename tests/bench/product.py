"""The product as it is measured: a house, residents who agreed, and a broadcast through all of it.

`python -m tests.bench.product --url http://127.0.0.1:1 --count 10000` prints what a durable broadcast took, as JSON.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import uvloop
from prometheus_client import CollectorRegistry
from sqlalchemy import String, cast, insert, literal, select

from bot import accounts, running, wiring
from bot.accounts import Channels
from bot.obs import Metrics, configure_logging
from bot.services.courier import Courier, Sender
from bot.settings import load
from bot.storage import tables
from bot.storage.audience import ResidentsAudience
from bot.storage.database import Connection
from scheduler import ledger
from scheduler.delivery import Deliverer
from scheduler.model import Campaign, CampaignState, DeliveryState, Kind, OneOff, Run
from scheduler.pacing import NullPacer, Pace
from tests.bench import machine
from tests.telegram_api.server import TOKEN

AT_ONCE = 64
LOOK_S = 0.2
PATIENCE_S = 60.0
SOON_S = 0.005
TEXT = (
    "Sprawdź dziś czujkę czadu: naciśnij przycisk i poczekaj na sygnał. Czadu nie widać i nie czuć, a zimą zabiera "
    "ludzi we śnie. Nie zasłaniaj kratek wentylacyjnych, uchylaj okno, gdy używasz piecyka, i zamów przegląd "
    "kominiarza. Gdy czujka alarmuje: otwórz okna, wyjdź i dzwoń 112. Powiedz też sąsiadom."
)
CONTENT = {
    "id": "bench",
    "kind": "alert",
    "title": {"pl": "Czujka"},
    "text": {"pl": TEXT},
    "buttons": [{"url": "https://example.org/czad", "text": {"pl": "Więcej o czadzie"}}],
}
T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """On the loop that the product runs on."""
    return uvloop.run(work)


@asynccontextmanager
async def house_in(
    folder: Path, base_url: str = "http://127.0.0.1:1", *, rate: float = 25, database: str = ""
) -> AsyncIterator[wiring.House]:
    """A house in a folder, on SQLite or on the given database, whose Telegram is at `base_url`."""
    settings = load(
        {
            "BEZPIECZNY_DATA": str(folder),
            "BEZPIECZNY_DATABASE_URL": database,
            "BEZPIECZNY_PORT": "0",
            "BEZPIECZNY_TELEGRAM__TOKEN": TOKEN,
            "BEZPIECZNY_TELEGRAM__BASE_URL": base_url,
            "BEZPIECZNY_TELEGRAM__RATE": str(rate),
        }
    )
    async with wiring.open_house(settings) as opened:
        await asyncio.to_thread(lambda: opened.shelf.library)  # as a start does before anything is on
        yield opened


@asynccontextmanager
async def house(base_url: str, *, rate: float = 25, database: str = "") -> AsyncIterator[wiring.House]:
    """The same in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        async with house_in(Path(folder), base_url, rate=rate, database=database) as opened:
            yield opened


@asynccontextmanager
async def on(opened: wiring.House) -> AsyncIterator[None]:
    """Everything of the product but its web server, running for the block: channel, deliverer, clockwork."""
    registry, stop = CollectorRegistry(), asyncio.Event()
    parts = running.build(opened, Metrics(registry), registry, Channels(opened.settings))
    async with asyncio.TaskGroup() as group:
        for part in parts.services:
            group.create_task(part.run(stop))
        yield
        stop.set()


async def fill(conn: Connection, count: int, now: datetime) -> None:
    """Residents of Telegram with the addresses 1 to `count`, who agreed to alerts and campaigns."""
    numbers = select(literal(1).label("number")).cte("numbers", recursive=True)
    numbers = numbers.union_all(select(numbers.c.number + 1).where(numbers.c.number < count))
    columns: dict[str, Any] = {
        "channel": literal("telegram"),
        "address": cast(numbers.c.number, String),
        "language": literal("pl"),
        "alerts": literal(True),
        "campaigns": literal(True),
        "created_at": literal(now, tables.residents.c.created_at.type),
        "seen_on": literal(now.date(), tables.residents.c.seen_on.type),
    }
    await conn.execute(insert(tables.residents).from_select(list(columns), select(*columns.values())))


async def draft(
    conn: Connection, now: datetime, slot_at: datetime | None = None, audience: Mapping[str, Any] | None = None
) -> Campaign:
    """The campaign, running; with a slot it waits for that instead. Its audience is everybody, or as given."""
    state = CampaignState.SCHEDULED if slot_at else CampaignState.RUNNING
    schedule = OneOff(slot_at) if slot_at else None
    campaign = Campaign(
        0,
        Kind.ALERT,
        "bench",
        CONTENT,
        dict(audience or {}),
        "bench",
        now,
        now,
        state,
        "other",
        schedule=schedule,
        next_at=slot_at,
    )
    return await ledger.create_campaign(conn, campaign)


async def has_residents(conn: Connection) -> bool:
    """Whether anybody lives here yet."""
    return (await conn.execute(select(tables.residents.c.id).limit(1))).first() is not None


async def open_run(
    conn: Connection,
    now: datetime,
    *,
    key: str = "bench",
    audience: Mapping[str, Any] | None = None,
    channel: str = "telegram",
) -> Run:
    """A run to everybody, or as given, written into the ledger."""
    return await ledger.open_run(
        conn,
        ResidentsAudience(lambda: {channel}),
        key=key,
        kind=Kind.ALERT,
        slot_at=now,
        expires_at=now + timedelta(days=1),
        now=now,
        campaign=await draft(conn, now, audience=audience),
    )


async def until_sent(opened: wiring.House, seconds: float) -> None:
    """Wait for the last outcome; for so many seconds the ledger is not even asked, so that it works undisturbed."""
    await asyncio.sleep(seconds)
    async with asyncio.timeout(PATIENCE_S):
        while await _open(opened):  # noqa: ASYNC110 - only the database knows
            await asyncio.sleep(LOOK_S)


async def _open(opened: wiring.House) -> int:
    async with opened.database.read() as conn:
        return await ledger.count_open(conn)


class Count:
    """Counts outcomes down; `done` at none left."""

    def __init__(self, left: int) -> None:
        self._left = left
        self.done = asyncio.Event()

    def __call__(self, *_: object) -> None:
        """One outcome."""
        self._left -= 1
        if not self._left:
            self.done.set()


async def broadcast(opened: wiring.House, count: int) -> dict[str, float]:
    """A durable campaign on Telegram without a cap; returns what `delivered` does."""
    channel = accounts.telegram_channel(opened, opened.engine, NullPacer())
    taken = await delivered(opened, channel, "telegram", count, NullPacer())
    await channel.close()
    return taken


async def delivered(
    opened: wiring.House, channel: Sender, account: str, count: int, pace: Pace, *, at_once: int = AT_ONCE
) -> dict[str, float]:
    """Deliver what the ledger holds: claim, render, mark, send, record.

    Returns the seconds until the last outcome is written, with those of the CPU: in all threads, and in the loop's own.
    """
    courier = Courier(opened.database, opened.shelf, opened.tools.vault, {account: channel}, opened.clock)
    counted, stop = Count(count), asyncio.Event()
    deliverer = Deliverer(
        opened.database.begin,
        courier,
        pace,
        account=account,
        worker="bench",
        clock=opened.clock,
        concurrency=at_once,
        key_lasts=accounts.KEY_LASTS.get(account),
        observe=counted,
    )
    begun, cpu, own = time.perf_counter(), machine.cpu_s(), time.thread_time()
    delivering = asyncio.create_task(deliverer.run(stop))
    await counted.done.wait()
    while await _open(opened):  # noqa: ASYNC110 - only the database knows
        await asyncio.sleep(SOON_S)
    seconds, cpu_s, own_cpu_s = time.perf_counter() - begun, machine.cpu_s() - cpu, time.thread_time() - own
    stop.set()
    await delivering
    return {"seconds": seconds, "cpu_s": cpu_s, "own_cpu_s": own_cpu_s}


async def check(opened: wiring.House, run_id: int, count: int) -> None:
    """Raise unless the ledger says that everybody was sent it."""
    async with opened.database.read() as conn:
        balance = await ledger.balance(conn, run_id)
    if balance[DeliveryState.SENT] != count:
        raise RuntimeError(f"not all were sent: {balance}")


Taken = dict[str, float]
Around = Callable[[Coroutine[Any, Any, Taken]], Coroutine[Any, Any, Taken]]


async def durable(base_url: str, count: int, database: str = "", around: Around | None = None) -> Taken:
    """What a durable broadcast took; `around` may look on while it runs."""
    async with house(base_url, database=database) as opened:
        async with opened.database.begin() as conn:
            await fill(conn, count, opened.clock())
            opening = await open_run(conn, opened.clock())
        work = broadcast(opened, count)
        taken = await (around(work) if around else work)
        await check(opened, opening.id, count)
    return taken


def main() -> None:
    """Read the arguments, send, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--database", default="")
    given = parser.parse_args()
    configure_logging("console", "warning", sys.stderr)
    sys.stdout.write(json.dumps(run(durable(given.url, given.count, given.database))))


if __name__ == "__main__":
    main()
