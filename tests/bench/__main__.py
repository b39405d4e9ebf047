"""`python -m tests.bench`: what a turn costs, how fast a broadcast leaves beside bare HTTP posts, and a large library.

The Bot API server runs in a process of its own. Compare ratios within one run, not seconds between machines.
"""

import asyncio
import itertools
import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
from rich.console import Console
from rich.table import Table

from bot import running, wiring
from bot.dialogue.actions import encode
from bot.dialogue.engine import Engine
from bot.domain import actions as do
from bot.domain.messages import Button, Event, Press, Reply, Text
from bot.domain.residents import Address
from bot.services.courier import Courier
from bot.settings import load
from bot.storage import residents
from bot.storage.audience import ResidentsAudience
from scheduler import ledger
from scheduler.delivery import Deliverer
from scheduler.model import Campaign, CampaignState, DeliveryState, Kind
from scheduler.pacing import NullPacer
from tests.bench import content
from tests.bench.server import MESSAGES, serve
from tests.telegram_api.server import TOKEN

TURNS = 1000
AT_ONCE = 64


async def measured(work: Callable[[], Awaitable[int]]) -> tuple[float, float]:
    """Work done a second, and the CPU milliseconds of each piece."""
    begun, cpu = time.perf_counter(), _cpu()
    count = await work()
    return count / (time.perf_counter() - begun), 1000 * (_cpu() - cpu) / count


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def turns(engine: Engine, given: Callable[[Reply | None], Text | Press]) -> int:
    """One resident's turns, one after another."""
    reply: Reply | None = None
    for number in range(TURNS):
        event = Event(Address("terminal", "bench"), f"{given.__name__}{number}", given(reply), "pl")
        reply = await engine.turn(event)
    return TURNS


_nonce = itertools.count(10_000)


def answering(reply: Reply | None) -> Press:
    """Press the first button that goes on, beginning again after each result."""
    rows = reply.screen.rows if reply else ()
    forward = [one for row in rows for one in row if isinstance(one, Button) and not isinstance(one.action, do.Home)]
    if not forward or isinstance(forward[0].action, do.SetConsent | do.RepeatMissed):
        return Press(encode(do.StartMix("", "", 5, next(_nonce))))
    return Press(encode(forward[-1].action if len(forward) > 1 and len(rows) == 1 else forward[0].action))


def asking(reply: Reply | None) -> Text:
    """Ask in one's own words."""
    return Text("co zrobić gdy kliknąłem w link z smsa")


async def posts(base_url: str) -> int:
    """Bare posts of the same size, none of them recorded."""
    url = f"{base_url}/bot{TOKEN}/sendMessage"
    numbers = iter(range(1, MESSAGES + 1))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE)) as session:

        async def worker() -> None:
            for number in numbers:
                async with session.post(url, data={"chat_id": str(number), "text": "x" * 300}) as answer:
                    await answer.read()

        await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    return MESSAGES


async def audience(house: wiring.House) -> int:
    """Residents, and a running campaign in the ledger; returns the run's number."""
    now = house.clock()
    async with house.database.begin() as conn:
        for number in range(1, MESSAGES + 1):
            resident = await residents.add(conn, Address("telegram", str(number)), "pl", now)
            await residents.change(conn, resident.id, alerts=True)
        content = {"id": "bench", "kind": "alert", "title": {"pl": "bench"}, "text": {"pl": "x" * 300}}
        draft = Campaign(0, Kind.ALERT, "bench", content, {}, "bench", now, now, CampaignState.RUNNING)
        run = await ledger.open_run(
            conn,
            ResidentsAudience(lambda: {"telegram"}),
            key="bench",
            kind=Kind.ALERT,
            slot_at=now,
            expires_at=now.replace(year=now.year + 1),
            now=now,
            campaign=await ledger.create_campaign(conn, draft),
        )
    return run.id


async def broadcast(house: wiring.House, run: int) -> int:
    """A durable campaign without a cap: claim, render, mark, send, record."""
    channel = running.telegram_channel(house, house.engine, NullPacer())
    courier = Courier(house.database, house.shelf, house.tools.vault, {"telegram": channel}, house.clock)
    left = MESSAGES
    done, stop = asyncio.Event(), asyncio.Event()

    def count(*_: object) -> None:
        nonlocal left
        left -= 1
        if not left:
            done.set()

    deliverer = Deliverer(
        house.database.begin,
        courier,
        NullPacer(),
        account="telegram",
        worker="bench",
        clock=house.clock,
        concurrency=AT_ONCE,
        observe=count,
    )
    delivering = asyncio.create_task(deliverer.run(stop))
    await done.wait()
    stop.set()
    await delivering
    await channel.close()
    async with house.database.read() as conn:
        balance = await ledger.balance(conn, run)
    if balance[DeliveryState.SENT] != MESSAGES:
        raise RuntimeError(f"not all were sent: {balance}")
    return MESSAGES


def library(folder: Path) -> Table:
    """A library of 10,000 questions, and a search among 10,000 items."""
    table = Table("what", "measured", "aim", title="A large library")
    times = [content.loading(folder) for _ in range(3)]
    seconds = sorted(taken for taken, _ in times)
    told = " / ".join(f"{taken:.2f}" for taken in seconds)
    table.add_row(f"load {times[0][1]:,} questions, three times", f"{told} s", "1.5 s")
    found = content.searching(content.large_search())
    told = f"median {found[len(found) // 2]:.1f}, 95 % {found[int(len(found) * 0.95)]:.1f}, most {found[-1]:.1f} ms"
    table.add_row(f"search {content.ITEMS:,} items, {len(found)} queries", told, "5 ms")
    return table


async def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        Console().print(library(content.large_folder(Path(folder) / "content")))
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(there,))
    server.start()
    base_url = here.recv()
    table = Table("what", "a second", "CPU ms each", title=f"{os.cpu_count()} cores; the server has its own process")
    with tempfile.TemporaryDirectory() as folder:
        settings = load(
            {
                "BEZPIECZNY_DATA": str(Path(folder) / "data"),
                "BEZPIECZNY_TELEGRAM__TOKEN": TOKEN,
                "BEZPIECZNY_TELEGRAM__BASE_URL": base_url,
            }
        )
        async with wiring.open_house(settings) as house:
            engine = house.engine
            rows = {
                "turns: quiz": await measured(lambda: turns(engine, answering)),
                "turns: search": await measured(lambda: turns(engine, asking)),
                "bare aiohttp posts": await measured(lambda: posts(base_url)),
            }
            run = await audience(house)
            rows["durable broadcast"] = await measured(lambda: broadcast(house, run))
    for name, (rate, cpu) in rows.items():
        table.add_row(name, f"{rate:,.0f}", f"{cpu:.2f}")
    Console().print(table)
    here.send("stop")
    server.join()


if __name__ == "__main__":
    asyncio.run(main())
