"""`python -m tests.chaos`, or `make chaos`: every promise of the ledger, put to the test and told in tables."""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from scheduler.model import Kind
from tests.chaos import killer
from tests.chaos.broadcast import FAULTS, Plan, broadcast
from tests.chaos.city import City
from tests.chaos.messengers import Messenger, OnMatrix, OnTelegram
from tests.chaos.program import Clock
from tests.chaos.promises import Verdict, judge
from tests.chaos.trouble import disk_full, locked

LOCKED_S = 15
Part = Callable[[Path], Awaitable[list[Verdict]]]
"""Happens in an empty folder."""

console = Console(width=None if sys.stdout.isatty() else 140)


def asked() -> argparse.Namespace:
    """What the command line wants."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description="The ledger's promises under chaos.")
    parser.add_argument("--people", type=int, default=10_000, help="residents to reach (default: 10,000)")
    parser.add_argument("--kills", type=int, default=50, help="kills of each broadcast (default: 50)")
    parser.add_argument("--seed", type=int, default=1, help="of the moments and the faults (default: 1)")
    parser.add_argument(
        "--matrix-people", type=int, default=2_000, help="residents to reach on Matrix (default: 2,000)"
    )
    parser.add_argument("--matrix-kills", type=int, default=30, help="kills of each broadcast there (default: 30)")
    parser.add_argument("--only", help="only the parts whose title holds this")
    return parser.parse_args()


def parts(people: int, kills: int, seed: int) -> dict[str, Part]:
    """Everything there is on Telegram, by title."""
    city = City(people)
    found = broadcasts(city, kills, seed, OnTelegram)
    found[f"alert to {people:,}, the disk is full twice"] = partial(disk_full, city=city)
    found[f"alert to {people:,}, the database is locked for {LOCKED_S} s"] = partial(
        locked, city=city, seconds=LOCKED_S
    )
    return found


def broadcasts(city: City, kills: int, seed: int, on: Callable[[], Messenger]) -> dict[str, Part]:
    """Broadcasts of each kind, without faults and with them, by title."""
    found: dict[str, Part] = {}
    where = "on Matrix, " if on is OnMatrix else ""
    for faults in ({}, FAULTS):
        for kind in (Kind.ALERT, Kind.NEWS):
            moments = killer.choose(seed + len(found), kills, city.people)
            clock = None if kind is Kind.ALERT else Clock.at_noon()
            plan = Plan(kind, city, seed, moments, faults, clock=clock, on=on)
            trouble = f", faults in {sum(faults.values()):.0%} of the requests" if faults else ""
            title = f"{where}{kind.value} to {city.people:,}, {kills} kills ({killer.told(moments)}){trouble}"
            found[title] = partial(judged, plan=plan)
    return found


async def judged(folder: Path, plan: Plan) -> list[Verdict]:
    """A broadcast, and what it says of the promises."""
    return judge(await broadcast(folder, plan))


async def main() -> bool:
    """Run the parts one after another; returns whether all promises were kept."""
    wanted = asked()
    console.print(f"seed {wanted.seed}")
    kept = True
    everything = parts(wanted.people, wanted.kills, wanted.seed)
    everything |= broadcasts(City(wanted.matrix_people), wanted.matrix_kills, wanted.seed, OnMatrix)
    for title, part in everything.items():
        if wanted.only and wanted.only not in title:
            continue
        begun = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            verdicts = await part(Path(folder))
        kept &= all(verdict.kept for verdict in verdicts)
        console.print(table(f"{title}: {time.perf_counter() - begun:,.0f} s", verdicts))
    return kept


def table(title: str, verdicts: list[Verdict]) -> Table:
    """One part's verdicts."""
    shown = Table("", "promise", "found", title=title, title_justify="left")
    for verdict in verdicts:
        shown.add_row("[green]kept" if verdict.kept else "[bold red]BROKEN", verdict.promise, verdict.found)
    return shown


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(main()) else 1)
