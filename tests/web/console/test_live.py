"""A campaign being sent, watched in a real browser: its numbers move, and its buttons follow what others do."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from playwright.async_api import Page, async_playwright, expect

from bot.services import campaigns as desk
from bot.services import signin
from bot.storage.audience import ResidentsAudience
from bot.storage.staff import Role
from bot.web.console.gate import cookie_name
from scheduler import ledger
from scheduler.model import Campaign, GiveUp, OneOff, Outcome, Sent
from scheduler.planner import plan
from tests.chromium import ARGUMENTS, CHROMIUM, needs_chromium
from tests.support import add_resident, campaign
from tests.web.console.world import NAMES, Console

pytestmark = needs_chromium

PEOPLE = 5
PATIENCE_MS = 20_000


@asynccontextmanager
async def open_page(
    console: Console, path: str, *, scripts: bool = True, role: Role = Role.EDITOR
) -> AsyncIterator[Page]:
    """A page of the console in a browser in which an editor, or another, is signed in."""
    await console.browser(role)
    server = uvicorn.Server(uvicorn.Config(console.app, port=0, log_level="critical", ws="none", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - it tells nobody when it is
        await asyncio.sleep(0.02)
    address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            context = await browser.new_context(locale="en-GB", java_script_enabled=scripts)
            session = {"name": cookie_name(secure=False), "value": f"session-{role}", "url": address}
            await context.add_cookies([session])  # type: ignore[list-item] # a cookie is a dictionary to it
            page = await context.new_page()
            page.set_default_timeout(PATIENCE_MS)
            await page.goto(f"{address}/console{path}")
            yield page
            await browser.close()
    finally:
        server.should_exit = True
        await serving


async def start(console: Console) -> Campaign:
    """A campaign whose run has just been opened."""
    for role in (Role.EDITOR, Role.APPROVER):
        await console.browser(role)
    async with console.database.begin() as conn:
        for number in range(PEOPLE):
            await add_resident(conn, f"telegram:{number}", campaigns=True)
        made = await desk.create(conn, console.house.library, campaign(), who=NAMES[Role.EDITOR], now=console.now)
        await desk.approve(conn, made.id, who=NAMES[Role.APPROVER], now=console.now)
        made = await desk.schedule(conn, made.id, OneOff(console.now), now=console.now)
    await plan(console.database.begin, ResidentsAudience(), console.now)
    return made


async def settle(console: Console, *outcomes: Outcome) -> None:
    async with console.database.begin() as conn:
        due = await ledger.claim(conn, "telegram", len(outcomes), worker="w", now=console.now, lease_s=60)
        due = await ledger.mark(conn, due, worker="w", now=console.now, lease_s=60)
        await ledger.record(conn, list(zip(due, outcomes, strict=True)), console.now)


async def test_the_numbers_move_and_the_buttons_follow_what_others_do(console: Console) -> None:
    made = await start(console)
    async with open_page(console, f"/campaigns/{made.id}") as page:
        live, patience = page.locator("[data-live]"), PATIENCE_MS
        pause = page.get_by_role("button", name="Pause", exact=True)
        await expect(live).to_contain_text("Done: 0 of 5", timeout=patience)

        await settle(console, Sent("1"), GiveUp("chat not found"))
        await expect(live).to_contain_text("5 = 3 waiting + 1 sent + 1 failed", timeout=patience)
        await expect(live).to_contain_text("1: chat not found", timeout=patience)
        await expect(page.locator("[data-live] + [role=status]")).to_contain_text("Done: ", timeout=patience)

        await pause.click()
        await expect(page.get_by_text("On hold. Nothing more leaves.")).to_be_visible(timeout=patience)
        await expect(pause).to_be_hidden(timeout=patience)
        async with console.database.begin() as conn:
            await desk.resume(conn, made.id, who=NAMES[Role.EDITOR], now=console.now)
        await expect(pause).to_be_visible(timeout=patience)  # the page has noticed by itself

        await settle(console, Sent("2"), Sent("3"), Sent("4"))
        await plan(console.database.begin, ResidentsAudience(), console.now)
        await expect(page.get_by_text("All that was to leave has left.")).to_be_visible(timeout=patience)
        await expect(live).to_have_count(0, timeout=patience)


async def test_who_is_signed_out_meanwhile_sees_nothing_more(console: Console) -> None:
    made = await start(console)
    async with open_page(console, f"/campaigns/{made.id}") as page:
        await expect(page.locator("[data-live]")).to_contain_text("Done: 0 of 5", timeout=PATIENCE_MS)
        async with console.database.begin() as conn:
            await signin.revoke_all(conn, NAMES[Role.EDITOR])
        await expect(page).to_have_url(re.compile("/console/sign-in"), timeout=PATIENCE_MS)


async def test_without_scripts_a_link_shows_how_it_goes(console: Console) -> None:
    made = await start(console)
    async with open_page(console, f"/campaigns/{made.id}", scripts=False) as page:
        await settle(console, Sent("1"), Sent("2"))
        refreshed = page.get_by_text("Done: 2 of 5")
        for _ in range(20):  # what was counted a while ago may be shown again: longer on a busy machine
            await page.get_by_role("link", name="Refresh", exact=True).click()
            if await refreshed.count():
                break
            await asyncio.sleep(1)
        await expect(refreshed).to_be_visible(timeout=PATIENCE_MS)
        await page.get_by_role("button", name="Pause", exact=True).click()
        await expect(page.get_by_text("On hold. Nothing more leaves.")).to_be_visible(timeout=PATIENCE_MS)
