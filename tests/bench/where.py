"""Where the CPU time of a broadcast goes: an unwatched run for the sums, a profiled one for the shares within."""

import cProfile
import time
from collections import defaultdict
from collections.abc import Coroutine
from types import CodeType
from typing import Any

from tests.bench import machine, product
from tests.bench.report import Section
from tests.bench.server import bot_api

COUNT = 10_000

LOOP = "the event loop and what it calls in C"
OTHER = "the rest: the standard library, structlog, …"
DATABASE = "SQLite's threads"
HOMES = (
    ("HTTP: aiohttp and its parts", ("/aiohttp/", "/yarl/", "/multidict/", "/aiohappyeyeballs/", "/propcache/")),
    ("Telegram's library", ("/telegram/",)),
    (
        "channel and words: rendering",
        ("/bot/channels/", "/bot/catalogue/", "/bot/domain/", "/bot/dialogue/", "/markdown_it/"),
    ),
    ("courier", ("/bot/services/",)),
    (
        "deliverer, scribe, pacing",
        ("/scheduler/delivery", "/scheduler/guarded", "/scheduler/scribe", "/scheduler/pacing", "/scheduler/model"),
    ),
    (
        "ledger: statements, SQLAlchemy, the driver",
        ("/scheduler/ledger/", "/scheduler/tables", "/sqlalchemy/", "/aiosqlite/", "/bot/storage/", "/sqlite3/"),
    ),
    ("asyncio: tasks, locks, futures", ("/asyncio/",)),
    ("json", ("/json/",)),
)


def measure() -> list[Section]:
    """Both runs, and the table."""
    cores = machine.cores()
    profile = cProfile.Profile(timer=time.thread_time)
    with bot_api() as api, machine.on_core(cores[0] if cores else None):
        plain = product.run(product.durable(api.base_url, COUNT))

        async def watched(work: Coroutine[Any, Any, product.Taken]) -> product.Taken:
            profile.enable()
            taken = await work
            profile.disable()
            return taken

        whole = product.run(product.durable(api.base_url, COUNT, around=watched))
    return [_section(plain, _shares(profile, whole["own_cpu_s"]))]


def _shares(profile: cProfile.Profile, own_s: float) -> dict[str, float]:
    """The share of each part in the time of the loop's thread; a C function counts for whoever calls it."""
    seconds: defaultdict[str, float] = defaultdict(float)
    for entry in profile.getstats():
        if not isinstance(entry.code, CodeType):
            continue
        called = sum(one.inlinetime for one in entry.calls or () if not isinstance(one.code, CodeType))
        seconds[_home(entry.code.co_filename)] += entry.inlinetime + called
    seconds[LOOP] = max(0.0, own_s - sum(seconds.values()))
    return {name: figure / sum(seconds.values()) for name, figure in seconds.items()}


def _home(file: str) -> str:
    return next((name for name, places in HOMES if any(place in file for place in places)), OTHER)


def _section(plain: dict[str, float], shares: dict[str, float]) -> Section:
    own = plain["own_cpu_s"] / plain["cpu_s"]
    parts = {name: own * share for name, share in shares.items()} | {DATABASE: 1 - own}
    each_ms = 1000 * plain["cpu_s"] / COUNT
    rows = [
        (name, f"{share:.0%}", f"{share * each_ms:.3f}")
        for name, share in sorted(parts.items(), key=lambda part: -part[1])
    ]
    return Section(
        "Where the time of a durable broadcast goes",
        ("part", "share of the CPU", "ms a message"),
        (*rows, ("all", "100 %", f"{each_ms:.3f}")),
        notes=(
            "The sum and the threads' part are from a run that nobody watched. The shares within the loop's thread are "
            "cProfile's, which makes what is many small Python functions look larger than it is.",
        ),
    )
