"""The database in trouble while the program runs: its disk is full, or another process keeps it locked."""

import asyncio
import re
import resource
import sys
from contextlib import suppress
from pathlib import Path

from scheduler.model import Kind
from tests.acceptance.conftest import eventually
from tests.chaos.broadcast import Stage, evidence, finished, staged
from tests.chaos.city import City, announce
from tests.chaos.killer import database_of, sent
from tests.chaos.promises import Verdict, judge
from tests.chaos.sight import look

ROOM = 32 * 1024
"""Bytes beyond which no file of the program may be written while the disk is full; its log is shorter."""
ENDURED_S = 3.0
FULL = re.compile(r"disk is full|disk I/O error")
LOCKED = re.compile(r"database is locked")
HOLD = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
time.sleep(float(sys.argv[2]))
connection.execute("ROLLBACK")
"""


async def disk_full(folder: Path, city: City) -> list[Verdict]:
    """The disk is full while the audience is written, and again in mid-run; both times there is room again later."""
    async with staged(folder, city) as stage:
        await stage.program.start()
        _limit(stage, ROOM)
        async with stage.database() as database, database.begin() as conn:
            await announce(conn, Kind.ALERT, stage.now())
        verdicts = [await _names(stage, FULL), await _nothing_is_written(stage)]
        _limit(stage, None)
        await sent(stage.messenger, city.people // 3)
        _limit(stage, ROOM)
        verdicts += [await _names(stage, FULL), await _nothing_leaves(stage)]
        _limit(stage, None)
        return [*verdicts, *await _ended(stage)]


async def locked(folder: Path, city: City, seconds: float) -> list[Verdict]:
    """Another process keeps the database locked in mid-run."""
    async with staged(folder, city) as stage:
        async with stage.database() as database, database.begin() as conn:
            await announce(conn, Kind.ALERT, stage.now())
        await stage.program.start()
        await sent(stage.messenger, city.people // 3)
        words = (sys.executable, "-c", HOLD, str(database_of(stage.program)), str(seconds))
        holder = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
        assert holder.stdout
        await holder.stdout.readline()
        verdicts = [await _nothing_leaves(stage), await _names(stage, LOCKED)]
        await holder.wait()
        return [*verdicts, *await _ended(stage)]


def _limit(stage: Stage, size: int | None) -> None:
    """Let no file of the running program grow beyond `size`; None: let them grow again."""
    assert stage.program.process
    pid = stage.program.process.pid
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard if size is None else size, hard))


async def _names(stage: Stage, cause: re.Pattern[str]) -> Verdict:
    """Whether the log says from now on what is wrong."""
    begun = len(stage.program.log.read_text())

    def lines() -> list[str]:
        return [line for line in stage.program.log.read_text()[begun:].splitlines() if cause.search(line)]

    with suppress(TimeoutError):
        await eventually(lambda: bool(lines()), "the log says what is wrong")
    return Verdict("the log says what is wrong", bool(lines()), f"{len(lines())} lines")


async def _nothing_is_written(stage: Stage) -> Verdict:
    await asyncio.sleep(ENDURED_S)
    async with stage.database() as database, database.read() as conn:
        sight = await look(conn)
    nothing = sight.run is None and not sight.rows
    return Verdict(
        "no audience is written in part", nothing, f"{len(sight.rows):,} deliveries, run: {sight.run is not None}"
    )


async def _nothing_leaves(stage: Stage) -> Verdict:
    """What cannot be recorded does not leave: only what was marked before still does."""
    await asyncio.sleep(1)
    before = stage.messenger.requests
    await asyncio.sleep(ENDURED_S)
    left = stage.messenger.requests - before
    return Verdict("nothing leaves while nothing can be recorded", left == 0, f"{left:,} requests in {ENDURED_S:.0f} s")


async def _ended(stage: Stage) -> list[Verdict]:
    """When it is over: the ledger's promises, and that nothing had to be called uncertain."""
    end = await finished(stage)
    running = await stage.program.stop() == 0
    doubts = sum(row.doubts for row in end.rows)
    return [
        *judge(evidence(stage, Kind.ALERT, end)),
        Verdict("it goes on by itself, without a doubt", running and not doubts, f"{doubts:,} doubts"),
    ]
