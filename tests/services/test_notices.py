"""Word to staff: who gets it, in which chat, what it says, and that it comes once."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from bot.catalogue.library import Shelf
from bot.domain.residents import Address
from bot.services import campaigns as desk
from bot.services import notices, privacy, retention, runs
from bot.services import staff as team
from bot.services.courier import Courier
from bot.services.notices import About, Notice, read_notice
from bot.services.staff import NoChat, ReservedName, UnknownMember
from bot.storage import residents, staff
from bot.storage.audience import ResidentsAudience
from bot.storage.database import Connection, Database
from bot.storage.staff import Member, Role
from scheduler import ledger
from scheduler.model import CampaignState, DeliveryState, Kind, OneOff, OptedOut, Outcome, Run, RunState, Sent
from scheduler.planner import plan
from tests.support import NOON, VAULT, FakeSender, add_resident, campaign, library, pause_tips

BOOKS = library()
WHY = "The river rises faster than anybody can be called."
SOON = NOON + timedelta(seconds=5)


@pytest.fixture(autouse=True)
async def some_staff(database: Database) -> None:
    """Ada and Bob, who have a chat each, and Eve, who has none; and a resident who is none of them."""
    async with database.begin() as conn:
        for name, role in (("Ada", Role.EDITOR), ("Bob", Role.APPROVER), ("Eve", Role.ADMIN)):
            await team.enrol(conn, Member(name, role), NOON)
        await add_resident(conn, "telegram:1", "pl")
        await add_resident(conn, "telegram:2", "en")
        await add_resident(conn, "telegram:3", "uk", alerts=True, campaigns=True, tip_hour=12)
        await team.link(conn, "Ada", Address("telegram", "1"))
        await team.link(conn, "Bob", Address("telegram", "2"))


async def alert(conn: Connection) -> tuple[int, Run]:
    """An alert that left alone at noon."""
    made = await desk.create(conn, BOOKS, campaign(kind="alert"), who="Ada", now=NOON)
    _, told = await desk.break_glass(conn, made.id, WHY, who="Ada", now=NOON)
    return made.id, told


async def deliver(database: Database, sender: FakeSender, run: Run, now: datetime = SOON) -> list[Outcome]:
    """Send what is due of a run of notices."""
    courier = Courier(database, Shelf(BOOKS), VAULT, {"telegram": sender}, lambda: now)
    async with database.begin() as conn:
        claimed = await ledger.claim(conn, "telegram", 99, worker="w", now=now, lease_s=60)
        due = [one for one in claimed if one.run_id == run.id]
        await ledger.release(conn, [one for one in claimed if one not in due], worker="w", now=now)
        due = await ledger.mark(conn, due, worker="w", now=now, lease_s=60)
    parcels = await courier.prepare(due, run, None)
    outcomes = [one if isinstance(one, Outcome) else await one.send() for one in parcels]
    async with database.begin() as conn:
        await ledger.record(conn, list(zip(due, outcomes, strict=True)), now)
        await ledger.finish_runs(conn, now)
    return outcomes


async def notices_of(database: Database) -> Sequence[Run]:
    async with database.read() as conn:
        return [run for run in await ledger.list_runs(conn) if run.kind is Kind.NOTICE]


# --- an alert that left alone


async def test_all_staff_with_a_chat_read_which_alert_who_when_and_why(database: Database) -> None:
    async with database.begin() as conn:
        number, told = await alert(conn)
    sender = FakeSender()

    assert await deliver(database, sender, told) == [Sent("m1"), Sent("m2")]

    (chat_1, polish), (chat_2, english) = sender.read()
    assert (chat_1, chat_2) == ("1", "2")
    assert "Ostrzeżenie wychodzi bez zgody drugiej osoby." in polish
    assert "„Campaign jesien (pl)”" in polish
    assert "An alert leaves without a second person’s yes." in english
    for part in ("“Campaign jesien (en)”", f"no. {number}", "by Ada", "1 December", "12:00", WHY):
        assert part in english
    assert f"bezpieczny campaign pause {number}" in english
    assert f"bezpieczny campaign cancel {number}" in english
    async with database.read() as conn:
        run = await ledger.load_run(conn, told.id)
        balance = await ledger.balance(conn, told.id)
    assert (run.state, balance.holds, balance[DeliveryState.SENT]) == (RunState.FINISHED, True, 2)


async def test_it_is_told_at_night_too(database: Database) -> None:
    night = datetime(2026, 12, 1, 23, tzinfo=UTC)
    async with database.begin() as conn:
        made = await desk.create(conn, BOOKS, campaign(kind="alert"), who="Ada", now=night)
        _, told = await desk.break_glass(conn, made.id, WHY, who="Ada", now=night)

    assert len(await deliver(database, FakeSender(), told, night)) == 2


async def test_each_time_is_told_with_its_own_reason(database: Database) -> None:
    async with database.begin() as conn:
        number, first = await alert(conn)
        await desk.revise(conn, BOOKS, number, campaign(kind="alert"), who="Ada", now=SOON)
        later = NOON + timedelta(hours=1)
        _, second = await desk.break_glass(conn, number, "The dam has broken.", who="Bob", now=later)
    sender = FakeSender()

    await deliver(database, sender, first, later)
    await deliver(database, sender, second, later)

    said = [words for chat, words in sender.read() if chat == "2"]
    assert [WHY in words for words in said] == [True, False]
    assert ["The dam has broken." in words for words in said] == [False, True]


async def test_a_reason_is_shown_as_it_is_written(database: Database) -> None:
    async with database.begin() as conn:
        made = await desk.create(conn, BOOKS, campaign(kind="alert"), who="Ada", now=NOON)
        _, told = await desk.break_glass(
            conn, made.id, "**Now** [here](https://example.org) {who}", who="Ada", now=NOON
        )
    sender = FakeSender()

    await deliver(database, sender, told)

    assert "**Now** [here](https://example.org) {who}" in sender.read()[1][1]


async def test_whoever_is_no_staff_any_more_gets_nothing(database: Database) -> None:
    async with database.begin() as conn:
        _, told = await alert(conn)
        await team.unlink(conn, "Ada")
        bob = await residents.find(conn, Address("telegram", "2"))
        assert bob
        await privacy.erase(conn, bob)
    sender = FakeSender()

    outcomes = await deliver(database, sender, told)

    assert outcomes == [OptedOut()]
    assert sender.sent == []


async def test_with_no_chat_linked_nobody_is_told_and_the_alert_leaves_all_the_same(database: Database) -> None:
    async with database.begin() as conn:
        for name in ("Ada", "Bob"):
            await team.unlink(conn, name)
        number, told = await alert(conn)
        await desk.schedule(conn, number, OneOff(NOON), now=NOON, who="Ada")
    await plan(database.begin, ResidentsAudience(), NOON)

    async with database.read() as conn:
        assert (await ledger.load_run(conn, told.id)).state is RunState.FINISHED
        assert (await ledger.load_campaign(conn, number)).state is CampaignState.RUNNING
    assert told.audience == 0


# --- what was paused for a fault


async def test_a_campaign_that_paused_itself_is_told_once_with_its_reason(database: Database) -> None:
    async with database.begin() as conn:
        made = await desk.create(conn, BOOKS, campaign(), who="Ada", now=NOON)
        await desk.approve(conn, made.id, who="Bob", now=NOON)
        await desk.schedule(conn, made.id, OneOff(NOON), now=NOON, who="Ada")
    (run,) = (await plan(database.begin, ResidentsAudience(), NOON)).opened
    assert await notices.tell_paused(database, NOON) == []
    async with database.begin() as conn:
        await ledger.pause_run(conn, run.id, "11 of the last 50 failed, most often: no chat", who="delivery", now=SOON)

    (told,) = await notices.tell_paused(database, SOON)
    assert await notices.tell_paused(database, SOON + timedelta(hours=1)) == []
    sender = FakeSender()
    await deliver(database, sender, told)

    english = sender.read()[1][1]
    assert "A campaign has paused itself." in english
    assert "11 of the last 50 failed, most often: no chat" in english
    assert f"bezpieczny campaign resume {made.id}" in english

    async with database.begin() as conn:
        resumed = await desk.resume(conn, made.id, who="Ada", now=SOON)
        again = SOON + timedelta(minutes=1)
        await ledger.pause_run(conn, run.id, "11 of the last 50 failed, most often: no chat", who="delivery", now=again)
    assert resumed.state is CampaignState.RUNNING
    assert len(await notices.tell_paused(database, again)) == 1, "another pause is told too"


async def test_what_people_paused_and_what_is_long_past_is_no_news(database: Database) -> None:
    async with database.begin() as conn:
        for _ in range(2):
            made = await desk.create(conn, BOOKS, campaign(), who="Ada", now=NOON)
            await desk.approve(conn, made.id, who="Bob", now=NOON)
            await desk.schedule(conn, made.id, OneOff(NOON), now=NOON, who="Ada")
        await desk.pause(conn, made.id, who="Bob", now=NOON)
    (run,) = (await plan(database.begin, ResidentsAudience(), NOON)).opened
    async with database.begin() as conn:
        await ledger.pause_run(conn, run.id, "why", who="delivery", now=NOON)

    assert await notices.tell_paused(database, NOON + notices.NEWS_FOR + timedelta(seconds=1)) == []
    assert len(await notices.tell_paused(database, NOON)) == 1


async def test_tips_that_paused_themselves_are_told_unless_somebody_has_seen_to_them(database: Database) -> None:
    async with database.begin() as conn:
        run = await pause_tips(conn)
    (told,) = await notices.tell_paused(database, NOON)
    assert await notices.tell_paused(database, SOON) == []
    sender = FakeSender()
    await deliver(database, sender, told)
    assert "bezpieczny campaign resume-run daily-tip:2026-12-01T12" in sender.read()[1][1]

    async with database.begin() as conn:
        await ledger.resume_run(conn, run.id)
        await ledger.pause_run(conn, run.id, "12 of the last 50 failed", who="delivery", now=SOON)
    (second,) = await notices.tell_paused(database, SOON)
    async with database.begin() as conn:
        await runs.resume_run(conn, run.key, who="Ada")
    assert await deliver(database, FakeSender(), second) == [OptedOut(), OptedOut()]


async def test_a_notice_that_paused_is_not_told_by_notices(database: Database) -> None:
    async with database.begin() as conn:
        _, told = await alert(conn)
        await ledger.pause_run(conn, told.id, "11 of the last 50 failed", who="delivery", now=NOON)

    assert await notices.tell_paused(database, NOON) == []
    about = [read_notice(run.subject).about for run in await notices_of(database)]
    assert sorted(about) == [About.BREAK_GLASS, About.REVIEW], "the pause of the one made no other"


@pytest.mark.parametrize("about", About)
def test_a_subject_is_read_as_it_was_written(about: About) -> None:
    assert read_notice(Notice(about, 7).subject) == Notice(about, 7)


# --- whose chat is whose


async def test_a_chat_is_linked_where_the_bot_was_started(database: Database) -> None:
    async with database.begin() as conn:
        assert [(one.name, one.linked) for one in await staff.everyone(conn)] == [
            ("Ada", True),
            ("Bob", True),
            ("Eve", False),
        ]
        await add_resident(conn, "web:7")
        await add_resident(conn, "telegram:8", blocked_at=NOON)
        for address, why in (
            ("telegram:99", "let Eve start it there"),
            ("web:7", "Nobody can be written to first on web"),
            ("telegram:8", "let Eve unblock it"),
        ):
            channel, _, chat = address.partition(":")
            with pytest.raises(NoChat, match=why):
                await team.link(conn, "Eve", Address(channel, chat))
        for change in (team.link(conn, "Zoe", Address("telegram", "1")), team.unlink(conn, "Zoe")):
            with pytest.raises(UnknownMember, match="Zoe"):
                await change


async def test_another_role_keeps_the_chat(database: Database) -> None:
    async with database.begin() as conn:
        await team.enrol(conn, Member("Ada", Role.ADMIN), SOON)

        assert await staff.find(conn, "Ada") == Member("Ada", Role.ADMIN, linked=True)


@pytest.mark.parametrize("name", ["operator", "planner", "Delivery "])
async def test_nobody_is_called_like_a_part_of_the_program(database: Database, name: str) -> None:
    async with database.begin() as conn:
        with pytest.raises(ReservedName):
            await team.enrol(conn, Member(name, Role.EDITOR), NOON)


async def test_a_chat_goes_with_its_resident_and_moves_with_it(database: Database) -> None:
    async with database.begin() as conn:
        await residents.move(conn, Address("telegram", "1"), Address("telegram", "-100"))
        assert await staff.names_at(conn, Address("telegram", "-100")) == ["Ada"]
        bob = await residents.find(conn, Address("telegram", "2"))
        assert bob
        assert (await privacy.export(conn, VAULT, bob, NOON))["word_for_staff"] == ["Bob"]
        await privacy.erase(conn, bob)

        assert await staff.find(conn, "Bob") == Member("Bob", Role.APPROVER)


async def test_staff_who_only_read_are_not_forgotten_for_their_silence(database: Database) -> None:
    await retention.sweep(database, NOON + timedelta(days=800))

    async with database.read() as conn:
        there = [await residents.find(conn, Address("telegram", chat)) for chat in ("1", "2")]
        assert all(there)
