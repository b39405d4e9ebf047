"""What it looks like when the database is away."""

import sqlite3
from typing import TYPE_CHECKING

from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine, ExceptionContext

FAULTS = (OperationalError, PoolTimeoutError, OSError)
"""A database that is away, locked or full: worth trying again."""

TRY_AGAIN = (
    "08",  # the connection broke
    "40",  # undone, for others were quicker: a deadlock, a conflict
    "53",  # the disk, the memory or the connections ran out
    "55P03",  # a lock was not to be had
    "57",  # an administrator's doing: a shutdown, a start that is not over yet
    "58",  # the system below: an error of the disk
    "25P03",  # a transaction in which nothing was asked for too long
    "25006",  # it takes no writes, as a copy does until it takes over
)
"""Codes of PostgreSQL (appendix A of its manual), by their beginning, that say nothing against what was asked."""


def explain(error: BaseException) -> str:
    """What is wrong, for the log: SQLite's own words (`database or disk is full`), elsewhere the name of the fault.

    A server's words may quote the data that was in its hands; SQLite's never do.
    """
    cause: BaseException = getattr(error, "orig", None) or error
    return str(cause) if isinstance(cause, sqlite3.Error) else type(cause.__cause__ or cause).__name__


def name_faults(engine: "Engine") -> None:
    """Let a PostgreSQL that is away raise OperationalError, one of FAULTS, as other databases do.

    Its driver has one class for these and for most errors of a statement. Without this a restart of the database would
    look like a campaign's own fault.
    """

    @event.listens_for(engine, "handle_error")
    def name(context: "ExceptionContext") -> OperationalError | None:
        error = context.sqlalchemy_exception
        if not isinstance(error, DBAPIError) or isinstance(error, FAULTS):
            return None
        code = getattr(error.orig, "sqlstate", None) or ""
        if not (context.is_disconnect or code.startswith(TRY_AGAIN)):
            return None
        return OperationalError(error.statement, error.params, error.orig or error, error.hide_parameters)
