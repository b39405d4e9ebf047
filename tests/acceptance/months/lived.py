"""The towns, and living through one of them in a process of its own, whose memory is then its alone."""

import logging
import tracemalloc
import warnings
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.acceptance.months.notes import Notes
from tests.acceptance.months.plan import off_over, two_months
from tests.acceptance.months.town import Town
from tests.acceptance.months.world import World
from tests.scheduler.world import in_virtual_time

TOWNS: Mapping[str, Callable[[], Town]] = {
    "spring": lambda: two_months(date(2026, 3, 29), seed=1),
    "autumn": lambda: two_months(date(2026, 10, 25), seed=2),
    "off over the spring of 2026": lambda: off_over(date(2026, 3, 29)),
    "off over the autumn of 2026": lambda: off_over(date(2026, 10, 25)),
    "off over the spring of 2027": lambda: off_over(date(2027, 3, 28)),
}


def lived_through(name: str) -> Notes:
    """What is known of a town after its time."""
    warnings.simplefilter("error")
    logging.disable(logging.WARNING)  # it says at each start what was in flight at the last death
    with TemporaryDirectory() as folder:
        notes: Notes = in_virtual_time(_live(TOWNS[name](), Path(folder)))
    return notes


async def _live(town: Town, folder: Path) -> Notes:
    world = World(town, folder)
    try:
        await world.settle_in()
        await world.live()
    finally:
        tracemalloc.stop()
        await world.close()
    return world.notes
