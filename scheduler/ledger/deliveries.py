"""Deliveries in the database: claimed under a lease, marked before they leave, recorded after the answer.

A row goes waiting → (claimed: still waiting, leased to a worker) → sending → its outcome. A crash before the mark costs
nothing; a crash after it leaves a sending row whose lease ends, which `recover` calls uncertain.

Some channels know a repeat by the delivery's key, for a while. There what is in doubt waits again, whatever its kind,
until the channel forgets (`keyed_until`, counted from the first mark that may have led to a message). The row says so
itself: whoever settles it, in whatever process, need not know the account. What may have arrived ends as sent or as
uncertain, never as something that says it did not.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any, assert_never

from sqlalchemy import Boolean, ColumnElement, and_, bindparam, case, func, or_, select, update

from scheduler.calendar import in_quiet_hours
from scheduler.ledger import totals
from scheduler.ledger.states import WAITS_IN_DOUBT, expire, is_in, may_leave, named, unless_in_doubt
from scheduler.ledger.workers import bury_silent
from scheduler.model import (
    MAX_ATTEMPTS,
    Blocked,
    Delivery,
    DeliveryState,
    GiveUp,
    Kind,
    OptedOut,
    Outcome,
    Retry,
    RunState,
    Sent,
    Uncertain,
    keeps_trying,
    lane_of,
    minds_quiet_hours,
    resends_uncertain,
)
from scheduler.tables import UtcDateTime, deliveries, runs

if TYPE_CHECKING:
    from sqlalchemy import RowMapping
    from sqlalchemy.ext.asyncio import AsyncConnection

RESEND_AFTER = timedelta(seconds=5)
"""Under a key twice as long after each try, but not for alerts: many in doubt at once mean a channel in trouble."""
LOST = "the sender stopped before an answer came"
OVER = "it was not taken, and its run is over"

Result = tuple[Delivery, Outcome]


@dataclass(frozen=True, slots=True)
class _Change:
    """What one outcome writes."""

    state: DeliveryState
    reason: str | None = None
    reference: str | None = None
    due_at: datetime | None = None
    doubts: int = 0


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
    ordered = sorted(batch, key=_place)
    return {run_id: [d.recipient for d in group] for run_id, group in groupby(ordered, lambda d: d.run_id)}


# An answer counts only for the attempt it answers. It still counts when its lease had ended meanwhile and the row was
# called uncertain, put back to wait or expired: the truth came late.
_ANSWERABLE = (DeliveryState.SENDING, DeliveryState.UNCERTAIN, DeliveryState.WAITING, DeliveryState.EXPIRED)
_DOUBTS = deliveries.c.doubts + bindparam("b_doubts")
_MAY_HAVE_ARRIVED = and_(deliveries.c.keyed_until.is_not(None), deliveries.c.doubts > 0)
_RECORD = (
    update(deliveries)
    .where(
        deliveries.c.run_id == bindparam("b_run"),
        deliveries.c.recipient == bindparam("b_recipient"),
        deliveries.c.attempt == bindparam("b_attempt"),
        or_(*map(is_in, _ANSWERABLE)),
    )
    .values(
        state=case(
            (and_(_MAY_HAVE_ARRIVED, bindparam("b_missed", type_=Boolean)), named(DeliveryState.UNCERTAIN)),
            else_=bindparam("b_state", type_=deliveries.c.state.type),
        ),
        due_at=bindparam("b_due_at"),
        doubts=_DOUBTS,
        keyed_until=case((_DOUBTS > 0, deliveries.c.keyed_until)),  # without a doubt nothing of it has arrived
        worker=None,
        reference=bindparam("b_reference"),
        reason=bindparam("b_reason"),
        settled_at=bindparam("b_settled_at"),
    )
)


_OPEN = or_(runs.c.state == RunState.RUNNING, runs.c.state == RunState.PAUSED)
_REPEAT = (
    update(deliveries)
    .where(
        deliveries.c.run_id == bindparam("b_run"),
        deliveries.c.recipient == bindparam("b_recipient"),
        deliveries.c.attempt == bindparam("b_attempt"),
        is_in(DeliveryState.UNCERTAIN),
        deliveries.c.keyed_until > bindparam("b_now", type_=UtcDateTime),
        deliveries.c.run_id.in_(select(runs.c.id).where(_OPEN)),
    )
    .values(state=DeliveryState.WAITING, due_at=bindparam("b_again_at", type_=UtcDateTime), settled_at=None)
)
_MISSED = (DeliveryState.BLOCKED, DeliveryState.OPTED_OUT, DeliveryState.FAILED)


async def record(conn: "AsyncConnection", results: Sequence[Result], now: datetime) -> None:
    """Write what became of marked deliveries; writing the same twice is the same as once."""
    if not results:
        return
    open_ended = {delivery.run_id for delivery, outcome in results if isinstance(outcome, Uncertain | Retry)}
    kinds = await _kinds(conn, open_ended)
    rows = [
        _row(delivery, _change(delivery, outcome, kinds, now), now)
        for delivery, outcome in sorted(results, key=lambda result: _place(result[0]))
    ]  # in the order of `locks`, so that two writers never wait for one another
    await conn.execute(_RECORD, rows)
    if doubted := [one for one, outcome in results if isinstance(outcome, Uncertain)]:
        await conn.execute(_REPEAT, [_repeat(one, kinds[one.run_id], now) for one in sorted(doubted, key=_place)])
    if retried := {row["b_run"] for row in rows if row["b_state"] is DeliveryState.WAITING}:
        await _close_over(conn, retried, now)
    await totals.changed(conn, {row["b_run"] for row in rows})


def _place(delivery: Delivery) -> tuple[int, int]:
    return delivery.run_id, delivery.recipient


def _repeat(delivery: Delivery, kind: Kind, now: datetime) -> dict[str, Any]:
    pause = RESEND_AFTER if keeps_trying(kind) else RESEND_AFTER * 2 ** (delivery.tries - 1)
    return {
        "b_run": delivery.run_id,
        "b_recipient": delivery.recipient,
        "b_attempt": delivery.attempt,
        "b_now": now,
        "b_again_at": now + pause,
    }


async def _close_over(conn: "AsyncConnection", run_ids: Iterable[int], now: datetime) -> None:
    """An answer that comes when its run is already finished cannot put anybody back to wait: nobody would send it."""
    over = select(runs.c.id).where(runs.c.id.in_(list(run_ids)), runs.c.state == RunState.FINISHED)
    await conn.execute(
        update(deliveries)
        .where(deliveries.c.run_id.in_(over), is_in(DeliveryState.WAITING))
        .values(state=unless_in_doubt(DeliveryState.FAILED), worker=None, reason=OVER, settled_at=now)
    )


async def _kinds(conn: "AsyncConnection", run_ids: Iterable[int]) -> dict[int, Kind]:
    wanted = list(run_ids)
    if not wanted:
        return {}
    rows = await conn.execute(select(runs.c.id, runs.c.kind).where(runs.c.id.in_(wanted)))
    return {run_id: kind for run_id, kind in rows}  # noqa: C416 - dict() of rows has no types


def _change(delivery: Delivery, outcome: Outcome, kinds: dict[int, Kind], now: datetime) -> _Change:
    match outcome:
        case Sent(reference):
            change = _Change(DeliveryState.SENT, reference=reference)
        case Blocked():
            change = _Change(DeliveryState.BLOCKED)
        case OptedOut():
            change = _Change(DeliveryState.OPTED_OUT)
        case GiveUp(reason):
            change = _Change(DeliveryState.FAILED, reason)
        case Retry():
            change = _after_retry(delivery, outcome, kinds[delivery.run_id])
        case Uncertain(reason):
            change = _after_doubt(delivery, reason, kinds[delivery.run_id], now)
        case _:
            assert_never(outcome)
    return change


def _after_retry(delivery: Delivery, outcome: Retry, kind: Kind) -> _Change:
    # A limit on the whole account says nothing against this message, so it is never what ends it. What may have arrived
    # is asked about for as long as it may be: only the channel knows.
    ends = not (outcome.account_wide or keeps_trying(kind) or delivery.in_doubt)
    if delivery.tries >= MAX_ATTEMPTS and ends:
        return _Change(DeliveryState.FAILED, f"{delivery.tries} attempts: {outcome.reason}")
    return _Change(DeliveryState.WAITING, outcome.reason, due_at=outcome.at)


def _after_doubt(delivery: Delivery, reason: str, kind: Kind, now: datetime) -> _Change:
    if resends_uncertain(kind) and delivery.tries < MAX_ATTEMPTS:
        return _Change(DeliveryState.WAITING, reason, due_at=now + RESEND_AFTER, doubts=1)
    return _Change(DeliveryState.UNCERTAIN, reason, doubts=1)


def _row(delivery: Delivery, change: _Change, now: datetime) -> dict[str, Any]:
    return {
        "b_run": delivery.run_id,
        "b_recipient": delivery.recipient,
        "b_attempt": delivery.attempt,
        "b_state": change.state,
        "b_due_at": change.due_at or now,
        "b_missed": change.state in _MISSED,
        "b_doubts": change.doubts,
        "b_reference": change.reference,
        "b_reason": change.reason,
        "b_settled_at": None if change.state is DeliveryState.WAITING else now,
    }


async def recover(conn: "AsyncConnection", now: datetime, worker: str | None = None) -> int:
    """Deal with what a dead sender left in flight; returns how many deliveries that were.

    A sending row whose lease has ended, or that belongs to a worker that fell silent or to `worker` (known to be dead,
    for it is only starting), becomes uncertain, or waits again where its kind is sent again or its channel knows a
    repeat. The leases these held on waiting rows are given back.
    """
    table = deliveries.c
    gone = await bury_silent(conn)
    if worker is not None:
        gone.append(worker)
    dead: ColumnElement[bool] = table.due_at <= now
    if gone:
        dead |= table.worker.in_(gone)
        leased = (is_in(DeliveryState.WAITING), table.worker.in_(gone))
        await conn.execute(update(deliveries).where(*leased).values(worker=None, due_at=now))
    found = (
        select(table.run_id, table.recipient, table.account, table.attempt)
        .where(is_in(DeliveryState.SENDING), dead)
        .with_for_update(skip_locked=True)
    )
    lost = [
        Delivery(run_id, recipient, account, "", attempt)
        for run_id, recipient, account, attempt in await conn.execute(found)
    ]
    await record(conn, [(delivery, Uncertain(LOST)) for delivery in lost], now)
    return len(lost)


async def end_doubts(conn: "AsyncConnection", now: datetime) -> int:
    """Call uncertain what waits to be repeated and never will be; returns how many.

    Its run is over, or the channel would not know the repeat any more, as after a pause of days.
    """
    table = deliveries.c
    over = select(runs.c.id).where(runs.c.state.in_((RunState.FINISHED, RunState.CANCELLED)))
    found = (
        select(table.run_id, table.recipient)
        .where(WAITS_IN_DOUBT, or_(table.keyed_until <= now, table.run_id.in_(over)))
        .order_by(table.run_id, table.recipient)
        .with_for_update(skip_locked=True)
    )
    rows = [{"b_run": run_id, "b_recipient": recipient} for run_id, recipient in await conn.execute(found)]
    if rows:
        await conn.execute(_END_DOUBT.values(settled_at=now), rows)
        await totals.changed(conn, {row["b_run"] for row in rows})
    return len(rows)


_END_DOUBT = (
    update(deliveries)
    .where(deliveries.c.run_id == bindparam("b_run"), deliveries.c.recipient == bindparam("b_recipient"))
    .values(state=DeliveryState.UNCERTAIN, worker=None)
)


async def forget_keys(conn: "AsyncConnection", account: str, now: datetime) -> int:
    """The channel has forgotten the keys of this account, as it does with a new device; returns how many were in use.

    What is in doubt is not sent again: nobody could tell a repeat.
    """
    open_ = or_(is_in(DeliveryState.WAITING), is_in(DeliveryState.SENDING))
    statement = update(deliveries).where(open_, deliveries.c.account == account, deliveries.c.keyed_until > now)
    return (await conn.execute(statement.values(keyed_until=now))).rowcount
