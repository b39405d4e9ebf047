"""What became of whole runs, counted once they are over and kept: a page cannot count millions of deliveries.

Counting takes long, so it is done in three steps, and nothing is locked in the long one. `begin` notes at which version
of the run the count is made; `count` counts; `keep` keeps it, unless the version has risen meanwhile. Whatever changes
deliveries calls `changed` afterwards, in its own transaction. So a count that is kept is never wrong: whoever changed
something before `begin` has committed (the lock), and whoever does it later finds the row and lifts its version.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Update,
    bindparam,
    case,
    cast,
    extract,
    func,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from scheduler.ledger import locks
from scheduler.ledger.states import is_in
from scheduler.model import Balance, DeliveryState, RunState, Summary
from scheduler.tables import deliveries, run_sums, runs, tallies

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

WORK_SLICE_S = 10
"""A run that settles nothing for longer than this was not at work."""
MOST_REASONS = 10
TRIED = (DeliveryState.SENT, DeliveryState.BLOCKED, DeliveryState.FAILED, DeliveryState.UNCERTAIN)
AT_ONCE = 500
"""Runs asked for in one statement: databases have a limit on parameters."""

Sum = tuple[Balance, Summary]


async def sums(conn: "AsyncConnection", run_ids: Collection[int]) -> dict[int, Sum]:
    """Where everyone in these runs stands, and how their messages went; runs that there are not are left out.

    What is kept is taken as it is; the rest is counted on the spot, which takes a tenth of a second for each hundred
    thousand deliveries. The balance is always right; the summary may for a day still count people who have left.
    """
    known = await kept_sums(conn, run_ids)
    audiences = await _audiences(conn, [run_id for run_id in run_ids if run_id not in known])
    for run_id, audience in audiences.items():
        counts, summary = await count(conn, run_id)
        known[run_id] = Balance(audience, counts), summary
    return known


async def kept_sums(conn: "AsyncConnection", run_ids: Collection[int]) -> dict[int, Sum]:
    """As `sums`, but of the runs alone whose sums are kept: this never takes long."""
    found: dict[int, Sum] = {}
    for some in _chunks(run_ids):
        query = (
            select(runs.c.id, runs.c.audience, run_sums.c.counts, run_sums.c.summary)
            .join_from(runs, run_sums, run_sums.c.run_id == runs.c.id)
            .where(runs.c.id.in_(some), run_sums.c.counts.is_not(None))
        )
        for run_id, audience, counts, summary in await conn.execute(query):
            found[run_id] = Balance(audience, _load_counts(counts)), _load_summary(summary)
    return found


async def _audiences(conn: "AsyncConnection", run_ids: Collection[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for some in _chunks(run_ids):
        found |= {run_id: size for run_id, size in await conn.execute(_SIZES.where(runs.c.id.in_(some)))}  # noqa: C416 - dict() of rows has no types
    return found


_SIZES = select(runs.c.id, runs.c.audience)


def _chunks(run_ids: Collection[int]) -> Iterable[list[int]]:
    ordered = sorted(run_ids)
    return (ordered[start : start + AT_ONCE] for start in range(0, len(ordered), AT_ONCE))


# Counting


async def count(conn: "AsyncConnection", run_id: int) -> tuple[dict[DeliveryState, int], Summary]:
    """A run's deliveries by their state, and how its messages went, counted now."""
    return await count_states(conn, run_id), await summarise(conn, run_id)


async def count_states(conn: "AsyncConnection", run_id: int) -> dict[DeliveryState, int]:
    """How many of a run's deliveries stand in each state, those included whose rows are gone."""
    rows = (
        select(deliveries.c.state, func.count().label("count"))
        .where(deliveries.c.run_id == run_id)
        .group_by(deliveries.c.state)
    )
    gone = select(tallies.c.state, tallies.c.count).where(tallies.c.run_id == run_id)
    counts: Counter[DeliveryState] = Counter()
    for state, number in await conn.execute(union_all(rows, gone)):
        counts[state] += number
    return dict(counts)


async def summarise(conn: "AsyncConnection", run_id: int) -> Summary:
    """How a run's messages went. It reads all its deliveries, some seconds for a million."""
    columns = deliveries.c
    of_run = columns.run_id == run_id
    tried = case((columns.state.in_(TRIED), columns.settled_at))
    work = cast(extract("epoch", tried), BigInteger) // WORK_SLICE_S
    query = select(
        func.coalesce(func.sum(case((columns.keyed_until.is_(None), columns.doubts), else_=0)), 0),
        func.count(tried),
        func.min(tried, type_=columns.settled_at.type),
        func.max(tried, type_=columns.settled_at.type),
        func.count(work.distinct()),
    ).where(of_run)
    doubts, number, first_at, last_at, slices = (await conn.execute(query)).one()
    span_s = (last_at - first_at).total_seconds() if number else 0.0
    return Summary(
        await reasons(conn, run_id), doubts, number, first_at, last_at, min(span_s, float(slices * WORK_SLICE_S))
    )


async def reasons(conn: "AsyncConnection", run_id: int) -> tuple[tuple[str, int], ...]:
    """Why messages of a run failed, and how many for each reason; the most frequent first."""
    query = (
        select(deliveries.c.reason, func.count())
        .where(deliveries.c.run_id == run_id, deliveries.c.state == DeliveryState.FAILED)
        .group_by(deliveries.c.reason)
        .order_by(func.count().desc(), deliveries.c.reason)
        .limit(MOST_REASONS)
    )
    return tuple((reason or "", number) for reason, number in await conn.execute(query))


async def count_waiting(conn: "AsyncConnection", run_ids: Collection[int]) -> dict[int, int]:
    """How many of each run still wait for their turn; seven milliseconds for a hundred thousand deliveries."""
    query = (
        select(deliveries.c.run_id, func.count())
        .where(deliveries.c.run_id.in_(run_ids), is_in(DeliveryState.WAITING))
        .group_by(deliveries.c.run_id)
    )
    return dict.fromkeys(run_ids, 0) | {run_id: number for run_id, number in await conn.execute(query)}  # noqa: C416 - dict() of rows has no types


# Keeping


async def uncounted(conn: "AsyncConnection", limit: int, *, stale: bool = False) -> list[int]:
    """Runs that are over and whose sums are not kept, the newest first; with `stale` also those with an old summary."""
    missing: ColumnElement[bool] = run_sums.c.counts.is_(None)
    if stale:
        missing = or_(missing, run_sums.c.counted != run_sums.c.version)
    query = (
        select(runs.c.id)
        .outerjoin(run_sums, run_sums.c.run_id == runs.c.id)
        .where(runs.c.state.in_((RunState.FINISHED, RunState.CANCELLED)), missing)
        .order_by(runs.c.id.desc())
        .limit(limit)
    )
    return list((await conn.execute(query)).scalars())


async def begin(conn: "AsyncConnection", run_id: int) -> int:
    """Note that a run is about to be counted; returns its version. The count has to look after this is committed."""
    await locks.watch(conn, run_id)
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    once = dialect.insert(run_sums).values(run_id=run_id).on_conflict_do_nothing(index_elements=["run_id"])
    await conn.execute(once)
    return int((await conn.execute(select(run_sums.c.version).where(run_sums.c.run_id == run_id))).scalar_one())


async def keep(
    conn: "AsyncConnection", run_id: int, version: int, counts: Mapping[DeliveryState, int], summary: Summary
) -> bool:
    """Keep what was counted; False if the run's deliveries have changed since its `begin`."""
    statement = (
        update(run_sums)
        .where(run_sums.c.run_id == run_id, run_sums.c.version == version)
        .values(counted=version, counts=_dump_counts(counts), summary=_dump_summary(summary))
    )
    return (await conn.execute(statement)).rowcount == 1


async def changed(conn: "AsyncConnection", run_ids: Iterable[int]) -> None:
    """Deliveries of these runs have changed in this transaction: what was counted of them holds no more."""
    await _lift(conn, _CHANGE, set(run_ids))


async def left(conn: "AsyncConnection", run_ids: Iterable[int]) -> None:
    """Somebody left these runs in this transaction, and is counted as before: only the summary holds no more."""
    await _lift(conn, _LIFT, set(run_ids))


_MINE = select(run_sums.c.run_id).where(run_sums.c.run_id.in_(bindparam("run_ids", expanding=True)))
_HELD = _MINE.order_by(run_sums.c.run_id).with_for_update().cte("held")
"""In order, so that two who lift several never meet."""
_LIFT = update(run_sums).where(run_sums.c.run_id.in_(select(_HELD.c.run_id))).values(version=run_sums.c.version + 1)
_CHANGE = _LIFT.values(counts=None, summary=None)
"""Built once: it goes along with every batch of answers."""


async def _lift(conn: "AsyncConnection", statement: Update, run_ids: set[int]) -> None:
    if not run_ids:
        return
    await locks.touch(conn, run_ids)
    for some in _chunks(run_ids):
        await conn.execute(statement, {"run_ids": some})


def _dump_counts(counts: Mapping[DeliveryState, int]) -> dict[str, int]:
    return {state.value: number for state, number in counts.items()}


def _load_counts(data: Mapping[str, int]) -> dict[DeliveryState, int]:
    return {DeliveryState(state): number for state, number in data.items()}


def _dump_summary(summary: Summary) -> dict[str, Any]:
    return {
        "reasons": [list(reason) for reason in summary.reasons],
        "doubts": summary.doubts,
        "tried": summary.tried,
        "first_at": summary.first_at and summary.first_at.isoformat(),
        "last_at": summary.last_at and summary.last_at.isoformat(),
        "working_s": summary.working_s,
    }


def _load_summary(data: Mapping[str, Any]) -> Summary:
    times = {name: data[name] and datetime.fromisoformat(data[name]) for name in ("first_at", "last_at")}
    reasons = tuple((reason, number) for reason, number in data["reasons"])
    return Summary(**(dict(data) | times | {"reasons": reasons}))
