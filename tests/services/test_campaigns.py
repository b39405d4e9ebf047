"""A campaign among the staff: who may take which step, what the file must be, what the preview tells."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.catalogue.problems import ContentError
from bot.domain.errors import Blocked
from bot.domain.residents import Address
from bot.services import campaigns as desk
from bot.services import preview as previews
from bot.services.campaigns import NotYourRole, UnknownMember, UnknownTemplate, WrongKind
from bot.services.preview import NoSuchChannel
from bot.storage import staff
from bot.storage.audience import ResidentsAudience, Standing
from bot.storage.database import Connection, Database
from bot.storage.staff import Member, Role
from scheduler import ledger
from scheduler.errors import NotAllowed, OwnCampaign
from scheduler.model import Campaign, CampaignState, Kind, OneOff
from tests.support import NOON, FakeSender, add_resident, campaign, library, texts

BOOKS = library()
STAFF = (("ada", Role.ADMIN), ("ed", Role.EDITOR), ("eve", Role.EDITOR), ("ap", Role.APPROVER))


@pytest.fixture(autouse=True)
async def team(database: Database) -> None:
    async with database.begin() as conn:
        for name, role in STAFF:
            await staff.add(conn, Member(name, role), NOON)


async def create(conn: Connection, who: str = "ed", **changes: Any) -> Campaign:
    return await desk.create(conn, BOOKS, campaign(**changes), who=who, now=NOON)


async def scheduled(conn: Connection, at: datetime = NOON, **changes: Any) -> Campaign:
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
        assert desk.missing_languages(BOOKS, desk.content_of(incomplete)) == ("uk",)
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


STEPS = {
    "create": {"ada", "ed", "eve"},
    "approve": {"ada", "ap"},
    "reject": {"ada", "ap"},
    "schedule": {"ada", "ed", "eve"},
    "pause": {"ada", "ed", "eve", "ap"},
    "resume": {"ada", "ed", "eve"},
    "cancel": {"ada", "ed", "eve", "ap"},
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("who", [name for name, _ in STAFF])
async def test_each_step_belongs_to_its_roles(database: Database, step: str, who: str) -> None:
    async with database.begin() as conn:
        number = await _one_before(conn, step)
        try:
            await _take(conn, step, number, who)
        except NotYourRole:
            allowed = False
        else:
            allowed = True

    assert allowed is (who in STEPS[step])


async def _one_before(conn: Connection, step: str) -> int:
    """A campaign, of an author who takes no part, that is ready for a step."""
    await staff.add(conn, Member("author", Role.EDITOR), NOON)
    made = await create(conn, "author")
    if step in {"approve", "reject", "create"}:
        return made.id
    await staff.add(conn, Member("second", Role.APPROVER), NOON)
    await desk.approve(conn, made.id, who="second", now=NOON)
    if step in {"pause", "resume"}:
        await desk.schedule(conn, made.id, OneOff(NOON), now=NOON)
    if step == "resume":
        await desk.pause(conn, made.id, now=NOON)
    return made.id


async def _take(conn: Connection, step: str, number: int, who: str) -> None:
    match step:
        case "create":
            await create(conn, who)
        case "reject":
            await desk.reject(conn, number, "too long", who=who, now=NOON)
        case "schedule":
            await desk.schedule(conn, number, OneOff(NOON), now=NOON, who=who)
        case _:
            await getattr(desk, step)(conn, number, who=who, now=NOON)


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
        ("operator", "scheduled for 2026-12-01 12:00"),
        ("operator", "paused"),
    ]


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

    assert desk.read_file(file, BOOKS).title["uk"] == "Світловідбивач"


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
        desk.read_file(file, BOOKS)

    assert f"c.yaml:{place}" in str(found.value)
    assert about in str(found.value)


def test_a_template_comes_from_the_library_by_its_name() -> None:
    assert desk.from_template(BOOKS, "jesien").title["en"] == "Campaign jesien (en)"
    with pytest.raises(UnknownTemplate, match="jesien"):
        desk.from_template(BOOKS, "none")


# --- the preview


async def preview(conn: Connection, number: int, *, now: datetime = NOON, rate: float = 1.0) -> previews.Preview:
    audience = ResidentsAudience(lambda: {"telegram"})
    return await previews.preview(conn, BOOKS, audience, number, rates={"telegram": rate}, now=now)


async def test_the_preview_tells_whom_it_reaches_and_whom_not(database: Database) -> None:
    async with database.begin() as conn:
        await add_resident(conn, "telegram:1", campaigns=True)
        await add_resident(conn, "telegram:2", campaigns=True, road=True)
        await add_resident(conn, "telegram:3", campaigns=False, everyday=True)
        await add_resident(conn, "web:4", campaigns=True)
        made = await create(conn, audience={"topics": ["everyday"]})

        count = (await preview(conn, made.id)).count

    assert count.reached == 1
    assert count.of == {Standing.REACHED: 1, Standing.ELSEWHERE: 1, Standing.MUTED: 1, Standing.BROWSER: 1}


async def test_the_preview_shows_each_language_and_where_it_is_polish(database: Database) -> None:
    async with database.begin() as conn:
        made = await create(conn, text={"pl": "Sprawdź", "uk": "Перевір"}, buttons=[{"quiz": "czad"}])
        found = await preview(conn, made.id)

    assert [(one.language, one.text, one.complete) for one in found.versions] == [
        ("pl", "Sprawdź", True),
        ("uk", "Перевір", True),
        ("en", "Sprawdź", False),
    ]
    assert found.versions[0].buttons[0] == "Quiz: Quiz czad (pl)"


async def test_the_preview_tells_when_it_ends_at_the_present_rate(database: Database) -> None:
    async with database.begin() as conn:
        for number in range(10):
            await add_resident(conn, f"telegram:{number}", campaigns=True)
        made = await scheduled(conn, NOON + timedelta(hours=1))

        found = await preview(conn, made.id, rate=2)

    assert found.starts_at == NOON + timedelta(hours=1)
    assert found.ends_at == NOON + timedelta(hours=1, seconds=5)


async def test_quiet_hours_put_the_start_off_to_the_morning(database: Database) -> None:
    night = datetime(2026, 12, 1, 22, 30, tzinfo=UTC)
    async with database.begin() as conn:
        tip, alert = await scheduled(conn, night), await scheduled(conn, night, kind="alert")

        assert (await preview(conn, tip.id)).starts_at == datetime(2026, 12, 2, 7, tzinfo=UTC)
        assert (await preview(conn, alert.id)).starts_at == night


def test_what_does_not_end_before_quiet_hours_goes_on_in_the_morning() -> None:
    evening = datetime(2026, 12, 1, 19, 30, tzinfo=UTC)  # 20:30 in Kraków

    assert previews.finish(Kind.TIP, evening, timedelta(minutes=30)) == evening + timedelta(minutes=30)
    assert previews.finish(Kind.TIP, evening, timedelta(minutes=40)) == datetime(2026, 12, 2, 7, 10, tzinfo=UTC)
    assert previews.finish(Kind.ALERT, evening, timedelta(minutes=40)) == evening + timedelta(minutes=40)


async def test_the_preview_names_campaigns_within_an_hour(database: Database) -> None:
    async with database.begin() as conn:
        near, far = (
            await scheduled(conn, NOON + timedelta(minutes=50)),
            await scheduled(conn, NOON + timedelta(hours=3)),
        )
        draft, mine = await create(conn), await scheduled(conn, NOON)

        collisions = {one.id for one in (await preview(conn, mine.id)).collisions}

    assert collisions == {near.id}
    assert far.id != draft.id


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
