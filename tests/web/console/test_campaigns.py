"""Campaigns in the console, as the people who run them go through the pages."""

from datetime import timedelta
from typing import Any

from bot.services import campaigns as desk
from bot.services import progress, runs
from bot.storage.staff import Role
from scheduler import ledger
from scheduler.model import Blocked, CampaignState, DeliveryState, GiveUp, OneOff, Recurring, RunState, Sent
from scheduler.planner import plan
from tests.support import NOON, campaign, pause_tips, texts
from tests.web.console.campaigning import (
    ADMIN,
    APPROVER,
    AUDIENCE,
    EDITOR,
    PARTNER,
    approved,
    create,
    offers,
    runs_of,
    sending,
    settle,
    stored,
    url,
)
from tests.web.console.world import Browser, Console


async def test_from_approval_to_the_report_through_the_pages(office: Console) -> None:
    made = await create(office)
    approver, editor = await office.browser(Role.APPROVER), await office.browser(Role.EDITOR)

    await approver.get(url(made))
    assert "awaits approval" in approver.text
    assert "Check your alarm (uk)" in approver.text, "whoever approves reads it in every language"
    await approver.submit(url(made, "approve"))
    assert "Approved. Now it needs a time." in approver.text
    assert not offers(approver, url(made, "schedule")), "its time is the editors' to set"

    await editor.get(url(made))
    await editor.submit(url(made, "schedule"), how="once", at="2026-12-01T12:30", window=6)
    assert "Its time is set." in editor.text
    timed = await stored(office, made.id)
    assert (timed.state, timed.next_at, timed.window_s) == (
        CampaignState.SCHEDULED,
        NOON + timedelta(minutes=30),
        6 * 3600,
    )

    office.later(minutes=30)
    await plan(office.database.begin, AUDIENCE, office.now)
    office.later(seconds=1)
    async with office.database.begin() as conn:
        await settle(conn, [Sent("1"), Sent("2"), Blocked(), GiveUp("chat not found")], office.now)
    office.later(seconds=20)
    await editor.get(url(made))
    assert "Done: 4 of 5 (80 %). About 5 s left." in editor.text
    assert "5 = 1 waiting + 2 sent + 1 blocked + 1 failed" in editor.text
    assert "1: chat not found" in editor.text

    await editor.submit(url(made, "pause"))
    assert "On hold. Nothing more leaves." in editor.text
    await editor.submit(url(made, "resume"))
    async with office.database.begin() as conn:
        await settle(conn, [Sent("3")], office.now)
    await plan(office.database.begin, AUDIENCE, office.now)
    await editor.get(url(made))
    assert (await stored(office, made.id)).state is CampaignState.FINISHED
    assert "finished All that was to leave has left." in editor.text.replace("tip · no. 1 ", "")
    (run,) = await runs_of(office, made)
    await editor.get(url(made, f"runs/{run.id}"))
    assert "5 = 3 sent + 1 blocked + 1 failed" in editor.text
    assert "chat not found 1" in editor.text


async def test_a_step_on_a_page_that_was_overtaken_changes_nothing_and_tells_who_was_quicker(office: Console) -> None:
    made = await create(office)
    approver, admin = await office.browser(Role.APPROVER), await office.browser(Role.ADMIN)
    await approver.get(url(made))
    await admin.get(url(made))
    office.later(minutes=5)
    await admin.submit(url(made, "reject"), comment="The phone number is missing.")

    answer = await approver.submit(url(made, "approve"))

    assert answer.status_code == 422
    assert "the campaign has changed in the meantime" in approver.text
    assert f"{ADMIN} (1 Dec 2026, 12:05): sent back: The phone number is missing." in approver.text
    assert (await stored(office, made.id)).state is CampaignState.DRAFT


async def test_a_pause_stops_also_what_the_clock_has_begun_since_the_page_was_made(office: Console) -> None:
    made = await approved(office)
    async with office.database.begin() as conn:
        await desk.schedule(conn, made.id, OneOff(office.now), now=office.now)
    editor = await office.browser(Role.EDITOR)
    await editor.get(url(made))
    await plan(office.database.begin, AUDIENCE, office.now)

    await editor.submit(url(made, "pause"))

    assert (await stored(office, made.id)).state is CampaignState.PAUSED
    assert [run.state for run in await runs_of(office, made)] == [RunState.PAUSED]


async def test_a_form_that_is_sent_twice_does_one_thing(office: Console) -> None:
    made = await create(office)
    editor = await office.browser(Role.EDITOR)
    await editor.get(url(made))
    page = editor.page
    first = await editor.submit(url(made, "duplicate"))
    editor.page = page
    again = await editor.submit(url(made, "duplicate"))

    assert again.url == first.url
    async with office.database.read() as conn:
        campaigns = await ledger.list_campaigns(conn)
    assert [one.state for one in campaigns] == [CampaignState.DRAFT, CampaignState.IN_REVIEW]


async def test_its_history_is_told_in_the_language_of_the_reader(office: Console) -> None:
    made = await create(office, kind="alert")
    by: dict[str, Any] = {"who": ADMIN, "now": office.now}
    await office.browser(Role.ADMIN)
    async with office.database.begin() as conn:
        await desk.reject(conn, made.id, "Krócej.", who=APPROVER, now=office.now)
        await desk.revise(conn, office.house.library, made.id, campaign(kind="alert"), who=EDITOR, now=office.now)
        await desk.approve(conn, made.id, who=APPROVER, now=office.now)
        await desk.schedule(conn, made.id, OneOff(NOON + timedelta(days=1)), **by)
        await desk.schedule(conn, made.id, Recurring("5 12 * * tue,wed"), **by)
        await desk.skip(conn, made.id, NOON.date(), **by)
        await desk.schedule(conn, made.id, Recurring("5 12 * * tue,wed", frozenset({NOON.date()})), **by)
        await desk.unschedule(conn, made.id, **by)
        await desk.schedule(conn, made.id, OneOff(NOON), **by)
    await plan(office.database.begin, AUDIENCE, office.now)
    async with office.database.begin() as conn:
        await settle(conn, [GiveUp("chat not found")], office.now)
        await runs.retry(conn, made.id, **by)
        await ledger.pause_run(conn, 1, "11 of the last 50 failed, most often: x", who="delivery", now=office.now)
        await desk.resume(conn, made.id, **by)
        await desk.pause(conn, made.id, **by)
        await desk.cancel(conn, made.id, **by)
        events = await ledger.list_events(conn, made.id)
    viewer = await office.browser(Role.VIEWER)
    viewer.client.headers["Accept-Language"] = "pl"
    await viewer.get(url(made))

    told = viewer.text.partition("Historia")[2]
    assert [event.what for event in events if event.what in told] == []
    for line in (
        "automat (plan) wysyłka do 5 osób",
        "wstrzymana: z ostatnich 50 nie doszło 11; najczęściej: x",
        "oddana do poprawy: Krócej.",
        "termin: 2 gru 2026, 12:00",
        "termin: co tydzień (wtorek, środa) o 12:05; Bez dni: 2026-12-01",
        "ponowna wysyłka tego, co nie doszło: 1 wiadomość",
    ):
        assert line in told, line


async def test_nobody_is_shown_the_approval_of_their_own_words(office: Console) -> None:
    admin = await office.browser(Role.ADMIN)
    own = await create(office, ADMIN)
    await admin.get(url(own))
    assert "somebody else approves them" in admin.text
    assert not offers(admin, url(own, "approve"))


async def test_to_send_back_needs_a_comment_and_keeps_what_was_typed(office: Console) -> None:
    made = await create(office)
    approver = await office.browser(Role.APPROVER)
    await approver.get(url(made))
    answer = await approver.submit(url(made, "reject"), comment="?")
    assert answer.status_code == 422
    assert "At least 3" in approver.text
    assert (await stored(office, made.id)).state is CampaignState.IN_REVIEW
    await approver.submit(url(made, "reject"), comment="Shorter, please.")
    assert "Why: Shorter, please." in approver.text


async def test_an_alert_leaves_without_a_second_person_for_a_reason(office: Console) -> None:
    made = await create(office, kind="alert")
    editor = await office.browser(Role.EDITOR)
    await editor.get(url(made))
    assert (await editor.submit(url(made, "break-glass"), reason="Hurry")).status_code == 422
    why = "The river rises faster than anybody can be called."
    await editor.submit(url(made, "break-glass"), reason=why, at_once="yes")

    sent = await stored(office, made.id)
    assert (sent.state, sent.break_glass) == (CampaignState.SCHEDULED, why)
    assert f"It left without a second person. Why: {why}" in editor.text


async def test_what_failed_is_sent_again_and_nothing_else(office: Console) -> None:
    made = await sending(office)
    editor = await office.browser(Role.EDITOR)
    async with office.database.begin() as conn:
        await settle(conn, [Sent("1"), GiveUp("chat not found"), Sent("3"), Sent("4"), Sent("5")], office.now)
    await plan(office.database.begin, AUDIENCE, office.now)
    (run,) = await runs_of(office, made)
    await editor.get(url(made))
    assert "1 message that failed is sent again. Nobody else gets anything." in editor.text
    await editor.get(url(made, f"runs/{run.id}"))
    await editor.submit(url(made, "retry"))

    async with office.database.read() as conn:
        balance = await ledger.balance(conn, run.id)
    assert (balance[DeliveryState.WAITING], balance[DeliveryState.SENT]) == (1, 4)


# --- lists


async def test_the_list_is_filtered_and_has_pages(office: Console) -> None:
    for number in range(progress.PAGE + 2):
        await create(office, title=texts(f"Tip {number}"))
    await create(office, title=texts("The alert"), kind="alert")
    viewer = await office.browser(Role.VIEWER)

    page = await viewer.get("/console/campaigns")
    assert page.text.count('<th scope="row">') == progress.PAGE
    assert "The alert (en)" in viewer.text
    await viewer.get(f"/console/campaigns?before={4}")
    assert "Tip 2 (en)" in viewer.text
    assert "Tip 3 (en)" not in viewer.text
    await viewer.get("/console/campaigns?kind=alert&state=in_review")
    assert "The alert (en)" in viewer.text
    assert "Tip 51 (en)" not in viewer.text
    await viewer.get("/console/campaigns?state=nonsense&before=x")
    assert "The alert (en)" in viewer.text


async def test_a_held_run_of_tips_goes_on_from_the_list(office: Console) -> None:
    async with office.database.begin() as conn:
        run = await pause_tips(conn, "11 of the last 50 failed, most often: x")
    viewer, editor = await office.browser(Role.VIEWER), await office.browser(Role.EDITOR)
    await viewer.get("/console/runs")
    assert "Daily tips, 1 Dec 2026, 12:00" in viewer.text
    assert "11 of the last 50 failed, most often: x" in viewer.text
    resume = f"/console/runs/{run.id}/resume"
    assert not offers(viewer, resume)
    await editor.get("/console/runs")
    await editor.submit(resume)
    assert "The run goes on." in editor.text


async def test_a_partner_sees_and_stops_their_own_campaigns_alone(office: Console) -> None:
    other, own = await sending(office, title=texts("The city's")), await create(office, PARTNER, title=texts("Mine"))
    (run,) = await runs_of(office, other)
    partner = await office.browser(Role.PARTNER)

    await partner.get("/console/campaigns")
    assert "Mine (en)" in partner.text
    assert "The city's" not in partner.text
    for path in (url(other), url(other, "live"), url(other, f"runs/{run.id}"), url(other, f"runs/{run.id}/csv")):
        assert (await partner.get(path)).status_code == 404, path
    await partner.get(url(own))
    fields = {"csrf": partner_csrf(partner), "key": "k", "revision": str(other.revision)}
    assert (await partner.post(url(other, "cancel"), fields)).status_code == 404
    assert (await stored(office, other.id)).state is CampaignState.RUNNING
    await partner.get(url(own))
    await partner.submit(url(own, "cancel"))
    assert "The campaign is cancelled." in partner.text
    assert (await partner.get("/console/runs")).status_code == 403


def partner_csrf(browser: Browser) -> str:
    assert browser.page is not None
    return browser.page.text.partition('name="csrf" value="')[2].partition('"')[0]
