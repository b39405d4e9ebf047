"""Staff, quiz links and the demo city on the command line."""

import re
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.services.demo import found as found_city
from bot.storage import tables
from bot.storage.database import Connection, Database
from scheduler import ledger
from scheduler.model import DeliveryState
from tests.commands.conftest import Say
from tests.commands.test_campaign import in_database
from tests.support import NOON, VAULT, add_resident, library, open_database


def test_staff_are_added_listed_and_given_another_role(bezpieczny: Say) -> None:
    assert "Nobody yet" in bezpieczny("staff", "list").stdout
    bezpieczny("staff", "add", "Ada", "--role", "editor")
    bezpieczny("staff", "add", "Ada", "--role", "admin")

    lines = bezpieczny("staff", "list").stdout.splitlines()

    assert [line.split() for line in lines] == [["Name", "Role", "Chat"], ["Ada", "admin", "not", "linked"]]
    bezpieczny("staff", "add", "Eve", "--role", "king", code=2)


@pytest.mark.parametrize("address", ["telegram:424242", "matrix:@anna:example.org"])
def test_a_chat_is_linked_by_name_and_its_address_is_not_shown(bezpieczny: Say, data: Path, address: str) -> None:
    channel, _, shown_nowhere = address.partition(":")
    bezpieczny("staff", "add", "Ada", "--role", "editor")
    wrong = bezpieczny("staff", "link", "Ada", address, code=1).stderr
    assert wrong == "Nobody has started the bot at this address; let Ada start it there, then link it.\n"

    async def start(database: Database) -> None:
        async with database.begin() as conn:
            await add_resident(conn, address)

    in_database(data, start)
    assert f"Ada gets word in their chat on {channel}." in bezpieczny("staff", "link", "Ada", address).stdout
    listed = bezpieczny("staff", "list").stdout
    assert [line.split() for line in listed.splitlines()][1] == ["Ada", "editor", "linked"]
    assert shown_nowhere not in listed
    bezpieczny("staff", "unlink", "Ada")
    assert "not linked" in bezpieczny("staff", "list").stdout


def test_staff_that_cannot_be_are_one_clear_line(bezpieczny: Say) -> None:
    for words, line in (
        (("add", "operator", "--role", "admin"), "stands for a part of the program"),
        (("link", "Ada", "424242"), "'424242' is no address; write it as telegram:12345 or matrix:@anna:example.org."),
        (("link", "Ada", "telegram:424242"), "There is nobody called 'Ada' among the staff"),
        (("unlink", "Ada"), "There is nobody called 'Ada' among the staff"),
    ):
        stderr = bezpieczny("staff", *words, code=1).stderr
        assert line in stderr
        assert stderr.count("\n") == 1


def test_a_quiz_link_opens_the_quiz_and_draws_its_code(bezpieczny: Say, tmp_path: Path) -> None:
    pdf = tmp_path / "poster.pdf"

    shown = bezpieczny("quiz", "link", "czad", "--poster", str(pdf)).stdout

    assert "http://127.0.0.1:8080/q/" in shown
    assert "█" in shown
    assert "Telegram" not in shown
    assert pdf.read_bytes().startswith(b"%PDF")


def test_a_quiz_link_says_what_to_send_on_matrix(bezpieczny: Say) -> None:
    on = {"HOMESERVER": "https://matrix.example.org", "USER": "@bk:example.org", "PASSWORD": "secret"}
    shown = bezpieczny("quiz", "link", "czad", **{f"BEZPIECZNY_MATRIX__{name}": value for name, value in on.items()})

    (code,) = re.findall(r"/q/(\w+)", shown.stdout)
    assert f"https://matrix.to/#/@bk:example.org and then send: !start q_{code}" in shown.stdout


def test_a_quiz_that_is_not_there_is_one_clear_line(bezpieczny: Say) -> None:
    assert "There is no quiz 'none'. There are: czad." in bezpieczny("quiz", "link", "none", code=1).stderr


def test_the_demo_city_fills_an_empty_database_only(bezpieczny: Say, data: Path) -> None:
    assert "200" in bezpieczny("demo", "--residents", "200").stdout
    assert "in use" in bezpieczny("demo", "--residents", "200", code=1).stderr
    bezpieczny("demo", "--residents", "100", "--force")

    async def count(database: Database) -> int:
        async with database.read() as conn:
            return int((await conn.execute(select(func.count()).select_from(tables.residents))).scalar_one())

    assert in_database(data, count) == 300


async def _city(conn: Connection, seed: int = 1) -> dict[str, int]:
    return await found_city(conn, library(), VAULT, residents=300, seed=seed, now=NOON)


async def test_the_demo_city_is_believable_and_marked(tmp_path: Path) -> None:
    async with open_database(tmp_path) as database, database.begin() as conn:
        await _city(conn)

        people = (await conn.execute(select(tables.residents))).mappings().all()
        bookings = (await conn.execute(select(tables.bookings))).mappings().all()
        workshops = {row["id"]: row for row in (await conn.execute(select(tables.workshops))).mappings()}

    languages = Counter(person["language"] for person in people)
    assert languages["pl"] > languages["uk"] > languages["en"] > 0
    assert {person["district"] for person in people} == {None, *range(1, 19)}
    assert all(person["address"].startswith("demo-") for person in people)
    assert not any(person["tip_hour"] for person in people if person["channel"] == "web")
    assert all(person["created_at"] <= NOON for person in people)
    named = [row for row in bookings if row["name"]]
    assert {(VAULT.open(row["name"]) or "").split()[0] for row in named} == {"Demo"}
    assert {(VAULT.open(row["contact"]) or "").partition("@")[2] for row in named} == {"example.org"}
    for workshop, row in workshops.items():
        taken = sum(one["places"] for one in bookings if (one["workshop_id"], one["state"]) == (workshop, "confirmed"))
        assert taken <= row["capacity"]
        assert row["title"]["pl"].startswith("Demo: ")


async def test_the_demo_ledger_balances_and_its_answers_are_true(tmp_path: Path) -> None:
    quiz = library().quizzes["czad"]
    right_of = {question.id: "".join(map(str, sorted(question.right))) for question in quiz.questions}
    async with open_database(tmp_path) as database, database.begin() as conn:
        await _city(conn)

        balances = [await ledger.balance(conn, run.id) for run in await ledger.list_runs(conn)]
        answers = (await conn.execute(select(tables.answers))).mappings().all()

    assert all(balance.holds and not balance.open for balance in balances)
    assert sum(balance[DeliveryState.SENT] for balance in balances) > 100
    assert all((row["chosen"] == right_of[row["question"]]) is row["right"] for row in answers)
    shares = {question: sum(row["right"] for row in answers if row["question"] == question) for question in right_of}
    assert 0.3 < sum(shares.values()) / len(answers) < 0.95


async def test_the_same_seed_makes_the_same_city(tmp_path: Path) -> None:
    async def addresses(seed: int, folder: str) -> list[object]:
        (tmp_path / folder).mkdir()
        async with open_database(tmp_path / folder) as database, database.begin() as conn:
            await _city(conn, seed)
            rows = await conn.execute(select(tables.residents, tables.answers.c.chosen).select_from(
                tables.residents.join(tables.attempts).join(tables.answers)
            ))  # fmt: skip
            return [tuple(row) for row in rows]

    first = await addresses(1, "a")

    assert first == await addresses(1, "b")
    assert first != await addresses(2, "c")
