"""`bezpieczny staff …`: who works with campaigns."""

from typing import Annotated

import typer

from bot.commands.common import console, run, table, tell
from bot.storage import staff
from bot.storage.staff import Member, Role
from bot.wiring import House

app = typer.Typer(help="Say who writes, and who approves, campaigns.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="As they sign their work; `--as` takes it.", show_default=False)]


@app.command()
def add(
    name: Name,
    role: Annotated[Role, typer.Option(help="An editor writes, an approver approves, an admin does both.")],
) -> None:
    """Add somebody, or give them another role."""

    async def use(house: House) -> None:
        async with house.database.begin() as conn:
            await staff.add(conn, Member(name, role), house.clock())

    run(use)
    tell(f"{name} is {role.value}.")


@app.command("list")
def list_() -> None:
    """Everybody, with their role."""

    async def use(house: House) -> list[Member]:
        async with house.database.read() as conn:
            return await staff.everyone(conn)

    members = run(use)
    if not members:
        tell("Nobody yet: bezpieczny staff add NAME --role editor")
        return
    console.print(table("Name", "Role", rows=((member.name, member.role.value) for member in members)))
