"""What became of deliveries: the answers that came, and those that never will."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, assert_never

from sqlalchemy import Boolean, ColumnElement, and_, bindparam, case, or_, select, update

from scheduler.ledger import totals
from scheduler.ledger.doubts import MAY_HAVE_ARRIVED, RESEND_AFTER, repeat
from scheduler.ledger.states import is_in, named, unless_in_doubt
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
    resends_uncertain,
)
from scheduler.tables import deliveries, runs

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

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


# An answer counts only for the attempt it answers. It still counts when its lease had ended meanwhile and the row was
# called uncertain, put back to wait or expired: the truth came late.
_ANSWERABLE = (DeliveryState.SENDING, DeliveryState.UNCERTAIN, DeliveryState.WAITING, DeliveryState.EXPIRED)
_DOUBTS = deliveries.c.doubts + bindparam("b_doubts")
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
            (and_(MAY_HAVE_ARRIVED, bindparam("b_missed", type_=Boolean)), named(DeliveryState.UNCERTAIN)),
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
_MISSED = (DeliveryState.BLOCKED, DeliveryState.OPTED_OUT, DeliveryState.FAILED)


async def record(conn: "AsyncConnection", results: Sequence[Result], now: datetime) -> None:
    """Write what became of marked deliveries; writing the same twice is the same as once."""
    if not results:
        return
    open_ended = {delivery.run_id for delivery, outcome in results if isinstance(outcome, Uncertain | Retry)}
    kinds = await _kinds(conn, open_ended)
    rows = [
        _row(delivery, _change(delivery, outcome, kinds, now), now)
        for delivery, outcome in sorted(results, key=lambda result: result[0].place)
    ]  # in the order of `locks`, so that two writers never wait for one another
    await conn.execute(_RECORD, rows)
    doubted = [(one, kinds[one.run_id]) for one, outcome in results if isinstance(outcome, Uncertain)]
    await repeat(conn, doubted, now)
    if retried := {row["b_run"] for row in rows if row["b_state"] is DeliveryState.WAITING}:
        await _close_over(conn, retried, now)
    await totals.changed(conn, {row["b_run"] for row in rows})


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
