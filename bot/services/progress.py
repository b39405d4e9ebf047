"""How campaigns are doing: in a list, in a report, and live while they are being sent."""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from weakref import WeakKeyDictionary

from bot.storage.database import Connection, Database
from scheduler import ledger
from scheduler.model import Balance, Campaign, CampaignState, DeliveryState, Event, Kind, Progress, Run, RunState

PAGE = 50
"""Campaigns on a page of the list."""

# --- in a list


@dataclass(frozen=True, slots=True)
class Listed:
    """A campaign with its newest run, if it has one."""

    campaign: Campaign
    run: Run | None
    reached: int | None
    """How many got it; None while that is not known."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the list."""

    rows: tuple[Listed, ...]
    following: int | None
    """The next page holds the campaigns below this number; None: there is none."""


async def listing(
    conn: Connection,
    *,
    states: Collection[CampaignState] | None = None,
    kinds: Collection[Kind] | None = None,
    created_by: str | None = None,
    before: int | None = None,
) -> Page:
    """Campaigns, the newest first, a page at a time: of the given states, kinds and creator, where these are given."""
    found = await ledger.list_campaigns(conn, states, kinds=kinds, created_by=created_by, before=before, most=PAGE + 1)
    shown = found[:PAGE]
    newest = await ledger.newest_runs(conn, [campaign.id for campaign in shown])
    sums = await ledger.kept_sums(conn, [run.id for run in newest.values()])
    reached = {run_id: balance[DeliveryState.SENT] for run_id, (balance, _) in sums.items()}
    rows = [(campaign, newest.get(campaign.id)) for campaign in shown]
    listed = (Listed(campaign, run, reached.get(run.id) if run else None) for campaign, run in rows)
    return Page(tuple(listed), shown[-1].id if len(found) > PAGE else None)


# --- in a report


@dataclass(frozen=True, slots=True)
class Report:
    """A campaign with its history and its runs, the newest first."""

    campaign: Campaign
    events: tuple[Event, ...]
    runs: tuple[tuple[Run, Progress], ...]

    @property
    def is_moving(self) -> bool:
        """Whether something may still change by itself soon."""
        return self.campaign.state is CampaignState.RUNNING or any(
            run.state is RunState.RUNNING for run, _ in self.runs
        )


async def report(conn: Connection, campaign_id: int, now: datetime) -> Report:
    """How a campaign is doing. Raises UnknownCampaign."""
    campaign = await ledger.load_campaign(conn, campaign_id)
    runs = await ledger.list_runs(conn, campaign_id)
    return Report(
        campaign,
        tuple(await ledger.list_events(conn, campaign_id)),
        tuple([(run, await ledger.progress(conn, run.id, now)) for run in runs]),
    )


# --- live

NOT_SOONER_S = 1.0
"""How often a run is looked at, at the most, however many watch it."""
REST = 10
"""A look at a large run takes long: so many times as long nobody looks again."""


@dataclass(frozen=True, slots=True)
class Look:
    """A run as it stood a moment ago."""

    run: Run
    progress: Progress
    reasons: tuple[tuple[str, int], ...]
    """Why messages failed, and how many for each reason; the most frequent first."""

    @property
    def balance(self) -> Balance:
        """Where everybody in it stands."""
        return self.progress.balance


@dataclass(slots=True)
class _Watched:
    task: asyncio.Task[Look]
    again_at_s: float = 0.0  # of the event loop's clock


_WATCHED: WeakKeyDictionary[Database, dict[int, _Watched]] = WeakKeyDictionary()
"""The last look at each run, for all who watch it in this process."""


async def look(database: Database, run_id: int, clock: Callable[[], datetime]) -> Look:
    """A run as it stands now, or stood a moment ago: whoever watches the same run shares each look at it.

    Counting a run reads all its deliveries, so the larger it is, the more rarely that is done. Raises UnknownRun.
    """
    watched = _WATCHED.setdefault(database, {})
    known = watched.get(run_id)
    if known is None or (known.task.done() and asyncio.get_running_loop().time() >= known.again_at_s):
        _drop_old(watched)
        watched[run_id] = known = _Watched(asyncio.create_task(_look(database, run_id, clock, watched)))
    return await asyncio.shield(known.task)  # who goes away leaves it to the others


def _drop_old(watched: dict[int, _Watched]) -> None:
    now_s = asyncio.get_running_loop().time()
    for run_id, one in list(watched.items()):
        if one.task.done() and one.again_at_s < now_s:
            del watched[run_id]


async def _look(database: Database, run_id: int, clock: Callable[[], datetime], watched: dict[int, _Watched]) -> Look:
    loop = asyncio.get_running_loop()
    begun_s = loop.time()
    try:
        async with database.read() as conn:
            run = await ledger.load_run(conn, run_id)
            progress = await ledger.progress(conn, run_id, clock())
            failed = progress.balance[DeliveryState.FAILED]
            reasons = await ledger.reasons(conn, run_id) if failed else ()
    finally:
        ended_s = loop.time()
        watched[run_id].again_at_s = ended_s + max(NOT_SOONER_S, REST * (ended_s - begun_s))
    return Look(run, progress, reasons)
