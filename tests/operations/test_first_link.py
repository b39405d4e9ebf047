"""A program that starts where nobody is on the staff yet opens its console to one person, once."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

from bot import running
from bot.running import Running
from bot.services import signin
from bot.settings import load
from bot.storage import staff
from bot.storage.database import Database
from bot.storage.staff import Member, Role
from tests.support import NOON


async def start(folder: Path) -> Running:
    """Starts the program and stops it as soon as it runs."""
    stop, seen = asyncio.Event(), list[Running]()

    def announce(on: Running) -> None:
        seen.append(on)
        stop.set()

    def noon() -> datetime:
        return NOON

    settings = load({"BEZPIECZNY_DATA": str(folder), "BEZPIECZNY_PORT": "0", "BEZPIECZNY_PUBLIC_URL": "https://bk.org"})
    await running.run(settings, stop, announce, clock=noon)
    return seen[0]


async def test_the_first_start_prints_a_link_and_the_second_does_not(tmp_path: Path) -> None:
    first, second = await start(tmp_path), await start(tmp_path)
    assert first.console == second.console == "https://bk.org/console"
    assert first.first_link
    assert second.first_link is None

    address, _, token = first.first_link.rpartition("/")
    assert address == "https://bk.org/console/enter"
    database = Database(f"sqlite:///{tmp_path / 'bezpieczny.sqlite3'}")
    async with database.begin() as conn:
        member = await signin.opened(conn, token, "b", NOON + timedelta(minutes=4))
    await database.close()
    assert member == Member("admin", Role.ADMIN)


async def test_of_processes_that_start_at_once_one_opens_the_console(database: Database) -> None:
    async def begin(number: int) -> bool:
        async with database.begin() as conn:
            return await signin.invite_first(conn, f"link {number}", NOON) is not None

    begun = await asyncio.gather(*map(begin, range(4)))
    assert sum(begun) == 1
    async with database.begin() as conn:
        assert len(await staff.everyone(conn)) == 1
        assert await signin.opened(conn, f"link {begun.index(True)}", "b", NOON)


async def test_where_somebody_is_on_the_staff_nobody_else_gets_in(database: Database) -> None:
    async with database.begin() as conn:
        await staff.add(conn, Member("Ed", Role.EDITOR), NOON)
        assert await signin.invite_first(conn, "link", NOON) is None
        assert [member.name for member in await staff.everyone(conn)] == ["Ed"]
