"""A resident chats, a campaign goes out: the whole main job, through the process, over HTTP."""

import asyncio
import json
import re
import signal
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

import pytest
from sqlalchemy import func, select

from bot.storage.database import Database
from scheduler import ledger
from scheduler.model import Balance, DeliveryState, RunState
from scheduler.tables import deliveries
from tests.acceptance.conftest import PATIENCE_S, Program, eventually
from tests.acceptance.files import WORKSHOP, alert
from tests.support import add_resident
from tests.telegram_api import TelegramApi
from tests.telegram_api.users import User

GO_ON = re.compile(r"Wynik|Następne .*|Sprawdź|Prawda|Oszustwo|☐ A|[A-F]")


async def answer_to_the_end(user: User) -> None:
    """Answer whatever is asked, whichever way it wants answering, until the result is there."""
    for _ in range(60):
        onward = [label for label in user.screen.buttons if GO_ON.fullmatch(label)]
        if not onward:
            return
        await user.presses(next((label for label in onward if label == "Sprawdź"), onward[0]))


async def meet(api: TelegramApi) -> User:
    """A resident's first minutes: /start, a whole quiz, the opt-in, a tip."""
    ola = api.user(101, language="pl", first_name="Ola")
    await ola.says("/start")
    assert "Uczę bezpieczeństwa" in ola.screen.text
    await ola.presses("Zacznij od pytania")
    message = ola.screen.message_id
    assert ola.screen.text.startswith("1/5")
    await answer_to_the_end(ola)
    assert re.match(r"\d z 5\.", ola.screen.text), ola.screen
    assert ola.screen.message_id == message, "the same message changes from question to question"
    assert "☐ Porada codziennie o 8:00" in ola.screen.buttons
    await ola.presses("Ostrzeżenia")
    assert "☑ Ostrzeżenia" in ola.screen.buttons
    await ola.presses("Gotowe")
    await ola.says("/porada")
    assert "Źródło" in ola.screen.text
    return ola


async def book(ola: User) -> None:
    await ola.says("/warsztaty")
    await ola.presses("Pierwsza pomoc w parku")
    await ola.presses("2 miejsca")
    await ola.says("Ola Przykładowa")
    await ola.says("600 100 200")
    assert "Ola Przykładowa" in ola.screen.text
    await ola.presses("Zapisuję się")
    assert "Masz 2 miejsca" in ola.screen.text


async def alert_everybody(program: Program, folder: Path) -> str:
    """Staff write an alert; a second one approves it; it goes out at once. Returns the campaign's number."""
    await program.cli("staff", "add", "Autorka", "--role", "editor")
    await program.cli("staff", "add", "Druga Osoba", "--role", "approver")
    (folder / "alert.yaml").write_text(alert("tip: przed-wichura"))
    made = await program.cli(
        "campaign", "create", "--kind", "alert", "--file", str(folder / "alert.yaml"), "--as", "Autorka"
    )
    number = re.search(r"\d+", made)
    assert number, made
    campaign = number[0]
    assert "2" in await program.cli("campaign", "preview", campaign)
    refused = await program.cli("campaign", "approve", campaign, "--as", "Autorka", ok=False)
    assert len(refused.strip().splitlines()) == 1, "one clear line"
    await program.cli("campaign", "approve", campaign, "--as", "Druga Osoba")
    await program.cli("campaign", "schedule", campaign, "--now", "--as", "Autorka")
    return campaign


@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_a_resident_chats_and_an_alert_reaches_the_subscribers(
    mode: str, program: Callable[..., Program], api: TelegramApi, tmp_path: Path
) -> None:
    bot = program()
    if mode == "webhook":
        bot.environment["BEZPIECZNY_TELEGRAM__WEBHOOK_URL"] = f"{bot.url}/telegram/webhook"
    (tmp_path / "workshop.yaml").write_text(WORKSHOP)
    await bot.cli("workshop", "create", "--file", str(tmp_path / "workshop.yaml"))
    await bot.start()
    ola = await meet(api)
    await book(ola)
    olha = api.user(102, language="uk", first_name="Olha")
    await olha.says("/start subscribe")
    await olha.presses("Попередження")
    tom = api.user(103, language="en", first_name="Tom")
    await tom.says("/start")
    seen_by_tom = len(tom.messages)

    campaign = await alert_everybody(bot, tmp_path)
    await eventually(lambda: "wichura" in ola.screen.text, "Ola was not reached")
    await eventually(lambda: "буревій" in olha.screen.text, "Olha was not reached in Ukrainian")
    shown = await bot.cli("campaign", "show", campaign, "--once")
    assert "2" in shown
    assert "finished" in shown or "running" in shown
    assert len(tom.messages) == seen_by_tom, "who did not agree gets nothing"
    assert [message.text for message in api.messages()].count(ola.screen.text) == 1

    await ola.says("/dane")
    kept = json.loads(ola.screen.file.content)
    assert kept["resident"]["alerts"] is True
    assert kept["bookings"][0]["name"] == "Ola Przykładowa"
    await ola.says("/usun")
    await ola.presses("Tak, skasuj")
    assert "Nic już o Tobie nie wiem" in ola.screen.text
    assert await bot.stop() == 0
    log = bot.log.read_text()
    for secret in ("Ola", "600 100 200", "Przykładowa", api.token):
        assert secret not in log


async def test_after_sigkill_the_conversation_goes_on_where_it_was(
    program: Callable[..., Program], api: TelegramApi
) -> None:
    bot = program()
    await bot.start()
    ola = api.user(101)
    await ola.says("/start")
    await ola.presses("Zacznij od pytania")
    await ola.presses("A" if "A" in ola.screen.buttons else ola.screen.buttons[0])
    assert ola.screen.has("Następne")
    await bot.stop(signal.SIGKILL)
    await ola.presses("Następne", wait=False)  # nobody is there to hear it
    await bot.start()
    await eventually(lambda: ola.screen.text.startswith("2/5"), "the press was lost")
    await ola.says("/menu")
    assert any("Wróć do quizu (2/5)" in label for label in ola.screen.buttons)


async def test_a_wrong_token_does_not_stop_the_browser_channel(program: Callable[..., Program]) -> None:
    bot = program(BEZPIECZNY_TELEGRAM__TOKEN="1:wrong")
    await bot.start()
    page = await asyncio.to_thread(lambda: urlopen(bot.url, timeout=5).read().decode())  # noqa: S310 - our own page
    assert "Bezpieczny Kraków" in page
    await eventually(lambda: "telegram.off" in bot.log.read_text(), "the log names the reason")
    assert await bot.stop() == 0


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("BEZPIECZNY_PORT", "http", "BEZPIECZNY_PORT"),
        ("BEZPIECZNY_DATABASE_URL", "sqlite:////no/such/folder/x.sqlite3", "/no/such/folder/x.sqlite3"),
        ("BEZPIECZNY_CONTENT", "/no/such/folder", "BEZPIECZNY_CONTENT"),
        ("BEZPIECZNY_TELEGRAM__TOKE", "1:x", "BEZPIECZNY_TELEGRAM__TOKEN"),
    ],
)
async def test_a_broken_setting_is_one_clear_line(
    name: str, value: str, said: str, program: Callable[..., Program]
) -> None:
    printed = await program(**{name: value}).cli("run", ok=False)
    assert said in printed
    assert len(printed.strip().splitlines()) == 1, printed


async def test_after_sigkill_in_mid_broadcast_nobody_is_missed_and_the_ledger_balances(
    program: Callable[..., Program], api: TelegramApi, tmp_path: Path
) -> None:
    people = 120
    bot = program(BEZPIECZNY_TELEGRAM__RATE="40")
    await bot.cli("database", "upgrade")
    database = Database(f"sqlite:///{bot.folder / 'data' / 'bezpieczny.sqlite3'}")
    async with database.begin() as conn:
        for number in range(1, people + 1):
            api.user(number)
            await add_resident(conn, f"telegram:{number}", alerts=True)
    await alert_everybody(bot, tmp_path)
    await bot.start()
    await eventually(lambda: len(api.messages()) > people / 4, "the broadcast did not begin")
    await bot.stop(signal.SIGKILL)
    reached = len(api.messages())
    assert reached < people, "it was over before it could be killed"
    await bot.start()
    await eventually(lambda: len({message.chat for message in api.messages()}) == people, "somebody was missed")

    async def settled() -> Balance | None:
        async with database.read() as conn:
            (run,) = await ledger.list_runs(conn)
            return await ledger.balance(conn, run.id) if run.state is RunState.FINISHED else None

    async with asyncio.timeout(PATIENCE_S):
        while (balance := await settled()) is None:  # noqa: ASYNC110 - it happens in another process
            await asyncio.sleep(0.1)
    assert balance.holds
    assert balance[DeliveryState.SENT] == people
    twice = len(api.messages()) - people
    async with database.read() as conn:
        doubts = (await conn.execute(select(func.sum(deliveries.c.doubts)))).scalar_one()
    assert twice <= doubts <= people / 4, "only what was in flight can come twice"
    await database.close()
