"""Campaigns for the console's tests: made, approved and sent in a line, and settled as a channel would."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.catalogue.schema import Campaign as Content
from bot.services import campaigns as desk
from bot.storage.audience import ResidentsAudience
from bot.storage.database import Connection
from bot.storage.staff import Role
from scheduler import ledger
from scheduler.model import Campaign, OneOff, Outcome, Run
from scheduler.planner import plan
from tests.support import add_resident, campaign
from tests.web.console.world import NAMES, Browser, Console, forms

ADMIN, EDITOR, APPROVER, PARTNER = (NAMES[role] for role in (Role.ADMIN, Role.EDITOR, Role.APPROVER, Role.PARTNER))
AUDIENCE = ResidentsAudience(lambda: {"telegram"})
PEOPLE = 5


async def staff_it(console: Console) -> None:
    """A member of each role who works on campaigns, and five residents who agreed to them."""
    for role in (Role.ADMIN, Role.EDITOR, Role.APPROVER, Role.PARTNER):
        await console.browser(role)
    async with console.database.begin() as conn:
        for number in range(PEOPLE):
            await add_resident(conn, f"telegram:{number}", campaigns=True, alerts=True)


async def create(console: Console, who: str = EDITOR, **changes: Any) -> Campaign:
    content: Content = campaign(**changes)
    async with console.database.begin() as conn:
        return await desk.create(conn, console.house.library, content, who=who, now=console.now)


async def approved(console: Console, **changes: Any) -> Campaign:
    made = await create(console, **changes)
    async with console.database.begin() as conn:
        return await desk.approve(conn, made.id, who=APPROVER, now=console.now)


async def sending(console: Console, **changes: Any) -> Campaign:
    """A campaign whose run has just been opened."""
    made = await approved(console, **changes)
    async with console.database.begin() as conn:
        await desk.schedule(conn, made.id, OneOff(console.now), now=console.now)
    await plan(console.database.begin, AUDIENCE, console.now)
    return await stored(console, made.id)


async def stored(console: Console, number: int) -> Campaign:
    async with console.database.read() as conn:
        return await ledger.load_campaign(conn, number)


async def settle(conn: Connection, outcomes: Sequence[Outcome], now: datetime) -> None:
    """Send what waits, with these answers."""
    due = await ledger.claim(conn, "telegram", len(outcomes), worker="w", now=now, lease_s=60)
    due = await ledger.mark(conn, due, worker="w", now=now, lease_s=60)
    await ledger.record(conn, list(zip(due, outcomes, strict=True)), now)


def offers(browser: Browser, action: str) -> bool:
    """Whether a form of the present page posts there."""
    assert browser.page is not None
    return action in [form.action for form in forms(browser.page.text)]


def url(made: Campaign, step: str = "") -> str:
    return f"/console/campaigns/{made.id}{'/' if step else ''}{step}"


async def runs_of(console: Console, made: Campaign) -> list[Run]:
    async with console.database.read() as conn:
        return await ledger.list_runs(conn, made.id)
