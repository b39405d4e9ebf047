"""Deliveries in the database: claimed under a lease, and marked right before they leave.

A row goes waiting → (claimed: still waiting, leased to a worker) → sending → its outcome (`outcomes`). A crash before
the mark costs nothing; a crash after it leaves a sending row whose lease ends, which `recover` calls uncertain.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, case, func, select, update

from scheduler.calendar import in_quiet_hours
from scheduler.ledger.states import expire, is_in, may_leave
from scheduler.model import Delivery, DeliveryState, Kind, RunState, lane_of, minds_quiet_hours
from scheduler.tables import UtcDateTime, deliveries, runs

if TYPE_CHECKING:
    from sqlalchemy import RowMapping
    from sqlalchemy.ext.asyncio import AsyncConnection


async def claim(
    conn: "AsyncConnection", account: str, limit: int, *, worker: str, now: datetime, lease_s: float
) -> list[Delivery]:
    """Lease up to `limit` deliveries that may leave now: of running runs, the first lane first, the longest due first.

    In quiet hours only alerts are handed out. What is past its expiry is marked expired instead.
    """
    quiet = in_quiet_hours(now)
    claimed: list[Delivery] = []
    for run in await _running(conn, now):
        if len(claimed) == limit:
            break
        if quiet and minds_quiet_hours(run["kind"]):
            continue
        room = limit - len(claimed)
        claimed += await _claim_of_run(conn, run, account, room, worker=worker, now=now, lease_s=lease_s)
    return claimed


_RUNNING = select(runs).where(runs.c.state == RunState.RUNNING)
"""Built once: it is asked several times a second, mostly in vain."""


async def _running(conn: "AsyncConnection", now: datetime) -> "list[RowMapping]":
    rows = list((await conn.execute(_RUNNING)).mappings())
    if any(row["expires_at"] <= now for row in rows):
        await expire(conn, now)
    live = (row for row in rows if row["expires_at"] > now)
    return sorted(live, key=lambda row: (lane_of(row["kind"]), row["slot_at"], row["id"]))


async def _claim_of_run(
    conn: "AsyncConnection",
    run: "RowMapping",
    account: str,
    limit: int,
    *,
    worker: str,
    now: datetime,
    lease_s: float,
) -> list[Delivery]:
    table = deliveries.c
    free = (
        select(table.recipient)
        .where(
            table.run_id == run["id"],
            table.account == account,
            is_in(DeliveryState.WAITING),
            table.due_at <= now,
            may_leave(now),
        )
        .order_by(table.due_at, table.recipient)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("free")  # chosen once: PostgreSQL may run a subquery several times, each time skipping what it has locked
    )
    lease = (
        update(deliveries)
        .where(table.run_id == run["id"], table.recipient.in_(select(free.c.recipient)), is_in(DeliveryState.WAITING))
        .values(worker=worker, due_at=now + timedelta(seconds=lease_s))
        .returning(table.recipient, table.attempt, table.keyed_until)  # SQLite 3.40 gets IS NOT NULL wrong in here
    )
    rows = (await conn.execute(lease)).all()
    return [
        Delivery(run["id"], recipient, account, f"{run['key']}:{recipient}", attempt + 1, keyed_until is not None)
        for recipient, attempt, keyed_until in sorted(rows, key=lambda row: row.recipient)
    ]


async def mark(
    conn: "AsyncConnection",
    batch: Sequence[Delivery],
    *,
    worker: str,
    now: datetime,
    lease_s: float,
    key_lasts: timedelta | None = None,
) -> list[Delivery]:
    """Mark claimed deliveries as sending, right before they leave; returns those that may.

    Refused are those whose run was paused, cancelled or has expired, whose kind minds quiet hours that have begun,
    whose lease went to somebody else, or whose repeat the channel would not know any more; their lease is given back.
    Marking the same attempt twice is the same as once, so an uncertain commit can be repeated.

    `key_lasts`: for how long the channel knows a repeat by the delivery's key; None: it never does.
    """
    table = deliveries.c
    going = select(runs.c.id).where(runs.c.state == RunState.RUNNING, runs.c.expires_at > now)
    if in_quiet_hours(now):  # it was claimed before they began, and the account was held meanwhile
        going = going.where(runs.c.kind.not_in([kind for kind in Kind if minds_quiet_hours(kind)]))
    forgotten_at = None if key_lasts is None else now + key_lasts
    marked: set[tuple[int, int, int]] = set()
    for run_id, recipients in _by_run(batch).items():
        statement = (
            update(deliveries)
            .where(
                table.run_id == run_id,
                table.recipient.in_(recipients),
                table.worker == worker,
                table.state.in_((DeliveryState.WAITING, DeliveryState.SENDING)),
                table.run_id.in_(going),
                may_leave(now),
            )
            .values(
                state=DeliveryState.SENDING,
                attempt=case((is_in(DeliveryState.WAITING), table.attempt + 1), else_=table.attempt),
                due_at=now + timedelta(seconds=lease_s),
                keyed_until=func.coalesce(table.keyed_until, bindparam("forgotten_at", forgotten_at, UtcDateTime)),
            )
            .returning(table.recipient, table.attempt)
        )
        marked |= {(run_id, recipient, attempt) for recipient, attempt in await conn.execute(statement)}
    accepted = [delivery for delivery in batch if (delivery.run_id, delivery.recipient, delivery.attempt) in marked]
    if len(accepted) < len(batch):
        refused = set(batch).difference(accepted)
        await release(conn, list(refused), worker=worker, now=now)
    return accepted


async def release(conn: "AsyncConnection", batch: Sequence[Delivery], *, worker: str, now: datetime) -> None:
    """Give back the lease of claimed deliveries that will not leave now."""
    table = deliveries.c
    for run_id, recipients in _by_run(batch).items():
        await conn.execute(
            update(deliveries)
            .where(
                table.run_id == run_id,
                table.recipient.in_(recipients),
                table.worker == worker,
                is_in(DeliveryState.WAITING),
            )
            .values(worker=None, due_at=now)
        )


def _by_run(batch: Sequence[Delivery]) -> dict[int, list[int]]:
    ordered = sorted(batch, key=lambda delivery: delivery.place)
    return {run_id: [d.recipient for d in group] for run_id, group in groupby(ordered, lambda d: d.run_id)}
