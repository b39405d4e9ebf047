"""How campaigns are doing: the list a page at a time, and looks that all who watch share."""

import asyncio
from datetime import datetime
from typing import Any

import pytest

from bot.services import campaigns as desk
from bot.services import progress
from bot.storage import staff
from bot.storage.audience import ResidentsAudience
from bot.storage.database import Connection, Database
from bot.storage.staff import Member, Role
from scheduler import ledger
from scheduler.counting import sum_up
from scheduler.errors import UnknownRun
from scheduler.model import CampaignState, DeliveryState, GiveUp, Kind, OneOff, Run, Sent
from scheduler.planner import plan
from tests.support import NOON, add_resident, campaign, library


@pytest.fixture
async def office(database: Database) -> Database:
    """A database with people who work on campaigns, and two residents who agreed to them."""
    async with database.begin() as conn:
        for name, role in (("ed", Role.EDITOR), ("ap", Role.APPROVER), ("pat", Role.PARTNER)):
            await staff.add(conn, Member(name, role), NOON)
        for number in (1, 2):
            await add_resident(conn, f"telegram:{number}", campaigns=True)
    return database


async def create(conn: Connection, who: str = "ed", **changes: Any) -> int:
    return (await desk.create(conn, library(), campaign(**changes), who=who, now=NOON)).id


async def send(database: Database, number: int) -> Run:
    """Open a campaign's run; one of its two messages arrives."""
    async with database.begin() as conn:
        await desk.approve(conn, number, who="ap", now=NOON)
        await desk.schedule(conn, number, OneOff(NOON), now=NOON)
    (run,) = (await plan(database.begin, ResidentsAudience(), NOON)).opened
    async with database.begin() as conn:
        due = await ledger.claim(conn, "telegram", 2, worker="w", now=NOON, lease_s=60)
        due = await ledger.mark(conn, due, worker="w", now=NOON, lease_s=60)
        await ledger.record(conn, list(zip(due, (Sent("1"), GiveUp("chat not found")), strict=True)), NOON)
    return run


async def listed(database: Database, **filters: Any) -> list[int]:
    async with database.read() as conn:
        return [row.campaign.id for row in (await progress.listing(conn, **filters)).rows]


async def test_the_list_has_pages_that_hold_each_campaign_once(office: Database) -> None:
    async with office.begin() as conn:
        numbers = [await create(conn) for _ in range(2 * progress.PAGE + 1)]
    seen: list[int] = []
    before: int | None = None
    for size in (progress.PAGE, progress.PAGE, 1):
        async with office.read() as conn:
            page = await progress.listing(conn, before=before)
        assert len(page.rows) == size
        seen += [row.campaign.id for row in page.rows]
        before = page.following

    assert before is None
    assert seen == sorted(numbers, reverse=True)


async def test_the_list_is_filtered_by_state_kind_and_who_created_it(office: Database) -> None:
    async with office.begin() as conn:
        draft = await create(conn, "pat", text={"pl": "Sprawdź"})
        alert, quiz = await create(conn, kind="alert"), await create(conn, "pat", kind="quiz")
        await desk.revise(conn, library(), draft, campaign(text={"pl": "Inaczej"}), who="ed", now=NOON)

    assert await listed(office, created_by="pat") == [quiz, draft]
    assert await listed(office, created_by="ed") == [alert]
    assert await listed(office, states=[CampaignState.DRAFT]) == [draft]
    assert await listed(office, kinds=[Kind.ALERT, Kind.QUIZ]) == [quiz, alert]
    assert await listed(office, states=[CampaignState.IN_REVIEW], kinds=[Kind.QUIZ], created_by="pat") == [quiz]


async def test_the_list_tells_the_newest_run_and_whom_it_reached(office: Database) -> None:
    async with office.begin() as conn:
        sent, waiting = await create(conn), await create(conn)
    run = await send(office, sent)
    await plan(office.begin, ResidentsAudience(), NOON)
    await sum_up(office.begin, office.read)
    async with office.read() as conn:
        rows = {row.campaign.id: row for row in (await progress.listing(conn)).rows}

    assert rows[waiting].run is None
    newest = rows[sent].run
    assert newest is not None
    assert (newest.id, newest.audience, rows[sent].reached) == (run.id, 2, 1)


async def test_whoever_looks_at_a_run_at_the_same_time_shares_one_look(office: Database) -> None:
    async with office.begin() as conn:
        number = await create(conn)
    run = await send(office, number)
    asked: list[datetime] = []

    def clock() -> datetime:
        asked.append(NOON)
        return NOON

    looks = await asyncio.gather(*(progress.look(office, run.id, clock) for _ in range(20)))

    assert len(asked) == 1
    assert all(look is looks[0] for look in looks)
    assert (looks[0].balance[DeliveryState.SENT], looks[0].reasons) == (1, (("chat not found", 1),))
    with pytest.raises(UnknownRun):
        await progress.look(office, run.id + 1, clock)


async def test_one_who_goes_away_leaves_the_look_to_the_others(office: Database) -> None:
    async with office.begin() as conn:
        number = await create(conn)
    run = await send(office, number)
    leaving = asyncio.create_task(progress.look(office, run.id, lambda: NOON))
    staying = asyncio.create_task(progress.look(office, run.id, lambda: NOON))
    await asyncio.sleep(0)
    leaving.cancel()

    assert (await staying).run.id == run.id
