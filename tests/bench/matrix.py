"""Sending on Matrix: beside bare PUTs on a real homeserver, under its limits, and what our own part of it costs."""

import asyncio
import json
import multiprocessing
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

import nio

from scheduler.delivery import CONCURRENCY
from tests.bench import machine
from tests.bench.figures import median
from tests.bench.matrix_sender import Plan
from tests.bench.report import Promise, Section, at_least, at_most, broken
from tests.matrix.synapse import PASSWORD, NoSynapse, Synapse
from tests.matrix_api import MatrixApi
from tests.matrix_api.contract import ENCRYPTION, Client, clients

ROOT = Path(__file__).parents[2]
ROOMS, TIMES, ROUNDS = 240, 4, 7
SEALED_ROOMS, SEALED_ROUNDS = 60, 5
AT_ONCE = (16, 64, CONCURRENCY)
"""Bare PUTs in flight; those that are the fastest count. The homeserver does better with more of them."""
BESIDE = 0.95
LIMITS = {5: 60, 20: 200}
"""Messages a second that the homeserver allows, and how many are sent under it."""
BURST = 10
OWN_ROOMS = 2_000
SETTING_UP = 4


@dataclass(frozen=True, slots=True)
class Lap:
    """What one sender took for one message to each room."""

    messages: int
    seconds: float
    cpu_s: float
    server_s: float
    """The homeserver's CPU time."""

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.messages / self.seconds

    @property
    def cpu_ms(self) -> float:
        """CPU time of the sender's process for each message."""
        return 1000 * self.cpu_s / self.messages

    @property
    def server_ms(self) -> float:
        """CPU time of the homeserver for each message."""
        return 1000 * self.server_s / self.messages


def measure() -> list[Section]:
    """On a real homeserver without limits, then with them; then on one of our own, which costs little."""
    try:
        return [_speed(), _limits(), _own()]
    except NoSynapse as error:
        missing = broken("sending beside bare PUTs", str(error), f"at least {BESIDE} ×")
        return [Section("Matrix on a real homeserver", ("who",), (), (missing,)), _own()]


# --- a lap


def _lap(way: str, plan: Plan) -> Lap:
    """Let a sender run on a core of its own."""
    cores = machine.cores()
    with tempfile.TemporaryDirectory() as folder, machine.on_core(cores[0] if cores else None):
        file = plan.write(Path(folder) / "plan.json")
        command = [sys.executable, "-m", "tests.bench.matrix_sender", way, str(file)]
        done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    taken = json.loads(done.stdout)
    return Lap(plan.messages, taken["seconds"], taken["cpu_s"], taken["server_s"])


# --- a real homeserver


@contextmanager
def _synapse(**settings: object) -> Iterator[tuple[Synapse, Path]]:
    """On a core of its own, with the folder around its data."""
    cores = machine.cores()
    with tempfile.TemporaryDirectory() as folder:
        homeserver = Synapse(Path(folder) / "synapse", **settings)  # type: ignore[arg-type]  # of its own configuration
        with machine.on_core(cores[1] if cores else None):
            homeserver.start()
        try:
            yield homeserver, Path(folder)
        finally:
            homeserver.stop()


async def _settle(homeserver: Synapse, folder: Path, rooms: int, *, encrypted: bool = False) -> Plan:
    """So many rooms of two, in which nothing was said yet."""
    name = "sealed" if encrypted else "plain"
    async with clients(homeserver.url) as nobody:
        bot = await nobody.signs_in(homeserver.register(f"bot-{name}"), PASSWORD, "BARE")
        anna = await nobody.signs_in(homeserver.register(f"anna-{name}"), PASSWORD, "ANNA")
        if encrypted:
            await _has_keys(homeserver.url, anna, folder)
        left, made = iter(range(rooms)), list[str]()

        async def meet() -> None:
            for _ in left:
                room = await anna.asks_in(bot, *([ENCRYPTION] if encrypted else []))
                await bot.gets("POST", f"join/{room}", {})
                made.append(room)

        await asyncio.gather(*(meet() for _ in range(SETTING_UP)))
    data = folder / name
    return Plan(homeserver.url, bot.user, PASSWORD, bot.token, made, str(data), homeserver.pid, encrypted=encrypted)


async def _has_keys(url: str, anna: Client, folder: Path) -> None:
    """Let her device have keys, so that there is somebody to encrypt for."""
    keys = folder / "anna"
    keys.mkdir()
    config = nio.AsyncClientConfig(store_sync_tokens=False)
    client = nio.AsyncClient(url, anna.user, "ANNA", str(keys), config)
    client.restore_login(anna.user, "ANNA", anna.token)
    await client.keys_upload()
    await client.close()


async def _last_said(plan: Plan) -> dict[str, object]:
    """What the product says, for the others to say."""
    async with clients(plan.url) as nobody:
        bot = replace(nobody, user=plan.user, token=plan.token)
        [event] = (await bot.gets("GET", f"rooms/{plan.rooms[0]}/messages?dir=b&limit=1"))["chunk"]
        content: dict[str, object] = event["content"]
        return content


def _speed() -> Section:
    with _synapse() as (homeserver, folder):
        plan = asyncio.run(_settle(homeserver, folder, ROOMS))
        _lap("product", plan)
        plan = replace(plan, content=asyncio.run(_last_said(plan)), times=TIMES)
        ours, bare = list[Lap](), {number: list[Lap]() for number in AT_ONCE}
        for _ in range(ROUNDS):
            ours.append(_lap("product", plan))
            for number, its in bare.items():
                its.append(_lap("bare", replace(plan, at_once=number)))
        sealed = asyncio.run(_settle(homeserver, folder, SEALED_ROOMS, encrypted=True))
        first, then = _lap("product", sealed), [_lap("product", sealed) for _ in range(SEALED_ROUNDS)]
    best = max(bare.values(), key=lambda laps: median([lap.rate for lap in laps]))
    runs = {"Bezpieczny Kraków, durable, SQLite": ours}
    runs |= {f"bare aiohttp PUTs, {number} at once": its for number, its in bare.items()}
    runs |= {"the product, encrypted, first message": [first] * ROUNDS, "the product, encrypted, from then on": then}
    return Section(
        "Sending on a real homeserver",
        ("who", "messages/s", "beside the best bare", "CPU ms each", "the homeserver's"),
        tuple(_row(name, run, best) for name, run in runs.items()),
        (at_least("a campaign beside bare PUTs, the best of them", _beside(ours, best), BESIDE, "×"),),
        (
            f"Synapse on SQLite, bound to the other core; {ROOMS} plain rooms of two, {TIMES} messages of "
            f"{len(str(plan.content['body']))} characters to each; the median of {ROUNDS} runs each, taken in turns.",
            "Beside: the median of the shares in the same turn, for the machine is not as fast in each.",
            "The homeserver is the limit: 7 to 12 ms of its CPU for each message, fewer where more are in flight. "
            f"The product has {CONCURRENCY} in flight, as a broadcast always has, and also reads the account.",
            f"Encrypted: {SEALED_ROOMS} rooms, one message to each; with the first message each room's key is shared.",
        ),
    )


def _row(name: str, run: list[Lap], best: list[Lap]) -> tuple[str, ...]:
    rate = median([lap.rate for lap in run])
    own_ms, server_ms = median([lap.cpu_ms for lap in run]), median([lap.server_ms for lap in run])
    return name, f"{rate:,.1f}", f"{_beside(run, best):.2f} ×", f"{own_ms:.2f}", f"{server_ms:.2f}"


def _beside(run: list[Lap], best: list[Lap]) -> float:
    """The middle of the shares, each of two laps in one turn."""
    return median([lap.rate / other.rate for lap, other in zip(run, best, strict=False)])


# --- under its limits


def _limits() -> Section:
    rows, promises = list[tuple[str, ...]](), list[Promise]()
    for limit, count in LIMITS.items():
        with _synapse(rc_message={"per_second": limit, "burst_count": BURST}) as (homeserver, folder):
            plan = replace(asyncio.run(_settle(homeserver, folder, count)), rate=limit)
            lap = _lap("product", plan)
            arrived = _arrived(folder / "synapse" / "homeserver.sqlite3", plan.user)
        rows.append((f"{limit}/s", f"{count}", f"{lap.rate:.2f}", f"{lap.rate / limit:.1%}"))
        promises += [
            at_least(f"{limit}/s: share of the limit", lap.rate / limit, BESIDE, "of it", digits=3),
            at_most(f"{limit}/s: everybody once", sum(abs(one - 1) for one in arrived), 0, "messages off", digits=0),
            at_most(f"{limit}/s: rooms without it", count - len(arrived), 0, "rooms", digits=0),
        ]
    return Section(
        "Sending under the homeserver's limit",
        ("limit", "messages", "messages/s", "of the limit"),
        tuple(rows),
        tuple(promises),
        (f"`rc_message` of Synapse with a burst of {BURST}; our rate is the same. Its database says who has it.",),
    )


def _arrived(file: Path, bot: str) -> list[int]:
    """How many messages of the bot each room has, where it has any, as the homeserver's own database says."""
    query = "SELECT count(*) FROM events WHERE type = 'm.room.message' AND sender = ? GROUP BY room_id"
    with closing(sqlite3.connect(file)) as database:
        return [count for (count,) in database.execute(query, (bot,))]


# --- our own


def _own() -> Section:
    with _homeserver_of_ours(OWN_ROOMS) as (url, rooms, token, server), tempfile.TemporaryDirectory() as folder:
        content = {"msgtype": "m.notice", "body": "x" * 300}
        plan = Plan(url, "bot", "pw-bot", token, rooms, folder, server, content=content)
        laps = {"Bezpieczny Kraków, durable, SQLite": "product", "bare aiohttp PUTs": "bare"}
        runs: dict[str, list[Lap]] = {}
        for _ in range(3):
            for name, way in laps.items():
                runs.setdefault(name, []).append(_lap(way, plan))
    return Section(
        "What our part of a message costs",
        ("who", "messages/s", "beside bare", "CPU ms each", "the homeserver's"),
        tuple(_row(name, run, runs["bare aiohttp PUTs"]) for name, run in runs.items()),
        notes=(
            f"The homeserver of the tests, which knows everything in memory; {OWN_ROOMS:,} rooms, one message to each.",
        ),
    )


@contextmanager
def _homeserver_of_ours(rooms: int) -> Iterator[tuple[str, list[str], str, int]]:
    """In a process of its own, on the other core: its address, its rooms, a token of the bot's, its process."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs, rooms))
    process.start()
    try:
        yield (*ours.recv(), process.pid or 0)
    finally:
        ours.send(None)
        process.join()


def _serve(pipe: Pipe, rooms: int) -> None:
    async def serve() -> None:
        async with MatrixApi() as api:
            names = [api.person(f"p{number}").meets_bot().id for number in range(rooms)]
            token = api.world.sign_in(api.world.accounts[api.bot], "BARE")
            pipe.send((api.base_url, names, token))
            await asyncio.to_thread(pipe.recv)

    cores = machine.cores()
    with machine.on_core(cores[1] if cores else None):
        asyncio.run(serve())
