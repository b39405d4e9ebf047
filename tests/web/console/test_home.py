"""The first page says what needs this member, and nothing that is not theirs."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from bot.catalogue.problems import ContentError, Problem
from bot.services import campaigns as desk
from bot.services import snapshots
from bot.services.staff import enrol
from bot.storage import tables, workshops
from bot.storage.staff import Member, Role
from scheduler import ledger, lifecycle
from tests.sending import open_run_of
from tests.support import NOON, add_resident, add_workshop, campaign, library, open_database, texts
from tests.web.console.world import NAMES, Console
from tests.web.console.world import console as open_console

BOOKS = library()


async def draft(console: Console, who: Role, title: str) -> int:
    """A campaign of a member's that waits for approval."""
    async with console.database.begin() as conn:
        await enrol(conn, Member(NAMES[who], who), NOON)
        content = campaign(title=texts(title))
        made = await desk.create(conn, BOOKS, content, who=NAMES[who], now=NOON)
    return made.id


async def test_an_approver_sees_what_waits_but_not_their_own(console: Console) -> None:
    await draft(console, Role.EDITOR, "Smoke")
    await draft(console, Role.ADMIN, "Ice")
    browser = await console.browser(Role.ADMIN)
    await browser.get("/console")
    assert "Waits for your yes (1) Smoke (en)" in browser.text
    assert "Ice" not in browser.text

    editor = await console.browser(Role.EDITOR)
    await editor.get("/console")
    assert "Waits for your yes" not in editor.text


async def test_what_came_back_waits_with_its_reason_for_who_wrote_it(console: Console) -> None:
    number = await draft(console, Role.PARTNER, "Smoke")
    async with console.database.begin() as conn:
        await enrol(conn, Member(NAMES[Role.APPROVER], Role.APPROVER), NOON)
        await desk.reject(conn, number, "Too long.", who=NAMES[Role.APPROVER], now=NOON)
    for role, sees in ((Role.PARTNER, True), (Role.EDITOR, False)):
        browser = await console.browser(role)
        await browser.get("/console")
        assert ("Came back to you (1) Smoke (en) Too long." in browser.text) is sees


@pytest.mark.parametrize(("role", "sees"), [(Role.VIEWER, True), (Role.PARTNER, False)])
async def test_what_goes_out_has_a_bar_and_what_stopped_its_reason(console: Console, role: Role, sees: bool) -> None:
    async with console.database.begin() as conn:
        for number in range(4):
            await add_resident(conn, f"telegram:{number}", campaigns=True)
        run = await open_run_of(conn, campaign(title=texts("Smoke")), NOON)
        started = await ledger.load_campaign(conn, run.campaign_id or 0)
    browser = await console.browser(role)
    await browser.get("/console")
    assert ("Going out now (1) Smoke (en) 0 of 4" in browser.text) is sees

    async with console.database.begin() as conn:
        paused = lifecycle.pause(started, NOON, "30 of 50 failed")
        await ledger.save_campaign(conn, paused, who="planner", what="paused", now=NOON)
    await browser.get("/console")
    assert ("On hold (1) Smoke (en) on hold 30 of 50 failed" in browser.text) is sees


async def test_a_partner_sees_the_workshops_of_these_days_that_are_theirs(console: Console) -> None:
    async with console.database.begin() as conn:
        await enrol(conn, Member(NAMES[Role.PARTNER], Role.PARTNER), NOON)
        soon = [await add_workshop(conn, title=texts(name), starts_at=NOON + timedelta(hours=3)) for name in "AB"]
        await add_workshop(conn, title=texts("Later"), starts_at=NOON + timedelta(days=2))
        await workshops.hand_over(conn, soon[0], NAMES[Role.PARTNER])
    partner, organiser = await console.browser(Role.PARTNER), await console.browser(Role.ORGANISER)
    await partner.get("/console")
    assert "Workshop today or tomorrow (1) A (en)" in partner.text
    await organiser.get("/console")
    assert "Workshops today and tomorrow (2) A (en)" in organiser.text
    assert "Later" not in organiser.text


async def test_a_broken_edit_is_told_to_who_can_mend_it(console: Console) -> None:
    console.house.shelf.broken = ContentError([Problem("quizzes/dym.yaml", 3, 8, "level is 1, 2 or 3")])
    for role, sees in ((Role.EDITOR, True), (Role.ORGANISER, False)):
        browser = await console.browser(role)
        await browser.get("/console")
        assert ("quizzes/dym.yaml:3:8: level is 1, 2 or 3" in browser.text) is sees


async def test_plots_tell_what_was_written_down_and_leave_out_a_few(console: Console) -> None:
    yesterday = (NOON - timedelta(days=1)).date()
    counts = {("alerts", "telegram"): 4, ("alerts", "web"): 3, ("campaigns", "telegram"): 4}
    rows = [
        {"day": yesterday, "measure": measure, "part": part, "count": count}
        for (measure, part), count in counts.items()
    ]
    rows.append({"day": yesterday, "measure": snapshots.BEGUN, "part": "road", "count": 31})
    async with console.database.begin() as conn:
        await conn.execute(insert(tables.snapshots), rows)
    browser = await console.browser(Role.VIEWER)
    await browser.get("/console")
    assert "30 Nov 2026 7 – –" in browser.text
    assert "31 0 0" in browser.text

    partner = await console.browser(Role.PARTNER)
    await partner.get("/console")
    assert "Subscriptions" not in partner.text


async def test_an_empty_desk_says_so(console: Console) -> None:
    browser = await console.browser(Role.VIEWER)
    await browser.get("/console")
    assert "Nothing waits for you." in browser.text


async def test_who_writes_is_shown_what_the_season_asks_for(tmp_path: Path) -> None:
    books = library(campaigns=[campaign("zima", dates=["11-20", "12-20"])])
    async with open_database(tmp_path) as database, open_console(database, books=books) as opened:
        writer, looker = await opened.browser(Role.EDITOR), await opened.browser(Role.VIEWER)
        page = await writer.get("/console")
        assert 'href="/console/campaigns/new?template=zima"' in page.text
        assert "template=zima" not in (await looker.get("/console")).text
