"""Runs in the database: opened once by key, written in one INSERT … SELECT, finished when nothing is open."""

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, case, exists, func, insert, literal, literal_column, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from scheduler import lifecycle
from scheduler.errors import NothingFailed, RunNotOver, UnknownRun
from scheduler.ledger import locks, totals
from scheduler.ledger.campaigns import load_campaign, save_campaign
from scheduler.ledger.states import WAITS_IN_DOUBT, expire, is_in
from scheduler.model import MAX_ATTEMPTS, Campaign, CampaignState, DeliveryState, Kind, Run, RunState
from scheduler.ports import Audience
from scheduler.tables import UtcDateTime, campaigns, deliveries, runs

if TYPE_CHECKING:
    from sqlalchemy import RowMapping, Select
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
    await locks.share(conn)
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
    rows = _places(audience, run, campaign)
    return (await conn.execute(insert(deliveries).from_select(*rows))).rowcount


def _places(
    audience: Audience, run: Run, campaign: Campaign | None, recipient: int | None = None
) -> "tuple[list[str], Select[*tuple[Any, ...]]]":
    """The ledger's columns, and the rows of everybody in a run's audience, or of one person if they are in it."""
    columns = deliveries.c
    people = audience.select(run, campaign).subquery()
    held_out = literal_column(f"'{DeliveryState.HELD_OUT.value}'", columns.state.type)
    waiting = literal_column(f"'{DeliveryState.WAITING.value}'", columns.state.type)
    rows: dict[str, Any] = {
        "run_id": literal(run.id),
        "recipient": people.c.recipient,
        "account": people.c.account,
        "state": case((people.c.held_out, held_out), else_=waiting),
        "attempt": literal(0),
        "doubts": literal(0),
        "due_at": literal(run.slot_at, columns.due_at.type),
        "settled_at": case((people.c.held_out, literal(run.started_at, columns.settled_at.type))),
    }
    found = select(*rows.values())
    return list(rows), found if recipient is None else found.where(people.c.recipient == recipient)


async def join(
    conn: "AsyncConnection", audience: Audience, run: Run, campaign: Campaign | None, *, recipient: int, now: datetime
) -> bool:
    """Take somebody into an open run who has come to belong to its audience; False if they do not, or are in it.

    Nobody is in a run twice, and who left it, or was left out of it, stays so. An `audience` that looks at this one
    person alone spares the database the others.
    """
    await locks.share(conn)
    is_open = (runs.c.id == run.id, runs.c.state.in_(_OPEN), runs.c.expires_at > now)
    # Held until the commit, so that the run is not finished in between.
    still = select(runs.c.id).where(*is_open).with_for_update(key_share=True)
    if (await conn.execute(still)).first() is None:
        return False
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    once = dialect.insert(deliveries).from_select(*_places(audience, run, campaign, recipient))
    joined = (await conn.execute(once.on_conflict_do_nothing(index_elements=["run_id", "recipient"]))).rowcount
    if joined:
        reason = func.nullif(runs.c.reason, EMPTY)
        grown = {"audience": runs.c.audience + joined, "reason": reason}
        await conn.execute(update(runs).where(runs.c.id == run.id).values(grown))
    return bool(joined)


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


async def newest_runs(conn: "AsyncConnection", campaign_ids: Collection[int]) -> dict[int, Run]:
    """The newest run of each of these campaigns that has one, by the campaign's id."""
    newest = select(func.max(runs.c.id)).where(runs.c.campaign_id.in_(campaign_ids)).group_by(runs.c.campaign_id)
    rows = (await conn.execute(select(runs).where(runs.c.id.in_(newest)))).mappings()
    return {row["campaign_id"]: _from_row(row) for row in rows}


async def runs_between(conn: "AsyncConnection", since: datetime, before: datetime) -> list[Run]:
    """Runs of campaigns whose slots lie in a span, the earliest first."""
    query = (
        select(runs)
        .where(runs.c.campaign_id.is_not(None), runs.c.slot_at >= since, runs.c.slot_at < before)
        .order_by(runs.c.slot_at, runs.c.id)
    )
    return [_from_row(row) for row in (await conn.execute(query)).mappings()]


async def pause_run(conn: "AsyncConnection", run_id: int, reason: str, *, who: str, now: datetime) -> None:
    """Hold a run; a campaign's run is held by pausing the campaign."""
    run = await load_run(conn, run_id)
    if run.state is not RunState.RUNNING:
        return
    # The campaign first, as whoever pauses a campaign does: two who took them the other way round would wait for ever.
    if run.campaign_id is not None:
        await _pause_campaign(conn, run.campaign_id, reason, who=who, now=now)
    await _change(conn, run_id, (RunState.RUNNING,), state=RunState.PAUSED, reason=reason)


async def _pause_campaign(conn: "AsyncConnection", campaign_id: int, reason: str, *, who: str, now: datetime) -> None:
    campaign = await load_campaign(conn, campaign_id)
    if lifecycle.may("pause", campaign):
        what = lifecycle.PAUSED_FOR + reason
        await save_campaign(conn, lifecycle.pause(campaign, now, reason), who=who, what=what, now=now)


async def resume_run(conn: "AsyncConnection", run_id: int) -> None:
    """Let a held run that belongs to no campaign go on; a campaign's run follows its campaign."""
    await _change(conn, run_id, (RunState.PAUSED,), state=RunState.RUNNING, reason=None)


async def retry_failed(conn: "AsyncConnection", run_id: int, now: datetime, expires_at: datetime) -> int:
    """Let what failed in a run wait again, and nothing else; the run goes on until `expires_at`. Returns how many.

    Attempts come in rounds of MAX_ATTEMPTS: the next one begins a round, so that the limit counts anew, while the
    number keeps rising, so that no answer to an earlier attempt can be taken for one to a later.

    Raises:
        UnknownRun: no run has this id.
        RunNotOver: it is paused or cancelled.
        NothingFailed: no delivery of it has failed.
    """
    run = await load_run(conn, run_id)
    if run.state not in {RunState.RUNNING, RunState.FINISHED}:
        raise RunNotOver(f"{run.key} is {run.state}")
    columns = deliveries.c
    again = (
        update(deliveries)
        .where(columns.run_id == run_id, is_in(DeliveryState.FAILED))
        .values(
            state=DeliveryState.WAITING,
            attempt=(columns.attempt // MAX_ATTEMPTS + 1) * MAX_ATTEMPTS,
            due_at=now,
            reason=None,
            settled_at=None,
        )
    )
    count = (await conn.execute(again)).rowcount
    if not count:
        raise NothingFailed(run.key)
    await totals.changed(conn, [run_id])
    going = {"state": RunState.RUNNING, "reason": None, "finished_at": None}
    later = max(expires_at, run.expires_at)
    await _change(conn, run_id, (RunState.RUNNING, RunState.FINISHED), expires_at=later, **going)
    return count


async def cancel_run(conn: "AsyncConnection", run_id: int, reason: str, now: datetime) -> None:
    """End a run that belongs to no campaign; what has not left stays waiting for good."""
    await _change(conn, run_id, _OPEN, state=RunState.CANCELLED, reason=reason, finished_at=now)


async def _change(conn: "AsyncConnection", run_id: int, before: Collection[RunState], **values: object) -> None:
    await conn.execute(update(runs).where(runs.c.id == run_id, runs.c.state.in_(before)).values(values))


_WORK = select(
    or_(
        exists().where(campaigns.c.state == CampaignState.RUNNING),
        exists().where(
            campaigns.c.state == CampaignState.SCHEDULED, campaigns.c.next_at <= bindparam("now", type_=UtcDateTime)
        ),
        exists().where(runs.c.state == RunState.RUNNING),
        exists().where(is_in(DeliveryState.SENDING)),
        exists().where(WAITS_IN_DOUBT),
    )
)
"""Built once: it is asked several times a second, mostly in vain."""


async def has_work(conn: "AsyncConnection", now: datetime) -> bool:
    """Whether there is anything for a planner to do: something due, running, or in flight."""
    return bool((await conn.execute(_WORK, {"now": now})).scalar_one())


async def finish_runs(conn: "AsyncConnection", now: datetime) -> list[Run]:
    """Expire what may not leave any more, and finish the running runs in which nothing is open."""
    await expire(conn, now)
    still_open = (
        exists().where(deliveries.c.run_id == runs.c.id, is_in(state))
        for state in (DeliveryState.WAITING, DeliveryState.SENDING)
    )
    # Locked by statements of their own: the next one then sees whoever joined a run a moment ago. Campaigns come first,
    # as for whoever pauses one.
    running = runs.c.state == RunState.RUNNING
    theirs = campaigns.c.id.in_(select(runs.c.campaign_id).where(running))
    for rows in (select(campaigns.c.id).where(theirs), select(runs.c.id).where(running)):
        await conn.execute(rows.order_by("id").with_for_update(key_share=True))
    statement = (
        update(runs)
        .where(running, *(~rows for rows in still_open))
        .values(state=RunState.FINISHED, finished_at=now)
        .returning(runs)
    )
    return [_from_row(row) for row in (await conn.execute(statement)).mappings()]


def _from_row(row: "RowMapping") -> Run:
    return Run(**row)
