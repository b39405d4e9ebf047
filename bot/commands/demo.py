"""`bezpieczny demo`: a city to try things out on."""

import time
from typing import Annotated

import typer

from bot.commands.common import console, run, table, tell
from bot.services import demo as service
from bot.wiring import House


def demo(
    residents: Annotated[int, typer.Option(min=10, max=200_000, help="How many residents.")] = 2000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same city.")] = 1,
    force: Annotated[bool, typer.Option("--force", help="Even into a database that is in use.")] = False,
) -> None:
    """Fill an empty database with an invented city: residents, answers, workshops, past campaigns.

    Nobody in it is real, and none of its addresses can be written to.
    """

    async def use(house: House) -> dict[str, int]:
        async with house.database.begin() as conn:
            return await service.found(
                conn,
                house.shelf.library,
                house.tools.vault,
                residents=residents,
                seed=seed,
                now=house.clock(),
                force=force,
            )

    started = time.monotonic()
    made = run(use)
    rows = ((name.replace("_", " "), f"{count:,}") for name, count in made.items() if count)
    console.print(table("Made up", "Rows", rows=rows))
    tell(f"A demo city, in {time.monotonic() - started:.1f} s. Look around: bezpieczny campaign list")
