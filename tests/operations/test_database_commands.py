import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.commands.database import app
from bot.domain.errors import BotError
from bot.storage.lock import hold


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def database(data: Path, *arguments: str, url: str = "") -> Result:
    environment = {"BEZPIECZNY_DATA": str(data), "BEZPIECZNY_DATABASE_URL": url}
    return CliRunner().invoke(app, list(arguments), env=environment)


def refusal(result: Result) -> str:
    """The one line `bezpieczny` will print."""
    assert result.exit_code == 1
    assert isinstance(result.exception, BotError)
    assert "\n" not in str(result.exception)
    return str(result.exception)


def hire(data: Path, name: str) -> None:
    with closing(sqlite3.connect(data / "bezpieczny.sqlite3")) as connection, connection:
        connection.execute(
            "INSERT INTO staff (name, role, created_at) VALUES (?, 'admin', '2026-01-01 00:00:00')", (name,)
        )


def staff(data: Path) -> list[str]:
    with closing(sqlite3.connect(data / "bezpieczny.sqlite3")) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM staff ORDER BY name")]


def test_upgrade_makes_what_is_missing(data: Path) -> None:
    result = database(data, "upgrade")
    assert result.exit_code == 0
    assert result.output.startswith("The database is at revision 0")
    assert staff(data) == []
    assert database(data, "upgrade").output == result.output


def test_a_backup_goes_to_the_data_folder_and_back(data: Path) -> None:
    database(data, "upgrade")
    hire(data, "A")
    result = database(data, "backup")
    assert result.exit_code == 0
    (copy,) = (data / "backups").iterdir()
    assert result.output == f"Copied to {copy}.\n"
    hire(data, "B")
    result = database(data, "restore", str(copy))
    assert result.exit_code == 0
    assert result.output.startswith(f"Restored {copy}. What was there is kept as {data}/backups/bezpieczny-replaced-")
    assert staff(data) == ["A"]


def test_a_backup_goes_where_it_is_told(data: Path, tmp_path: Path) -> None:
    database(data, "upgrade")
    assert database(data, "backup", str(tmp_path / "mine.sqlite3")).exit_code == 0
    assert "exists already" in refusal(database(data, "backup", str(tmp_path / "mine.sqlite3")))


def test_a_running_bot_is_neither_restored_nor_upgraded_but_backed_up(data: Path, tmp_path: Path) -> None:
    database(data, "upgrade")
    with hold(data / "bot.lock"):
        assert database(data, "backup", str(tmp_path / "one.sqlite3")).exit_code == 0
        assert "Stop it first" in refusal(database(data, "restore", str(tmp_path / "one.sqlite3")))
        assert "Stop it first" in refusal(database(data, "upgrade"))


def test_what_cannot_be_is_said_in_one_line(data: Path, tmp_path: Path) -> None:
    assert "bezpieczny.sqlite3 cannot be copied" in refusal(database(data, "backup"))
    assert "There is no file" in refusal(database(data, "restore", str(tmp_path / "none")))
    elsewhere = "postgresql://bot:hush@db/bot"
    assert "pg_dump" in refusal(database(data, "backup", url=elsewhere))
    assert "pg_restore" in refusal(database(data, "restore", str(tmp_path / "none"), url=elsewhere))


def test_everything_goes_to_another_database_and_only_to_an_empty_one(data: Path, tmp_path: Path) -> None:
    other = f"sqlite:///{tmp_path / 'other.sqlite3'}"
    assert "Run `bezpieczny database upgrade` first" in refusal(copy(data, other))
    database(data, "upgrade")
    hire(data, "A")
    result = copy(data, other)
    assert result.exit_code == 0
    assert "Copied 1 rows. Set BEZPIECZNY_DATABASE_URL" in result.output
    assert other not in result.output, "it may hold a password"
    with closing(sqlite3.connect(tmp_path / "other.sqlite3")) as connection:
        assert connection.execute("SELECT name FROM staff").fetchall() == [("A",)]
    assert "Give the URL of an empty one" in refusal(copy(data, other))


def test_a_running_bot_is_not_copied(data: Path, tmp_path: Path) -> None:
    database(data, "upgrade")
    with hold(data / "bot.lock"):
        assert "Stop it first" in refusal(copy(data, f"sqlite:///{tmp_path / 'other.sqlite3'}"))


def copy(data: Path, url: str) -> Result:
    """Copy to this database, whose address is asked for."""
    return CliRunner().invoke(app, ["copy"], input=f"{url}\n", env={"BEZPIECZNY_DATA": str(data)})
