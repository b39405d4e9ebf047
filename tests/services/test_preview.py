"""What staff see of a campaign before it leaves, and what is refused before it is too late."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from bot.catalogue.campaigns import CODE_LINE
from bot.catalogue.markup import length
from bot.catalogue.problems import ContentError
from bot.commands import campaign_views as views
from bot.domain import actions as do
from bot.domain.audiences import Standing
from bot.domain.messages import say
from bot.services import campaigns as desk
from bot.services import outlook
from bot.services import preview as previews
from bot.services.campaign_texts import read_file
from bot.services.letters import campaign_letter
from bot.services.refusals import NobodyToReach, NoSuchWorkshop, TextTooLong
from bot.storage import staff
from bot.storage.audience import ResidentsAudience
from bot.storage.database import Connection, Database
from bot.storage.staff import Member, Role
from scheduler import ledger
from scheduler.model import Campaign, CampaignState, Kind, OneOff, Recurring
from scheduler.planner import plan
from tests.support import NOON, actions_of, add_resident, add_workshop, campaign, library, real_words, texts

BOOKS = library()
HOUR = timedelta(hours=1)
PICTURE = {"file": "zima.png", "alt": texts("Ice on the river")}
AUDIENCE = ResidentsAudience(lambda: {"telegram"})


@pytest.fixture(autouse=True)
async def team(database: Database) -> None:
    async with database.begin() as conn:
        await staff.add(conn, Member("ed", Role.EDITOR), NOON)
        await staff.add(conn, Member("ap", Role.APPROVER), NOON)


async def create(conn: Connection, **changes: Any) -> Campaign:
    return await desk.create(conn, BOOKS, campaign(**changes), who="ed", now=NOON)


async def approved(conn: Connection, **changes: Any) -> Campaign:
    made = await create(conn, **changes)
    return await desk.approve(conn, made.id, who="ap", now=NOON)


async def scheduled(conn: Connection, at: datetime = NOON + HOUR, **changes: Any) -> Campaign:
    made = await approved(conn, **changes)
    return await desk.schedule(conn, made.id, OneOff(at), now=NOON)


async def preview(conn: Connection, number: int, *, now: datetime = NOON, rate: float = 1.0) -> previews.Preview:
    return await previews.preview(conn, BOOKS, AUDIENCE, number, rates={"telegram": rate}, now=now)


def shown(found: previews.Preview, rate: float = 1.0) -> str:
    """The preview as a terminal shows it, on one line."""
    console = Console(width=200, file=StringIO(), record=True)
    console.print(views.preview(found, real_words(), {"telegram": rate}))
    return " ".join(console.export_text().split())


# --- whom it reaches


async def test_each_exclusion_is_counted_by_its_own_reason(database: Database) -> None:
    wanted = {"languages": ["pl"], "topics": ["everyday"], "districts": [7], "ages": ["19-64"], "held_out": 0}
    fits: dict[str, Any] = {"campaigns": True, "district": 7, "age": "19-64"}
    cases: list[tuple[str, str, dict[str, Any]]] = [
        ("telegram:1", "pl", {}),
        ("telegram:2", "pl", {"road": True}),
        ("telegram:3", "uk", {}),
        ("telegram:4", "pl", {"district": 8}),
        ("telegram:5", "pl", {"age": None}),
        ("telegram:6", "pl", {"campaigns": False}),
        ("telegram:7", "pl", {"blocked_at": NOON}),
        ("web:8", "pl", {}),
        ("matrix:9", "pl", {}),
    ]
    async with database.begin() as conn:
        for address, language, changes in cases:
            await add_resident(conn, address, language, **(fits | changes))
        found = await preview(conn, (await create(conn, audience=wanted)).id)

    assert found.count.of == {
        Standing.REACHED: 1,
        Standing.TOPIC: 1,
        Standing.LANGUAGE: 1,
        Standing.DISTRICT: 1,
        Standing.AGE: 1,
        Standing.MUTED: 1,
        Standing.BLOCKED: 1,
        Standing.BROWSER: 1,
        Standing.OFF: 1,
    }
    assert "would get it 1 not: in the browser only" in shown(found)
    assert "all residents 9" in shown(found)


def test_every_reason_has_its_words() -> None:
    assert set(views.REASONS) == set(Standing) - {Standing.REACHED}


async def test_an_audience_of_nobody_is_told_and_does_not_go_out_at_once(database: Database) -> None:
    async with database.begin() as conn:
        await add_resident(conn, "telegram:1", campaigns=True, district=7)
        made = await approved(conn, audience={"districts": [8]})

        assert "Nobody would get it now" in shown(await preview(conn, made.id))
        with pytest.raises(NobodyToReach, match=f"Campaign {made.id} would reach nobody now"):
            await desk.schedule(conn, made.id, OneOff(NOON), now=NOON)


async def test_before_a_later_time_people_may_still_subscribe(database: Database) -> None:
    async with database.begin() as conn:
        later, weekly = await scheduled(conn), await approved(conn)
        weekly = await desk.schedule(conn, weekly.id, Recurring("30 17 * * mon"), now=NOON)
        assert {later.state, weekly.state} == {CampaignState.SCHEDULED}

    await plan(database.begin, AUDIENCE, NOON + HOUR)

    async with database.read() as conn:
        (run,) = await ledger.list_runs(conn, later.id)
        assert run.reason == "nobody is in the audience"


async def test_somebody_on_a_channel_that_is_off_here_is_somebody(database: Database) -> None:
    """The program that sends may run elsewhere, with other channels on."""
    async with database.begin() as conn:
        await add_resident(conn, "matrix:1", campaigns=True)
        made = await approved(conn)

        assert (await desk.schedule(conn, made.id, OneOff(NOON), now=NOON)).state is CampaignState.SCHEDULED


async def test_with_everybody_held_out_nobody_is_reached(database: Database) -> None:
    """A small audience may be drawn whole; the number of the campaign decides, so some is found that draws it."""
    async with database.begin() as conn:
        await add_resident(conn, "telegram:1", campaigns=True)
        made = [await approved(conn, audience={"held_out": 50}) for _ in range(12)]
        found = [(one, (await preview(conn, one.id)).count.of) for one in made]
        drawing = next(one for one, of in found if of == {Standing.HELD_OUT: 1})
        sending = next(one for one, of in found if of == {Standing.REACHED: 1})

        await desk.schedule(conn, sending.id, OneOff(NOON), now=NOON)
        with pytest.raises(NobodyToReach):
            await desk.schedule(conn, drawing.id, OneOff(NOON), now=NOON)


# --- what it says


async def test_each_language_is_shown_and_where_it_is_polish(database: Database) -> None:
    async with database.begin() as conn:
        made = await create(conn, text={"pl": "Sprawdź", "uk": "Перевір"}, buttons=[{"quiz": "czad"}])
        found = await preview(conn, made.id)

    assert [(one.language, one.text, one.complete) for one in found.versions] == [
        ("pl", "Sprawdź", True),
        ("uk", "Перевір", True),
        ("en", "Sprawdź", False),
    ]
    assert found.versions[0].buttons[0] == "Quiz: Quiz czad (pl)"
    assert found.missing == ("en",)
    assert "Missing: English." in shown(found)


async def test_the_length_in_each_language_and_what_fits(database: Database) -> None:
    async with database.begin() as conn:
        plain = await create(conn, text={"pl": "**Lód**", "uk": "Лід 😀", "en": "Ice"})
        pictured = await create(conn, text={"pl": "Lód", "uk": "Лід", "en": "Ice"}, picture=PICTURE)
        found, other = await preview(conn, plain.id), await preview(conn, pictured.id)

    assert [(one.language, one.length) for one in found.versions] == [("pl", 5), ("uk", 8), ("en", 5)]
    assert (found.room, other.room) == ({"telegram": 1200}, {"telegram": 824})
    assert "5 of 1,200 characters on Telegram" in shown(found)


@pytest.mark.parametrize("language", ["pl", "uk", "en"])
def test_the_line_with_the_code_fits_what_is_kept_for_it(language: str) -> None:
    line = real_words().markdown(say("message.code", code="1234567890-abcde"), language)
    assert length(line) <= CODE_LINE


async def test_too_long_in_one_language_is_refused_wherever_the_words_come_from(database: Database) -> None:
    long = {"pl": "Lód", "uk": "а" * 900, "en": "Ice"}
    async with database.begin() as conn:
        made = await create(conn)
        said = r"^The text in 'uk' has 902 characters; 824 fit under its picture: shorten it\.$"
        with pytest.raises(TextTooLong, match=said):
            await create(conn, text=long, picture=PICTURE)
        with pytest.raises(TextTooLong, match=said):
            await desk.revise(conn, BOOKS, made.id, campaign(text=long, picture=PICTURE), who="ed", now=NOON)


async def test_a_picture_is_shown_with_its_words_and_a_language_without_them_is_missing(database: Database) -> None:
    books = replace(BOOKS, pictures={"zima.png": b"\x89PNG"})
    content = campaign(picture={"file": "zima.png", "alt": {"pl": "Lód", "en": "Ice"}})
    async with database.begin() as conn:
        made = await desk.create(conn, books, content, who="ed", now=NOON)
        found = await previews.preview(conn, books, AUDIENCE, made.id, rates={}, now=NOON)

    picture = campaign_letter(books, content).picture
    assert picture
    assert picture.png == b"\x89PNG"
    assert [one.picture for one in found.versions] == ["Lód", "Lód", "Ice"]
    assert found.missing == ("uk",)
    assert "[picture: Ice]" in shown(found)


def test_a_picture_that_the_library_has_dropped_is_left_out() -> None:
    assert campaign_letter(BOOKS, campaign(picture=PICTURE)).picture is None


FILE = """\
id: odblask
kind: tip
title: {pl: Odblask, uk: Світловідбивач, en: Reflector}
text: {pl: Przypnij., uk: Причепіть., en: Clip it on.}
"""


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("audience: {quiz_taken: nothing}\n", "5:24: there is no quiz 'nothing'"),
        ("audience: {quiz_taken: czad, quiz_not_taken: czad}\n", "5:11: `audience`: nobody has both finished 'czad'"),
        ("picture: {file: brak.png, alt: {pl: Lód}}\n", "5:17: there is no pictures/brak.png; put it there"),
        ("picture: {file: zima.png, alt: {en: Ice}}\n", "5:10: the Polish text is missing; others fall back to it"),
    ],
)
def test_a_file_of_staffs_own_is_refused_with_the_place(tmp_path: Path, more: str, said: str) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(FILE + more, encoding="utf-8")

    with pytest.raises(ContentError) as found:
        read_file(file, replace(BOOKS, pictures={"zima.png": b"\x89PNG\r\n\x1a\n"}))

    assert f"{file}:{said}" in str(found.value)


# --- workshops it names


async def test_a_button_to_a_workshop_is_there_while_places_can_be_booked(database: Database) -> None:
    async with database.begin() as conn:
        coming = await add_workshop(conn, starts_at=NOON + 2 * HOUR)
        off = await add_workshop(conn, cancelled_at=NOON)
        buttons = [{"workshop": coming}, {"workshop": off, "text": texts("Go")}]
        early = await scheduled(conn, NOON + HOUR, buttons=buttons)
        late = await scheduled(conn, NOON + 3 * HOUR, buttons=buttons)

        labels = [(await preview(conn, one.id)).versions[2].buttons[0] for one in (early, late)]

    assert labels == ["See the workshop", "Fewer of these"]
    assert do.ShowWorkshop(off) in actions_of(campaign_letter(BOOKS, campaign(buttons=buttons)))


@pytest.mark.parametrize("changes", [{"buttons": [{"workshop": 99}]}, {"audience": {"booked": 99}},
                                     {"audience": {"not_booked": 99}}])  # fmt: skip
async def test_a_workshop_that_is_not_there_is_refused(database: Database, changes: dict[str, Any]) -> None:
    async with database.begin() as conn:
        with pytest.raises(NoSuchWorkshop, match="There is no workshop 99"):
            await create(conn, **changes)


# --- when


async def test_it_tells_when_it_ends_at_the_present_rate(database: Database) -> None:
    async with database.begin() as conn:
        for number in range(10):
            await add_resident(conn, f"telegram:{number}", campaigns=True)
        made = await scheduled(conn)

        found = await preview(conn, made.id, rate=2)

    assert found.starts_at == NOON + HOUR
    assert found.ends_at == NOON + HOUR + timedelta(seconds=5)
    assert found.ends_in_time


async def test_a_rate_too_slow_for_the_window_is_told(database: Database) -> None:
    async with database.begin() as conn:
        for number in range(10):
            await add_resident(conn, f"telegram:{number}", campaigns=True)
        made = await scheduled(conn, window=2)

        slow, fast = [await preview(conn, made.id, rate=rate) for rate in (10 / 7201, 10 / 7200)]

    assert (slow.ends_in_time, fast.ends_in_time) == (False, True)
    assert "Not all would leave before its window ends at 2026-12-01 15:00" in shown(slow)


async def test_quiet_hours_put_the_start_and_the_window_off_to_the_morning(database: Database) -> None:
    night = datetime(2026, 12, 1, 22, 30, tzinfo=UTC)
    async with database.begin() as conn:
        tip, alert = await scheduled(conn, night), await scheduled(conn, night, kind="alert")
        found, urgent = await preview(conn, tip.id), await preview(conn, alert.id)

    assert found.starts_at == datetime(2026, 12, 2, 7, tzinfo=UTC)
    assert found.expires_at == datetime(2026, 12, 3, 7, tzinfo=UTC)
    assert urgent.starts_at == night


def test_what_does_not_end_before_quiet_hours_goes_on_in_the_morning() -> None:
    evening = datetime(2026, 12, 1, 19, 30, tzinfo=UTC)  # 20:30 in Kraków

    assert outlook.finish(Kind.TIP, evening, timedelta(minutes=30)) == evening + timedelta(minutes=30)
    assert outlook.finish(Kind.TIP, evening, timedelta(minutes=40)) == datetime(2026, 12, 2, 7, 10, tzinfo=UTC)
    assert outlook.finish(Kind.ALERT, evening, timedelta(minutes=40)) == evening + timedelta(minutes=40)


# --- what is in its way


async def test_campaigns_within_an_hour_are_named_with_how_many_get_both(database: Database) -> None:
    async with database.begin() as conn:
        await add_resident(conn, "telegram:1", campaigns=True, district=7)
        await add_resident(conn, "telegram:2", campaigns=True)
        await add_resident(conn, "telegram:3", alerts=True)
        start = NOON + 5 * HOUR
        near = await scheduled(conn, start + timedelta(minutes=50), audience={"districts": [7, 8]})
        other_kind = await scheduled(conn, start - HOUR, kind="alert")
        for minutes in (-61, 61, 180):
            await scheduled(conn, start + timedelta(minutes=minutes))
        await create(conn)
        mine = await scheduled(conn, start)

        found = await preview(conn, mine.id)

    assert {(one.campaign.id, one.at - start, one.shared) for one in found.collisions} == {
        (near.id, timedelta(minutes=50), 1),
        (other_kind.id, -HOUR, 0),
    }
    assert f"Near it: campaign {near.id} “Campaign jesien (pl)” starts at 2026-12-01 17:50; 1 would get both." in shown(
        found
    )


async def test_what_starts_before_a_long_one_is_done_is_in_its_way(database: Database) -> None:
    async with database.begin() as conn:
        await add_resident(conn, "telegram:1", campaigns=True)
        other = await scheduled(conn, NOON + 3 * HOUR)
        mine = await scheduled(conn, NOON + HOUR)

        quick, slow = [(await preview(conn, mine.id, rate=rate)).collisions for rate in (1, 1 / 7200)]

    assert quick == ()
    assert [one.campaign.id for one in slow] == [other.id]


async def test_one_that_runs_is_in_the_way_of_what_starts_soon_and_the_ledger_counts(database: Database) -> None:
    async with database.begin() as conn:
        await add_resident(conn, "telegram:1", campaigns=True)
        running = await scheduled(conn)
        soon, later = await scheduled(conn, NOON + 2 * HOUR), await scheduled(conn, NOON + 4 * HOUR)
    await plan(database.begin, AUDIENCE, NOON + HOUR)

    async with database.begin() as conn:
        await add_resident(conn, "telegram:2", campaigns=True)  # too late for the one that runs
        near, far = [(await preview(conn, one.id, now=NOON + HOUR)).collisions for one in (soon, later)]

    assert [(one.campaign.id, one.shared) for one in near] == [(running.id, 1)]
    assert far == ()
