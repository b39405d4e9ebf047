"""Runs in the database: opened once by key, written in one INSERT … SELECT, finished when nothing is open."""

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, insert, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite

from scheduler import lifecycle
from scheduler.errors import UnknownRun
from scheduler.ledger.campaigns import load_campaign, save_campaign
from scheduler.ledger.states import expire, is_in
from scheduler.model import Campaign, DeliveryState, Kind, Run, RunState
from scheduler.ports import Audience
from scheduler.tables import deliveries, runs

if TYPE_CHECKING:
    from sqlalchemy import RowMapping
    from sqlalchemy.ext.asyncio import AsyncConnection

EMPTY = "nobody is in the audience"
_OPEN = (RunState.RUNNING, RunState.PAUSED)


async def open_run(
    conn: "AsyncConnection",
    audience: Audience,
    *,
    key: str,
    kind: Kind,
    slot_at: datetime,
    expires_at: datetime,
    now: datetime,
    campaign: Campaign | None = None,
    subject: str = "",
) -> Run:
    """Open the run of this key and write its audience; if it was opened before, only return it.

    Nothing of it leaves before `slot_at`, or after `expires_at`.
    """
    values = {
        "key": key,
        "kind": kind,
        "campaign_id": campaign.id if campaign else None,
        "subject": subject,
        "slot_at": slot_at,
        "expires_at": expires_at,
        "state": RunState.RUNNING,
        "audience": 0,
        "started_at": now,
    }
    # The unique key decides between two planners, not the code: the second inserts nothing.
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    once = dialect.insert(runs).values(values).on_conflict_do_nothing(index_elements=["key"])
    if (await conn.execute(once)).rowcount != 1:
        return await _load(conn, runs.c.key == key, key)
    run = await _load(conn, runs.c.key == key, key)
    size = await _write_audience(conn, audience, run, campaign)
    reason = None if size else EMPTY
    await conn.execute(update(runs).where(runs.c.id == run.id).values(audience=size, reason=reason))
    return await load_run(conn, run.id)


async def _write_audience(conn: "AsyncConnection", audience: Audience, run: Run, campaign: Campaign | None) -> int:
    columns = deliveries.c
    people = audience.select(run, campaign).subquery()
    rows: dict[str, Any] = {
        "run_id": literal(run.id),
        "recipient": people.c.recipient,
        "account": people.c.account,
        "state": literal(DeliveryState.WAITING, columns.state.type),
        "attempt": literal(0),
        "doubts": literal(0),
        "due_at": literal(run.slot_at, columns.due_at.type),
    }
    written = await conn.execute(insert(deliveries).from_select(list(rows), select(*rows.values())))
    return written.rowcount


async def load_run(conn: "AsyncConnection", run_id: int) -> Run:
    """One run.

    Raises:
        UnknownRun: no run has this id.
    """
    return await _load(conn, runs.c.id == run_id, str(run_id))


async def _load(conn: "AsyncConnection", condition: Any, name: str) -> Run:
    row = (await conn.execute(select(runs).where(condition))).mappings().one_or_none()
    if row is None:
        raise UnknownRun(name)
    return _from_row(row)


async def load_work(conn: "AsyncConnection", run_id: int) -> tuple[Run, Campaign | None]:
    """A run with the campaign it belongs to, as a courier needs them."""
    run = await load_run(conn, run_id)
    return run, None if run.campaign_id is None else await load_campaign(conn, run.campaign_id)


async def find_run(conn: "AsyncConnection", key: str) -> Run | None:
    """The run of this key, if it was ever opened."""
    row = (await conn.execute(select(runs).where(runs.c.key == key))).mappings().one_or_none()
    return None if row is None else _from_row(row)


async def list_runs(
    conn: "AsyncConnection", campaign_id: int | None = None, states: Collection[RunState] | None = None
) -> list[Run]:
    """Runs, the newest first; of one campaign, or of the given states, if these are given."""
    query = select(runs).order_by(runs.c.id.desc())
    if campaign_id is not None:
        query = query.where(runs.c.campaign_id == campaign_id)
    if states is not None:
        query = query.where(runs.c.state.in_(states))
    return [_from_row(row) for row in (await conn.execute(query)).mappings()]


async def pause_run(conn: "AsyncConnection", run_id: int, reason: str, *, who: str, now: datetime) -> None:
    """Hold a run; a campaign's run is held by pausing the campaign."""
    run = await load_run(conn, run_id)
    if run.state is not RunState.RUNNING:
        return
    await _change(conn, run_id, (RunState.RUNNING,), state=RunState.PAUSED, reason=reason)
    if run.campaign_id is None:
        return
    campaign = await load_campaign(conn, run.campaign_id)
    if lifecycle.may("pause", campaign):
        await save_campaign(conn, lifecycle.pause(campaign, now, reason), who=who, what=f"paused: {reason}", now=now)


async def resume_run(conn: "AsyncConnection", run_id: int) -> None:
    """Let a held run that belongs to no campaign go on; a campaign's run follows its campaign."""
    await _change(conn, run_id, (RunState.PAUSED,), state=RunState.RUNNING, reason=None)


async def cancel_run(conn: "AsyncConnection", run_id: int, reason: str, now: datetime) -> None:
    """End a run that belongs to no campaign; what has not left stays waiting for good."""
    await _change(conn, run_id, _OPEN, state=RunState.CANCELLED, reason=reason, finished_at=now)


async def _change(conn: "AsyncConnection", run_id: int, before: Collection[RunState], **values: object) -> None:
    await conn.execute(update(runs).where(runs.c.id == run_id, runs.c.state.in_(before)).values(values))


async def finish_runs(conn: "AsyncConnection", now: datetime) -> list[Run]:
    """Expire what may not leave any more, and finish the running runs in which nothing is open."""
    await expire(conn, now)
    still_open = (
        exists().where(deliveries.c.run_id == runs.c.id, is_in(state))
        for state in (DeliveryState.WAITING, DeliveryState.SENDING)
    )
    statement = (
        update(runs)
        .where(runs.c.state == RunState.RUNNING, *(~rows for rows in still_open))
        .values(state=RunState.FINISHED, finished_at=now)
        .returning(runs)
    )
    return [_from_row(row) for row in (await conn.execute(statement)).mappings()]


def _from_row(row: "RowMapping") -> Run:
    return Run(**row)
