"""What every command of the staff's needs: the house, errors as one line, tables, the channels to send by."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

import typer
from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from bot.domain.errors import BotError
from bot.settings import from_environment
from bot.wiring import House, open_house
from scheduler.calendar import ZONE
from scheduler.errors import SchedulerError
from scheduler.ledger import FAULTS
from scheduler.pacing import NullPacer

if TYPE_CHECKING:
    from bot.channels.telegram.channel import TelegramChannel

T = TypeVar("T")

PIPED_WIDTH = 120
CONTENT = Path(__file__).parents[2] / "content"
"""The content folder beside the `bot` package."""

console = Console(highlight=False)
if not console.is_terminal:
    console.width = PIPED_WIDTH


def run(use: Callable[[House], Awaitable[T]]) -> T:
    """Open the house as the environment says, and use it; whatever goes wrong is one line and exit code 1."""

    async def main() -> T:
        settings = from_environment()
        async with open_house(settings, matrix_user=lambda: settings.matrix.name) as house:
            return await use(house)

    try:
        return asyncio.run(main())
    except (BotError, SchedulerError) as error:  # a broken content file has a line for each of its problems
        fail(str(error))
    except FAULTS as error:
        fail(f"The database cannot be used just now: {getattr(error, 'orig', None) or error}")


def tell(line: str) -> None:
    """A line as it is: titles may hold brackets, and a file or a script may read it."""
    console.print(line, markup=False, soft_wrap=True)


def fail(message: str) -> NoReturn:
    """Say what is wrong, on standard error, and end."""
    print(message, file=sys.stderr)  # noqa: T201 - one plain line, for people and for scripts
    raise typer.Exit(1)


def table(*headings: str, rows: Iterable[tuple[RenderableType, ...]]) -> Table:
    """A table; without lines where nobody looks at it."""
    made = Table(*headings, box=box.SIMPLE_HEAD if console.is_terminal else None)
    for row in rows:
        made.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    return made


def local(at: datetime | None) -> str:
    """An instant in Kraków's time, as staff write it; nothing for none."""
    return f"{at.astimezone(ZONE):%Y-%m-%d %H:%M}" if at else ""


def rates(house: House) -> Mapping[str, float]:
    """The channels that are switched on, and how many messages a second each may send."""
    return house.settings.rates


@asynccontextmanager
async def telegram(house: House) -> AsyncIterator["TelegramChannel | None"]:
    """The Telegram channel, to send a little by; None if it is switched off."""
    if house.settings.telegram.token is None:
        yield None
        return
    from bot.accounts import telegram_channel  # noqa: PLC0415 - Telegram's library takes a while to load

    channel = telegram_channel(house, house.engine, NullPacer())
    try:
        yield channel
    finally:
        await channel.close()
