"""When campaigns leave: the form that says it, and the calendar that shows it."""

from typing import Any

from bot.services import campaigns as desk
from bot.storage.staff import Role
from scheduler.model import CampaignState, OneOff, Recurring
from tests.support import NOON, campaign, library, texts
from tests.web.console.campaigning import approved, sending, stored, url
from tests.web.console.world import Console, forms

WRONG: tuple[tuple[dict[str, str], str, str], ...] = (
    ({"how": "once", "at": "2027-03-28T02:30"}, "at", "This time does not exist"),
    ({"how": "once", "at": "2027-10-31T02:30"}, "at", "This time happens twice"),
    ({"how": "once", "at": "2026-12-01T11:59"}, "at", "This time has passed"),
    ({"how": "once", "at": ""}, "at", "Fill"),
    ({"how": "once", "at": "soon"}, "at", "Enter a date and a time"),
    ({"how": "weekly", "time": "17:30"}, "weekdays", "Fill"),
    ({"how": "daily", "time": "25:00"}, "time", "Fill"),
    ({"how": "monthly", "time": "17:30", "month_day": "32"}, "month_day", "31"),
    ({"how": "cron", "cron": "30 17 * *"}, "cron", "This rule cannot be read"),
    ({"how": "cron", "cron": "30 17 30 2 *"}, "cron", "By this rule it would never leave"),
    ({"how": "once", "at": "2026-12-02T12:00", "window": "200"}, "window", "168"),
)
"""What is typed → the field that is wrong, and what is said beside it."""


async def test_a_time_that_cannot_be_is_told_beside_its_field_and_stays_as_it_was_typed(office: Console) -> None:
    made = await approved(office)
    editor = await office.browser(Role.EDITOR)
    for fields, field, message in WRONG:
        await editor.get(url(made))
        answer = await editor.submit(url(made, "schedule"), None, **fields)

        assert answer.status_code == 422, fields
        _, _, beside = answer.text.partition(f'id="{field}-error">')
        assert message in beside.partition("</p>")[0], fields
        typed = dict(next(form for form in forms(answer.text) if form.action == url(made, "schedule")).fields)
        assert {name: typed.get(name) for name in fields} == fields
    assert (await stored(office, made.id)).state is CampaignState.APPROVED


RIGHT: tuple[tuple[dict[str, Any], OneOff | Recurring, str], ...] = (
    ({"how": "daily", "time": "08:05"}, Recurring("5 8 * * *"), "every day at 8:05"),
    (
        {"how": "weekly", "time": "17:30", "weekdays": ["thu", "mon"]},
        Recurring("30 17 * * mon,thu"),
        "every week (Monday, Thursday) at 17:30",
    ),
    (
        {"how": "monthly", "time": "9:00", "month_day": "31"},
        Recurring("0 9 31 * *"),
        "every month on day 31 at 9:00",
    ),
    ({"how": "cron", "cron": "0 9 * jan-mar mon"}, Recurring("0 9 * jan-mar mon"), "by the rule 0 9 * jan-mar mon"),
    ({"how": "now"}, OneOff(NOON), "It leaves by itself at its time."),
)
"""What is chosen → the time that it means, and how the page says it."""


async def test_a_time_is_set_by_simple_choices_and_shown_in_words(office: Console) -> None:
    made = await approved(office)
    editor = await office.browser(Role.EDITOR)
    for fields, when, said in RIGHT:
        await editor.get(url(made))
        await editor.submit(url(made, "schedule"), None, **fields)
        assert (await stored(office, made.id)).schedule == when
        assert said in editor.text

        await editor.submit(url(made, "schedule"))
        assert "Its time is set." in editor.text, "the form comes filled in with the time that it has"
        assert (await stored(office, made.id)).schedule == when


async def test_a_date_is_skipped_and_stays_so_under_another_rule(office: Console) -> None:
    made = await approved(office)
    editor = await office.browser(Role.EDITOR)
    await editor.get(url(made))
    await editor.submit(url(made, "schedule"), how="daily", time="22:00")
    assert "quiet hours hold it until 2 Dec 2026, 08:00" in editor.text
    await editor.submit(url(made, "skip"), day="2026-12-01")
    assert "It does not leave on that date." in editor.text
    await editor.submit(url(made, "schedule"), how="daily", time="17:00")

    rule = (await stored(office, made.id)).schedule
    assert rule == Recurring("0 17 * * *", frozenset({NOON.date()}))
    answer = await editor.submit(url(made, "skip"), day="2026-11-01")
    assert answer.status_code == 422
    assert "This date has passed" in editor.text


# --- the calendar


async def test_the_month_shows_what_left_and_what_will(office: Console) -> None:
    await sending(office, title=texts("Sent"))
    made = await approved(office, title=texts("Weekly"))
    async with office.database.begin() as conn:
        await desk.schedule(conn, made.id, Recurring("0 9,22 * * mon"), now=office.now)
    viewer = await office.browser(Role.VIEWER)

    page = await viewer.get("/console/campaigns/calendar")
    assert "Calendar: December 2026" in viewer.text
    assert page.text.count("Weekly (en)") == 4
    assert "Monday, 7 Weekly (en) 09:00, 22:00" in viewer.text
    assert "Tuesday, 1 today Sent (en) 12:00 being sent" in viewer.text
    await viewer.get("/console/campaigns/calendar?month=2027-01&form=list")
    assert "Monday, 4 Jan 2027 Weekly (en) 09:00, 22:00" in viewer.text
    assert "Sent" not in viewer.text
    await viewer.get("/console/campaigns/calendar?month=2026-11")
    assert "There is nothing in this month." in viewer.text


async def test_the_season_suggests_a_template_to_whoever_writes(office: Console) -> None:
    templates = [campaign("internet", dates=("12-13", "12-20")), campaign("czad", dates=("11-15", "12-05"))]
    office.house.shelf.put(library(campaigns=templates))
    viewer, editor = await office.browser(Role.VIEWER), await office.browser(Role.EDITOR)

    page = await editor.get("/console/campaigns/calendar")
    assert "Campaign czad (en) Now, until 5 Dec 2026." in editor.text
    assert "Campaign internet (en) In 12 days." in editor.text
    assert 'href="/console/campaigns/new?template=internet"' in page.text
    await viewer.get("/console/campaigns/calendar")
    assert "In season" not in viewer.text
