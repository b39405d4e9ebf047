"""A campaign among the staff: who may take which step, what the file must be."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.catalogue.problems import ContentError
from bot.domain.errors import Blocked
from bot.domain.residents import Address
from bot.services import campaigns as desk
from bot.services import preview as previews
from bot.services import runs
from bot.services.campaign_texts import UnknownTemplate, content_of, from_template, missing_languages, read_file
from bot.services.campaigns import NotYourCampaign, WrongKind
from bot.services.preview import NoSuchChannel
from bot.services.refusals import NobodyToReach
from bot.services.staff import MAY, NotYourRole, UnknownMember
from bot.storage import staff
from bot.storage.audience import ResidentsAudience
from bot.storage.database import Connection, Database
from bot.storage.staff import Member, Role
from scheduler import ledger, lifecycle
from scheduler.errors import (
    NotAllowed,
    NothingFailed,
    OnlyAlerts,
    OwnCampaign,
    RunNotPaused,
    RunOfCampaign,
    StaleCampaign,
    UnknownRun,
)
from scheduler.model import Campaign, CampaignState, DeliveryState, GiveUp, Kind, OneOff, Recurring, Run, RunState
from tests.support import NOON, FakeSender, add_resident, campaign, library, texts

BOOKS = library()
SOON = NOON + timedelta(hours=1)
WHY = "The river rises faster than anybody can be called."
STAFF = (
    ("ada", Role.ADMIN),
    ("ed", Role.EDITOR),
    ("eve", Role.EDITOR),
    ("ap", Role.APPROVER),
    ("org", Role.ORGANISER),
    ("vi", Role.VIEWER),
    ("pat", Role.PARTNER),
)


@pytest.fixture(autouse=True)
async def team(database: Database) -> None:
    async with database.begin() as conn:
        for name, role in STAFF:
            await staff.add(conn, Member(name, role), NOON)


async def create(conn: Connection, who: str = "ed", **changes: Any) -> Campaign:
    return await desk.create(conn, BOOKS, campaign(**changes), who=who, now=NOON)


async def scheduled(conn: Connection, at: datetime = SOON, **changes: Any) -> Campaign:
    made = await create(conn, **changes)
    await desk.approve(conn, made.id, who="ap", now=NOON)
    return await desk.schedule(conn, made.id, OneOff(at), now=NOON)


# --- its way


async def test_a_complete_campaign_goes_to_review_at_once_and_an_incomplete_one_stays_a_draft(
    database: Database,
) -> None:
    async with database.begin() as conn:
        complete = await create(conn)
        incomplete = await create(conn, text={"pl": "Sprawdź", "en": "Check"})
        polish = await create(conn, text={"pl": "Sprawdź"}, title={"pl": "Czad"}, audience={"languages": ["pl"]})

        assert complete.state is CampaignState.IN_REVIEW
        assert incomplete.state is CampaignState.DRAFT
        assert missing_languages(BOOKS, content_of(incomplete)) == ("uk",)
        assert polish.state is CampaignState.IN_REVIEW
        assert (await desk.submit(conn, incomplete.id, who="ed", now=NOON)).state is CampaignState.IN_REVIEW


async def test_nobody_approves_their_own_not_even_an_admin_nor_what_they_revised(database: Database) -> None:
    async with database.begin() as conn:
        own = await create(conn, "ada")
        revised = await create(conn, "ed")
        await desk.revise(conn, BOOKS, revised.id, campaign(text=texts("Better")), who="ada", now=NOON)

        for number in (own.id, revised.id):
            with pytest.raises(OwnCampaign):
                await desk.approve(conn, number, who="ada", now=NOON)
        approved = await desk.approve(conn, revised.id, who="ap", now=NOON)

    assert (approved.state, approved.approved_by) == (CampaignState.APPROVED, "ap")


async def test_a_revision_voids_the_approval(database: Database) -> None:
    async with database.begin() as conn:
        made = await create(conn)
        await desk.approve(conn, made.id, who="ap", now=NOON)
        revised = await desk.revise(conn, BOOKS, made.id, campaign(text=texts("Other")), who="eve", now=NOON)

        assert (revised.state, revised.approved_by, revised.author) == (CampaignState.IN_REVIEW, None, "eve")
        with pytest.raises(NotAllowed):
            await desk.schedule(conn, made.id, OneOff(NOON), now=NOON)
        with pytest.raises(WrongKind):
            await desk.revise(conn, BOOKS, made.id, campaign(kind="alert"), who="eve", now=NOON)


WRITERS, APPROVERS = {"ada", "ed", "eve"}, {"ada", "ap"}
OFFICE = WRITERS | APPROVERS
STEPS = {
    "create": WRITERS | {"pat"},
    "revise": WRITERS,
    "submit": WRITERS,
    "approve": APPROVERS,
    "reject": APPROVERS,
    "break_glass": OFFICE,
    "schedule": WRITERS,
    "unschedule": WRITERS,
    "skip": WRITERS,
    "pause": OFFICE | {"org"},
    "resume": WRITERS,
    "retry": WRITERS,
    "resume_run": WRITERS,
    "cancel": OFFICE,
}
"""Who may take a step with a campaign of somebody else's."""


def test_the_table_of_roles_names_every_step() -> None:
    steps = set(lifecycle.ALLOWED) - lifecycle.BY_ITSELF

    assert set(STEPS) == steps | {"create", "resume_run"}
    assert set(STEPS) <= set(MAY)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("who", [name for name, _ in STAFF])
async def test_each_step_belongs_to_its_roles(database: Database, step: str, who: str) -> None:
    async with database.begin() as conn:
        number = await _one_before(conn, step)
        try:
            await _take(conn, step, number, who)
        except (NotYourRole, NotYourCampaign):
            allowed = False
        else:
            allowed = True

    assert allowed is (who in STEPS[step])


async def _one_before(conn: Connection, step: str) -> int:
    """A campaign, of an author who takes no part, that is ready for a step."""
    await staff.add(conn, Member("author", Role.EDITOR), NOON)
    await staff.add(conn, Member("second", Role.APPROVER), NOON)
    await add_resident(conn, alerts=True)
    polish = {"text": {"pl": "Sprawdź"}} if step == "submit" else {}
    made = await create(conn, "author", kind="alert", **polish)
    if step in {"submit", "approve", "reject", "create", "revise", "break_glass"}:
        return made.id
    await desk.approve(conn, made.id, who="second", now=NOON)
    if step == "schedule":
        return made.id
    rule = Recurring("0 13 * * *")
    await desk.schedule(conn, made.id, rule, now=NOON)
    if step == "resume":
        await desk.pause(conn, made.id, now=NOON)
    if step == "retry":
        await _fail(conn, made.id)
    if step == "resume_run":
        await broadcast(conn, "tips", RunState.PAUSED)
    return made.id


async def broadcast(conn: Connection, key: str, state: RunState) -> Run:
    """A run without a campaign."""
    run = await ledger.open_run(
        conn,
        ResidentsAudience(),
        key=key,
        kind=Kind.DAILY_TIP,
        slot_at=NOON,
        expires_at=NOON + timedelta(hours=4),
        now=NOON,
    )
    if state is RunState.PAUSED:
        await ledger.pause_run(conn, run.id, "11 of the last 50 failed", who="delivery", now=NOON)
    return run


async def _fail(conn: Connection, number: int) -> Run:
    """A run of a campaign to one resident, which failed."""
    made = await ledger.load_campaign(conn, number)
    run = await ledger.open_run(
        conn,
        ResidentsAudience(),
        key=f"campaign:{number}:{NOON}",
        kind=made.kind,
        slot_at=NOON,
        expires_at=NOON + timedelta(hours=1),
        now=NOON,
        campaign=made,
    )
    due = await ledger.claim(conn, "telegram", 9, worker="w", now=NOON, lease_s=60)
    due = await ledger.mark(conn, due, worker="w", now=NOON, lease_s=60)
    await ledger.record(conn, [(one, GiveUp("chat not found")) for one in due], NOON)
    await ledger.finish_runs(conn, NOON)
    return run


async def _take(conn: Connection, step: str, number: int, who: str, revision: int | None = None) -> None:
    seen: dict[str, Any] = {"who": who, "now": NOON, "revision": revision}
    match step:
        case "create":
            await create(conn, who)
        case "revise":
            await desk.revise(conn, BOOKS, number, campaign(kind="alert"), **seen)
        case "reject" | "break_glass":
            await getattr(desk, step)(conn, number, "too long a text, too short a time", **seen)
        case "schedule":
            await desk.schedule(conn, number, OneOff(NOON), **seen)
        case "skip":
            await desk.skip(conn, number, date(2026, 12, 24), **seen)
        case "retry":
            await runs.retry(conn, number, **seen)
        case "resume_run":
            await runs.resume_run(conn, "tips", who=who)
        case _:
            await getattr(desk, step)(conn, number, **seen)


async def test_a_partner_works_on_their_own_drafts_alone(database: Database) -> None:
    polish = campaign(text={"pl": "Sprawdź"})
    async with database.begin() as conn:
        own = await desk.create(conn, BOOKS, polish, who="pat", now=NOON)
        other = await desk.create(conn, BOOKS, polish, who="ed", now=NOON)

        assert (await desk.revise(conn, BOOKS, own.id, polish, who="pat", now=NOON)).author == "pat"
        await desk.revise(conn, BOOKS, own.id, polish, who="ed", now=NOON)  # helped with it; it stays the partner's
        assert (await desk.submit(conn, own.id, who="pat", now=NOON)).state is CampaignState.IN_REVIEW
        copied = await desk.duplicate(conn, own.id, who="pat", now=NOON)
        assert (await desk.cancel(conn, own.id, who="pat", now=NOON)).state is CampaignState.CANCELLED
        assert [await desk.is_own(conn, one.id, "pat") for one in (own, copied, other)] == [True, True, False]
        for step in (desk.submit, desk.cancel, desk.duplicate):
            with pytest.raises(NotYourCampaign):
                await step(conn, other.id, who="pat", now=NOON)


async def test_a_copy_says_the_same_and_begins_anew(database: Database) -> None:
    async with database.begin() as conn:
        old = await scheduled(conn, window=6, audience={"districts": [7]})
        copy = await desk.duplicate(conn, old.id, who="eve", now=SOON)
        history = [(event.who, event.what) for event in await ledger.list_events(conn, copy.id)]

    assert content_of(copy) == content_of(old)
    assert (copy.title, copy.audience, copy.window_s) == (old.title, old.audience, old.window_s)
    assert (copy.state, copy.author, copy.schedule, copy.approved_by) == (CampaignState.DRAFT, "eve", None, None)
    assert history == [("eve", "created"), ("eve", f"copied from campaign {old.id}")]


@pytest.mark.parametrize("step", sorted(set(STEPS) - {"create", "resume_run"}))
async def test_a_step_on_what_somebody_changed_meanwhile_is_refused(database: Database, step: str) -> None:
    async with database.begin() as conn:
        number = await _one_before(conn, step)
        with pytest.raises(StaleCampaign):
            await _take(conn, step, number, "ada", revision=9)
        seen = await ledger.load_campaign(conn, number)
        await _take(conn, step, number, "ada", revision=seen.revision)


async def test_a_stranger_may_nothing_and_the_operator_is_logged_as_one(database: Database) -> None:
    async with database.begin() as conn:
        made = await scheduled(conn)
        with pytest.raises(UnknownMember, match="mallory"):
            await desk.pause(conn, made.id, now=NOON, who="mallory")
        await desk.pause(conn, made.id, now=NOON)

        history = [(event.who, event.what) for event in await ledger.list_events(conn, made.id)]

    assert history == [
        ("ed", "created"),
        ("ed", "submitted"),
        ("ap", "approved"),
        ("operator", "scheduled for 2026-12-01 13:00"),
        ("operator", "paused"),
    ]


# --- its time


async def test_what_is_scheduled_is_revised_only_after_its_time_is_taken_away(database: Database) -> None:
    other = campaign(text=texts("Other"))
    async with database.begin() as conn:
        made = await scheduled(conn)
        with pytest.raises(NotAllowed, match="unschedule it first"):
            await desk.revise(conn, BOOKS, made.id, other, who="ed", now=NOON)

        free = await desk.unschedule(conn, made.id, who="ed", now=NOON)
        assert (free.state, free.approved_by, free.next_at) == (CampaignState.APPROVED, "ap", None)
        revised = await desk.revise(conn, BOOKS, made.id, other, who="ed", now=NOON)
        assert (revised.state, revised.approved_by) == (CampaignState.IN_REVIEW, None)


async def test_the_history_tells_what_a_rule_leaves_out(database: Database) -> None:
    async with database.begin() as conn:
        made = await create(conn)
        await desk.approve(conn, made.id, who="ap", now=NOON)
        rule = Recurring("30 17 * * thu", frozenset({date(2026, 12, 31), date(2026, 12, 24)}))
        await desk.schedule(conn, made.id, rule, now=NOON, window=timedelta(hours=6))
        skipped = await desk.skip(conn, made.id, date(2026, 12, 3), now=NOON, who="ed")

        whats = [event.what for event in await ledger.list_events(conn, made.id)]

    assert skipped.next_at == datetime(2026, 12, 10, 16, 30, tzinfo=UTC)
    assert skipped.window_s == 6 * 3600
    assert whats[-2:] == ["scheduled for 30 17 * * thu, not on 2026-12-24, 2026-12-31", "skips 2026-12-03"]


async def test_the_window_comes_from_the_file_and_a_schedule_may_say_otherwise(database: Database) -> None:
    async with database.begin() as conn:
        made = await create(conn, window=6)
        assert made.window_s == 6 * 3600
        revised = await desk.revise(conn, BOOKS, made.id, campaign(window=2), who="ed", now=NOON)
        assert revised.window_s == 2 * 3600


async def test_of_two_editors_who_looked_at_the_same_revision_the_second_is_told(database: Database) -> None:
    async with database.begin() as conn:
        seen_by_both = await create(conn)
        await desk.approve(conn, seen_by_both.id, who="ap", now=NOON)

        with pytest.raises(StaleCampaign, match="Someone else changed this campaign in the meantime"):
            await ledger.save_campaign(conn, seen_by_both, who="eve", what="revised", now=NOON)


# --- without a second person


async def test_an_alert_leaves_without_a_second_person_for_a_reason_that_stays_with_it(database: Database) -> None:
    async with database.begin() as conn:
        await add_resident(conn, alerts=True)
        made = await create(conn, "ed", kind="alert")
        alone, told = await desk.break_glass(conn, made.id, WHY, who="ed", now=NOON)
        sent = await desk.schedule(conn, made.id, OneOff(NOON), now=NOON, who="ed")
        history = [(event.who, event.what) for event in await ledger.list_events(conn, made.id)]

    assert (alone.state, alone.break_glass, alone.approved_by) == (CampaignState.APPROVED, WHY, None)
    assert (sent.state, sent.break_glass) == (CampaignState.SCHEDULED, WHY)
    assert (told.kind, told.campaign_id, told.subject) == (Kind.NOTICE, None, f"break-glass:{made.id}")
    assert history[-2:] == [("ed", f"left without a second person: {WHY}"), ("ed", "scheduled for 2026-12-01 12:00")]


@pytest.mark.parametrize("kind", ["tip", "news", "quiz", "workshop"])
async def test_nothing_but_an_alert_leaves_alone(database: Database, kind: str) -> None:
    async with database.begin() as conn:
        made = await create(conn, kind=kind)
        with pytest.raises(OnlyAlerts):
            await desk.break_glass(conn, made.id, WHY, who="ada", now=NOON)
        with pytest.raises(OnlyAlerts):
            await desk.create_alert(conn, BOOKS, campaign(kind=kind), who="ada", now=NOON)

        assert (await ledger.load_campaign(conn, made.id)).state is CampaignState.IN_REVIEW
        assert len(await ledger.list_campaigns(conn)) == 1
        assert await ledger.list_runs(conn) == []


async def test_in_an_emergency_whoever_may_let_it_leave_may_also_write_it(database: Database) -> None:
    async with database.begin() as conn:
        await add_resident(conn, alerts=True)
        made = await desk.create_alert(conn, BOOKS, campaign(kind="alert"), who="ap", now=NOON)
        sent, _ = await desk.send_alert(conn, made.id, WHY, who="ap", now=NOON)

    assert (sent.state, sent.next_at, sent.author) == (CampaignState.SCHEDULED, NOON, "ap")


async def test_an_alert_to_nobody_does_not_leave_and_nobody_is_told(database: Database) -> None:
    async with database.begin() as conn:
        made = await desk.create_alert(conn, BOOKS, campaign(kind="alert"), who="ap", now=NOON)
    with pytest.raises(NobodyToReach):
        async with database.begin() as conn:
            await desk.send_alert(conn, made.id, WHY, who="ap", now=NOON)

    async with database.read() as conn:
        assert (await ledger.load_campaign(conn, made.id)).state is CampaignState.IN_REVIEW
        assert await ledger.list_runs(conn) == []


# --- its runs


async def test_what_failed_is_sent_again_with_a_fresh_window(database: Database) -> None:
    later = NOON + timedelta(days=2)
    async with database.begin() as conn:
        await add_resident(conn, campaigns=True)
        made = await scheduled(conn, window=3)
        run = await _fail(conn, made.id)

        again, count = await runs.retry(conn, made.id, now=later, who="ed")

        assert (again.state, count) == (CampaignState.RUNNING, 1)
        reopened = await ledger.load_run(conn, run.id)
        assert (reopened.state, reopened.expires_at) == (RunState.RUNNING, later + timedelta(hours=3))
        balance = await ledger.balance(conn, run.id)
        assert balance.holds
        assert balance[DeliveryState.WAITING] == 1
        assert (await ledger.list_events(conn, made.id))[-1].what == f"sends again what failed in {run.key}: 1"


async def test_a_campaign_that_is_sent_again_in_the_night_has_its_window_from_the_morning(database: Database) -> None:
    night = datetime(2026, 12, 1, 22, tzinfo=UTC)
    async with database.begin() as conn:
        await add_resident(conn, campaigns=True)
        made = await scheduled(conn, window=3)
        run = await _fail(conn, made.id)
        await runs.retry(conn, made.id, now=night)

        assert (await ledger.load_run(conn, run.id)).expires_at == datetime(2026, 12, 2, 10, tzinfo=UTC)


async def test_what_cannot_be_sent_again_says_why_and_changes_nothing(database: Database) -> None:
    async with database.begin() as conn:
        await add_resident(conn, campaigns=True)
        never, failed = await scheduled(conn), await scheduled(conn)
        await _fail(conn, failed.id)
        with pytest.raises(UnknownRun, match="was never sent"):
            await runs.retry(conn, never.id, now=NOON)
        with pytest.raises(UnknownRun, match="campaign:9"):
            await runs.retry(conn, failed.id, now=NOON, key="campaign:9")
        await desk.pause(conn, failed.id, now=NOON)
        with pytest.raises(NotAllowed, match="retry: it is paused; possible now: unschedule, resume, cancel"):
            await runs.retry(conn, failed.id, now=NOON)
        await desk.resume(conn, failed.id, now=NOON)
        await runs.retry(conn, failed.id, now=NOON)
        with pytest.raises(NothingFailed):
            await runs.retry(conn, failed.id, now=NOON)


async def test_runs_without_a_campaign_are_seen_and_resumed(database: Database) -> None:
    async with database.begin() as conn:
        await add_resident(conn, tip_hour=12)
        run = await broadcast(conn, "tips", RunState.PAUSED)
        (seen,) = await runs.open_runs(conn)
        assert (seen.run.key, seen.run.state, seen.run.reason) == ("tips", RunState.PAUSED, "11 of the last 50 failed")
        assert seen.balance.holds
        assert seen.balance[DeliveryState.WAITING] == 1

        assert (await runs.resume_run(conn, "tips")).state is RunState.RUNNING
        with pytest.raises(RunNotPaused, match="running"):
            await runs.resume_run(conn, "tips")
        await ledger.cancel_run(conn, run.id, "why", NOON)
        assert await runs.open_runs(conn) == []
        with pytest.raises(UnknownRun):
            await runs.resume_run(conn, "no such run")


async def test_a_run_of_a_campaign_is_resumed_with_it(database: Database) -> None:
    async with database.begin() as conn:
        await add_resident(conn, campaigns=True)
        made = await scheduled(conn)
        run = await _fail(conn, made.id)
        with pytest.raises(RunOfCampaign, match=f"campaign resume {made.id}"):
            await runs.resume_run(conn, run.key)


# --- files and templates

FILE = """\
id: odblask
kind: tip
title: {pl: Odblask, uk: Світловідбивач, en: Reflector}
text:
  pl: Przypnij odblask.
buttons:
  - quiz: czad
"""


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "any-name.yaml"
    file.write_text(FILE, encoding="utf-8")

    assert read_file(file, BOOKS).title["uk"] == "Світловідбивач"


@pytest.mark.parametrize(
    ("old", "new", "place", "about"),
    [
        ("kind: tip", "kind: tipp", "2:7", "kind"),
        ("kind: tip", "kidn: tip", "2:1", "kidn"),
        ("quiz: czad", "quiz: nothing", "7:11", "nothing"),
        ("  pl: Przypnij odblask.", "  en: Clip it on.", "5:3", "Polish"),
        ("buttons:", "audience: {languages: [de]}\nbuttons:", "6:24", "'de'"),
        ("buttons:", "buttons: [", "", "YAML"),
    ],
)
def test_a_broken_file_is_refused_with_its_place(tmp_path: Path, old: str, new: str, place: str, about: str) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(FILE.replace(old, new), encoding="utf-8")

    with pytest.raises(ContentError) as found:
        read_file(file, BOOKS)

    assert f"c.yaml:{place}" in str(found.value)
    assert about in str(found.value)


def test_a_template_comes_from_the_library_by_its_name() -> None:
    assert from_template(BOOKS, "jesien").title["en"] == "Campaign jesien (en)"
    with pytest.raises(UnknownTemplate, match="jesien"):
        from_template(BOOKS, "none")


# --- the test to oneself


async def test_a_test_is_marked_as_one_and_leaves_the_ledger_alone(database: Database) -> None:
    async with database.begin() as conn:
        made = await create(conn)
        await add_resident(conn, "telegram:2", "uk")
    sender = FakeSender()

    async def send(chat: str, language: str | None = None) -> None:
        address = Address("telegram", chat)
        await previews.send_test(
            database, BOOKS, {"telegram": sender}, made.id, address, who="ed", now=NOON, language=language
        )

    await send("1")
    await send("2")
    await send("2", "en")

    first, second, third = (said for _, said in sender.read())
    assert first.startswith("PRÓBA.")
    assert second.startswith("ПРОБА.")
    assert third.startswith("TEST.")
    assert "Check your alarm (en)" in third
    async with database.read() as conn:
        assert await ledger.list_runs(conn) == []
        whats = [event.what for event in await ledger.list_events(conn, made.id)]
    assert whats[-1] == "sent a test in en"


async def test_a_test_to_a_channel_that_is_off_or_a_chat_that_refuses_says_so(database: Database) -> None:
    async with database.begin() as conn:
        made = await create(conn)

    async def send(address: str, sender: FakeSender) -> None:
        channel, _, chat = address.partition(":")
        await previews.send_test(
            database, BOOKS, {"telegram": sender}, made.id, Address(channel, chat), who="ed", now=NOON
        )

    with pytest.raises(NoSuchChannel, match="telegram"):
        await send("matrix:1", FakeSender())
    with pytest.raises(Blocked):
        await send("telegram:1", FakeSender(Blocked()))
    async with database.read() as conn:
        assert "sent a test in pl" not in [event.what for event in await ledger.list_events(conn, made.id)]
