"""One account, three processes: what they send together, seen from the other side."""

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bot.storage.database import Database
from bot.wiring import utc_now
from scheduler import ledger
from tests.acceptance.fleet import fleet
from tests.bench import product
from tests.bench.figures import busiest, rate
from tests.bench.report import Promise, Section, at_least, at_most, broken
from tests.bench.server import Remote, bot_api
from tests.postgres import NoPostgres, postgres_server

PROCESSES = 3
ACHIEVED = 0.97
SETTLED_S = 3.0
"""What the processes do at their start is over by then."""


@dataclass(frozen=True, slots=True)
class Case:
    """A cap of the account, and so many messages under it."""

    cap: int
    count: int


@dataclass(frozen=True, slots=True)
class Seen:
    """When messages arrived, and how many each process sent."""

    case: Case
    instants: list[float]
    shares: list[int]


CASES = (Case(30, 600), Case(300, 4_500), Case(1000, 12_000))


def measure() -> list[Section]:
    """Each cap in turn."""
    try:
        with postgres_server() as server, bot_api() as api:
            seen = [product.run(_seen(api, case, server.new_database())) for case in CASES]
    except NoPostgres as error:
        missing = broken("several processes", str(error), f"at least {ACHIEVED} of the cap")
        return [Section("Several processes on one account", ("cap",), (), (missing,))]
    return [
        Section(
            f"{PROCESSES} processes on one account, PostgreSQL",
            ("cap", "messages/s", "of the cap", "busiest second", "sent by each"),
            tuple(map(_row, seen)),
            tuple(promise for one in seen for promise in _promises(one)),
            (
                "Whole processes with all roles, on the same cores as PostgreSQL; they share the account's timeline.",
                "The rate is that from the first message to the last; the busiest second is the fullest window.",
            ),
        )
    ]


def _row(one: Seen) -> tuple[str, ...]:
    achieved = rate(one.instants)
    shares = " + ".join(f"{share:,}" for share in one.shares)
    return (
        f"{one.case.cap:,}/s",
        f"{achieved:,.2f}",
        f"{achieved / one.case.cap:.1%}",
        f"{busiest(one.instants):,}",
        shares,
    )


def _promises(one: Seen) -> tuple[Promise, ...]:
    cap = one.case.cap
    return (
        at_least(f"{cap:,}/s: share of the cap", rate(one.instants) / cap, ACHIEVED, "of it", digits=4),
        at_most(f"{cap:,}/s: the busiest second", busiest(one.instants), cap, "messages", digits=0),
        at_most(f"{cap:,}/s: everybody once", abs(len(one.instants) - one.case.count), 0, "messages off", digits=0),
    )


async def _seen(api: Remote, case: Case, url: str) -> Seen:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(url)
        async with database.begin() as conn:
            await product.fill(conn, case.count, utc_now())
        settings = {"BEZPIECZNY_TELEGRAM__RATE": str(case.cap)}
        async with fleet(Path(folder), api, url, **settings) as processes:
            members = await processes.start(*["web,deliver,plan"] * PROCESSES)
            await asyncio.sleep(SETTLED_S)
            api.watched()
            async with database.begin() as conn:
                await product.open_run(conn, utc_now())
            await _until_sent(database, case.count / case.cap)
            instants = sorted(api.watched().broadcast)
            shares = [await member.sent() for member in members]
        await database.close()
    return Seen(case, instants, shares)


async def _until_sent(database: Database, seconds: float) -> None:
    await asyncio.sleep(seconds)
    async with asyncio.timeout(product.PATIENCE_S):
        while True:
            async with database.read() as conn:
                if not await ledger.count_open(conn):
                    return
            await asyncio.sleep(product.LOOK_S)
