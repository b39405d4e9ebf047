"""What staff write to those who booked: exactly they get it, each in their language, and the ledger says so."""

from datetime import datetime, timedelta

import pytest

from bot.catalogue.library import Shelf
from bot.catalogue.schema import LONGEST_TEXT
from bot.domain import actions as do
from bot.domain.reminders import Readers
from bot.domain.workshops import ERASED_AFTER, BookingState
from bot.services import broadcasts, rosters
from bot.services import workshop_messages as service
from bot.services.courier import Courier
from bot.services.workshop_messages import (
    NobodyToTell,
    NothingSaid,
    NotShown,
    TooLateToTell,
    TooLongAgo,
    TooLongForThem,
)
from bot.storage import workshops
from bot.storage.audience import ResidentsAudience
from bot.storage.database import Database
from bot.storage.workshop_messages import Reach
from scheduler import ledger
from scheduler.calendar import ZONE
from scheduler.model import DeliveryState, Outcome, Run
from tests.support import NOON, VAULT, FakeSender, actions_of, add_resident, add_workshop, book, library

TEXT = {"pl": "Weź **kask**.", "uk": "Візьміть шолом.", "en": " "}


async def deliver(database: Database, sender: FakeSender, run: Run) -> None:
    """Everything of a run that is due leaves, as it does in the program."""
    courier = Courier(database, Shelf(library()), VAULT, {"telegram": sender}, lambda: NOON)
    async with database.begin() as conn:
        claimed = await ledger.claim(conn, "telegram", 100, worker="w", now=NOON, lease_s=60)
        batch = [
            one for one in await ledger.mark(conn, claimed, worker="w", now=NOON, lease_s=60) if one.run_id == run.id
        ]
    parcels = await courier.prepare(batch, run, None)
    outcomes = [one if isinstance(one, Outcome) else await one.send() for one in parcels]
    async with database.begin() as conn:
        await ledger.record(conn, list(zip(batch, outcomes, strict=True)), NOON)


async def city(database: Database) -> int:
    """A workshop with people of every kind; returns its number."""
    async with database.begin() as conn:
        number = await add_workshop(conn)
        for place, (address, language, state) in enumerate(
            [
                ("telegram:1", "pl", BookingState.CONFIRMED),
                ("telegram:2", "uk", BookingState.CONFIRMED),
                ("telegram:3", "en", BookingState.CONFIRMED),
                ("web:4", "pl", BookingState.CONFIRMED),
                ("telegram:5", "pl", BookingState.WAITING),
                ("telegram:6", "pl", BookingState.CANCELLED),
                ("telegram:7", "pl", BookingState.DRAFT),
            ]
        ):
            person = await add_resident(conn, address, language)
            await book(conn, number, person.id, state=state, now=NOON + timedelta(seconds=place))
        blocked = await add_resident(conn, "telegram:8", blocked_at=NOON)
        await book(conn, number, blocked.id)
        elsewhere = await add_workshop(conn)
        await book(conn, elsewhere, (await add_resident(conn, "telegram:9")).id)
    return number


@pytest.mark.parametrize(
    ("readers", "read"),
    [
        (Readers.CONFIRMED, {"1": "Weź kask.", "2": "Візьміть шолом.", "3": "Weź kask."}),
        (Readers.WAITING, {"5": "Weź kask."}),
        (Readers.BOTH, {"1": "Weź kask.", "2": "Візьміть шолом.", "3": "Weź kask.", "5": "Weź kask."}),
    ],
)
async def test_it_reaches_exactly_whom_it_is_for_each_in_their_language(
    database: Database, readers: Readers, read: dict[str, str]
) -> None:
    number = await city(database)
    sender = FakeSender()
    async with database.begin() as conn:
        _, run = await service.send(conn, number, TEXT, readers, who="Ada", now=NOON)

    await deliver(database, sender, run)

    said = dict(sender.read())
    assert {chat: words.splitlines()[-1] for chat, words in said.items()} == read
    assert all("First aid" in words and "12:00" in words for words in said.values())
    assert actions_of(sender.sent[0][2]) == [do.ShowWorkshop(number), do.Home()]
    async with database.read() as conn:
        (told,) = await service.sent(conn, number)
    assert told.balance.holds
    assert (told.run.audience, told.arrived, told.balance.open, told.missed) == (len(read), len(read), 0, 0)
    assert (told.message.author, told.message.text) == ("Ada", {"pl": "Weź **kask**.", "uk": "Візьміть шолом."})


async def test_who_cancels_before_it_leaves_does_not_get_it(database: Database) -> None:
    number = await city(database)
    sender = FakeSender()
    async with database.begin() as conn:
        _, run = await service.send(conn, number, TEXT, Readers.CONFIRMED, who="Ada", now=NOON)
        roster = await rosters.load(conn, VAULT, number, NOON)
        await rosters.take_off(conn, VAULT, number, roster.coming[0].id, NOON)

    await deliver(database, sender, run)

    async with database.read() as conn:
        balance = await ledger.balance(conn, run.id)
    assert {chat for chat, _ in sender.read()} == {"2", "3"}
    assert (balance[DeliveryState.SENT], balance[DeliveryState.OPTED_OUT]) == (2, 1)


async def test_staff_see_beforehand_how_many_can_be_told_and_how_many_cannot(database: Database) -> None:
    number = await city(database)
    async with database.read() as conn:
        found = {readers: await service.reach(conn, number, readers) for readers in Readers}
    assert found == {
        Readers.CONFIRMED: Reach(told=3, silent=2),
        Readers.WAITING: Reach(told=1, silent=0),
        Readers.BOTH: Reach(told=4, silent=2),
    }


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ({"en": "Bring a helmet."}, NothingSaid),
        ({"pl": " \n "}, NothingSaid),
        ({"pl": "x" * (LONGEST_TEXT + 1)}, TooLongForThem),
        ({"pl": "Tak", "uk": "x" * (LONGEST_TEXT + 1)}, TooLongForThem),
        ({"pl": "# Nagłówek"}, NotShown),
        ({"pl": "[tu](warsztaty.html)"}, NotShown),
    ],
)
async def test_what_cannot_be_said_is_refused_and_nothing_is_kept(
    database: Database, text: dict[str, str], error: type[Exception]
) -> None:
    number = await city(database)
    with pytest.raises(error):
        async with database.begin() as conn:
            await service.send(conn, number, text, Readers.BOTH, who="Ada", now=NOON)
    async with database.read() as conn:
        assert await service.sent(conn, number) == []


async def test_with_nobody_who_can_be_told_nothing_is_kept(database: Database) -> None:
    async with database.begin() as conn:
        number = await add_workshop(conn)
        await book(conn, number, (await add_resident(conn, "web:1")).id)
    with pytest.raises(NobodyToTell):
        async with database.begin() as conn:
            await service.send(conn, number, TEXT, Readers.BOTH, who="Ada", now=NOON)
    async with database.read() as conn:
        assert await ledger.list_runs(conn) == []


def at(hour: int, minute: int = 0, day: int = 8) -> datetime:
    return datetime(2026, 12, day, hour, minute, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("now", "expires_at"),
    [
        (at(12, day=5), at(12, day=6)),  # a day later
        (at(22, day=7), at(14)),  # the night holds it until eight; at the end of the workshop it is no use any more
        (at(11, 55), at(14)),
        (at(14, 5), at(14, 5, day=9)),  # after it, for thanks and slides
    ],
)
async def test_it_is_not_sent_when_it_is_no_use_any_more(
    database: Database, now: datetime, expires_at: datetime
) -> None:
    number = await city(database)  # 12:00 to 14:00 on the eighth
    async with database.begin() as conn:
        _, run = await service.send(conn, number, TEXT, Readers.BOTH, who="Ada", now=now)
    assert run.expires_at == expires_at


async def test_nobody_is_written_to_too_late(database: Database) -> None:
    async with database.begin() as conn:
        number = await add_workshop(conn, starts_at=at(5))  # over at seven in the morning
        await book(conn, number, (await add_resident(conn)).id)
        with pytest.raises(TooLateToTell):
            await service.send(conn, number, TEXT, Readers.BOTH, who="Ada", now=at(22, day=7))
        with pytest.raises(TooLongAgo):
            await service.send(conn, number, TEXT, Readers.BOTH, who="Ada", now=at(7) + ERASED_AFTER)


async def test_a_workshop_that_is_moved_is_reminded_of_at_its_new_time_too(database: Database) -> None:
    number = await city(database)
    async with database.begin() as conn:
        before = (await rosters.load(conn, VAULT, number, NOON)).workshop
    audience = ResidentsAudience()
    day_before = before.starts_at - timedelta(days=1)
    first = [run.key for run in await broadcasts.open_due(database, audience, day_before) if run.subject]
    async with database.begin() as conn:
        later = before.starts_at + timedelta(days=7)
        await workshops.change(conn, number, 0, starts_at=later, ends_at=later + timedelta(hours=2))
    second = [run.key for run in await broadcasts.open_due(database, audience, day_before + timedelta(days=7))]
    again = await broadcasts.open_due(database, audience, day_before + timedelta(days=7, minutes=1))
    assert f"reminder:24h:{number}" in first
    assert f"reminder:24h:{number}:2026-12-14T12:00" in second
    assert again == []
