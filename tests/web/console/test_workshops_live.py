"""A workshop in a real browser, from its plan to its roster: with our script, and a page at a time without it."""

import pytest
from playwright.async_api import Page, expect

from bot.storage.staff import Role
from bot.storage.tables import workshop_messages
from tests.chromium import needs_chromium
from tests.support import add_resident, book
from tests.web.console.test_live import open_page
from tests.web.console.test_workshops import FORM
from tests.web.console.world import Console

pytestmark = needs_chromium


async def fill_in(page: Page) -> None:
    for name, value in FORM.items():
        field = page.locator(f"[name={name}]")
        await (field.select_option(value) if name == "area" else field.fill(value))


@pytest.mark.parametrize("scripts", [True, False])
async def test_from_a_plan_to_a_roster(console: Console, scripts: bool) -> None:
    async with open_page(console, "/workshops", scripts=scripts, role=Role.ORGANISER) as page:
        await page.get_by_role("link", name="Plan a workshop").click()
        await fill_in(page)
        await page.get_by_role("button", name="Open for booking").click()
        await expect(page.get_by_role("status").first).to_have_text("It is open for booking.")
        async with console.database.begin() as conn:
            await book(conn, 1, (await add_resident(conn)).id)

        # a message, seen before it is sent: while it is typed, or by a button
        await page.get_by_role("link", name="Write to those who booked").click()
        await page.get_by_label("Text in Polish").fill("Weź **kask**.")
        if not scripts:
            await page.get_by_role("button", name="Show the preview").click()
        await expect(page.locator("#letters strong", has_text="kask").first).to_be_visible()
        await page.get_by_text("Send", exact=True).click()
        await page.get_by_role("button", name="Send now").click()
        await expect(page.get_by_role("status").first).to_contain_text("The message is on its way.")
        await expect(page.get_by_role("row", name="Weź kask.")).to_contain_text("Organiser Demo")

        # the roster, by keyboard alone: two presses, so that nobody is taken off by mistake
        await page.get_by_role("link", name="Who comes").click()
        row = page.get_by_role("row", name="Somebody")
        await row.locator("summary").focus()
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        await expect(row.get_by_role("button", name="Cancel and tell them")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status").first).to_contain_text("The person is told.")
        await expect(page.get_by_text("Somebody")).to_have_count(0)
    async with console.database.read() as conn:
        assert len((await conn.execute(workshop_messages.select())).all()) == 1
