"""`bezpieczny staff …`: who works with campaigns."""

from typing import Annotated

import typer

from bot.commands.common import console, run, table, tell
from bot.commands.options import read_address
from bot.services import staff as service
from bot.storage import staff
from bot.storage.staff import Member, Role
from bot.wiring import House

app = typer.Typer(help="Say who writes, who approves, and who gets word of campaigns.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="As they sign their work; `--as` takes it.", show_default=False)]


@app.command()
def add(
    name: Name,
    role: Annotated[Role, typer.Option(help="An editor writes, an approver approves, an admin does both.")],
) -> None:
    """Add somebody, or give them another role."""

    async def use(house: House) -> None:
        async with house.database.begin() as conn:
            await service.enrol(conn, Member(name, role), house.clock())

    run(use)
    tell(f"{name} is {role.value}.")


@app.command()
def link(
    name: Name,
    address: Annotated[
        str, typer.Argument(metavar="ADDRESS", help="Their chat with the bot: telegram:12345.", show_default=False)
    ],
) -> None:
    """Say in which chat somebody gets word of alerts sent alone and of campaigns that paused themselves."""
    chat = read_address(address)

    async def use(house: House) -> None:
        async with house.database.begin() as conn:
            await service.link(conn, name, chat)

    run(use)
    tell(f"{name} gets word in their chat on {chat.channel}.")


@app.command()
def unlink(name: Name) -> None:
    """Forget in which chat somebody gets word."""

    async def use(house: House) -> None:
        async with house.database.begin() as conn:
            await service.unlink(conn, name)

    run(use)
    tell(f"{name} gets no word in a chat any more.")


@app.command("list")
def list_() -> None:
    """Everybody, with their role, and whether word reaches them in a chat."""

    async def use(house: House) -> list[Member]:
        async with house.database.read() as conn:
            return await staff.everyone(conn)

    members = run(use)
    if not members:
        tell("Nobody yet: bezpieczny staff add NAME --role editor")
        return
    rows = ((member.name, member.role.value, "linked" if member.linked else "not linked") for member in members)
    console.print(table("Name", "Role", "Chat", rows=rows))
