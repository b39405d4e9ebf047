"""The same on PostgreSQL, through the process: a resident learns, an alert goes out, the database is restarted."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.storage.database import Database
from scheduler import ledger
from scheduler.model import DeliveryState
from tests.acceptance.conftest import Program, eventually
from tests.acceptance.test_first_light import alert_everybody, meet
from tests.postgres import NoPostgres, Server, own_server
from tests.telegram_api import TelegramApi


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server that these tests may stop."""
    try:
        with own_server() as running:
            yield running
    except NoPostgres as error:
        pytest.skip(str(error))


async def test_a_resident_learns_and_an_alert_reaches_two(
    server: Server, program: Callable[..., Program], api: TelegramApi, tmp_path: Path
) -> None:
    url = server.empty_database()
    bot = program(BEZPIECZNY_DATABASE_URL=url)
    await bot.start()
    ola = await meet(api)
    olha = api.user(102, language="uk", first_name="Olha")
    await olha.says("/start subscribe")
    await olha.presses("Попередження")
    await alert_everybody(bot, tmp_path)
    await eventually(lambda: "wichura" in ola.screen.text, "Ola was not reached")
    await eventually(lambda: "буревій" in olha.screen.text, "Olha was not reached in Ukrainian")
    await ola.says("/usun")
    await ola.presses("Tak, skasuj")
    assert "Nic już o Tobie nie wiem" in ola.screen.text
    assert await bot.stop() == 0
    assert not (bot.folder / "data" / "bezpieczny.sqlite3").exists()

    database = Database(url)
    async with database.read() as conn:
        balances = [await ledger.balance(conn, run.id) for run in await ledger.list_runs(conn)]
    await database.close()
    assert [balance[DeliveryState.SENT] for balance in balances if balance.audience == 2] == [2]
    assert all(balance.holds for balance in balances)


async def test_a_restart_of_the_database_costs_a_resident_nothing_but_a_moment(
    server: Server, program: Callable[..., Program], api: TelegramApi
) -> None:
    bot = program(BEZPIECZNY_DATABASE_URL=server.empty_database())
    await bot.start()
    ola = api.user(101)
    await ola.says("/start")
    await ola.presses("Zacznij od pytania")
    assert ola.screen.text.startswith("1/5")
    await asyncio.to_thread(server.restart)
    await ola.says("/warsztaty")
    await ola.says("/menu")
    assert any("Wróć do quizu (1/5)" in label for label in ola.screen.buttons), "what they did before is kept"

    await asyncio.to_thread(server.stop)
    await ola.says("/porada", wait=False)
    await asyncio.sleep(1)  # the bot has tried, and has failed
    await asyncio.to_thread(server.start)
    await eventually(lambda: "Źródło" in ola.screen.text, "what was said while the database was away is lost")
    assert await bot.stop() == 0
    assert "Traceback" not in bot.log.read_text()
