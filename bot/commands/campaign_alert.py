"""`bezpieczny campaign break-glass | alert`: an alert that cannot wait for a second person."""

from typing import Annotated

import typer

from bot.commands import campaign_views as views
from bot.commands.common import console, rates, run, tell
from bot.commands.options import File, Number, Template, Who, read_content
from bot.services import campaigns as desk
from bot.services import preview as previews
from bot.services.preview import Preview
from bot.storage.audience import ResidentsAudience
from bot.wiring import House
from scheduler import lifecycle
from scheduler.model import Campaign, Run

Told = tuple[Campaign, Run]


def break_glass(
    number: Number,
    who: Who,
    reason: Annotated[
        str, typer.Option(help="Why it cannot wait, in 10 to 500 characters; all staff read it.", show_default=False)
    ],
) -> None:
    """Let an alert leave without a second person. All staff are told."""

    async def use(house: House) -> Told:
        async with house.database.begin() as conn:
            return await desk.break_glass(conn, number, reason, who=who, now=house.clock())

    _say(*run(use))
    tell(f"Send it: bezpieczny campaign schedule {number} --now")


def alert(
    who: Who,
    reason: Annotated[
        str,
        typer.Option(
            "--break-glass", help="Why it cannot wait, in 10 to 500 characters; all staff read it.", show_default=False
        ),
    ],
    file: File = None,
    template: Template = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before it is sent.")] = False,
) -> None:
    """In an emergency: from a file to everybody at once, without a second person. All staff are told."""

    async def use(house: House) -> Told | Campaign:
        found = await _write(house, file, template, reason, who)
        console.print(views.preview(found, house.shelf.library.words, rates(house)))
        if not yes and not typer.confirm(f"Send it now to {found.count.reached:,} residents?"):
            return found.campaign
        async with house.database.begin() as conn:
            return await desk.send_alert(conn, found.campaign.id, reason, who=who, now=house.clock())

    done = run(use)
    if isinstance(done, Campaign):
        tell(f"Not sent. {views.standing(done)}")
    else:
        _say(*done)


async def _write(house: House, file: File, template: Template, reason: str, who: str) -> Preview:
    """Store it, so that nothing is lost when the answer is no, and look at it; nothing is stored without a reason."""
    library, now = house.shelf.library, house.clock()
    content = read_content(house, file, template)
    async with house.database.begin() as conn:
        made = await desk.create_alert(conn, library, content, who=who, now=now)
        lifecycle.break_glass(made, reason, now)
        audience = ResidentsAudience(rates(house).keys)
        return await previews.preview(conn, library, audience, made.id, rates=rates(house), now=now)


def _say(campaign: Campaign, told: Run) -> None:
    tell(views.standing(campaign))
    if told.audience:
        tell(f"Staff who are told in their chats: {told.audience}.")
    else:
        tell("No chat of the staff is linked, so nobody is told: tell them, and see `bezpieczny staff link`.")
