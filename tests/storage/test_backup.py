import sqlite3
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from bot.storage import migrate
from bot.storage.backup import BackupFailed, NotOurs, backup, backup_name, database_file, examine, restore
from bot.storage.database import Database
from bot.storage.migrate import DatabaseTooNew


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(f"sqlite:///{tmp_path}/data/bot.sqlite3")
    (tmp_path / "data").mkdir()
    await migrate.upgrade(opened)
    yield opened
    await opened.close()


@pytest.fixture
def path(database: Database) -> Path:
    return database_file(database.url.render_as_string(hide_password=False))


async def hire(database: Database, name: str) -> None:
    async with database.begin() as conn:
        await conn.exec_driver_sql(
            "INSERT INTO staff (name, role, created_at) VALUES (?, 'admin', '2026-01-01 00:00:00')", (name,)
        )


def staff(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM staff ORDER BY name")]


def test_a_backup_is_named_for_its_moment_in_utc() -> None:
    now = datetime(2026, 11, 24, 18, 30, 5, tzinfo=timezone(timedelta(hours=1)))
    name = backup_name(Path("data/backups"), Path("data/bezpieczny.sqlite3"), now)
    assert name == Path("data/backups/bezpieczny-20261124T173005Z.sqlite3")
    assert backup_name(Path(), Path("x"), now.astimezone(UTC)) == Path("x-20261124T173005Z.sqlite3")


async def test_a_backup_is_made_while_the_bot_writes(database: Database, path: Path, tmp_path: Path) -> None:
    await hire(database, "A")
    async with database.begin() as conn:
        await conn.exec_driver_sql(
            "INSERT INTO staff (name, role, created_at) VALUES ('B', 'admin', '2026-01-01 00:00:00')"
        )
        backup(path, tmp_path / "copies" / "one.sqlite3")
    assert staff(tmp_path / "copies" / "one.sqlite3") == ["A"]
    assert staff(path) == ["A", "B"]


async def test_a_backup_is_one_file_for_its_owner_alone(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "copies" / "one.sqlite3"
    backup(path, target)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert list(target.parent.iterdir()) == [target]


async def test_a_backup_holds_nothing_of_what_was_erased(database: Database, path: Path, tmp_path: Path) -> None:
    await hire(database, "Zapomniana")
    async with database.begin() as conn:
        await conn.exec_driver_sql("DELETE FROM staff")
    backup(path, tmp_path / "one.sqlite3")
    assert b"Zapomniana" not in (tmp_path / "one.sqlite3").read_bytes()


async def test_a_backup_never_replaces_a_file(path: Path, tmp_path: Path) -> None:
    (tmp_path / "one.sqlite3").write_text("precious")
    with pytest.raises(BackupFailed, match=r"one\.sqlite3 exists already"):
        backup(path, tmp_path / "one.sqlite3")
    assert (tmp_path / "one.sqlite3").read_text() == "precious"


def test_a_backup_of_nothing_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match=r"none\.sqlite3 cannot be copied"):
        backup(tmp_path / "none.sqlite3", tmp_path / "copies" / "one.sqlite3")
    assert list((tmp_path / "copies").iterdir()) == []


async def test_restore_brings_back_what_was_and_keeps_what_is(database: Database, path: Path, tmp_path: Path) -> None:
    await hire(database, "A")
    backup(path, tmp_path / "one.sqlite3")
    await hire(database, "B")
    await database.close()
    restore(tmp_path / "one.sqlite3", path, tmp_path / "kept.sqlite3")
    assert staff(path) == ["A"]
    assert staff(tmp_path / "kept.sqlite3") == ["A", "B"]
    await hire(database, "C")
    assert staff(path) == ["A", "C"]


async def test_restore_does_not_mix_in_the_journal_of_what_was_there(
    database: Database, path: Path, tmp_path: Path
) -> None:
    backup(path, tmp_path / "one.sqlite3")
    await hire(database, "A")  # the connection stays open: A is in the write-ahead log only
    assert Path(f"{path}-wal").stat().st_size > 0
    restore(tmp_path / "one.sqlite3", path, tmp_path / "kept.sqlite3")
    assert staff(path) == []
    assert staff(tmp_path / "kept.sqlite3") == ["A"]


async def test_restore_to_an_empty_place(path: Path, tmp_path: Path) -> None:
    backup(path, tmp_path / "one.sqlite3")
    there = tmp_path / "elsewhere" / "bot.sqlite3"
    restore(tmp_path / "one.sqlite3", there, tmp_path / "kept.sqlite3")
    assert staff(there) == []
    assert stat.S_IMODE(there.stat().st_mode) == 0o600
    assert not (tmp_path / "kept.sqlite3").exists()


async def test_restore_over_a_database_too_damaged_to_be_read(database: Database, path: Path, tmp_path: Path) -> None:
    await hire(database, "A")
    backup(path, tmp_path / "one.sqlite3")
    await database.close()
    path.write_bytes(b"rubbish " * 1000)
    restore(tmp_path / "one.sqlite3", path, tmp_path / "kept.sqlite3")
    assert staff(path) == ["A"]
    assert (tmp_path / "kept.sqlite3").read_bytes().startswith(b"rubbish")


def foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE songs (title)")


def text(path: Path) -> None:
    path.write_text("not a database at all " * 50)


def missing(path: Path) -> None:
    path.unlink(missing_ok=True)


def empty(path: Path) -> None:
    path.touch()


@pytest.mark.parametrize("spoil", [foreign, text, missing, empty])
async def test_what_is_not_ours_is_refused_and_nothing_changes(
    spoil: Callable[[Path], None], database: Database, path: Path, tmp_path: Path
) -> None:
    await hire(database, "A")
    spoil(tmp_path / "other.sqlite3")
    with pytest.raises(NotOurs, match=r"other\.sqlite3") as caught:
        restore(tmp_path / "other.sqlite3", path, tmp_path / "kept.sqlite3")
    assert "\n" not in str(caught.value)
    assert staff(path) == ["A"]
    assert not (tmp_path / "kept.sqlite3").exists()


async def test_a_damaged_backup_is_refused(path: Path, tmp_path: Path) -> None:
    backup(path, tmp_path / "one.sqlite3")
    content = bytearray((tmp_path / "one.sqlite3").read_bytes())
    content[4096 * 3 : 4096 * 8] = b"\xff" * 4096 * 5
    (tmp_path / "one.sqlite3").write_bytes(content)
    with pytest.raises(NotOurs, match=r"one\.sqlite3"):
        examine(tmp_path / "one.sqlite3")


async def test_a_backup_of_a_newer_bot_is_refused(database: Database, path: Path, tmp_path: Path) -> None:
    async with database.begin() as conn:
        await conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    backup(path, tmp_path / "one.sqlite3")
    with pytest.raises(DatabaseTooNew):
        examine(tmp_path / "one.sqlite3")
