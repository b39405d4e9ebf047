"""An alert that one person lets leave, and a run that stopped: staff read of both in their own chats."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from bot.storage.audience import ResidentsAudience
from bot.storage.database import Database
from bot.wiring import utc_now
from scheduler import ledger
from scheduler.model import Kind
from tests.acceptance.conftest import Program, eventually
from tests.telegram_api import TelegramApi

ALERT = """
id: powodz
kind: alert
title: {pl: Powódź, uk: Повінь, en: Flood}
text: {pl: Idź na wyższe piętro., uk: Підніміться на поверх вище., en: Go upstairs.}
"""
WHY = "The river rises faster than anybody can be called."
STOPPED = "11 of the last 50 failed, most often: chat not found"


async def a_run_stops(folder: Path) -> str:
    """A tip's run that the deliverer paused; returns its name in the ledger."""
    database, now = Database(f"sqlite:///{folder / 'bezpieczny.sqlite3'}"), utc_now()
    key = "daily-tip:stopped"
    async with database.begin() as conn:
        run = await ledger.open_run(
            conn,
            ResidentsAudience(),
            key=key,
            kind=Kind.DAILY_TIP,
            slot_at=now,
            expires_at=now + timedelta(hours=4),
            now=now,
        )
        await ledger.pause_run(conn, run.id, STOPPED, who="delivery", now=now)
    await database.close()
    return key


async def test_an_alert_leaves_alone_and_staff_are_told(
    program: Callable[..., Program], api: TelegramApi, tmp_path: Path
) -> None:
    bot = program()
    (tmp_path / "alert.yaml").write_text(ALERT, encoding="utf-8")
    await bot.cli("staff", "add", "Ada", "--role", "editor")
    await bot.cli("staff", "add", "Bob", "--role", "approver")
    await bot.start()
    resident = api.user(101, language="pl")
    await resident.says("/start subscribe")
    await resident.presses("Ostrzeżenia")
    bob = api.user(102, language="en")
    refused = await bot.cli("staff", "link", "Bob", "telegram:102", ok=False)
    assert "let Bob start it there" in refused
    await bob.says("/start")
    await bot.cli("staff", "link", "Bob", "telegram:102")

    words = ("campaign", "alert", "--file", str(tmp_path / "alert.yaml"), "--as", "Ada", "--break-glass", WHY, "--yes")
    sent = await bot.cli(*words)

    assert "Staff who are told in their chats: 1." in sent
    await eventually(lambda: "Idź na wyższe piętro." in resident.screen.text, "the alert did not arrive")
    await eventually(lambda: WHY in bob.screen.text, "staff were not told of the alert")
    assert "bezpieczny campaign cancel 1" in bob.screen.text

    key = await a_run_stops(bot.folder / "data")
    await eventually(lambda: STOPPED in bob.screen.text, "staff were not told of the run that stopped")
    assert f"bezpieczny campaign resume-run {key}" in bob.screen.text
    told = len(bob.messages)
    await asyncio.sleep(6)  # the job looks every five seconds
    assert len(bob.messages) == told, "it is told once"
    await bot.cli("campaign", "resume-run", key)
    assert len([one for one in resident.messages if "wyższe piętro" in one.text]) == 1
