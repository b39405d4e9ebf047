"""What is being sent at this moment: a campaign's progress as it goes, and every open run in a list."""

import asyncio
from collections.abc import AsyncIterator

from fastapi import HTTPException
from starlette.responses import Response

from bot.services import runs as service
from bot.services import signin
from bot.storage.database import Connection
from bot.web.console import telling
from bot.web.console.campaign import OPEN, PATIENCE_S, live_context, look_at
from bot.web.console.campaigns import LARGEST, visible
from bot.web.console.fields import Trouble
from bot.web.console.visit import Change, Done, Route, Visit
from scheduler import ledger
from scheduler.model import Run

EVERY_S = 1.0
"""How often a stream looks whether there is something new."""


async def stream(visit: Visit) -> Response:
    """A campaign's progress, until something changes that its buttons depend on: the page is then loaded anew."""
    async with visit.house.database.read() as conn:
        await visible(visit, conn, visit.path["number"])
    return visit.stream(_fragments(visit, visit.path["number"]))


async def _fragments(visit: Visit, number: int) -> AsyncIterator[str]:
    last = ""
    while not visit.house.closing():
        async with visit.house.database.read() as conn:
            if not await signin.is_in(conn, visit.session, visit.house.clock()):
                return
            campaign = await ledger.load_campaign(conn, number)
            open_runs = await ledger.list_runs(conn, number, OPEN)
        looks = await look_at(visit, open_runs)
        html = visit.fragment("campaigns_live.html", **live_context(visit, campaign, open_runs, looks))
        if html != last:
            yield html
        if str(campaign.revision) != visit.query.get("revision"):
            return
        last = html
        await asyncio.sleep(EVERY_S)


# --- every open run


async def listing(visit: Visit) -> Response:
    """All that is being sent or held, daily tips and reminders too."""
    return await show(visit)


async def show(visit: Visit, trouble: Trouble | None = None) -> Response:
    """The list; with `trouble` once more, after a run could not be resumed."""
    async with visit.house.database.read() as conn:
        runs = await ledger.list_runs(conn, states=OPEN)
    looks = {look.run.id: look for look in await look_at(visit, runs, PATIENCE_S)}
    rows = [
        {
            "run": run,
            "balance": telling.balance(visit, looks[run.id].balance) if run.id in looks else "",
            "reason": telling.reason(visit, run.reason),
        }
        for run in runs
    ]
    return visit.page("campaigns_runs.html", trouble=trouble, rows=rows, tones=telling.TONES)


async def resume(visit: Visit) -> Response:
    """Let a held run that belongs to no campaign go on."""
    number = visit.path["run"]

    async def change(conn: Connection) -> Done:
        run = await _known(conn, number)
        resumed = await service.resume_run(conn, run.key, who=visit.member.name)
        states = ({"state": one.state.value} for one in (run, resumed))
        return Done("/console/runs", told="run_resumed", log=Change("resume_run", f"run:{run.key}", *states))

    return await visit.act(change, again=lambda trouble: show(visit, trouble))


async def _known(conn: Connection, number: int) -> Run:
    if number > LARGEST:
        raise HTTPException(404)
    return await ledger.load_run(conn, number)


ROUTES = (
    Route("GET", "/campaigns/{number:int}/live", "see_campaigns", stream),
    Route("GET", "/runs", "see_numbers", listing),
    Route("POST", "/runs/{run:int}/resume", "resume_run", resume),
)
