"""What is done by the clock: campaigns opened, tips and reminders sent, staff told, old data forgotten, counts kept."""

from datetime import timedelta

from bot.obs import Metrics
from bot.services import broadcasts, figures, notices, quality, retention, snapshots
from bot.services.programme_report import keeping as programme_report
from bot.storage.audience import ResidentsAudience
from bot.wiring import House
from scheduler import counting, ledger
from scheduler.clockwork import Job
from scheduler.planner import plan
from scheduler.trouble import Trouble

RUNS_A_NIGHT = 10_000
"""Runs that are counted anew at night because people have left them."""


def jobs_of(house: House, audience: ResidentsAudience, metrics: Metrics) -> tuple[Job, ...]:
    """All of them, with how often each is done."""
    database, vault = house.database, house.tools.vault

    opening = Trouble("what is due cannot be opened")

    async def campaigns() -> None:
        planned = await plan(database.begin, audience, house.clock())
        opening.met("; ".join(planned.delayed)) if planned.delayed else opening.over()

    async def broadcast() -> None:
        await broadcasts.open_due(database, audience, house.clock())
        await broadcasts.fill_free_places(database, vault, house.clock())

    async def tell_staff() -> None:
        await notices.tell_paused(database, house.clock())

    async def forget() -> None:
        await retention.sweep(database, house.clock())

    return (
        Job("campaigns", timedelta(seconds=0.25), campaigns),
        Job("broadcasts", timedelta(seconds=30), broadcast),
        Job("notices", timedelta(seconds=5), tell_staff),
        Job("retention", "30 3 * * *", forget),
        *_counting(house, metrics),
    )


def _counting(house: House, metrics: Metrics) -> tuple[Job, ...]:
    """What is counted beside, so that nobody has to wait for it."""
    database = house.database

    async def keep() -> None:
        """What pages show as it was a while ago is there before anybody asks for it, and not too old."""
        library, now = house.shelf.library, house.clock()
        await quality.measured(database, now)
        await figures.people(database, now)
        await programme_report.report(database, library, programme_report.years(library, now)[0], now)

    async def write_down() -> None:
        await snapshots.take(database, house.shelf.library, house.clock())

    async def sum_up() -> None:
        await counting.sum_up(database.begin, database.read)

    async def sum_up_again() -> None:
        await counting.sum_up(database.begin, database.read, stale=True, limit=RUNS_A_NIGHT)

    async def count() -> None:
        async with database.read() as conn:
            metrics.waiting(await ledger.count_open(conn))

    return (
        Job("kept counts", timedelta(minutes=1), keep),
        Job("snapshots", timedelta(minutes=1), write_down),  # it asks which days are missing: mostly none
        Job("sums", timedelta(seconds=5), sum_up),
        Job("old sums", "30 4 * * *", sum_up_again),
        Job("metrics", timedelta(seconds=10), count, everywhere=True),
    )
