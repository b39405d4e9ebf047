"""Runs that are open or went wrong: seen, resumed, and what failed in them sent again."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.services import campaigns as desk
from bot.services import staff
from bot.storage.database import Connection
from scheduler import ledger, lifecycle
from scheduler.calendar import release_at
from scheduler.errors import RunNotPaused, RunOfCampaign, UnknownRun
from scheduler.model import Balance, Campaign, Run, RunState


@dataclass(frozen=True, slots=True)
class OpenRun:
    """A run that is not over, and where everybody in it stands."""

    run: Run
    balance: Balance


async def open_runs(conn: Connection) -> list[OpenRun]:
    """Every run that is running or paused, the newest first."""
    found = await ledger.list_runs(conn, states={RunState.RUNNING, RunState.PAUSED})
    return [OpenRun(run, await ledger.balance(conn, run.id)) for run in found]


async def resume_run(conn: Connection, key: str, *, who: str | None = None) -> Run:
    """Let a paused run that belongs to no campaign go on.

    Raises UnknownMember, NotYourRole, UnknownRun, RunOfCampaign, RunNotPaused.
    """
    if who is not None:
        await staff.allowed(conn, "resume_run", who)
    run = await _find(conn, key)
    if run.campaign_id is not None:
        raise RunOfCampaign(f"bezpieczny campaign resume {run.campaign_id}")
    if run.state is not RunState.PAUSED:
        raise RunNotPaused(f"it is {run.state}")
    await ledger.resume_run(conn, run.id)
    return await ledger.load_run(conn, run.id)


async def _find(conn: Connection, key: str) -> Run:
    run = await ledger.find_run(conn, key)
    if run is None:
        raise UnknownRun(key)
    return run


async def retry(
    conn: Connection,
    campaign_id: int,
    *,
    now: datetime,
    who: str | None = None,
    key: str | None = None,
    revision: int | None = None,
) -> tuple[Campaign, int]:
    """Let what failed in a campaign's newest run, or in the one of a key, wait again; nobody else gets anything.

    It goes on for as long as the campaign's window, counted from now. Returns how many wait again.

    Raises UnknownMember, NotYourRole, UnknownCampaign, StaleCampaign, UnknownRun, NotAllowed, RunNotOver,
    NothingFailed.
    """
    actor = staff.OPERATOR if who is None else await staff.allowed(conn, "retry", who)
    campaign = await desk.load(conn, campaign_id, revision)
    again = lifecycle.retry(campaign, now)
    run = await _run_of(conn, campaign_id, key)
    expires_at = release_at(campaign.kind, now) + timedelta(seconds=campaign.window_s)
    count = await ledger.retry_failed(conn, run.id, now, expires_at)
    what = f"sends again what failed in {run.key}: {count}"
    return await ledger.save_campaign(conn, again, who=actor, what=what, now=now), count


async def _run_of(conn: Connection, campaign_id: int, key: str | None) -> Run:
    for run in await ledger.list_runs(conn, campaign_id):
        if key in (None, run.key):
            return run
    raise UnknownRun(key or f"campaign {campaign_id} was never sent")
