"""The staff's way into the console, from the command line."""

import re
from datetime import datetime
from pathlib import Path

from bot.services import signin
from bot.storage import audit
from bot.storage.audit import Filter
from bot.storage.database import Database
from bot.storage.staff import Member, Role
from bot.wiring import utc_now
from tests.commands.conftest import Say
from tests.commands.test_campaign import in_database
from tests.support import add_resident, add_workshop


def told(data: Path) -> list[tuple[str, str, str]]:
    """Who did what with whom, the oldest first."""
    lines: list[tuple[str, str, str]] = []

    async def read(database: Database) -> None:
        async with database.read() as conn:
            found = [line.entry for line in await audit.page(conn, Filter())]
        lines.extend((one.who, one.what, one.about) for one in reversed(found))

    in_database(data, read)
    return lines


def enter(data: Path, printed: str, now: datetime) -> Member:
    """Signs in with the link that was printed."""
    (token,) = re.findall(r"^http://127\.0\.0\.1:8080/console/enter/(\S+)$", printed, re.MULTILINE)
    entered: list[Member] = []

    async def use(database: Database) -> None:
        async with database.begin() as conn:
            entered.append(await signin.enter(conn, token, "b", session="s", device="Firefox, Linux", now=now))

    in_database(data, use)
    return entered[0]


def test_the_first_of_the_staff_is_invited_and_comes_in(bezpieczny: Say, data: Path) -> None:
    printed = bezpieczny("staff", "invite", "Ada", "--role", "admin").stdout
    assert printed.startswith("Ada (admin) signs in here, once, until ")
    assert enter(data, printed, utc_now()) == Member("Ada", Role.ADMIN)
    assert told(data) == [("operator", "add_member", "staff:Ada"), ("operator", "invite", "staff:Ada")]


def test_who_is_there_keeps_their_role_unless_another_is_given(bezpieczny: Say, data: Path) -> None:
    bezpieczny("staff", "invite", "Ada", "--role", "admin")
    bezpieczny("staff", "invite", "Ed", "--role", "editor")
    assert "Ed (editor)" in bezpieczny("staff", "invite", "Ed").stdout
    assert "Ed (partner)" in bezpieczny("staff", "invite", "Ed", "--role", "partner").stdout
    assert [what for _, what, about in told(data) if about == "staff:Ed"] == [
        "add_member",
        "invite",
        "invite",
        "role",
        "invite",
    ]


def test_sessions_are_listed_and_ended(bezpieczny: Say, data: Path) -> None:
    enter(data, bezpieczny("staff", "invite", "Ada", "--role", "admin").stdout, utc_now())
    listed = bezpieczny("staff", "sessions", "Ada").stdout
    assert re.search(r"Firefox, Linux\s+link\s+\d{4}-", listed)
    assert bezpieczny("staff", "sessions", "Ada", "--revoke").stdout == "Ada is signed in nowhere.\n"
    assert bezpieczny("staff", "sessions", "Ada").stdout == "Ada is signed in nowhere.\n"
    assert told(data)[-1] == ("operator", "end_sessions", "staff:Ada")


def test_somebody_is_removed_but_for_the_last_admin(bezpieczny: Say, data: Path) -> None:
    bezpieczny("staff", "add", "Ada", "--role", "admin")
    bezpieczny("staff", "add", "Ed", "--role", "editor")
    assert bezpieczny("staff", "remove", "Ed").stdout == "Ed is off the staff.\n"
    assert "Ed" not in bezpieczny("staff", "list").stdout
    for words in (("remove", "Ada"), ("add", "Ada", "--role", "viewer")):
        refused = bezpieczny("staff", *words, code=1).stderr
        assert refused == "There has to be an admin: make somebody else one first.\n"
    assert told(data)[-1] == ("operator", "remove_member", "staff:Ed")


def test_a_chat_that_is_linked_and_unlinked_and_workshops_that_go_to_the_city_stand_in_the_log(
    bezpieczny: Say, data: Path
) -> None:
    bezpieczny("staff", "add", "Club", "--role", "partner")
    numbers: list[int] = []

    async def prepare(database: Database) -> None:
        async with database.begin() as conn:
            await add_resident(conn, "telegram:1")
            numbers.append(await add_workshop(conn, owner="Club"))

    in_database(data, prepare)
    bezpieczny("staff", "link", "Club", "telegram:1")
    bezpieczny("staff", "unlink", "Club")
    bezpieczny("staff", "remove", "Club")
    assert told(data)[1:] == [
        ("operator", "link_chat", "staff:Club"),
        ("operator", "unlink_chat", "staff:Club"),
        ("operator", "remove_member", "staff:Club"),
        ("operator", "hand_over", f"workshop:{numbers[0]}"),
    ]


def test_what_cannot_be_is_one_clear_line(bezpieczny: Say) -> None:
    for words, line in (
        (("invite", "Nobody"), "There is nobody called 'Nobody' among the staff"),
        (("invite", "  ", "--role", "admin"), "A name is 1 to 80 letters"),
        (("remove", "Nobody"), "There is nobody called 'Nobody' among the staff"),
        (("sessions", "Nobody"), "There is nobody called 'Nobody' among the staff"),
    ):
        stderr = bezpieczny("staff", *words, code=1).stderr
        assert line in stderr
        assert stderr.count("\n") == 1
