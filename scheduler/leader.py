"""One planner among many processes: who holds PostgreSQL's advisory lock leads.

The lock belongs to a session, and so to one connection: when its process dies the server sees the connection close and
gives the lock to the next who asks. A machine that vanishes, or a process that hangs, closes nothing; for these the
server itself ends a session of which it has heard nothing for `SILENCE_S`, and the leader says something each `BEAT_S`.
"""

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol
from zlib import crc32

from sqlalchemy import NullPool, func, literal, select
from sqlalchemy.ext.asyncio import create_async_engine

if TYPE_CHECKING:
    from sqlalchemy import URL
    from sqlalchemy.ext.asyncio import AsyncConnection

logger = logging.getLogger(__name__)

BEAT_S = 1.0
"""How often the leader is heard, and how often the others try to become it."""
ANSWER_S = 2.0
"""How long one such request may take before its connection counts as lost."""
SILENCE_S = 6.0
"""After so long without a word the server ends the leader's session; the next one leads a second or two later."""
SURE_S = SILENCE_S - 1.0
"""How long after asking the leader may believe the answer: it stops before the server lets somebody else begin."""
OURS = 2025_2028
"""The first half of the locks' number, apart from the locks of whoever else uses the database."""


class Leader(Protocol):
    """Who may do what only one process does."""

    async def leads(self) -> bool:
        """Whether this process is the one now."""
        ...

    async def run(self, stop: asyncio.Event) -> None:
        """Try to become it and stay it, until `stop`; then let somebody else."""
        ...


class NullLeader:
    """For a single process: it always leads."""

    async def leads(self) -> bool:
        """Yes."""
        return True

    async def run(self, stop: asyncio.Event) -> None:
        """There is nobody to agree with."""
        await stop.wait()


class AdvisoryLeader:
    """Leads while it holds the lock of `key`, on a connection of its own to the PostgreSQL database at `url`.

    The connection must reach the server itself, or a pooler by sessions: one that hands a connection to another client
    after each transaction would hand on the lock with it.
    """

    def __init__(self, url: "URL", key: str) -> None:
        self._key = key
        self._lock = crc32(key.encode()) - 2**31  # PostgreSQL's integer has a sign
        self._engine = create_async_engine(
            url,
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",  # in a transaction a session is not idle, and would be waited for
            connect_args={
                "timeout": ANSWER_S,
                "server_settings": {"idle_session_timeout": f"{SILENCE_S * 1000:.0f}", "application_name": key},
            },
        )
        self._conn: AsyncConnection | None = None
        self._sure_until = float("-inf")

    async def leads(self) -> bool:
        """Whether this process is the one now. Asks nobody: `run` knows."""
        return asyncio.get_running_loop().time() < self._sure_until

    async def run(self, stop: asyncio.Event) -> None:
        """Try to become it and stay it, until `stop`; then let somebody else."""
        try:
            while not stop.is_set():
                await self._beat()
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), BEAT_S)
        finally:
            await self._let_go()
            await self._engine.dispose()

    async def _beat(self) -> None:
        asked_at = asyncio.get_running_loop().time()
        led = self._sure_until > asked_at
        try:
            async with asyncio.timeout(ANSWER_S):
                holds = await self._ask()
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody may lead without an answer, and the next try may get one
            if led:
                logger.warning("%s: the lead is lost: %s", self._key, type(error).__name__)
            await self._let_go()
            return
        if holds and not led:
            logger.info("%s: this process leads", self._key)
        self._sure_until = asked_at + SURE_S if holds else float("-inf")

    async def _ask(self) -> bool:
        """Whether the lock is ours now: still, or at last."""
        if self._conn is None:
            self._conn = await self._engine.connect()
        if self._sure_until > float("-inf"):
            await self._conn.execute(select(literal(1)))
            return True
        return bool((await self._conn.execute(select(func.pg_try_advisory_lock(OURS, self._lock)))).scalar_one())

    async def _let_go(self) -> None:
        """Close the connection, and with it the lock; one that does not answer is dropped."""
        conn, self._conn = self._conn, None
        self._sure_until = float("-inf")
        if conn is None:
            return
        with suppress(Exception):  # it is given up either way
            await conn.invalidate()
        with suppress(Exception):
            await conn.close()
