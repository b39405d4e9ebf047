"""From the time that staff chose to the arrival of each message, through the planner's own tick."""

import asyncio
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot import wiring
from tests.bench import machine, product
from tests.bench.figures import percentile
from tests.bench.report import Section, at_most
from tests.bench.server import Remote, bot_api

AHEAD = timedelta(seconds=3)
SHARE, LIMIT_S = 0.95, 10.0


@dataclass(frozen=True, slots=True)
class Case:
    """An audience, and the rate at which it is reached."""

    rate: int
    audience: int


CASES = (Case(25, 250), Case(1000, 9_000))


def measure() -> list[Section]:
    """Each case once."""
    cores = machine.cores()
    with bot_api() as api, machine.on_core(cores[0] if cores else None):
        late = {case: product.run(_late(api, case)) for case in CASES}
    return [
        Section(
            "On time",
            ("audience", "rate", "first", "median", "95 %", "last"),
            tuple(_row(case, seconds) for case, seconds in late.items()),
            tuple(
                at_most(f"95 % of {case.audience:,} at {case.rate:,}/s", percentile(seconds, SHARE), LIMIT_S, "s")
                for case, seconds in late.items()
            ),
            (
                "Seconds from a campaign's slot to the arrival at the server; the planner opens the run and writes the "
                "audience meanwhile.",
            ),
        )
    ]


def _row(case: Case, seconds: list[float]) -> tuple[str, ...]:
    figures = (seconds[0], percentile(seconds, 0.5), percentile(seconds, SHARE), seconds[-1])
    return (f"{case.audience:,}", f"{case.rate:,}/s", *(f"{figure:.2f} s" for figure in figures))


async def _late(api: Remote, case: Case) -> list[float]:
    """How long after its slot each message arrived, in order."""
    async with product.house(api.base_url, rate=case.rate) as house:
        async with house.database.begin() as conn:
            await product.fill(conn, case.audience, house.clock())
        async with product.on(house):
            await asyncio.sleep(1)
            api.watched()
            slot_at = (house.clock() + AHEAD).replace(microsecond=0)
            slot = time.monotonic() + (slot_at - house.clock()).total_seconds()
            await _deliver(house, slot_at, case)
        arrivals = sorted(api.watched().broadcast)
    if len(arrivals) != case.audience:
        raise RuntimeError(f"{len(arrivals)} messages arrived, not {case.audience}")
    return [at - slot for at in arrivals]


async def _deliver(house: wiring.House, slot_at: datetime, case: Case) -> None:
    async with house.database.begin() as conn:
        await product.draft(conn, house.clock(), slot_at)
    await asyncio.sleep(AHEAD.total_seconds())
    await product.until_sent(house, case.audience / case.rate)
