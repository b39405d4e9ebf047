"""What several commands of campaigns take, and how it is read."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.catalogue.schema import Campaign as Content
from bot.commands import campaign_views as views
from bot.commands.common import fail, run, tell
from bot.domain.residents import Address
from bot.services.campaign_texts import from_template, read_file
from bot.storage.database import Connection
from bot.wiring import House
from scheduler.model import Campaign

Number = Annotated[int, typer.Argument(metavar="ID", help="The campaign's number.", show_default=False)]
Who = Annotated[str, typer.Option("--as", metavar="NAME", help="Who you are; see `staff list`.", show_default=False)]
WhoPerhaps = Annotated[
    str | None,
    typer.Option("--as", metavar="NAME", help="Who you are; by default the operator.", show_default=False),
]
File = Annotated[Path | None, typer.Option(help="What it says: see docs/staff.md.", dir_okay=False, show_default=False)]
Template = Annotated[str | None, typer.Option(help="A seasonal template instead of a file.", show_default=False)]


def take(step: Callable[[Connection, datetime], Awaitable[Campaign]]) -> Campaign:
    """One step of a campaign in one transaction, and where it stands after it."""

    async def use(house: House) -> Campaign:
        async with house.database.begin() as conn:
            return await step(conn, house.clock())

    campaign = run(use)
    tell(views.standing(campaign))
    return campaign


def read_content(house: House, file: Path | None, template: str | None) -> Content:
    """A campaign from a file of the staff's, or from a template."""
    if (file is None) == (template is None):
        fail("Give either --file or --template.")
    if file is not None:
        return read_file(file, house.shelf.library)
    return from_template(house.shelf.library, template or "")


def read_address(text: str) -> Address:
    """An address as staff write it: `telegram:12345`, `matrix:@anna:example.org`."""
    channel, colon, chat = text.partition(":")
    if not (channel and colon and chat):
        fail(f"{text!r} is no address; write it as telegram:12345 or matrix:@anna:example.org.")
    return Address(channel, chat)
