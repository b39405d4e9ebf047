"""Workshops on the command line: planning, the roster, calling one off."""

import csv
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from bot.services import enrolment
from bot.storage import workshops as store
from bot.storage.database import Database
from bot.storage.tables import audit
from bot.storage.vault import Vault
from bot.wiring import utc_now
from scheduler import ledger
from scheduler.tables import deliveries
from tests.commands.conftest import Say
from tests.commands.test_campaign import in_database
from tests.support import add_resident

FILE = """\
area: everyday
title: {pl: Pierwsza pomoc, uk: Перша допомога, en: First aid}
about: {pl: Ćwiczenia na fantomach., uk: Вправи., en: Hands on.}
place: Dom kultury, ul. Przykładowa 1
district: 7
starts: 2099-12-05 17:00
ends: 2099-12-05 19:00
capacity: 1
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    written = tmp_path / "w.yaml"
    written.write_text(FILE, encoding="utf-8")
    return written


def book(data: Path, *names: str) -> None:
    vault = Vault((data / "secret.key").read_bytes().strip())

    async def use(database: Database) -> None:
        async with database.begin() as conn:
            for number, name in enumerate(names):
                resident = await add_resident(conn, f"telegram:{number}")
                await enrolment.draft(conn, vault, resident, 1, places=1, now=utc_now())
                await enrolment.note(conn, vault, resident, 1, now=utc_now(), name=name)
                await enrolment.note(conn, vault, resident, 1, now=utc_now(), contact="a@example.org")
                await enrolment.confirm(conn, vault, resident, 1, now=utc_now())

    in_database(data, use)


def test_a_workshop_from_a_file_to_its_roster(bezpieczny: Say, file: Path, data: Path) -> None:
    made = bezpieczny("workshop", "create", "--file", str(file))
    assert "Workshop 1 “Pierwsza pomoc” can be booked: 2099-12-05 17:00, 1 places." in made.stdout
    assert "Nobody has booked yet." in bezpieczny("workshop", "roster", "1").stdout
    book(data, "Ada", '=HYPERLINK("x")')

    listed = bezpieczny("workshop", "list").stdout
    rows = list(csv.reader(StringIO(bezpieczny("workshop", "roster", "1", "--csv").stdout)))

    assert "1/1" in listed
    assert "full" in listed
    assert [row[:4] for row in rows] == [
        ["State", "Places", "Name", "Contact"],
        ["confirmed", "1", "Ada", "a@example.org"],
        ["waiting", "1", '\'=HYPERLINK("x")', "a@example.org"],
    ]


def test_a_roster_as_a_workbook_and_who_came(bezpieczny: Say, file: Path, data: Path, tmp_path: Path) -> None:
    bezpieczny("workshop", "create", "--file", str(file))
    book(data, "Ada", "Bob")
    saved = tmp_path / "lista.xlsx"

    assert "2 bookings" in bezpieczny("workshop", "roster", "1", "--xlsx", str(saved)).stdout
    rows = [[cell.value for cell in row] for row in load_workbook(saved).active.iter_rows()]
    assert [(row[0], row[2], row[-1]) for row in rows[1:]] == [("confirmed", "Ada", 1), ("waiting", "Bob", 2)]

    assert "from the beginning of the workshop" in bezpieczny("workshop", "attendance", "1", "1=1", code=1).stderr
    in_database(data, begins)
    assert "1 of 1 places were used" in bezpieczny("workshop", "attendance", "1", "--all-came").stdout
    assert "1 of 2 places were used" in bezpieczny("workshop", "attendance", "1", "1=0", "2=1").stdout
    assert "than it has places" in bezpieczny("workshop", "attendance", "1", "1=2", code=1).stderr
    assert "is no count" in bezpieczny("workshop", "attendance", "1", "1", code=1).stderr
    assert "Say who came" in bezpieczny("workshop", "attendance", "1", code=1).stderr
    assert in_database(data, logged) == ["create", "roster_saved", "note_attended", "note_attended"]


async def begins(database: Database) -> None:
    async with database.begin() as conn:
        hour = timedelta(hours=1)
        await store.change(conn, 1, 0, starts_at=utc_now() - hour, ends_at=utc_now() + hour)


async def logged(database: Database) -> list[str]:
    async with database.read() as conn:
        return list((await conn.execute(select(audit.c.what).order_by(audit.c.id))).scalars())


def test_a_workshop_called_off_tells_everybody_who_booked_once(bezpieczny: Say, file: Path, data: Path) -> None:
    bezpieczny("workshop", "create", "--file", str(file))
    book(data, "Ada", "Bob")

    assert "2 bookings are told" in bezpieczny("workshop", "cancel", "1").stdout
    assert "called off" in bezpieczny("workshop", "cancel", "1", code=1).stderr
    assert "called off" in bezpieczny("workshop", "list").stdout

    async def use(database: Database) -> tuple[list[str], int]:
        async with database.read() as conn:
            rows = (await conn.execute(select(deliveries.c.recipient))).all()
            return [run.subject for run in await ledger.list_runs(conn)], len(rows)

    assert in_database(data, use) == (["off:1"], 2)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("starts: 2099-12-05 17:00", "starts: 2099-12-05", "w.yaml:6:9: `starts`: Write the time as YYYY-MM-DD HH:MM"),
        ("starts: 2099-12-05 17:00", "starts: 2099-12-05 20:00", "`ends` should be after `starts`"),
        ("starts: 2099-12-05 17:00\nends: 2099", "starts: 2020-12-05 17:00\nends: 2020", "would have begun already"),
        ("{pl: Pierwsza pomoc, uk", "{uk", "w.yaml:2:8: `title`: the Polish text is missing"),
        ("capacity: 1", "capacity: 0", "w.yaml:8:11: `capacity`"),
        ("place: Dom", "plaec: Dom", "`plaec` is no field here"),
    ],
)
def test_a_broken_file_is_refused_with_what_to_do(bezpieczny: Say, file: Path, old: str, new: str, line: str) -> None:
    file.write_text(FILE.replace(old, new), encoding="utf-8")

    assert line in bezpieczny("workshop", "create", "--file", str(file), code=1).stderr


def test_a_roster_of_nothing_is_one_clear_line(bezpieczny: Say) -> None:
    assert bezpieczny("workshop", "roster", "9", code=1).stderr.count("\n") == 1
    assert "No workshops yet" in bezpieczny("workshop", "list").stdout
