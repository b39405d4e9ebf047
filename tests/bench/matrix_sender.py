"""Those who send on Matrix, each a process of its own: the channel with the ledger behind it, and bare PUTs of aiohttp.

`python -m tests.bench.matrix_sender product PLAN` (or `bare`) prints what it took, as JSON; a plan is a `Plan` in JSON.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import aiohttp

from bot import accounts, wiring
from bot.channels.matrix.channel import MatrixChannel
from bot.obs import configure_logging
from bot.settings import load
from bot.storage.bulk import insert_all
from bot.storage.database import Connection
from scheduler.delivery import CONCURRENCY
from scheduler.pacing import NullPacer, Pace, Pacer
from tests.bench import machine, product

CHANNEL = "matrix"


@dataclass(frozen=True, slots=True)
class Plan:
    """Where to send, as whom, into which rooms. Without a `rate` as fast as it goes."""

    url: str
    user: str
    password: str
    token: str
    """Of another device of the same account."""
    rooms: list[str]
    folder: str
    """Where the product keeps its data from one lap to the next."""
    server: int
    """The homeserver's process."""
    times: int = 1
    """So many messages into each, of as many campaigns."""
    encrypted: bool = False
    rate: float | None = None
    at_once: int = CONCURRENCY
    content: dict[str, Any] = field(default_factory=dict)
    """What bare PUTs say: what the product says."""

    @property
    def messages(self) -> int:
        """How many in all."""
        return self.times * len(self.rooms)

    def write(self, file: Path) -> Path:
        """Keep it for a sender."""
        file.write_text(json.dumps(asdict(self)), encoding="utf-8")
        return file

    @classmethod
    def read(cls, file: Path) -> "Plan":
        """The plan in a file."""
        return cls(**json.loads(file.read_text(encoding="utf-8")))


# --- the product


async def broadcast(plan: Plan) -> dict[str, float]:
    """A durable campaign: claimed, prepared, marked, sent, recorded; the channel reads its account meanwhile."""
    async with _house(plan) as opened:
        pace: Pace = Pacer(plan.rate) if plan.rate else NullPacer()
        channel = accounts.matrix_channel(opened, opened.engine, pace)
        async with opened.database.begin() as conn:
            await _settle(conn, plan, opened)
        async with _served(channel):
            async with opened.database.begin() as conn:
                keys = [f"bench:{uuid4()}" for _ in range(plan.times)]
                runs = [await product.open_run(conn, opened.clock(), key=key, channel=CHANNEL) for key in keys]
            served_s = machine.cpu_s_of(plan.server)
            taken = await product.delivered(opened, channel, CHANNEL, plan.messages, pace, at_once=plan.at_once)
            taken["server_s"] = machine.cpu_s_of(plan.server) - served_s
        for run in runs:
            await product.check(opened, run.id, len(plan.rooms))
        return taken


@asynccontextmanager
async def _house(plan: Plan) -> AsyncIterator[wiring.House]:
    account = {"HOMESERVER": plan.url, "USER": plan.user, "PASSWORD": plan.password}
    own = {f"BEZPIECZNY_MATRIX__{name}": value for name, value in account.items()}
    async with wiring.open_house(load({"BEZPIECZNY_DATA": plan.folder, "BEZPIECZNY_PORT": "0", **own})) as opened:
        await asyncio.to_thread(lambda: opened.shelf.library)
        yield opened


@asynccontextmanager
async def _served(channel: MatrixChannel) -> AsyncIterator[None]:
    stop = asyncio.Event()
    serving = asyncio.create_task(channel.run(stop))
    await channel.ready.wait()
    yield
    stop.set()
    await serving


async def _settle(conn: Connection, plan: Plan, opened: wiring.House) -> None:
    """A resident for each room, who agreed to alerts; once."""
    if await product.has_residents(conn):
        return
    now = opened.clock()
    people = {room: f"@p{number}:bench" for number, room in enumerate(plan.rooms)}
    resident = {"channel": CHANNEL, "language": "pl", "alerts": True, "campaigns": True, "created_at": now}
    row = {"encrypted": plan.encrypted, "joined_at": now}
    await insert_all(
        conn,
        {
            "residents": [{**resident, "seen_on": now.date(), "address": person} for person in people.values()],
            "matrix_rooms": [{**row, "room": room, "person": person} for room, person in people.items()],
        },
    )


# --- bare


async def bare(plan: Plan) -> dict[str, float]:
    """PUTs whose answer is read and not looked at: about what HTTP and the homeserver alone cost."""
    wanted = iter([(room, uuid4()) for _ in range(plan.times) for room in plan.rooms])
    headers = {"Authorization": f"Bearer {plan.token}", "Content-Type": "application/json"}
    async with aiohttp.ClientSession(headers=headers, connector=aiohttp.TCPConnector(limit=plan.at_once)) as session:

        async def send() -> None:
            for room, mark in wanted:
                path = f"/_matrix/client/v3/rooms/{quote(room)}/send/m.room.message/{mark}"
                async with session.put(plan.url + path, data=json.dumps(plan.content)) as answer:
                    said = await answer.read()
                    if not answer.ok:
                        raise RuntimeError(f"{answer.status}: {said[:200]!r}")

        begun, cpu, served_s = time.perf_counter(), machine.cpu_s(), machine.cpu_s_of(plan.server)
        await asyncio.gather(*(send() for _ in range(plan.at_once)))
        seconds, cpu_s = time.perf_counter() - begun, machine.cpu_s() - cpu
        return {"seconds": seconds, "cpu_s": cpu_s, "server_s": machine.cpu_s_of(plan.server) - served_s}


WAYS = {"product": broadcast, "bare": bare}


def main() -> None:
    """Read the arguments, send, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("way", choices=WAYS)
    parser.add_argument("plan", type=Path)
    given = parser.parse_args()
    configure_logging("console", "error", sys.stderr)
    sys.stdout.write(json.dumps(product.run(WAYS[given.way](Plan.read(given.plan)))))


if __name__ == "__main__":
    main()
