"""Who has had enough this week: found out beforehand it leaves out exactly those whom the query leaves out."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert

from bot.services.outlook import REMEMBERED, had_enough
from bot.storage import caps
from bot.storage.audience import ResidentsAudience
from bot.storage.caps import WEEK, WEEKLY_CAP
from bot.storage.database import Connection, Database
from scheduler import lifecycle
from scheduler.model import Campaign, DeliveryState, Kind, RunState
from scheduler.tables import deliveries, runs
from tests.support import NOON, add_resident

ACCOUNTS = {"telegram"}


def draft(kind: Kind = Kind.NEWS, number: int = 0) -> Campaign:
    made = lifecycle.draft(kind=kind, title="", content={}, audience={}, author="ed", now=NOON)
    return replace(made, id=number)


async def add_run(conn: Connection, people: list[int], *, at: datetime = NOON, kind: Kind = Kind.NEWS) -> None:
    """A run that reached these people."""
    key = f"{kind}:{at}:{people}"
    values = {"key": key, "kind": kind, "subject": "", "slot_at": at, "expires_at": at, "audience": len(people)}
    row = insert(runs).values(values | {"state": RunState.FINISHED, "started_at": at}).returning(runs.c.id)
    run = (await conn.execute(row)).scalar_one()
    sent = {"account": "telegram", "state": DeliveryState.SENT, "attempt": 1, "doubts": 0, "due_at": at, "run_id": run}
    if people:
        await conn.execute(insert(deliveries), [sent | {"recipient": person} for person in people])


async def add_week(conn: Connection) -> list[int]:
    """A week in which each of six people got one message more than the one before; returns who they are."""
    people = [(await add_resident(conn, f"telegram:{number}", campaigns=True, alerts=True)).id for number in range(6)]
    for count in range(1, 7):
        await add_run(conn, people[6 - count :], at=NOON - timedelta(days=count))
    return people


@pytest.mark.parametrize("kind", [Kind.NEWS, Kind.ALERT])
async def test_marks_leave_out_whom_the_query_leaves_out(database: Database, kind: Kind) -> None:
    async with database.begin() as conn:
        await add_week(conn)
        marks = await caps.find(conn, NOON)
        asked = [ResidentsAudience(lambda: ACCOUNTS, marks=one) for one in (None, marks)]
        slow, quick = [await audience.count(conn, draft(kind), NOON) for audience in asked]
        shared = [await audience.count_shared(conn, draft(kind), draft(kind, 1), NOON) for audience in asked]

    assert quick == slow
    assert quick.reached == (4 if kind is Kind.NEWS else 6)
    assert shared == [quick.reached] * 2


async def test_only_kinds_that_count_and_only_this_week(database: Database) -> None:
    async with database.begin() as conn:
        person = (await add_resident(conn, campaigns=True)).id
        for number in range(WEEKLY_CAP):
            await add_run(conn, [person], at=NOON - timedelta(hours=number), kind=Kind.ALERT)
            await add_run(conn, [person], at=NOON - WEEK - timedelta(hours=number + 1))
        assert await caps.find(conn, NOON) == b""
        audience = ResidentsAudience(lambda: ACCOUNTS, marks=b"")
        assert (await audience.count(conn, draft(), NOON)).reached == 1
        assert await audience.reaches_anybody(conn, draft(), NOON)


async def test_whoever_came_after_the_marks_were_made_has_not_had_enough(database: Database) -> None:
    async with database.begin() as conn:
        await add_week(conn)
        marks = await caps.find(conn, NOON)
        await add_resident(conn, "telegram:new", campaigns=True)
        found = await ResidentsAudience(lambda: ACCOUNTS, marks=marks).count(conn, draft(), NOON)
    assert found.reached == 5


async def test_it_is_remembered_for_a_while_and_then_looked_up_anew(database: Database) -> None:
    async with database.begin() as conn:
        people = await add_week(conn)
    first = await had_enough(database, NOON)
    async with database.begin() as conn:
        for hour in range(WEEKLY_CAP):
            await add_run(conn, people[:1], at=NOON - timedelta(hours=hour))
    soon, later = NOON + REMEMBERED - timedelta(seconds=1), NOON + REMEMBERED
    assert await had_enough(database, soon) == first
    marks = await had_enough(database, later)
    assert (marks[people[0]], first[people[0]]) == (1, 0)
