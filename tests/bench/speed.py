"""Sending beside the peers: each contender is a process of its own on one core, and they take turns."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from tests.bench import machine, product
from tests.bench.figures import median
from tests.bench.report import Promise, Section, at_least, broken
from tests.bench.server import Remote, bot_api
from tests.bench.strict import Checked, strict_api
from tests.postgres import NoPostgres, Server, postgres_server

COUNT = 10_000
ROUNDS = 3
FEW = 8
"""The more requests httpx has in flight, the more each costs: so it is shown at its best too."""
TRIAL = 200
"""Messages of each contender that the strict server reads."""

ROOT = Path(__file__).parents[2]
PEERS = ROOT / ".venv-peers" / "bin" / "python"

LOOPS = ("asyncio", "uvloop")

DURABLE = "Bezpieczny Kraków, durable, SQLite"
ON_POSTGRES = "Bezpieczny Kraków, durable, PostgreSQL"
BARE = "bare aiohttp posts"
PTB = "python-telegram-bot, as it comes"
AIOGRAM = "aiogram, as it comes"
Entry = tuple[str, str, int]
"""A name, a loop, and how many at once."""
OURS: Entry = (DURABLE, "uvloop", product.AT_ONCE)
BESIDE_AIOGRAM = "the durable broadcast beside aiogram's faster form"


@dataclass(frozen=True, slots=True)
class Contender:
    """Somebody who sends: the command, to which the place, the number and the message are added.

    The product's command knows its own message, and how many it has in flight.
    """

    name: str
    loop: str
    command: tuple[str, ...]
    takes_message: bool = True
    at_once: int = product.AT_ONCE


@dataclass(frozen=True, slots=True)
class Lap:
    """What one contender took for one lap: seconds by the clock, of its CPU, and of the server's."""

    seconds: float
    cpu_s: float
    server_s: float


def contenders(database: str | None) -> list[Contender]:
    """Everybody who can take part here."""
    own, script = (sys.executable, "-m", "tests.bench.product"), str(ROOT / "tests" / "bench" / "peers.py")
    found = [Contender(DURABLE, "uvloop", own, takes_message=False)]
    if database:
        found.append(Contender(ON_POSTGRES, "uvloop", (*own, "--database", database), takes_message=False))
    found += [Contender(BARE, loop, (sys.executable, script, "bare", "--loop", loop)) for loop in LOOPS]
    ptb = (sys.executable, script, "ptb")
    found += [Contender(PTB, "asyncio", ptb), Contender(PTB, "asyncio", ptb, at_once=FEW)]
    if PEERS.exists():
        found += [Contender(AIOGRAM, loop, (str(PEERS), script, "aiogram", "--loop", loop)) for loop in LOOPS]
    return found


def measure() -> list[Section]:
    """Check everybody's messages, then let them run in turns."""
    with tempfile.TemporaryDirectory() as folder, postgres() as database:
        message = Path(folder) / "message.json"
        everybody = contenders(database.new_database() if database else None)
        checked = _trial(everybody, message)
        laps: dict[Contender, list[Lap]] = {one: [] for one in everybody}
        with bot_api(checked.answer) as api:
            api.watched()
            for _ in range(ROUNDS):
                for one in everybody:
                    laps[one].append(_lap(one, api, message, database))
    return [_section(laps, checked, database is not None)]


@contextmanager
def postgres() -> Iterator[Server | None]:
    """PostgreSQL, on the Bot API's core; None where there is none."""
    cores = machine.cores()
    with ExitStack() as stack:
        server = None
        with suppress(NoPostgres), machine.on_core(cores[1] if cores else None):
            server = stack.enter_context(postgres_server())
        yield server


def _trial(everybody: list[Contender], message: Path) -> Checked:
    """Let the strict server read a few of each; what the product says is what its peers are given to say."""
    checked: Checked | None = None
    for one in everybody:
        with strict_api(TRIAL) as api:
            _start(one, api.base_url, TRIAL, message)
            found = api.check(one.name)
        if checked is None:
            checked = found
            message.write_text(json.dumps(found.message), encoding="utf-8")
        elif found.seen != checked.seen:
            raise RuntimeError(f"{one.name} said something else: {found.seen}, not {checked.seen}")
    if checked is None:
        raise RuntimeError("nobody takes part")
    return checked


def _lap(one: Contender, api: Remote, message: Path, database: Server | None) -> Lap:
    if "--database" in one.command and database:
        one = replace(one, command=(*one.command[:-1], database.new_database()))
    before = api.watched()
    taken = _start(one, api.base_url, COUNT, message)
    after = api.watched()
    if len(after.arrivals) != COUNT:
        raise RuntimeError(f"{one.name} sent {len(after.arrivals)} messages, not {COUNT}")
    return Lap(taken["seconds"], taken["cpu_s"], after.busy_s - before.busy_s)


def _start(one: Contender, url: str, count: int, message: Path) -> dict[str, float]:
    command = [*one.command, "--url", url, "--count", str(count)]
    if one.takes_message:
        command += ["--at-once", str(one.at_once), "--message", str(message)]
    cores = machine.cores()
    with machine.on_core(cores[0] if cores else None):
        done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    taken: dict[str, float] = json.loads(done.stdout)
    return taken


def _section(laps: dict[Contender, list[Lap]], checked: Checked, has_postgres: bool) -> Section:
    rates = {
        (one.name, one.loop, one.at_once): median([COUNT / lap.seconds for lap in run]) for one, run in laps.items()
    }
    notes = [
        f"{COUNT:,} messages of {checked.seen.letters} characters and {checked.seen.buttons} buttons; the median of "
        f"{ROUNDS} runs each, taken in turns.",
        "The product claims, marks and records each message; none of the peers records anything.",
        f"The strict Bot API of the tests read {TRIAL} messages of each contender first: all right, all the same.",
        "The server's share is how busy its own core was: where it nears 100 % the server is what is measured.",
    ]
    if has_postgres:
        notes.append(
            "PostgreSQL is the tests' own server: it forces nothing to the disk, and shares the Bot API's core."
        )
    else:
        notes.append("PostgreSQL could not be had here.")
    return Section(
        "Speed of sending",
        ("who", "loop", "at once", "messages/s", "beside the product", "CPU ms each", "server's share"),
        tuple(_row(one, run, rates[OURS]) for one, run in laps.items()),
        _promises(rates),
        tuple(notes),
    )


def _row(one: Contender, run: list[Lap], durable: float) -> tuple[str, ...]:
    rate = median([COUNT / lap.seconds for lap in run])
    return (
        one.name,
        one.loop,
        str(one.at_once),
        f"{rate:,.0f}",
        f"{rate / durable:.2f} ×",
        f"{median([1000 * lap.cpu_s / COUNT for lap in run]):.3f}",
        f"{median([lap.server_s / lap.seconds for lap in run]):.0%}",
    )


def _promises(rates: dict[Entry, float]) -> tuple[Promise, ...]:
    durable, aiogram = rates[OURS], [rate for (name, *_), rate in rates.items() if name == AIOGRAM]
    ptb = rates[PTB, "asyncio", product.AT_ONCE]
    beside_ptb = at_least("the durable broadcast beside python-telegram-bot, as many at once", durable / ptb, 7, "×")
    if not aiogram:
        return broken(BESIDE_AIOGRAM, "not measured: there is no .venv-peers (make bench makes it)", "at least 1 ×"), (
            beside_ptb
        )
    return at_least(BESIDE_AIOGRAM, durable / max(aiogram), 1, "×"), beside_ptb
