"""A second person's yes on the phone: who is told, who may say it, to what, and that it counts once."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.catalogue.library import Shelf
from bot.catalogue.schema import LONGEST_TEXT
from bot.channels.telegram import render
from bot.domain import actions as do
from bot.domain.errors import StaleAction
from bot.domain.residents import Address
from bot.services import approvals, notices, tokens
from bot.services import campaigns as desk
from bot.services import staff as team
from bot.services.approvals import Approved, Changed, Open, Over, Own
from bot.services.courier import Courier
from bot.services.links import Links
from bot.services.programs import draft, submit
from bot.services.tokens import Caller, Scope
from bot.storage import staff, tables
from bot.storage.database import Connection, Database
from bot.storage.staff import Member, Role
from scheduler import ledger
from scheduler.errors import OwnCampaign
from scheduler.model import Campaign, CampaignState, Kind, Outcome, Run
from tests.support import NOON, VAULT, FakeSender, actions_of, add_resident, campaign, library, texts

BOOKS = library()
ADA, BOB, EVE, GROUP, STRANGER = (Address("telegram", chat) for chat in ("1", "2", "3", "-100", "9"))
SOON = NOON + timedelta(seconds=5)


@pytest.fixture(autouse=True)
async def some_staff(database: Database) -> None:
    """Ada writes, Bob and Eve approve, Kim is linked to a group; and somebody who is no staff at all."""
    people = (
        ("Ada", Role.EDITOR, ADA),
        ("Bob", Role.APPROVER, BOB),
        ("Eve", Role.ADMIN, EVE),
        ("Kim", Role.ADMIN, GROUP),
    )
    async with database.begin() as conn:
        await add_resident(conn, "telegram:9", alerts=True, campaigns=True)
        for name, role, chat in people:
            await team.enrol(conn, Member(name, role), NOON)
            await add_resident(conn, f"telegram:{chat.id}", "en", campaigns=True)
            await team.link(conn, name, chat)


async def asked(conn: Connection, who: str = "Ada") -> Campaign:
    """A campaign that waits for approval."""
    return await desk.create(conn, BOOKS, campaign(buttons=[{"quiz": "czad"}]), who=who, now=NOON)


async def arrivals(database: Database) -> FakeSender:
    """Everything that is due is sent."""
    sender = FakeSender()
    courier = Courier(
        database, Shelf(BOOKS), VAULT, {"telegram": sender}, lambda: SOON, links=Links("https://bk.example.org")
    )
    async with database.begin() as conn:
        due = await ledger.claim(conn, "telegram", 99, worker="w", now=SOON, lease_s=60)
        due = await ledger.mark(conn, due, worker="w", now=SOON, lease_s=60)
    async with database.read() as conn:
        runs = {run.id: run for run in await ledger.list_runs(conn)}
    outcomes: list[Outcome] = []
    for one in due:
        (parcel,) = await courier.prepare([one], runs[one.run_id], None)
        outcomes.append(parcel if isinstance(parcel, Outcome) else await parcel.send())
    async with database.begin() as conn:
        await ledger.record(conn, list(zip(due, outcomes, strict=True)), SOON)
    return sender


async def audit_of(conn: Connection) -> Sequence[tuple[str, ...]]:
    log = tables.audit.c
    return [tuple(row) for row in await conn.execute(select(log.who, log.what, log.about).order_by(log.id))]


# --- who is told


async def test_whoever_may_approve_is_told_in_their_own_chat_what_residents_will_read(database: Database) -> None:
    async with database.begin() as conn:
        made = await asked(conn)

    sender = await arrivals(database)

    assert [chat for chat, _ in sender.read()] == ["2", "3"], "not the author, not a group, nobody else"
    said = sender.read()[0][1]
    for part in (
        "“Campaign jesien (en)” (no. 1), written by Ada",
        "Check your alarm (en)",
        "Quiz czad (en)",
        "5 people",
    ):
        assert part in said
    screen = sender.sent[0][2]
    assert do.ApproveCampaign(made.id, made.revision) in actions_of(screen)
    assert "https://bk.example.org/console/campaigns/1" in repr(screen.rows)


async def test_what_was_approved_or_changed_meanwhile_is_told_no_more(database: Database) -> None:
    async with database.begin() as conn:
        first, second = await asked(conn), await asked(conn)
        await desk.approve(conn, first.id, who="Eve", now=NOON)
        await desk.revise(conn, BOOKS, second.id, campaign(), who="Ada", now=NOON)

    sender = await arrivals(database)

    assert [chat for chat, _ in sender.read()] == ["2", "3"], "once each: of the second, as it is now"


async def test_its_author_hears_that_it_came_back_and_why(database: Database) -> None:
    async with database.begin() as conn:
        made = await asked(conn)
        await desk.reject(conn, made.id, "Shorter, please: **half** of it", who="Bob", now=NOON)

    told = [words for chat, words in (await arrivals(database)).read() if chat == "1"]

    assert len(told) == 1
    assert "sent back by Bob" in told[0]
    assert "Shorter, please: **half** of it" in told[0]


async def test_without_a_linked_approver_nobody_is_told_and_it_waits_all_the_same(database: Database) -> None:
    async with database.begin() as conn:
        for name in ("Bob", "Eve", "Kim"):
            await team.unlink(conn, name)
        made = await asked(conn)

        assert made.state is CampaignState.IN_REVIEW
        assert await ledger.list_runs(conn) == []


async def test_the_longest_campaign_fits_one_message(database: Database) -> None:
    words = dict.fromkeys(("pl", "uk", "en"), ("ż <&> " * LONGEST_TEXT)[: LONGEST_TEXT - 1] + "!")
    button = {"url": "https://example.org/", "text": dict.fromkeys(words, "w" * 40)}
    content = campaign(title=dict.fromkeys(words, "t" * 80), text=words, buttons=[button] * 3)
    async with database.begin() as conn:
        await desk.create(conn, BOOKS, content, who="Ada", now=NOON)

    screen = (await arrivals(database)).sent[0][2]

    for language in words:
        shown = render.text(screen, language, BOOKS.words)
        assert BOOKS.words.label(screen.blocks[-1], language).split()[-1] in shown, "its end, with the code, is there"


# --- who may say yes


async def test_a_yes_is_the_presser_s_own_in_the_history_and_in_the_audit_log(database: Database) -> None:
    async with database.begin() as conn:
        made = await asked(conn)
        assert isinstance(await approvals.look(conn, BOB, made.id, made.revision), Open)

        done = await approvals.approve(conn, BOB, made.id, made.revision, SOON)

        assert isinstance(done, Approved)
        assert (done.by, done.campaign.state, done.campaign.approved_by) == ("Bob", CampaignState.APPROVED, "Bob")
        assert [event.who for event in await ledger.list_events(conn, made.id)] == ["Ada", "Ada", "Bob"]
        assert await audit_of(conn) == [("Bob", "approve", "campaign:1")]


async def test_twice_is_once_and_whoever_is_second_hears_who_was_first(database: Database) -> None:
    async with database.begin() as conn:
        made = await asked(conn)
        for reader in (BOB, BOB, EVE):
            done = await approvals.approve(conn, reader, made.id, made.revision, SOON)
            assert isinstance(done, Approved)
            assert done.by == "Bob"
        assert len(await audit_of(conn)) == 1


async def test_two_who_press_at_once_approve_it_once(database: Database) -> None:
    async with database.begin() as conn:
        made = await asked(conn)

    async def press(reader: Address) -> approvals.Standing:
        async with database.begin() as conn:
            return await approvals.approve(conn, reader, made.id, made.revision, SOON)

    done = await asyncio.gather(press(BOB), press(EVE))

    assert len({one.by for one in done if isinstance(one, Approved)}) == 1
    async with database.read() as conn:
        assert len(await audit_of(conn)) == 1
        assert [event.what for event in await ledger.list_events(conn, made.id)].count("approved") == 1


async def test_nobody_says_yes_to_what_they_have_not_read(database: Database) -> None:
    async with database.begin() as conn:
        made = await asked(conn)
        revised = await desk.revise(conn, BOOKS, made.id, campaign(text=texts("Other words")), who="Ada", now=NOON)

        assert isinstance(await approvals.approve(conn, BOB, made.id, made.revision, SOON), Changed)
        assert (await ledger.load_campaign(conn, made.id)).state is CampaignState.IN_REVIEW
        assert isinstance(await approvals.approve(conn, BOB, made.id, revised.revision, SOON), Approved)


async def test_strangers_and_groups_and_former_approvers_learn_nothing(database: Database) -> None:
    async with database.begin() as conn:
        made = await asked(conn)
        await team.enrol(conn, Member("Bob", Role.ORGANISER), NOON)
        await staff.remove(conn, "Eve")
        for reader in (STRANGER, GROUP, BOB, EVE, replace(BOB, channel="web"), replace(BOB, channel="matrix")):
            with pytest.raises(StaleAction):
                await approvals.look(conn, reader, made.id)
            with pytest.raises(StaleAction):
                await approvals.approve(conn, reader, made.id, made.revision, SOON)
        with pytest.raises(StaleAction):
            await approvals.look(conn, BOB, 99)
        assert (await ledger.load_campaign(conn, made.id)).state is CampaignState.IN_REVIEW


async def test_an_author_hears_that_somebody_else_says_yes(database: Database) -> None:
    async with database.begin() as conn:
        own = await asked(conn, who="Eve")
        assert isinstance(await approvals.approve(conn, EVE, own.id, own.revision, SOON), Own)
        # Two who share a chat are one person, as far as anybody can tell.
        shared = await asked(conn)
        await team.link(conn, "Ada", BOB)
        assert isinstance(await approvals.approve(conn, BOB, shared.id, shared.revision, SOON), Own)
        assert await audit_of(conn) == []


async def test_what_is_over_says_so(database: Database) -> None:
    async with database.begin() as conn:
        returned, ended = await asked(conn), await asked(conn)
        await desk.reject(conn, returned.id, "Not now", who="Eve", now=NOON)
        await desk.cancel(conn, ended.id, who="Ada", now=NOON)

        for one in (returned, ended):
            assert isinstance(await approvals.approve(conn, BOB, one.id, one.revision, SOON), Over)


# --- what a program wrote


async def written_by_a_program(conn: Connection) -> Campaign:
    token, _ = await tokens.make(
        conn,
        secret="s" * 43,
        name="Weather desk",
        scopes=frozenset({Scope.CAMPAIGNS_WRITE}),
        expires_at=None,
        who="Eve",
        now=NOON,
    )
    made = await draft(conn, BOOKS, campaign(), caller=Caller(token), now=NOON)
    return await submit(conn, made.id, caller=Caller(token), now=NOON)


async def test_who_made_a_token_is_no_second_person_for_what_it_wrote(database: Database) -> None:
    async with database.begin() as conn:
        made = await written_by_a_program(conn)
        assert made.author == "api:Weather desk"
        assert isinstance(await approvals.approve(conn, EVE, made.id, made.revision, SOON), Own)
        with pytest.raises(OwnCampaign):
            await desk.approve(conn, made.id, who="Eve", now=SOON)

    assert [chat for chat, _ in (await arrivals(database)).read()] == ["2"]

    async with database.begin() as conn:
        assert isinstance(await approvals.approve(conn, BOB, made.id, made.revision, SOON), Approved)


async def test_who_made_a_token_hears_that_its_campaign_came_back(database: Database) -> None:
    async with database.begin() as conn:
        made = await written_by_a_program(conn)
        returned = await desk.reject(conn, made.id, "Which street?", who="Bob", now=SOON)

        run: Run | None = await notices.tell_returned(conn, returned, SOON)

    assert run is not None
    assert (run.kind, run.audience) == (Kind.NOTICE, 1)
