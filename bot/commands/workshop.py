"""`bezpieczny workshop …`: what can be booked, and who comes."""

import csv
import sys
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.common import console, local, run, table, tell
from bot.domain.areas import DEFAULT_LANGUAGE
from bot.domain.workshops import Booking, Workshop
from bot.services import workshops as service
from bot.storage import workshops as store
from bot.wiring import House

app = typer.Typer(help="Plan workshops and see who comes.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(metavar="ID", help="The workshop's number.", show_default=False)]


@app.command()
def create(
    file: Annotated[Path, typer.Option(help="What, when and where: see docs/staff.md.", dir_okay=False)],
) -> None:
    """Open a workshop for booking."""

    async def use(house: House) -> tuple[int, service.Plan]:
        plan = service.read_file(file)
        async with house.database.begin() as conn:
            return await service.create(conn, plan, house.clock()), plan

    number, plan = run(use)
    when = f"{local(plan.starts)}, {plan.capacity} places"
    tell(f"Workshop {number} “{plan.title[DEFAULT_LANGUAGE]}” can be booked: {when}.")


@app.command("list")
def list_() -> None:
    """All workshops, the soonest first, with the places taken."""

    async def use(house: House) -> tuple[list[Workshop], dict[int, str]]:
        now = house.clock()
        async with house.database.read() as conn:
            found = await store.all_of(conn)
        return found, {one.id: _state(one, over=not one.is_open(now)) for one in found}

    found, states = run(use)
    if not found:
        tell("No workshops yet: bezpieczny workshop create --file W.yaml")
        return
    rows = (
        (str(one.id), local(one.starts_at), f"{one.taken}/{one.capacity}", states[one.id], _title(one), one.place)
        for one in found
    )
    console.print(table("ID", "Starts", "Taken", "State", "Title", "Place", rows=rows))


def _state(workshop: Workshop, *, over: bool) -> str:
    if workshop.cancelled_at:
        return "called off"
    return "over" if over else ("open" if workshop.free else "full")


def _title(workshop: Workshop) -> str:
    return workshop.title.get(DEFAULT_LANGUAGE, "")


@app.command()
def roster(
    number: Number,
    as_csv: Annotated[bool, typer.Option("--csv", help="For a spreadsheet, on standard output.")] = False,
) -> None:
    """Who comes and who waits. Names and contacts are for running the workshop, and for nothing else."""

    async def use(house: House) -> list[Booking]:
        async with house.database.read() as conn:
            return await service.roster(conn, house.tools.vault, number)

    headings = ("State", "Places", "Name", "Contact", "Booked")
    rows = [
        (one.state.value, str(one.places), one.name or "", one.contact or "", local(one.created_at)) for one in run(use)
    ]
    if as_csv:
        csv.writer(sys.stdout).writerows([headings, *map(_harmless, rows)])
        return
    if rows:
        console.print(table(*headings, rows=rows))
    else:
        tell("Nobody has booked yet.")


def _harmless(row: tuple[str, ...]) -> tuple[str, ...]:
    """A spreadsheet takes a cell that begins like this for a formula; an apostrophe makes it text."""
    return tuple(f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell for cell in row)


@app.command()
def cancel(number: Number) -> None:
    """Call a workshop off; whoever has places, or waits for some, is told."""

    async def use(house: House) -> tuple[Workshop, int]:
        async with house.database.begin() as conn:
            return await service.call_off(conn, number, house.clock())

    workshop, told = run(use)
    tell(f"Workshop {number} “{_title(workshop)}” is called off. {told} bookings are told of it.")
