"""Campaigns in the database: guarded by their revision, with a history of who did what."""

from collections.abc import Collection
from dataclasses import asdict, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, insert, select, update

from scheduler.errors import StaleCampaign, UnknownCampaign
from scheduler.lifecycle import PAUSED_FOR
from scheduler.model import Campaign, CampaignState, Event, Kind, OneOff, Recurring, RunState, Schedule
from scheduler.tables import campaign_events, campaigns, runs

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, RowMapping
    from sqlalchemy.ext.asyncio import AsyncConnection

CREATED = "created"
"""The first line of every campaign's history."""
_FIRING = (CampaignState.SCHEDULED, CampaignState.RUNNING)


async def create_campaign(conn: "AsyncConnection", campaign: Campaign) -> Campaign:
    """Store a draft; returns it with its id."""
    values = _to_row(campaign)
    del values["id"]
    new_id = (await conn.execute(insert(campaigns).values(values).returning(campaigns.c.id))).scalar_one()
    await log_event(conn, Event(new_id, campaign.created_at, campaign.author, CREATED))
    return replace(campaign, id=new_id)


async def load_campaign(conn: "AsyncConnection", campaign_id: int) -> Campaign:
    """One campaign.

    Raises:
        UnknownCampaign: no campaign has this id.
    """
    query = select(campaigns).where(campaigns.c.id == campaign_id)
    row = (await conn.execute(query)).mappings().one_or_none()
    if row is None:
        raise UnknownCampaign(str(campaign_id))
    return _from_row(row)


async def save_campaign(conn: "AsyncConnection", campaign: Campaign, *, who: str, what: str, now: datetime) -> Campaign:
    """Store a changed campaign, log who did what, and bring its open runs in line with its state.

    A paused campaign's runs stand still and a cancelled one's end with the same commit, so nothing leaves after it.

    Raises:
        StaleCampaign: it was changed since it was loaded.
    """
    fresh = replace(campaign, revision=campaign.revision + 1)
    statement = (
        update(campaigns)
        .where(campaigns.c.id == campaign.id, campaigns.c.revision == campaign.revision)
        .values(_to_row(fresh))
    )
    if (await conn.execute(statement)).rowcount != 1:
        raise StaleCampaign(str(campaign.id))
    await log_event(conn, Event(campaign.id, now, who, what))
    await _align_runs(conn, fresh, now)
    return fresh


async def _align_runs(conn: "AsyncConnection", campaign: Campaign, now: datetime) -> None:
    values: dict[str, Any]
    match campaign.state:
        case CampaignState.PAUSED:
            before, values = {RunState.RUNNING}, {"state": RunState.PAUSED, "reason": campaign.reason}
        case CampaignState.CANCELLED:
            before = {RunState.RUNNING, RunState.PAUSED}
            values = {"state": RunState.CANCELLED, "reason": campaign.reason, "finished_at": now}
        case CampaignState.SCHEDULED | CampaignState.RUNNING:
            before, values = {RunState.PAUSED}, {"state": RunState.RUNNING, "reason": None}
        case _:
            return
    await conn.execute(update(runs).where(runs.c.campaign_id == campaign.id, runs.c.state.in_(before)).values(values))


async def list_campaigns(
    conn: "AsyncConnection",
    states: Collection[CampaignState] | None = None,
    *,
    ids: Collection[int] | None = None,
    kinds: Collection[Kind] | None = None,
    created_by: str | None = None,
    before: int | None = None,
    most: int | None = None,
) -> list[Campaign]:
    """Campaigns, the newest first: of the given states, ids, kinds and creator only, where these are given.

    With `most` no more than so many; those with ids below `before` are the next page.
    """
    query = select(campaigns).order_by(campaigns.c.id.desc()).limit(most)
    if states is not None:
        query = query.where(campaigns.c.state.in_(states))
    if ids is not None:
        query = query.where(campaigns.c.id.in_(ids))
    if kinds is not None:
        query = query.where(campaigns.c.kind.in_(kinds))
    if created_by is not None:
        query = query.where(_created_by(created_by))
    if before is not None:
        query = query.where(campaigns.c.id < before)
    return [_from_row(row) for row in (await conn.execute(query)).mappings()]


def _created_by(who: str) -> "ColumnElement[bool]":
    line = campaign_events.c
    return exists().where(line.campaign_id == campaigns.c.id, line.who == who, line.what == CREATED)


async def due_campaigns(conn: "AsyncConnection", now: datetime) -> list[int]:
    """Ids of the campaigns whose next slot has come."""
    query = (
        select(campaigns.c.id)
        .where(campaigns.c.state.in_(_FIRING), campaigns.c.next_at <= now)
        .order_by(campaigns.c.next_at, campaigns.c.id)
    )
    return list((await conn.execute(query)).scalars())


async def idle_campaigns(conn: "AsyncConnection") -> list[int]:
    """Ids of the running campaigns that have no open run any more."""
    open_run = exists().where(
        runs.c.campaign_id == campaigns.c.id, runs.c.state.in_((RunState.RUNNING, RunState.PAUSED))
    )
    query = select(campaigns.c.id).where(campaigns.c.state == CampaignState.RUNNING, ~open_run)
    return list((await conn.execute(query)).scalars())


async def log_event(conn: "AsyncConnection", event: Event) -> None:
    """Add a line to a campaign's history."""
    await conn.execute(insert(campaign_events).values(asdict(event)))


async def list_events(conn: "AsyncConnection", campaign_id: int) -> list[Event]:
    """A campaign's history, the oldest first."""
    table = campaign_events.c
    query = (
        select(table.campaign_id, table.at, table.who, table.what)
        .where(table.campaign_id == campaign_id)
        .order_by(table.id)
    )
    return [Event(**row) for row in (await conn.execute(query)).mappings()]


async def list_pauses(conn: "AsyncConnection", since: datetime) -> list[Event]:
    """When, and why, campaigns were paused for a fault since an instant, the oldest first."""
    table = campaign_events.c
    query = (
        select(table.campaign_id, table.at, table.who, table.what)
        .where(table.at >= since, table.what.startswith(PAUSED_FOR, autoescape=True))
        .order_by(table.id)
    )
    return [Event(**row) for row in (await conn.execute(query)).mappings()]


def _to_row(campaign: Campaign) -> dict[str, Any]:
    values = {column.name: getattr(campaign, column.name) for column in campaigns.columns}
    values["schedule"] = _dump_schedule(campaign.schedule)
    return values


def _from_row(row: "RowMapping") -> Campaign:
    values = dict(row)
    values["schedule"] = _load_schedule(values["schedule"])
    return Campaign(**values)


def _dump_schedule(schedule: Schedule | None) -> dict[str, Any] | None:
    match schedule:
        case None:
            return None
        case OneOff(at):
            return {"at": at.isoformat()}
        case Recurring(cron, skip):
            return {"cron": cron, "skip": sorted(day.isoformat() for day in skip)}


def _load_schedule(values: dict[str, Any] | None) -> Schedule | None:
    if values is None:
        return None
    if "at" in values:
        return OneOff(datetime.fromisoformat(values["at"]))
    return Recurring(values["cron"], frozenset(date.fromisoformat(day) for day in values["skip"]))
