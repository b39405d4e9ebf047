"""A campaign on the command line, from a file to its report; and one clear line for whatever is wrong."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from bot.storage.audience import ResidentsAudience
from bot.storage.database import Database
from bot.wiring import utc_now
from scheduler import ledger
from scheduler.model import Sent
from scheduler.planner import plan
from tests.commands.conftest import Say
from tests.support import add_resident

T = TypeVar("T")

FILE = """\
id: odblask
kind: tip
title: {pl: Odblask, uk: Світловідбивач, en: Reflector}
text: {pl: Przypnij odblask., uk: Причепіть., en: Clip it on.}
buttons:
  - quiz: czad
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    written = tmp_path / "f.yaml"
    written.write_text(FILE, encoding="utf-8")
    return written


@pytest.fixture(autouse=True)
def team(bezpieczny: Say) -> None:
    bezpieczny("staff", "add", "Ada", "--role", "admin")
    bezpieczny("staff", "add", "Bob", "--role", "approver")


def in_database(data: Path, use: Callable[[Database], Awaitable[T]]) -> T:
    async def main() -> T:
        database = Database(f"sqlite:///{data / 'bezpieczny.sqlite3'}")
        try:
            return await use(database)
        finally:
            await database.close()

    return asyncio.run(main())


def test_from_a_file_to_the_report(bezpieczny: Say, file: Path, data: Path) -> None:
    made = bezpieczny("campaign", "create", "--kind", "tip", "--file", str(file), "--as", "Ada")
    assert "Campaign 1 “Odblask” is in review" in made.stdout
    assert "is approved" in bezpieczny("campaign", "approve", "1", "--as", "Bob").stdout
    assert "is scheduled, next at" in bezpieczny("campaign", "schedule", "1", "--now").stdout
    assert "is paused" in bezpieczny("campaign", "pause", "1").stdout
    assert "is scheduled" in bezpieczny("campaign", "resume", "1", "--as", "Ada").stdout

    in_database(data, _deliver)

    shown = bezpieczny("campaign", "show", "1").stdout
    assert "is finished" in shown
    assert "100% done" in shown
    assert "2 = 2 sent" in shown
    assert [line.split()[2:4] for line in shown.splitlines() if line.startswith(" 2")][:3] == [
        ["Ada", "created"],
        ["Ada", "submitted"],
        ["Bob", "approved"],
    ]
    assert "finished" in bezpieczny("campaign", "list").stdout


async def _deliver(database: Database) -> None:
    now = tomorrow_at_noon()
    async with database.begin() as conn:
        for number in range(2):
            await add_resident(conn, f"telegram:{number}", campaigns=True)
        await conn.exec_driver_sql("UPDATE campaigns SET window_s = 172800")
    await plan(database.begin, ResidentsAudience(), now)
    await _send_all(database, now)


async def _send_all(database: Database, now: datetime) -> None:
    async with database.begin() as conn:
        due = await ledger.claim(conn, "telegram", 9, worker="w", now=now, lease_s=60)
        await ledger.mark(conn, due, worker="w", now=now, lease_s=60)
        await ledger.record(conn, [(one, Sent("m")) for one in due], now)
    await plan(database.begin, ResidentsAudience(), now)


def tomorrow_at_noon() -> datetime:
    """A time at which nobody sleeps, whenever the tests run."""
    now = utc_now()
    return now + timedelta(days=1, hours=11 - now.hour)


def test_the_preview_in_a_terminal(bezpieczny: Say, file: Path, data: Path) -> None:
    file.write_text(FILE.replace("uk: Причепіть., ", ""), encoding="utf-8")
    made = bezpieczny("campaign", "create", "--file", str(file), "--as", "Ada")
    assert "is a draft: some of it is missing in uk" in made.stdout

    async def populate(database: Database) -> None:
        async with database.begin() as conn:
            await add_resident(conn, "telegram:1", campaigns=True)
            await add_resident(conn, "telegram:2")
            await add_resident(conn, "web:3", campaigns=True)

    in_database(data, populate)

    token = {"BEZPIECZNY_TELEGRAM__TOKEN": "123:abc", "BEZPIECZNY_TELEGRAM__RATE": "2"}
    shown = " ".join(bezpieczny("campaign", "preview", "1", **token).stdout.split())
    assert "Українська: some of it is missing, Polish is shown" in shown
    assert "Clip it on." in shown
    assert "would get it 1 " in shown
    assert "not: did not agree to this kind 1 " in shown
    assert "not: in the browser only: cannot be written to 1 " in shown
    assert "At 2/s on telegram this takes 1 s" not in shown  # half a second is a second, in words
    assert "this takes a second" in shown
    assert "Nobody would get it now." in bezpieczny("campaign", "preview", "1").stdout


def test_a_draft_is_completed_or_submitted_as_it_is(bezpieczny: Say, file: Path) -> None:
    incomplete = file.with_name("i.yaml")
    incomplete.write_text(FILE.replace("uk: Причепіть., ", ""), encoding="utf-8")
    for _ in range(2):
        bezpieczny("campaign", "create", "--file", str(incomplete), "--as", "Ada")

    assert "is in review" in bezpieczny("campaign", "revise", "1", "--file", str(file), "--as", "Ada").stdout
    assert "is in review" in bezpieczny("campaign", "submit", "2", "--as", "Ada").stdout
    sent_back = bezpieczny("campaign", "reject", "2", "--as", "Bob", "--reason", "[uk] is missing").stdout
    assert "is draft ([uk] is missing)" in sent_back


def test_a_seasonal_template_is_a_campaign(bezpieczny: Say) -> None:
    made = bezpieczny("campaign", "create", "--template", "jesien", "--as", "Ada")

    assert "“Campaign jesien (pl)” is in review" in made.stdout


def test_a_recurring_campaign_says_when_it_is_next(bezpieczny: Say) -> None:
    bezpieczny("campaign", "create", "--template", "jesien", "--as", "Ada")
    bezpieczny("campaign", "approve", "1", "--as", "Bob")

    assert "17:30" in bezpieczny("campaign", "schedule", "1", "--cron", "30 17 * * mon", "--as", "Ada").stdout
    assert "is cancelled" in bezpieczny("campaign", "cancel", "1").stdout


def test_show_looks_once_while_it_waits(bezpieczny: Say) -> None:
    bezpieczny("campaign", "create", "--template", "jesien", "--as", "Ada")

    assert "is in review" in bezpieczny("campaign", "show", "1", "--once").stdout


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["approve", "1", "--as", "Ada"], "A campaign is approved by someone other than its author. (Ada)"),
        (["approve", "1", "--as", "Eve"], "There is nobody called 'Eve' among the staff"),
        (["submit", "1", "--as", "Bob"], "Bob is approver; this step needs admin or editor."),
        (["schedule", "1", "--now"], "The campaign's state does not allow this. (schedule: in_review)"),
        (["schedule", "1", "--at", "tomorrow"], "Write the time as YYYY-MM-DD HH:MM"),
        (["schedule", "1", "--cron", "30 17"], "Write the rule as five fields"),
        (["schedule", "1", "--at", ""], "Write the time as YYYY-MM-DD HH:MM"),
        (["schedule", "1"], "Give one of --at, --now and --cron."),
        (["preview", "9"], "There is no such campaign. (9)"),
        (["show", "9"], "There is no such campaign. (9)"),
        (["create", "--as", "Ada"], "Give either --file or --template."),
        (["create", "--as", "Ada", "--template", "none"], "There are: jesien."),
        (["create", "--as", "Ada", "--template", "jesien", "--kind", "alert"], "--kind says alert, the file says tip"),
        (["create", "--as", "Ada", "--file", "nowhere.yaml"], "nowhere.yaml: the file cannot be read"),
        (["test", "1", "--to", "12345"], "'12345' is no address; write it as telegram:12345."),
        (["test", "1", "--to", "telegram:12345"], "The channel 'telegram' cannot be written to."),
    ],
)
def test_whatever_is_wrong_is_one_clear_line(bezpieczny: Say, words: list[str], line: str) -> None:
    bezpieczny("campaign", "create", "--template", "jesien", "--as", "Ada")

    result = bezpieczny("campaign", *words, code=1)

    assert line in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_broken_file_is_refused_with_its_place(bezpieczny: Say, file: Path) -> None:
    file.write_text(FILE.replace("kind: tip", "kind: tipp"), encoding="utf-8")

    assert f"{file}:2:7: " in bezpieczny("campaign", "create", "--file", str(file), "--as", "Ada", code=1).stderr


def test_a_broken_setting_is_one_clear_line(bezpieczny: Say) -> None:
    assert "BEZPIECZNY_PORT" in bezpieczny("campaign", "list", code=1, BEZPIECZNY_PORT="http").stderr


async def test_show_follows_a_running_campaign_to_its_end(bezpieczny: Say, data: Path) -> None:
    def prepare() -> None:
        bezpieczny("campaign", "create", "--template", "jesien", "--as", "Ada")
        bezpieczny("campaign", "approve", "1", "--as", "Bob")
        bezpieczny("campaign", "schedule", "1", "--now")

    await asyncio.to_thread(prepare)
    now = tomorrow_at_noon()
    database = Database(f"sqlite:///{data / 'bezpieczny.sqlite3'}")
    async with database.begin() as conn:
        await add_resident(conn, "telegram:1", campaigns=True)
        await conn.exec_driver_sql("UPDATE campaigns SET window_s = 172800")
    await plan(database.begin, ResidentsAudience(), now)
    watching = asyncio.create_task(asyncio.to_thread(bezpieczny, "campaign", "show", "1"))
    await asyncio.sleep(1.5)  # it looks every half second
    assert not watching.done()

    await _send_all(database, now)
    await database.close()

    assert "1 = 1 sent" in (await watching).stdout
