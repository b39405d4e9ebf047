"""Copies of a SQLite database, made while the bot runs, and the way back. PostgreSQL has its own tools."""

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from bot.domain.errors import BotError
from bot.storage.database import BUSY_S
from bot.storage.migrate import refuse_newer


class BackupFailed(BotError):
    """The database could not be copied."""


class NotOurs(BackupFailed):
    """This file is not a database of the bot."""


def database_file(url: str) -> Path:
    """Where the SQLite database of a SQLAlchemy URL lives. Raises BackupFailed for any other."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise BackupFailed("BEZPIECZNY_DATABASE_URL is not a database URL.") from error
    if parsed.get_backend_name() != "sqlite":
        raise BackupFailed("Copies of a PostgreSQL database are made with pg_dump and put back with pg_restore.")
    return Path(parsed.database or "")


def backup_name(folder: Path, source: Path, now: datetime) -> Path:
    """`<folder>/bezpieczny-20261124T173000Z.sqlite3` for a `bezpieczny.sqlite3`."""
    return folder / f"{source.stem}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}.sqlite3"


def backup(source: Path, target: Path) -> None:
    """Copy the database as it is at one moment to `target`, readable by its owner alone. Raises BackupFailed.

    The copy is compact, without the remains of what was erased, and appears under its name only when it is whole.
    """
    if target.exists():
        raise BackupFailed(f"{target} exists already.")
    with _explained(f"{source} cannot be copied to {target}"):
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=target.parent, prefix=f".{target.stem}-")  # mode 0600
        os.close(handle)
        try:
            with closing(_open(source)) as connection:
                connection.execute("VACUUM INTO ?", (draft,))
            os.link(draft, target)  # unlike a rename, never over a file that came meanwhile
        finally:
            Path(draft).unlink()


def restore(source: Path, target: Path, kept: Path) -> None:
    """Put a copy in the place of the database `target`, whose present state is first kept as `kept`.

    Raises NotOurs, DatabaseTooNew or BackupFailed. One that is interrupted leaves the database as it was.
    """
    examine(source)
    if target.exists():
        _keep(target, kept)
    with _explained(f"{source} cannot be restored to {target}"):
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        target.touch(mode=0o600)
        with closing(_open(source)) as copy, closing(_open(target, "rw")) as database:
            copy.backup(database)


def _keep(database: Path, kept: Path) -> None:
    try:
        backup(database, kept)
    except BackupFailed as error:
        if type(error.__cause__) is not sqlite3.DatabaseError:  # its subclasses mean a full disk and the like
            raise
        # Too damaged to be read: set it aside as it is, with what SQLite keeps beside it.
        for suffix in ("-wal", "-shm", ""):
            part = Path(f"{database}{suffix}")
            if part.exists():
                part.rename(f"{kept}{suffix}")


def examine(path: Path) -> None:
    """Raise NotOurs if the file is no sound database of the bot's, DatabaseTooNew if a newer bot wrote it."""
    if not path.is_file():
        raise NotOurs(f"There is no file {path}.")
    try:
        with closing(_open(path)) as connection:
            findings = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            revision = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            connection.execute("SELECT 1 FROM residents LIMIT 1")
    except sqlite3.Error as error:
        raise NotOurs(f"{path} is not a database of the bot: {error}.") from error
    if findings != "ok":
        raise NotOurs(f"{path} is damaged: {findings}.")
    if revision is None:
        raise NotOurs
    refuse_newer(revision[0])


def _open(path: Path, mode: str = "ro") -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=BUSY_S)


@contextmanager
def _explained(what: str) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise BackupFailed(f"{what}: {getattr(error, 'strerror', None) or error}.") from error
