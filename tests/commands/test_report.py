"""`campaign report`: a run's numbers, for people and for programs."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from bot.services.results import UNSUBSCRIBED
from bot.storage import presses
from bot.storage.database import Connection, Database
from tests.commands.conftest import Say


@pytest.fixture
def city(bezpieczny: Say, data: Path) -> Callable[[Callable[[Connection], Awaitable[None]]], None]:
    """An invented city with past campaigns, and a way to change something in it."""
    bezpieczny("demo", "--residents", "300")

    async def change(use: Callable[[Connection], Awaitable[None]]) -> None:
        database = Database(f"sqlite:///{data / 'bezpieczny.sqlite3'}")
        async with database.begin() as conn:
            await use(conn)
        await database.close()

    return lambda use: asyncio.run(change(use))


async def press(conn: Connection) -> None:
    for button in ("0", "0", "fewer", UNSUBSCRIBED):
        await presses.add(conn, 1, button)


def test_a_report_tells_balance_speed_presses_and_withdrawals(
    bezpieczny: Say, city: Callable[[Callable[[Connection], Awaitable[None]]], None]
) -> None:
    city(press)

    said = bezpieczny("campaign", "report", "1").stdout

    assert re.search(r"\d+ = \d+ sent", said)
    assert "/s at work" in said
    assert "2 × " in said
    assert "1 × Mniej takich wiadomości" in said
    assert "unsubscribed within 7 days: 1" in said
    shown = bezpieczny("campaign", "show", "1").stdout
    assert "unsubscribed within 7 days: 1" in shown


def test_the_same_as_json(bezpieczny: Say, city: Callable[[Callable[[Connection], Awaitable[None]]], None]) -> None:
    city(press)

    (run,) = json.loads(bezpieczny("campaign", "report", "1", "--json").stdout)

    assert run["audience"] == sum(run["balance"].values())
    assert run["balances"] is True
    assert {one["button"]: one["count"] for one in run["presses"]}["fewer"] == 1
    assert run["unsubscribed"] == 1
    assert run["comparison"] is None


def test_a_campaign_that_was_never_sent_or_is_not_there_says_so(bezpieczny: Say) -> None:
    bezpieczny("staff", "add", "Ada", "--role", "editor")
    bezpieczny("campaign", "create", "--template", "jesien", "--as", "Ada")

    assert "Nothing of it has been sent yet" in bezpieczny("campaign", "report", "1").stdout
    assert json.loads(bezpieczny("campaign", "report", "1", "--json").stdout) == []
    assert "no such campaign" in bezpieczny("campaign", "report", "9", code=1).stderr
