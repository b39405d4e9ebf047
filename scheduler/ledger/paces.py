"""One account's timeline in the database, for the processes that speak for it together. PostgreSQL only.

Whoever wants turns takes the next stretch of the timeline, so no two processes ever have the same instant, and the sum
of what they send is that of one. Instants are seconds since 1970 on the database's clock, which all of them share.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Double, bindparam, case, cast, func, text, update
from sqlalchemy.dialects.postgresql import insert

from scheduler.tables import paces

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

FURTHEST_S = 5.0
"""No honest reservation reaches further ahead; one that does is from before a clock was set back."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of the timeline: its first instant, the time from one to the next, and the present."""

    first_s: float
    interval_s: float
    now_s: float


_NOW = cast(func.extract("epoch", func.clock_timestamp()), Double)
_FACTOR = func.least(
    1.0, paces.c.low + func.greatest(0.0, _NOW - paces.c.held_until_s) / bindparam("recovery_s", type_=Double)
)
_NEXT = case((paces.c.next_s > _NOW + FURTHEST_S, _NOW), else_=paces.c.next_s)
_FIRST = func.greatest(_NEXT, _NOW, paces.c.held_until_s)
_RESERVE = (
    update(paces)
    .where(paces.c.account == bindparam("of"))
    .values(next_s=_FIRST + bindparam("takes_s", type_=Double) / _FACTOR)
    .returning(paces.c.next_s, _FACTOR.label("factor"), _NOW.label("now_s"))
)
_UNTIL = _NOW + bindparam("seconds", type_=Double)
_HOLD = (
    update(paces)
    .where(paces.c.account == bindparam("of"))
    .values(
        # Complaints that arrive during one silence are about the same burst: they slow down once.
        low=case(
            (
                paces.c.held_until_s <= _NOW,
                func.greatest(bindparam("slowest", type_=Double), _FACTOR * bindparam("slowed", type_=Double)),
            ),
            else_=paces.c.low,
        ),
        held_until_s=func.greatest(paces.c.held_until_s, _UNTIL),
    )
)


async def open_pace(conn: "AsyncConnection", account: str) -> None:
    """See that the account has a timeline."""
    fresh = insert(paces).values(account=account, next_s=0.0, held_until_s=0.0, low=1.0)
    await conn.execute(fresh.on_conflict_do_nothing(index_elements=["account"]))


async def reserve(
    conn: "AsyncConnection", account: str, turns: int, *, interval_s: float, recovery_s: float
) -> Stretch:
    """Take the next `turns` instants, `interval_s` apart at full speed."""
    await conn.execute(text("SET LOCAL synchronous_commit TO off"))  # a crash of the database may forget it: no harm
    given = {"of": account, "takes_s": turns * interval_s, "recovery_s": recovery_s}
    row = (await conn.execute(_RESERVE, given)).one()
    interval = interval_s / row.factor
    return Stretch(row.next_s - turns * interval, interval, row.now_s)


async def hold(
    conn: "AsyncConnection", account: str, seconds: float, *, recovery_s: float, slowest: float, slowed: float
) -> None:
    """The channel asked for silence: nobody's turn comes sooner, and the turns after it come slower."""
    given = {"of": account, "seconds": seconds, "recovery_s": recovery_s, "slowest": slowest, "slowed": slowed}
    await conn.execute(_HOLD, given)
