"""A campaign on the command line, from a file to its report; and one clear line for whatever is wrong."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from bot.storage.audience import ResidentsAudience
from bot.storage.database import Database
from bot.wiring import utc_now
from scheduler import ledger
from scheduler.model import GiveUp, Sent
from scheduler.planner import plan
from tests.commands.conftest import Say
from tests.support import add_resident, pause_tips

T = TypeVar("T")

FILE = """\
id: odblask
kind: tip
title: {pl: Odblask, uk: Світловідбивач, en: Reflector}
text: {pl: Przypnij odblask., uk: Причепіть., en: Clip it on.}
buttons:
  - quiz: czad
"""


TELEGRAM = {"BEZPIECZNY_TELEGRAM__TOKEN": "123:abc"}
MATRIX = {
    "BEZPIECZNY_MATRIX__HOMESERVER": "http://127.0.0.1:9",
    "BEZPIECZNY_MATRIX__USER": "bot",
    "BEZPIECZNY_MATRIX__PASSWORD": "pw",
}


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
    in_database(data, _two_who_agreed)
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


async def _two_who_agreed(database: Database) -> None:
    async with database.begin() as conn:
        for number in range(2):
            await add_resident(conn, f"telegram:{number}", campaigns=True, alerts=True)


async def _deliver(database: Database) -> None:
    now = tomorrow_at_noon()
    async with database.begin() as conn:
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


def approved(bezpieczny: Say) -> None:
    bezpieczny("campaign", "create", "--template", "jesien", "--as", "Ada")
    bezpieczny("campaign", "approve", "1", "--as", "Bob")


def test_a_rule_shows_its_next_slots_and_the_dates_it_leaves_out(bezpieczny: Say) -> None:
    approved(bezpieczny)
    days = ("--skip", "2099-12-24", "--skip", "2099-12-31")

    said = bezpieczny("campaign", "schedule", "1", "--cron", "30 17 24-31 12 *", "--window", "6h", *days).stdout

    _, following, left_out, window = said.splitlines()
    assert following.startswith("Next: ")
    assert following.count(" 17:30") == 3
    assert left_out == "Not on: 2099-12-24, 2099-12-31."
    assert window == "What has not left 6 h after that is not sent any more."
    bezpieczny("campaign", "skip", "1", "2099-12-25", "--as", "Ada")
    assert "Not on: 2099-12-24, 2099-12-25, 2099-12-31." in bezpieczny("campaign", "show", "1", "--once").stdout


def test_a_date_that_is_next_is_skipped(bezpieczny: Say) -> None:
    approved(bezpieczny)
    said = bezpieczny("campaign", "schedule", "1", "--cron", "30 17 * * *").stdout
    first, second = re.findall(r"\d{4}-\d\d-\d\d 17:30", said.splitlines()[1])[:2]

    skipped = bezpieczny("campaign", "skip", "1", first.split()[0]).stdout

    assert f"is scheduled, next at {second}." in skipped
    assert f"Not on: {first.split()[0]}." in skipped


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["schedule", "1", "--at", "2026-01-02 12:00"], "This time has passed. (2026-01-02 12:00)"),
        (["schedule", "1", "--cron", "0 12 30 2 *"], "This rule never comes due."),
        (
            ["schedule", "1", "--cron", "0 12 * * *", "--skip", "2026-01-02"],
            "This date has passed: there is nothing to",
        ),
        (["skip", "2", "2026-01-02"], "This date has passed: there is nothing to skip on it. (2026-01-02)"),
        (["skip", "3", "2099-12-24"], "Only a campaign that repeats by a rule has dates to skip."),
    ],
)
def test_a_date_that_cannot_be_is_one_clear_line(bezpieczny: Say, words: list[str], line: str) -> None:
    for number in ("1", "2", "3"):
        bezpieczny("campaign", "create", "--template", "jesien", "--as", "Ada")
        bezpieczny("campaign", "approve", number, "--as", "Bob")
    bezpieczny("campaign", "schedule", "2", "--cron", "0 12 * * *")
    bezpieczny("campaign", "schedule", "3", "--at", "2099-12-24 12:00")

    result = bezpieczny("campaign", *words, code=1)

    assert line in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_slot_in_quiet_hours_says_when_it_really_leaves(bezpieczny: Say) -> None:
    approved(bezpieczny)

    said = bezpieczny("campaign", "schedule", "1", "--at", "2099-12-24 22:00").stdout

    assert "Next: Thu 2099-12-24 22:00, held by quiet hours until 2099-12-25 08:00." in said
    assert "What has not left 1 d after that is not sent any more." in said


def test_what_is_scheduled_is_unscheduled_before_it_is_revised(bezpieczny: Say) -> None:
    approved(bezpieczny)
    bezpieczny("campaign", "schedule", "1", "--at", "2099-12-24 12:00")
    revise = ("campaign", "revise", "1", "--template", "jesien", "--as", "Ada")

    assert "unschedule it first, and have it approved again afterwards" in bezpieczny(*revise, code=1).stderr
    assert "is approved." in bezpieczny("campaign", "unschedule", "1").stdout
    assert "is in review" in bezpieczny(*revise).stdout


# --- an alert that cannot wait

ALERT = """\
id: powodz
kind: alert
title: {pl: Powódź, uk: Повінь, en: Flood}
text: {pl: Idź na wyższe piętro., uk: Підніміться вище., en: Go upstairs.}
"""
WHY = "The river rises faster than anybody can be called."


@pytest.fixture
def flood(tmp_path: Path) -> Path:
    written = tmp_path / "flood.yaml"
    written.write_text(ALERT, encoding="utf-8")
    return written


def test_an_alert_breaks_the_glass_and_says_so_everywhere(bezpieczny: Say, flood: Path, data: Path) -> None:
    bezpieczny("campaign", "create", "--file", str(flood), "--as", "Ada")
    in_database(data, _two_who_agreed)
    bezpieczny("staff", "link", "Bob", "telegram:1")

    alone = bezpieczny("campaign", "break-glass", "1", "--as", "Ada", "--reason", WHY).stdout

    assert f"is approved. It left without a second person: {WHY}" in alone
    assert "Staff who are told in their chats: 1." in alone
    assert "Send it: bezpieczny campaign schedule 1 --now" in alone
    assert "is scheduled" in bezpieczny("campaign", "schedule", "1", "--now").stdout
    assert "scheduled, without a second person" in bezpieczny("campaign", "list").stdout
    for command in ("preview", "show"):
        shown = " ".join(
            bezpieczny("campaign", command, "1", *(["--once"] if command == "show" else [])).stdout.split()
        )
        assert f"It left without a second person: {WHY}" in shown
    assert "notice:break-glass:1:" in bezpieczny("campaign", "runs").stdout


def test_in_an_emergency_one_command_sends_an_alert(bezpieczny: Say, flood: Path, data: Path) -> None:
    in_database(data, _two_who_agreed)

    sent = bezpieczny("campaign", "alert", "--file", str(flood), "--as", "Bob", "--break-glass", WHY, "--yes").stdout

    assert "Go upstairs." in sent
    assert "“Powódź” is scheduled" in sent
    assert "No chat of the staff is linked, so nobody is told" in sent
    in_database(data, _send_now)
    assert "2 = 2 sent" in bezpieczny("campaign", "show", "1").stdout


async def _send_now(database: Database) -> None:
    await plan(database.begin, ResidentsAudience(), utc_now())
    await _send_all(database, utc_now())


def test_an_alert_asks_before_it_leaves_and_a_no_loses_nothing(bezpieczny: Say, flood: Path, data: Path) -> None:
    in_database(data, _two_who_agreed)
    words = ("campaign", "alert", "--file", str(flood), "--as", "Ada", "--break-glass", WHY)

    refused = bezpieczny(*words, input="n\n", **TELEGRAM).stdout

    assert "Send it now to 2 residents?" in refused
    assert "Not sent. Campaign 1 “Powódź” is in review." in refused
    assert "Nothing is being sent" in bezpieczny("campaign", "runs").stdout
    assert "is scheduled" in bezpieczny(*words, input="y\n", **TELEGRAM).stdout


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--as", "Ada", "--break-glass", "urgent"), "Say in 10 to 500 characters why it cannot wait"),
        (("--as", "Eve", "--break-glass", WHY), "There is nobody called 'Eve' among the staff"),
    ],
)
def test_an_alert_that_is_refused_is_not_kept(
    bezpieczny: Say, flood: Path, data: Path, words: tuple[str, ...], line: str
) -> None:
    in_database(data, _two_who_agreed)

    result = bezpieczny("campaign", "alert", "--file", str(flood), "--yes", *words, code=1)

    assert line in result.stderr
    assert result.stderr.count("\n") == 1
    assert "No campaigns yet" in bezpieczny("campaign", "list").stdout


# --- runs


def test_what_failed_is_sent_again_by_a_command(bezpieczny: Say, data: Path) -> None:
    approved(bezpieczny)
    in_database(data, _two_who_agreed)
    bezpieczny("campaign", "schedule", "1", "--now")
    in_database(data, _one_fails)
    assert "1 sent + 1 failed" in bezpieczny("campaign", "show", "1").stdout

    again = bezpieczny("campaign", "retry", "1", "--as", "Ada").stdout

    assert "is running" in again
    assert "1 that had failed waits again." in again
    assert "1 waiting + 1 sent" in bezpieczny("campaign", "runs").stdout
    key = bezpieczny("campaign", "runs").stdout.splitlines()[1].split()[0]
    assert "No message of this run has failed" in bezpieczny("campaign", "retry", "1", "--run", key, code=1).stderr
    assert (
        "resume the campaign. (bezpieczny campaign resume 1)"
        in bezpieczny("campaign", "resume-run", key, code=1).stderr
    )


async def _one_fails(database: Database) -> None:
    now = tomorrow_at_noon()
    async with database.begin() as conn:
        await conn.exec_driver_sql("UPDATE campaigns SET window_s = 172800")
    await plan(database.begin, ResidentsAudience(), now)
    async with database.begin() as conn:
        due = await ledger.claim(conn, "telegram", 9, worker="w", now=now, lease_s=60)
        await ledger.mark(conn, due, worker="w", now=now, lease_s=60)
        await ledger.record(conn, [(due[0], Sent("m")), (due[1], GiveUp("chat not found"))], now)
    await plan(database.begin, ResidentsAudience(), now)


def test_tips_that_paused_themselves_are_seen_and_resumed(bezpieczny: Say, data: Path) -> None:
    in_database(data, _paused_tips)
    seen = bezpieczny("campaign", "runs").stdout
    assert "daily-tip:2026-12-01T12" in seen
    assert "11 of the last 50 failed" in seen

    resumed = bezpieczny("campaign", "resume-run", "daily-tip:2026-12-01T12", "--as", "Ada").stdout

    assert "daily-tip:2026-12-01T12 is running" in resumed
    assert "(it is running)" in bezpieczny("campaign", "resume-run", "daily-tip:2026-12-01T12", code=1).stderr


async def _paused_tips(database: Database) -> None:
    async with database.begin() as conn:
        await add_resident(conn, "telegram:1", tip_hour=12)
        await pause_tips(conn)


def test_show_looks_once_while_it_waits(bezpieczny: Say) -> None:
    bezpieczny("campaign", "create", "--template", "jesien", "--as", "Ada")

    assert "is in review" in bezpieczny("campaign", "show", "1", "--once").stdout


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["approve", "1", "--as", "Ada"], "A campaign is approved by someone other than its author. (Ada)"),
        (["approve", "1", "--as", "Eve"], "There is nobody called 'Eve' among the staff"),
        (["submit", "1", "--as", "Bob"], "Bob is approver; this step needs admin or editor or partner."),
        (["schedule", "1", "--now"], "(schedule: it is in review; possible now: revise, reject, approve, cancel)"),
        (["schedule", "1", "--at", "tomorrow"], "Write the time as YYYY-MM-DD HH:MM"),
        (["schedule", "1", "--cron", "30 17"], "Write the rule as five fields"),
        (["schedule", "1", "--at", ""], "Write the time as YYYY-MM-DD HH:MM"),
        (["schedule", "1"], "Give one of --at, --now and --cron."),
        (["schedule", "1", "--now", "--skip", "2099-12-24"], "--skip goes with --cron"),
        (["schedule", "1", "--cron", "30 17 * * mon", "--skip", "24.12.2099"], "Write the date as YYYY-MM-DD."),
        (["schedule", "1", "--now", "--window", "30m"], "Write the window in hours or days, from 1h to 7d"),
        (["schedule", "1", "--at", "2099-03-29 02:30"], "This time does not exist: the clocks go forward over it."),
        (["schedule", "1", "--at", "2099-10-25 02:30"], "This time happens twice: the clocks go back over it."),
        (["unschedule", "1"], "(unschedule: it is in review; possible now:"),
        (["skip", "1", "2099-12-24"], "(skip: it is in review; possible now:"),
        (["skip", "1", "Christmas"], "Write the date as YYYY-MM-DD."),
        (["retry", "1"], "(retry: it is in review; possible now:"),
        (["resume-run", "daily-tip"], "There is no such run. (daily-tip)"),
        (["break-glass", "1", "--as", "Ada", "--reason", "It is very urgent."], "Only an alert may leave without"),
        (["alert", "--as", "Ada", "--template", "jesien", "--break-glass", "It is urgent."], "Only an alert may leave"),
        (["preview", "9"], "There is no such campaign. (9)"),
        (["show", "9"], "There is no such campaign. (9)"),
        (["create", "--as", "Ada"], "Give either --file or --template."),
        (["create", "--as", "Ada", "--template", "none"], "There are: jesien."),
        (["create", "--as", "Ada", "--template", "jesien", "--kind", "alert"], "--kind says alert, the file says tip"),
        (["create", "--as", "Ada", "--file", "nowhere.yaml"], "nowhere.yaml: the file cannot be read"),
        (["test", "1", "--to", "12345"], "'12345' is no address; write it as telegram:12345"),
        (["test", "1", "--to", "telegram:12345"], "The channel 'telegram' cannot be written to."),
    ],
)
def test_whatever_is_wrong_is_one_clear_line(bezpieczny: Say, words: list[str], line: str) -> None:
    bezpieczny("campaign", "create", "--template", "jesien", "--as", "Ada")

    result = bezpieczny("campaign", *words, code=1)

    assert line in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_test_to_matrix_is_sent_from_the_console_of_the_running_bot(bezpieczny: Say) -> None:
    bezpieczny("campaign", "create", "--template", "jesien", "--as", "Ada")
    to_anna = ("campaign", "test", "1", "--to", "matrix:@anna:example.org")

    on = bezpieczny(*to_anna, code=1, **MATRIX)
    off = bezpieczny(*to_anna, code=1)

    assert "only from the running bot" in on.stderr
    assert "“Send me a test” in the console" in on.stderr
    assert on.stderr.count("\n") == 1
    assert "The channel 'matrix' cannot be written to. Switched on: none." in off.stderr
    assert "sent a test" not in bezpieczny("campaign", "show", "1").stdout


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

    await asyncio.to_thread(bezpieczny, "staff", "list")  # makes the database
    now = tomorrow_at_noon()
    database = Database(f"sqlite:///{data / 'bezpieczny.sqlite3'}")
    async with database.begin() as conn:
        await add_resident(conn, "telegram:1", campaigns=True)
    await asyncio.to_thread(prepare)
    async with database.begin() as conn:
        await conn.exec_driver_sql("UPDATE campaigns SET window_s = 172800")
    await plan(database.begin, ResidentsAudience(), now)
    watching = asyncio.create_task(asyncio.to_thread(bezpieczny, "campaign", "show", "1"))
    await asyncio.sleep(1.5)  # it looks every half second
    assert not watching.done()

    await _send_all(database, now)
    await database.close()

    assert "1 = 1 sent" in (await watching).stdout
