"""PostgreSQL for several processes: connections that outlive the server's restarts, errors that say it was away."""

from typing import Any

from sqlalchemy import URL, event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from scheduler import ledger

POOL = 10
"""Connections a process keeps; under load it opens as many again. Turns and deliveries hold one for milliseconds."""
CONNECT_S = 10.0
ANSWER_S = 120.0
"""After this without an answer the server counts as away: a machine that vanished says nothing."""
HELD_S = 15
"""The server ends a transaction in which nothing was asked for so long: whoever opened it is frozen, or has vanished
with its machine, and others wait for the rows it has locked."""
ROOM = "64MB"
"""For one hash or sort of a statement: enough for a million people's numbers. With less, PostgreSQL answers "who is not
among these" by reading the others anew for each one, once they are many."""
RENEWED_S = 1800
"""A connection of this age is not used again: what stands between may drop one that was idle for long."""


def create_engine(url: URL) -> AsyncEngine:
    """The engine of a database; raises ImportError if its driver is not there."""
    engine = create_async_engine(
        url,
        pool_size=POOL,
        max_overflow=POOL,
        pool_recycle=RENEWED_S,
        hide_parameters=True,  # in what an error says they could be people's
        connect_args={
            "timeout": CONNECT_S,
            "command_timeout": ANSWER_S,
            "server_settings": {
                "application_name": "bezpieczny",
                "idle_in_transaction_session_timeout": f"{HELD_S}s",
                "work_mem": ROOM,
            },
        },
    )
    _refuse_closed(engine)
    ledger.name_faults(engine.sync_engine)
    return engine


def _refuse_closed(engine: AsyncEngine) -> None:
    """Hand out no connection that the server has closed; unlike `pool_pre_ping` this asks nobody, the loop knows."""

    @event.listens_for(engine.sync_engine, "checkout")
    def refuse(connection: Any, record: object, proxy: object) -> None:  # noqa: ARG001 - the event's signature
        if connection.driver_connection.is_closed():
            raise InvalidatePoolError
