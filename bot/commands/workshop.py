"""`bezpieczny workshop …`: what can be booked, and who comes.

Whoever may run commands on this machine may do all of this; the audit log then says `operator`.
"""

import csv
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.common import console, fail, local, run, table, tell
from bot.domain.areas import DEFAULT_LANGUAGE
from bot.domain.workshops import Workshop
from bot.services import rosters
from bot.services import workshops as service
from bot.services.rosters import Roster
from bot.services.sheets import Sheet, as_xlsx, harmless
from bot.services.staff import OPERATOR
from bot.storage import audit
from bot.storage import workshops as store
from bot.storage.database import Connection
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
            number = await service.create(conn, plan, house.clock())
            await _note(conn, house, "create", number, plan.model_dump(mode="json"))
            return number, plan

    number, plan = run(use)
    when = f"{local(plan.starts)}, {plan.capacity} places"
    tell(f"Workshop {number} “{plan.title[DEFAULT_LANGUAGE]}” can be booked: {when}.")


async def _note(conn: Connection, house: House, what: str, number: int, after: Mapping[str, object]) -> None:
    await audit.add(conn, [audit.Entry(house.clock(), OPERATOR, what, f"workshop:{number}", None, after)])


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


HEADINGS = ("State", "Places", "Name", "Contact", "Booked", "Came", "Booking")


@app.command()
def roster(
    number: Number,
    as_csv: Annotated[bool, typer.Option("--csv", help="For a spreadsheet, on standard output.")] = False,
    xlsx: Annotated[
        Path | None, typer.Option(metavar="FILE", help="As a workbook.", dir_okay=False, show_default=False)
    ] = None,
) -> None:
    """Who comes and who waits. Names and contacts are for running the workshop, and for nothing else."""

    async def use(house: House) -> tuple[Roster, Sheet]:
        now, how = house.clock(), "roster_saved" if as_csv or xlsx else "roster_opened"
        async with house.database.begin() as conn:
            found = await rosters.opened(conn, house.tools.vault, number, who=OPERATOR, how=how, now=now)
        title = f"{_title(found.workshop)}, {local(found.workshop.starts_at)}"
        return found, Sheet(title, "en", HEADINGS, _rows(found), now)

    found, sheet = run(use)
    if xlsx:
        xlsx.write_bytes(as_xlsx(sheet))
        tell(f"Written to {xlsx}: {len(sheet.rows)} bookings. Delete it when it has done its work.")
    elif as_csv:
        rows = ([harmless(str("" if cell is None else cell)) for cell in row] for row in sheet.rows)
        csv.writer(sys.stdout).writerows([HEADINGS, *rows])
    elif found.everybody:
        console.print(
            table(*HEADINGS, rows=(tuple("" if cell is None else str(cell) for cell in row) for row in sheet.rows))
        )
    else:
        tell("Nobody has booked yet.")


def _rows(found: Roster) -> list[tuple[str | int | None, ...]]:
    return [
        (
            *(one.state.value, one.places, one.name or "", one.contact or ""),
            *(local(one.created_at), one.attended, one.id),
        )
        for one in found.everybody
    ]


@app.command()
def attendance(
    number: Number,
    came: Annotated[
        list[str] | None,
        typer.Argument(metavar="BOOKING=COUNT…", help="How many came on a booking; see `roster`.", show_default=False),
    ] = None,
    all_came: Annotated[bool, typer.Option("--all-came", help="Everybody with places came.")] = False,
) -> None:
    """Note who came, from the beginning of the workshop until the names are erased."""
    if bool(came) is all_came:
        fail("Say who came: 12=2 13=0, or --all-came.")
    counts = dict(map(_count, came or ()))

    async def use(house: House) -> store.Numbers:
        now, vault = house.clock(), house.tools.vault
        async with house.database.begin() as conn:
            noted = rosters.all_came(await rosters.load(conn, vault, number, now)) if all_came else counts
            totals = await rosters.note_attended(conn, number, noted, now)
            after = {"counted": totals.counted, "attended": totals.attended}
            await _note(conn, house, "note_attended", number, after)
            return totals

    totals = run(use)
    tell(f"Workshop {number}: {totals.attended} of {totals.counted} places were used.")


def _count(text: str) -> tuple[int, int | None]:
    booking, _, count = text.partition("=")
    if not (booking.isdecimal() and count.isdecimal()):
        fail(f"{text!r} is no count; write it as BOOKING=COUNT: 12=2.")
    return int(booking), int(count)


@app.command()
def cancel(number: Number) -> None:
    """Call a workshop off; whoever has places, or waits for some, is told."""

    async def use(house: House) -> tuple[Workshop, int]:
        async with house.database.begin() as conn:
            workshop, told = await service.call_off(conn, number, house.clock())
            await _note(conn, house, "call_off", number, {"called_off": True, "told": told})
            return workshop, told

    workshop, told = run(use)
    tell(f"Workshop {number} “{_title(workshop)}” is called off. {told} bookings are told of it.")
