"""When to kill: during start-up, in the middle of a transaction of the opening, and most of all while it sends."""

import asyncio
import fcntl
import random  # noqa: TID251 - seeded: the same moments each time
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from tests.acceptance.conftest import Program
from tests.chaos.messengers import Messenger

START_S, FIRST_S = 2.0, 0.5
"""About what a start takes, and how long it settles what an earlier life left."""
OPENING_S = 1.5
HELD_S = (0.001, 0.04)
"""From before the audience is written to after its commit, for 10,000 residents."""
STILL_S = 15.0
"""Nothing leaves for so long: what is left waits to be tried again, and a kill need not wait for it."""
WRITERS_BYTE = 120
"""Where in its shared-memory file SQLite locks for writing (https://sqlite.org/walformat.html#wal_locks)."""


@dataclass(frozen=True, slots=True)
class StartUp:
    """So long after the process began, or after it said that it runs."""

    after_s: float
    once_up: bool = False


@dataclass(frozen=True, slots=True)
class Opening:
    """Once the program is up, in a transaction that has written for so long: at first this is the audience."""

    held_s: float


@dataclass(frozen=True, slots=True)
class Sending:
    """After so many further requests, and a moment."""

    requests: int
    after_s: float


Moment = StartUp | Opening | Sending


def choose(seed: int, kills: int, people: int) -> list[Moment]:
    """So many moments: a tenth in the opening, a fifth at start-up, the others spread over most of a run.

    Not over all of it, for between a moment and its kill some more leave.
    """
    rng = random.Random(seed)  # noqa: S311 - not a secret
    opening = [Opening(rng.uniform(*HELD_S)) for _ in range(max(1, kills // 10))]
    starting = [
        StartUp(rng.uniform(0, FIRST_S), once_up=True) if number % 2 else StartUp(rng.uniform(0, START_S))
        for number in range(max(1, kills // 5))
    ]
    places = sorted(rng.randrange(people * 7 // 10) for _ in range(kills - len(opening) - len(starting)))
    steps = [after - before for before, after in zip([0, *places], places, strict=False)]
    later: list[Moment] = [Sending(max(1, step), rng.uniform(0, 0.05)) for step in steps]
    for start in starting[len(opening) :]:
        later.insert(rng.randrange(len(later) + 1), start)
    first = [moment for pair in zip(starting, opening, strict=False) for moment in pair]
    return [*first, *later]


async def wait_for(moment: Moment, program: Program, messenger: Messenger) -> None:
    """Wait until a moment of a program that was just spawned."""
    match moment:
        case StartUp(after_s, once_up):
            if once_up:
                await program.ready()
            await asyncio.sleep(after_s)
        case Opening(held_s):
            await program.ready()
            await _held(database_of(program), held_s)
        case Sending(requests, after_s):
            await sent(messenger, requests)
            await asyncio.sleep(after_s)
        case _:
            assert_never(moment)


def database_of(program: Program) -> Path:
    """The program's database."""
    return program.folder / "data" / "bezpieczny.sqlite3"


async def sent(messenger: Messenger, requests: int) -> None:
    """Wait for so many further requests to send a message, or until they stop coming."""
    loop = asyncio.get_running_loop()
    seen, since = messenger.requests, loop.time()
    goal = seen + requests
    while seen < goal and loop.time() - since < STILL_S:
        await asyncio.sleep(0.002)
        if messenger.requests > seen:
            seen, since = messenger.requests, loop.time()


async def _held(file: Path, held_s: float) -> None:
    """Wait until somebody has held the writer's lock for so long; if nobody does, for OPENING_S."""
    loop = asyncio.get_running_loop()
    since = end = loop.time()
    end += OPENING_S
    with file.with_name(f"{file.name}-shm").open("rb+") as shared:
        while (now := loop.time()) < end:
            if not _is_locked(shared.fileno()):
                since = now
            elif now - since >= held_s:
                return
            await asyncio.sleep(0.0005)


def _is_locked(descriptor: int) -> bool:
    """Whether another process holds the writer's lock; asks without taking it."""
    layout = "hhqqi"
    asked = struct.pack(layout, fcntl.F_WRLCK, 0, WRITERS_BYTE, 1, 0)
    kind, *_ = struct.unpack(layout, fcntl.fcntl(descriptor, fcntl.F_GETLK, asked))
    return bool(kind != fcntl.F_UNLCK)


def told(moments: Sequence[Moment]) -> str:
    """How many moments of each kind, in words."""
    names = {StartUp: "at start-up", Opening: "in the opening", Sending: "while sending"}
    return ", ".join(f"{sum(isinstance(one, kind) for one in moments)} {name}" for kind, name in names.items())
