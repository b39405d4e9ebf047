"""The staff, as an admin looks after them, and the log of what was done."""

import re
from datetime import timedelta

import pytest

from bot.storage import audit
from bot.storage.audit import Entry
from bot.storage.staff import Role
from bot.web.console.audit import differences
from tests.web.console.world import NAMES, Browser, Console

EDITOR = NAMES[Role.EDITOR]


async def member(browser: Browser, name: str = EDITOR) -> None:
    """The page of a member."""
    await browser.get(f"/console/staff/member?name={name}")


def link_of(browser: Browser) -> str:
    """The one-time link that stands on the page."""
    assert browser.page
    (url,) = re.findall(r'value="http://127.0.0.1:8080(/console/enter/[^"]+)"', browser.page.text)
    return str(url)


async def test_somebody_is_added_and_comes_in_with_the_link(console: Console) -> None:
    admin = await console.browser()
    await admin.get("/console/staff")
    await admin.submit("/console/staff", name="  Łucja <b>O'Neil</b> ", role="organiser")
    assert "A link for Łucja <b>O'Neil</b>" in admin.text
    assert "It works once, until 12:05" in admin.text
    url = link_of(admin)

    newcomer = console.stranger()
    newcomer.client.headers["Sec-Fetch-Mode"] = "navigate"
    await newcomer.get(url)
    await newcomer.submit(url)
    await newcomer.get("/console/account")
    assert "Łucja <b>O'Neil</b>" in newcomer.text

    assert admin.page
    await admin.get(str(admin.page.url))
    assert "This link is no more" in admin.text
    await admin.get("/console/staff")
    assert "Łucja <b>O'Neil</b> organiser not linked 1 Dec 2026, 12:00" in admin.text


async def test_the_link_is_shown_to_the_admin_who_asked_for_it_alone(console: Console) -> None:
    admin = await console.browser()
    await console.browser(Role.EDITOR)
    await member(admin)
    await admin.submit("/console/staff/invitation")
    assert admin.page
    shown, url = str(admin.page.url), link_of(admin)
    await member(admin)
    await admin.submit("/console/staff/invitation")
    assert link_of(admin) != url
    await admin.get(shown)
    assert "This link is no more" in admin.text
    assert "/console/enter/" not in shown


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "Fill in this field."),
        ("x" * 81, "At most 80 characters."),
        ("Eve\u202e", "Enter 1 to 80 plain characters"),
        ("operator", "this name stands for a part of the program"),
        (NAMES[Role.ADMIN], "Somebody of this name is among the staff already."),
    ],
)
async def test_a_name_that_cannot_be_is_said_so_beside_what_was_typed(console: Console, name: str, words: str) -> None:
    admin = await console.browser()
    await admin.get("/console/staff")
    page = await admin.submit("/console/staff", name=name, role="partner")
    assert page.status_code == 422
    assert words in admin.text
    assert f'value="{name}"' in page.text
    assert 'aria-describedby="name-help name-error" aria-invalid="true"' in page.text
    assert '<option value="partner" selected>' in page.text


async def test_another_role_takes_effect_at_once(console: Console) -> None:
    admin, editor = await console.browser(), await console.browser(Role.EDITOR)
    await member(admin)
    await admin.submit("/console/staff/role", role="viewer")
    assert "The role is changed." in admin.text
    assert (await editor.client.get("/console/account")).status_code == 303


async def test_somebody_is_removed_and_is_out_at_once(console: Console) -> None:
    admin, editor = await console.browser(), await console.browser(Role.EDITOR)
    await member(admin)
    await admin.submit("/console/staff/remove")
    assert "They are off the staff." in admin.text
    assert EDITOR not in admin.text
    assert (await editor.client.get("/console/account")).status_code == 303
    assert (await admin.get(f"/console/staff/member?name={EDITOR}")).status_code == 404


async def test_somebody_is_signed_out_everywhere(console: Console) -> None:
    admin, editor = await console.browser(), await console.browser(Role.EDITOR)
    await member(admin)
    await admin.submit("/console/staff/sessions/end")
    assert (await editor.client.get("/console/account")).status_code == 303


async def test_an_admin_can_do_nothing_about_themselves(console: Console) -> None:
    admin = await console.browser()
    await console.browser(Role.EDITOR)
    await member(admin, NAMES[Role.ADMIN])
    assert "This is you." in admin.text
    await member(admin)
    for action in ("role", "remove"):
        page = await admin.submit(f"/console/staff/{action}", name=NAMES[Role.ADMIN], role="viewer")
        assert (page.status_code, "for another admin to change" in admin.text) == (422, True)
        await member(admin)


async def test_a_role_that_is_none_is_refused(console: Console) -> None:
    admin = await console.browser()
    await admin.get("/console/staff")
    assert (await admin.submit("/console/staff", name="Eve", role="king")).status_code == 422
    await console.browser(Role.EDITOR)
    await member(admin)
    assert (await admin.submit("/console/staff/role", role="king")).status_code == 400


async def test_the_staff_and_the_log_are_for_admins(console: Console) -> None:
    for role in set(Role) - {Role.ADMIN}:
        browser = await console.browser(role)
        for path in ("/console/staff", f"/console/staff/member?name={EDITOR}", "/console/audit"):
            assert (await browser.get(path)).status_code == 403


# --- the log


async def write(console: Console, *entries: Entry) -> None:
    async with console.database.begin() as conn:
        await audit.add(conn, entries)


async def test_the_log_tells_what_was_done_in_plain_words(console: Console) -> None:
    admin = await console.browser()
    await console.browser(Role.EDITOR)
    await member(admin)
    await admin.submit("/console/staff/role", role="viewer")
    await admin.get("/console/audit")
    assert f"1 Dec 2026, 12:00 {NAMES[Role.ADMIN]} changed the role Staff: {EDITOR} role: editor became → viewer" in (
        admin.text
    )


async def test_the_log_is_asked_by_person_thing_and_day_and_read_page_by_page(console: Console) -> None:
    day = timedelta(days=1)
    lines = [
        Entry(console.now - day * (number % 3), f"who{number % 2}", "approve", f"campaign:{number}")
        for number in range(120)
    ]
    await write(console, *lines)
    admin = await console.browser()

    def numbers() -> list[int]:
        assert admin.page
        return [int(number) for number in re.findall(r'href="/console/campaigns/(\d+)"', admin.page.text)]

    await admin.get("/console/audit")
    seen = numbers()
    while admin.page and (older := re.findall(r'href="(/console/audit\?before=\d+)"', admin.page.text)):
        await admin.get(older[-1])
        seen += numbers()
    assert seen == list(range(119, -1, -1))

    await admin.get("/console/audit?who=who1&day=2026-11-30")
    assert numbers() == [number for number in range(119, -1, -1) if number % 2 == 1 and number % 3 == 1]
    await admin.get("/console/audit?kind=campaign&number=7")
    assert numbers() == [7]
    await admin.get("/console/audit?kind=workshop")
    assert "There are no such lines." in admin.text


@pytest.mark.parametrize(
    "query",
    ["before=x", "before=99999999999999999999", "day=2026-02-31", "day=9999-12-31", "kind=%00", "who=%27", "number=%"],
)
async def test_a_question_that_makes_no_sense_harms_nothing(console: Console, query: str) -> None:
    admin = await console.browser()
    assert (await admin.get(f"/console/audit?{query}")).status_code == 200


def test_differences_are_what_is_not_the_same() -> None:
    before = {"title": "A", "text": {"pl": "x", "uk": "y"}, "same": 1, "gone": [1]}
    after = {"title": "B", "text": {"pl": "x", "uk": "z", "en": "n"}, "same": 1}
    assert differences(before, after) == [
        (("title",), "A", "B"),
        (("text", "uk"), "y", "z"),
        (("gone",), [1], None),
        (("text", "en"), None, "n"),
    ]
