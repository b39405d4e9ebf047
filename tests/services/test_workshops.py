"""Planning and changing workshops: nothing is lost, nobody loses a place, and whoever booked hears of it."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.errors import UnknownItem, WorkshopClosed
from bot.domain.workshops import BookingState
from bot.services import staff
from bot.services import workshops as service
from bot.services.workshops import (
    Edited,
    FewerThanTaken,
    NoPartner,
    Plan,
    WorkshopChanged,
    WorkshopInPast,
    plan_of,
)
from bot.storage import workshops
from bot.storage.database import Connection, Database
from bot.storage.staff import Member, Role
from scheduler import ledger
from tests.support import NOON, VAULT, add_resident, add_workshop, book

HOUR = timedelta(hours=1)


async def plan_for(conn: Connection, number: int, **changes: Any) -> Plan:
    workshop = await workshops.get(conn, number)
    assert workshop
    return plan_of(workshop).model_copy(update=changes)


async def edit(conn: Connection, number: int, *, revision: int = 0, tell: bool = True, **changes: Any) -> Edited:
    plan = await plan_for(conn, number, **changes)
    return await service.edit(conn, VAULT, number, plan, revision=revision, tell=tell, now=NOON)


async def subjects(conn: Connection) -> dict[str, int]:
    return {run.subject: run.audience for run in await ledger.list_runs(conn)}


async def test_more_places_go_to_whoever_waits_at_once_and_they_are_told(database: Database) -> None:
    async with database.begin() as conn:
        ada, bob, eve = [await add_resident(conn, f"telegram:{name}") for name in range(3)]
        number = await add_workshop(conn, capacity=1)
        await book(conn, number, ada.id)
        await book(conn, number, bob.id, places=2, state=BookingState.WAITING)
        await book(conn, number, eve.id, state=BookingState.WAITING, now=NOON + HOUR)

        edited = await edit(conn, number, capacity=3)

        assert (edited.before.taken, edited.after.taken, edited.after.revision) == (1, 3, 1)
        assert (edited.moved_up, edited.told) == (1, None)
        assert await subjects(conn) == {f"moved:{number}:{bob.id}": 1}


async def test_a_room_cannot_shrink_below_what_is_taken(database: Database) -> None:
    async with database.begin() as conn:
        ada = await add_resident(conn)
        number = await add_workshop(conn)
        await book(conn, number, ada.id, places=4)
        with pytest.raises(FewerThanTaken, match="4 places"):
            await edit(conn, number, capacity=3)
        assert (await edit(conn, number, capacity=4)).after.free == 0


async def test_a_new_time_or_place_is_told_to_who_booked_or_waits_if_staff_want_it(database: Database) -> None:
    async with database.begin() as conn:
        ada, bob, page = [await add_resident(conn, name) for name in ("telegram:1", "telegram:2", "web:3")]
        number = await add_workshop(conn, capacity=2)
        await book(conn, number, ada.id)
        await book(conn, number, page.id)
        await book(conn, number, bob.id, state=BookingState.WAITING)

        assert (await edit(conn, number, place="Rynek 2", tell=False)).told is None
        assert (await edit(conn, number, revision=1, title={"pl": "Inny tytuł"})).told is None
        assert await subjects(conn) == {}
        assert (await edit(conn, number, revision=2, place="Rynek 3")).told == 2
        assert await subjects(conn) == {f"changed:{number}": 2}


async def test_what_was_called_off_or_has_begun_is_not_changed(database: Database) -> None:
    async with database.begin() as conn:
        off = await add_workshop(conn, cancelled_at=NOON)
        begun = await add_workshop(conn, starts_at=NOON)
        coming = await add_workshop(conn)
        for number in (off, begun):
            with pytest.raises(WorkshopClosed):
                await edit(conn, number, place="Rynek 2")
        with pytest.raises(WorkshopInPast):
            await edit(conn, coming, starts=NOON, ends=NOON + HOUR)
        with pytest.raises(UnknownItem):
            await service.edit(conn, VAULT, 99, await plan_for(conn, coming), revision=0, tell=True, now=NOON)


async def test_of_two_who_save_at_once_one_is_told(database: Database) -> None:
    async with database.begin() as conn:
        number = await add_workshop(conn)

    async def save(place: str) -> str:
        try:
            async with database.begin() as conn:
                return (await edit(conn, number, place=place)).after.place
        except WorkshopChanged:
            return "changed meanwhile"

    ends = await asyncio.gather(*(save(f"Rynek {door}") for door in range(4)))

    async with database.read() as conn:
        workshop = await workshops.get(conn, number)
    assert workshop
    assert workshop.revision == 1
    assert sorted(ends) == sorted([workshop.place, *["changed meanwhile"] * 3])


async def test_a_workshop_is_handed_over_to_partners_only_and_back(database: Database) -> None:
    async with database.begin() as conn:
        await staff.enrol(conn, Member("Fundacja", Role.PARTNER), NOON)
        await staff.enrol(conn, Member("Ada", Role.EDITOR), NOON)
        number = await add_workshop(conn)
        assert (await service.hand_over(conn, number, "Fundacja")).owner is None
        with pytest.raises(NoPartner):
            await service.hand_over(conn, number, "Ada")
        with pytest.raises(staff.UnknownMember):
            await service.hand_over(conn, number, "Nobody")
        assert (await service.hand_over(conn, number, None)).owner == "Fundacja"
        workshop = await workshops.get(conn, number)
    assert workshop
    assert workshop.owner is None
