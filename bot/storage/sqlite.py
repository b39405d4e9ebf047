"""SQLite for an event loop, with one visit to the connection's thread for each statement.

aiosqlite visits it four times (make a cursor, execute, fetch, close), and the visits cost more than what SQLite does in
them. SQLAlchemy fetches all rows at once anyway, so here they come along with the first visit.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any

import aiosqlite


class _Cursor:
    """What SQLAlchemy's adapter wants of a cursor; it lives for one statement."""

    description: Any = None
    rowcount = -1
    lastrowid: int | None = None
    arraysize = 1

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        self._rows: list[Any] = []

    async def __aenter__(self) -> "_Cursor":
        return self

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> "_Cursor":
        await self._connection.visit(self._execute, sql, parameters)
        return self

    async def executemany(self, sql: str, parameters: Sequence[Sequence[Any]]) -> "_Cursor":
        await self._connection.visit(self._execute, sql, parameters, many=True)
        return self

    async def fetchall(self) -> list[Any]:
        return self._rows

    async def close(self) -> None:
        self._rows = []

    def _execute(self, connection: sqlite3.Connection, sql: str, parameters: Any, *, many: bool = False) -> None:
        """In the connection's thread."""
        cursor = connection.cursor()
        try:
            (cursor.executemany if many else cursor.execute)(sql, parameters)
            self.description, self.rowcount, self.lastrowid = cursor.description, cursor.rowcount, cursor.lastrowid
            if cursor.description:
                self._rows = cursor.fetchall()
        finally:
            cursor.close()


class Connection(aiosqlite.Connection):
    """An aiosqlite connection whose cursors work in one visit."""

    def cursor(self) -> _Cursor:  # type: ignore[override] # SQLAlchemy's adapter asks for no more than this one has
        """A cursor for one statement."""
        return _Cursor(self)

    async def visit(self, work: Any, *arguments: Any, **options: Any) -> None:
        """Call `work` with the bare connection, in its thread."""
        await self._execute(work, self._conn, *arguments, **options)  # type: ignore[no-untyped-call]


def connect(file: str, **options: Any) -> Connection:
    """As `aiosqlite.connect`."""
    connection = Connection(lambda: sqlite3.connect(file, **options), iter_chunk_size=64)
    connection._thread.daemon = True  # as SQLAlchemy does it: an open connection must not hold up the exit
    return connection
