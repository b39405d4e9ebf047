"""`bezpieczny campaign runs | resume-run | retry`: what is being sent, and what went wrong in it."""

from typing import Annotated

import typer

from bot.commands import campaign_views as views
from bot.commands.common import console, local, run, table, tell
from bot.commands.options import Number, WhoPerhaps
from bot.services import runs as service
from bot.services.runs import OpenRun
from bot.wiring import House
from scheduler.model import Campaign, Run


def runs() -> None:
    """Everything that is being sent or is paused, tips and reminders too, and where everybody in it stands."""

    async def use(house: House) -> list[OpenRun]:
        async with house.database.read() as conn:
            return await service.open_runs(conn)

    found = run(use)
    if not found:
        tell("Nothing is being sent, and nothing is paused.")
        return
    console.print(table("Run", "State", "Since", "Balance", "Why", rows=map(_row, found)))


def _row(found: OpenRun) -> tuple[str, ...]:
    one = found.run
    return one.key, one.state.value, local(one.started_at), views.balance_line(found.balance), one.reason or ""


def resume_run(
    key: Annotated[str, typer.Argument(metavar="RUN", help="As `campaign runs` shows it.", show_default=False)],
    who: WhoPerhaps = None,
) -> None:
    """Let a paused run of tips or reminders go on; a campaign's run goes on with `campaign resume`."""

    async def use(house: House) -> tuple[Run, bool]:
        async with house.database.begin() as conn:
            resumed = await service.resume_run(conn, key, who=who)
        return resumed, resumed.expires_at <= house.clock()

    resumed, late = run(use)
    tell(f"{resumed.key} is {resumed.state.value}{': its time is over, what waits expires' if late else ''}.")


def retry(
    number: Number,
    of: Annotated[
        str | None,
        typer.Option("--run", metavar="RUN", help="Which run; by default the newest.", show_default=False),
    ] = None,
    who: WhoPerhaps = None,
) -> None:
    """Send again what failed in a run, and nothing else: nobody gets anything twice."""

    async def use(house: House) -> tuple[Campaign, int]:
        async with house.database.begin() as conn:
            return await service.retry(conn, number, now=house.clock(), who=who, key=of)

    campaign, count = run(use)
    tell(views.standing(campaign))
    tell(f"{count:,} that had failed {'waits' if count == 1 else 'wait'} again.")
