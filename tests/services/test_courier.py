"""One message to one resident: what is said, to whom it is not said, and what each refusal means."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.catalogue.library import Library, Shelf
from bot.domain import actions as do
from bot.domain.errors import Blocked, BotError, Rejected, Throttled, Unanswered, Unreachable
from bot.domain.messages import Link, Plain, Screen, say
from bot.domain.residents import Address
from bot.domain.workshops import BookingState
from bot.services import courier as service
from bot.services.courier import Courier, Posted
from bot.storage import learning, residents, workshops
from bot.storage.database import Database
from scheduler import model
from scheduler.model import Campaign, Delivery, GiveUp, Kind, OptedOut, Outcome, Retry, Run, RunState, Sent, Uncertain
from tests.support import (
    NOON,
    VAULT,
    FakeSender,
    actions_of,
    add_resident,
    add_workshop,
    book,
    campaign,
    library,
    texts,
    tip,
)

SOON = NOON + timedelta(minutes=1)
DUE = {"24h": NOON + timedelta(days=6), "2h": NOON + timedelta(days=7, hours=-2)}
"""When reminders of `add_workshop`'s workshop are due."""


def a_run(kind: Kind, subject: str = "") -> Run:
    slot_at = DUE.get(subject.partition(":")[0], NOON)
    return Run(1, "r", kind, None, subject, slot_at, slot_at + timedelta(hours=4), RunState.RUNNING, 1, slot_at)


def a_campaign(kind: Kind = Kind.TIP, revision: int = 0, **changes: Any) -> Campaign:
    content = campaign(kind=kind.value, **changes)
    return Campaign(1, kind, "t", content.model_dump(mode="json"), {}, "ada", NOON, NOON, revision=revision)


def a_delivery(recipient: int = 1, attempt: int = 1) -> Delivery:
    return Delivery(1, recipient, "telegram", f"r:{recipient}", attempt)


def make(database: Database, sender: FakeSender, books: Library | None = None, now: datetime = NOON) -> Courier:
    return Courier(database, Shelf(books or library()), VAULT, {"telegram": sender}, lambda: now)


async def said_by(courier: Courier, delivery: Delivery, run: Run, campaign: Campaign | None) -> Outcome:
    """A batch of one, prepared and sent."""
    (parcel,) = await courier.prepare([delivery], run, campaign)
    return parcel if isinstance(parcel, Outcome) else await parcel.send()


# --- what is said


async def test_a_campaign_is_said_with_its_ways_on_and_the_way_to_fewer(database: Database) -> None:
    buttons = [{"tip": "czujka"}, {"quiz": "czad"}, {"quiz": "dropped-since"}]
    written = a_campaign(buttons=buttons)
    async with database.begin() as conn:
        await add_resident(conn, campaigns=True)
    sender = FakeSender()

    outcome = await said_by(make(database, sender), a_delivery(), a_run(Kind.TIP), written)

    assert outcome == Sent("m1")
    assert sender.read() == [("1", "Check your alarm (pl)")]
    assert sender.keys == ["r:1"]
    screen = sender.sent[0][2]
    assert actions_of(screen) == [do.FromRun(1, "0"), do.FromRun(1, "1"), do.FromRun(1, do.FEWER), do.Home()]
    assert not screen.replaces


async def test_a_campaign_leads_to_workshops_and_to_the_web_with_its_own_words(database: Database) -> None:
    buttons = [{"workshops": True}, {"url": "https://example.org/a", "text": texts("Look")}]
    async with database.begin() as conn:
        await add_resident(conn, campaigns=True)
    sender = FakeSender()

    await said_by(make(database, sender), a_delivery(), a_run(Kind.NEWS), a_campaign(Kind.NEWS, buttons=buttons))

    (first,), (second,), _ = sender.sent[0][2].rows
    assert first.label == say("home.workshops")
    assert second == Link(Plain(texts("Look")), "https://example.org/a")


async def test_a_button_to_a_workshop_that_cannot_be_booked_is_left_out(database: Database) -> None:
    async with database.begin() as conn:
        await add_resident(conn, campaigns=True)
        over, coming = await add_workshop(conn, starts_at=NOON), await add_workshop(conn)
    sender = FakeSender()
    written = a_campaign(Kind.NEWS, buttons=[{"workshop": over}, {"workshop": coming}])

    await said_by(make(database, sender), a_delivery(), a_run(Kind.NEWS), written)

    assert actions_of(sender.sent[0][2]) == [do.FromRun(1, "1"), do.FromRun(1, do.FEWER), do.Home()]


@pytest.mark.parametrize(("language", "said"), [("uk", "Перевір (uk)"), ("en", "Sprawdź (pl)"), ("pl", "Sprawdź (pl)")])
async def test_each_reads_their_own_language_and_polish_where_it_is_missing(
    database: Database, language: str, said: str
) -> None:
    async with database.begin() as conn:
        await add_resident(conn, language=language, campaigns=True)
    sender = FakeSender()
    words = {"pl": "Sprawdź (pl)", "uk": "Перевір (uk)"}

    await said_by(make(database, sender), a_delivery(), a_run(Kind.TIP), a_campaign(text=words))

    assert sender.read() == [("1", said)]
    assert sender.sent[0][1] == language


async def test_a_campaign_that_is_changed_is_said_anew(database: Database) -> None:
    async with database.begin() as conn:
        await add_resident(conn, campaigns=True)
    sender = FakeSender()
    courier = make(database, sender)

    await said_by(courier, a_delivery(), a_run(Kind.TIP), a_campaign())
    await said_by(courier, a_delivery(), a_run(Kind.TIP), a_campaign(revision=1, text=texts("Other words")))

    assert [said for _, said in sender.read()] == ["Check your alarm (pl)", "Other words (pl)"]


async def test_a_daily_tip_is_one_not_seen_yet_and_counts_as_seen_only_once_it_was_sent(database: Database) -> None:
    books = library(tips=[tip("one"), tip("two")])
    async with database.begin() as conn:
        ada = await add_resident(conn, tip_hour=12)
    sender = FakeSender(Unreachable(), Unanswered())
    courier = make(database, sender, books)

    async def seen() -> set[str]:
        async with database.read() as conn:
            return set(await learning.tips_of(conn, ada.id))

    await said_by(courier, a_delivery(), a_run(Kind.DAILY_TIP), None)
    await said_by(courier, a_delivery(), a_run(Kind.DAILY_TIP), None)
    assert await seen() == set()

    await said_by(courier, a_delivery(), a_run(Kind.DAILY_TIP), None)
    assert len(await seen()) == 1

    await said_by(courier, a_delivery(), a_run(Kind.DAILY_TIP), None)
    assert await seen() == {"one", "two"}
    assert len({said for _, said in sender.read()}) == 2


async def test_with_no_tip_in_the_library_the_delivery_fails(database: Database) -> None:
    async with database.begin() as conn:
        await add_resident(conn, tip_hour=12)

    outcome = await said_by(make(database, FakeSender(), library(tips=[])), a_delivery(), a_run(Kind.DAILY_TIP), None)

    assert isinstance(outcome, GiveUp)


@pytest.mark.parametrize(
    ("subject", "now", "lead"),
    [
        ("24h", NOON + timedelta(days=6), "Już jutro"),
        ("24h", NOON + timedelta(days=7, hours=-5), "To już dziś"),  # it was late
        ("2h", NOON + timedelta(days=7, hours=-2), "Niedługo zaczynamy"),
        ("moved", NOON, "Zwolniło się miejsce"),
    ],
)
async def test_a_reminder_says_what_when_and_where_with_a_way_out(
    database: Database, subject: str, now: datetime, lead: str
) -> None:
    async with database.begin() as conn:
        await add_resident(conn)  # a booking is its own consent
        workshop = await add_workshop(conn)
        await book(conn, workshop, 1)
    sender = FakeSender()

    await said_by(make(database, sender, now=now), a_delivery(), a_run(Kind.REMINDER, f"{subject}:{workshop}:1"), None)

    ((_, said),) = sender.read()
    assert said.startswith(lead)
    assert "First aid (pl)" in said
    assert "Rynek 1" in said
    assert "12:00" in said
    assert actions_of(sender.sent[0][2]) == [do.CancelBooking(workshop), do.Home()]


async def test_that_a_workshop_is_called_off_is_told_to_the_waiting_list_too(database: Database) -> None:
    async with database.begin() as conn:
        await add_resident(conn)
        workshop = await add_workshop(conn)
        await book(conn, workshop, 1, state=BookingState.WAITING)
        await workshops.call_off(conn, workshop, NOON)
    sender = FakeSender()

    await said_by(make(database, sender), a_delivery(), a_run(Kind.REMINDER, f"off:{workshop}"), None)

    assert "odwołane" in sender.read()[0][1]
    assert actions_of(sender.sent[0][2]) == [do.Workshops(), do.Home()]


# --- to whom nothing is said

WITHDRAWN = [
    (Kind.TIP, {"campaigns": False, "alerts": True, "tip_hour": 12}),
    (Kind.NEWS, {"campaigns": False, "alerts": True, "tip_hour": 12}),
    (Kind.QUIZ, {"campaigns": False, "alerts": True, "tip_hour": 12}),
    (Kind.WORKSHOP, {"campaigns": False, "alerts": True, "tip_hour": 12}),
    (Kind.ALERT, {"campaigns": True, "alerts": False, "tip_hour": 12}),
    (Kind.DAILY_TIP, {"campaigns": True, "alerts": True, "tip_hour": None}),
]


@pytest.mark.parametrize(("kind", "consents"), WITHDRAWN)
async def test_who_withdrew_their_consent_meanwhile_gets_nothing(
    database: Database, kind: Kind, consents: dict[str, Any]
) -> None:
    async with database.begin() as conn:
        await add_resident(conn, **consents)
    sender = FakeSender()
    written = a_campaign(kind) if kind is not Kind.DAILY_TIP else None

    assert await said_by(make(database, sender), a_delivery(), a_run(kind), written) == OptedOut()
    assert sender.keys == []


async def test_who_was_erased_or_blocked_us_meanwhile_gets_nothing(database: Database) -> None:
    async with database.begin() as conn:
        await add_resident(conn, campaigns=True, blocked_at=NOON)
    courier = make(database, sender := FakeSender())

    assert await said_by(courier, a_delivery(), a_run(Kind.TIP), a_campaign()) == model.Blocked()
    assert await said_by(courier, a_delivery(recipient=99), a_run(Kind.TIP), a_campaign()) == OptedOut()
    assert sender.keys == []


@pytest.mark.parametrize("state", [BookingState.CANCELLED, BookingState.WAITING, BookingState.DRAFT])
async def test_who_holds_no_place_any_more_is_not_reminded(database: Database, state: BookingState) -> None:
    async with database.begin() as conn:
        await add_resident(conn)
        workshop = await add_workshop(conn)
        await book(conn, workshop, 1, state=state)

    outcome = await said_by(make(database, FakeSender()), a_delivery(), a_run(Kind.REMINDER, f"24h:{workshop}"), None)

    assert outcome == OptedOut()


@pytest.mark.parametrize("subject", ["24h", "2h"])
async def test_nobody_is_reminded_of_the_time_at_which_a_workshop_no_longer_is(
    database: Database, subject: str
) -> None:
    async with database.begin() as conn:
        await add_resident(conn)
        workshop = await add_workshop(conn)
        await book(conn, workshop, 1)
        later = NOON + timedelta(days=14)
        assert await workshops.change(conn, workshop, 0, starts_at=later, ends_at=later + timedelta(hours=1))

    outcome = await said_by(
        make(database, FakeSender()), a_delivery(), a_run(Kind.REMINDER, f"{subject}:{workshop}"), None
    )

    assert outcome == OptedOut()


async def test_nobody_is_reminded_of_a_workshop_that_was_called_off(database: Database) -> None:
    async with database.begin() as conn:
        await add_resident(conn)
        workshop = await add_workshop(conn)
        await book(conn, workshop, 1)
        await workshops.call_off(conn, workshop, NOON)

    outcome = await said_by(make(database, FakeSender()), a_delivery(), a_run(Kind.REMINDER, f"2h:{workshop}"), None)

    assert outcome == OptedOut()


# --- what a refusal means


@pytest.mark.parametrize(
    ("error", "attempt", "outcome"),
    [
        (Throttled(SOON), 1, Retry(SOON, "the channel asks us to wait", account_wide=True)),
        (Throttled(SOON), 99, Retry(SOON, "the channel asks us to wait", account_wide=True)),
        (Unreachable("down"), 1, Retry(NOON + timedelta(seconds=10), "down", account_wide=False)),
        (Unreachable("down"), 3, Retry(NOON + timedelta(seconds=90), "down", account_wide=False)),
        (Unreachable("down"), 7, Retry(NOON + timedelta(minutes=30), "down", account_wide=False)),
        (Unreachable("down"), 8, GiveUp("8 tries: down")),
        (Unanswered("lost"), 1, Uncertain("lost")),
        (Blocked(), 1, model.Blocked()),
        (Rejected("too long"), 1, GiveUp("too long")),
    ],
)
async def test_each_refusal_tells_the_scheduler_what_to_do(
    database: Database, error: BotError, attempt: int, outcome: Outcome
) -> None:
    async with database.begin() as conn:
        ada = await add_resident(conn, campaigns=True)

    found = await said_by(make(database, FakeSender(error)), a_delivery(attempt=attempt), a_run(Kind.TIP), a_campaign())

    assert found == outcome
    async with database.read() as conn:
        kept = await residents.get(conn, ada.id)
    assert kept is not None
    assert (kept.blocked_at == NOON) is isinstance(error, Blocked)


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 10), (2, 20), (3, 30), (8, 30), (200, 30)])
async def test_an_alert_is_tried_again_soon_and_for_as_long_as_its_run_is_open(
    database: Database, attempt: int, seconds: int
) -> None:
    async with database.begin() as conn:
        await add_resident(conn, alerts=True)

    found = await said_by(
        make(database, FakeSender(Unreachable("down"))),
        a_delivery(attempt=attempt),
        a_run(Kind.ALERT),
        a_campaign(Kind.ALERT),
    )

    assert found == Retry(NOON + timedelta(seconds=seconds), "down", account_wide=False)


async def test_what_may_have_arrived_is_not_given_up_by_counting(database: Database) -> None:
    async with database.begin() as conn:
        await add_resident(conn, campaigns=True)
    sender = FakeSender(Unreachable("down"), Unreachable("down"), Unanswered("lost"))
    tries = [replace(a_delivery(attempt=attempt), in_doubt=True) for attempt in (8, 9, 8)]

    found = [await said_by(make(database, sender), one, a_run(Kind.TIP), a_campaign()) for one in tries]

    assert found == [
        Retry(NOON + timedelta(minutes=30), "down", account_wide=False),
        Retry(NOON + timedelta(seconds=10), "down", account_wide=False),
        Uncertain("lost"),
    ]


async def test_a_channel_without_a_sender_fails(database: Database) -> None:
    async with database.begin() as conn:
        await add_resident(conn, "matrix:1", campaigns=True)

    outcome = await said_by(make(database, FakeSender()), a_delivery(), a_run(Kind.TIP), a_campaign())

    assert outcome == GiveUp("the channel matrix is off")


async def test_a_message_that_went_out_stays_sent_when_its_resident_is_erased_in_that_moment(
    database: Database,
) -> None:
    async with database.begin() as conn:
        ada = await add_resident(conn, tip_hour=12)

    class Erasing(FakeSender):
        async def send(self, address: Address, language: str, screen: Screen, *, key: str) -> Posted:
            async with database.begin() as conn:
                await residents.erase(conn, ada.id)
            return await super().send(address, language, screen, key=key)

    assert await said_by(make(database, Erasing()), a_delivery(), a_run(Kind.DAILY_TIP), None) == Sent("m1")


async def test_when_the_database_is_away_nothing_leaves_and_it_is_tried_again(database: Database) -> None:
    sender = FakeSender()

    class Away:
        def read(self) -> object:
            raise OSError

    courier = Courier(Away(), Shelf(library()), VAULT, {"telegram": sender}, lambda: NOON)  # type: ignore[arg-type]

    outcome = await said_by(courier, a_delivery(), a_run(Kind.TIP), a_campaign())

    assert outcome == Retry(NOON + service.FIRST_PAUSE, "OSError", account_wide=False)
    assert sender.keys == []
