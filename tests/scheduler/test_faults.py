"""The log names what is wrong with the database, and nothing of what was in its hands."""

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from bot.storage.database import Database
from scheduler import ledger
from tests.support import open_database


async def test_a_full_disk_is_named(tmp_path: Path) -> None:
    async with open_database(tmp_path) as database, database.begin() as conn:
        await conn.execute(text("PRAGMA max_page_count = 1"))  # as many as there are already
        with pytest.raises(ledger.FAULTS) as full:
            await conn.execute(text("CREATE TABLE more AS SELECT zeroblob(10000000)"))
    assert ledger.explain(full.value) == "database or disk is full"


async def test_a_locked_database_is_named(tmp_path: Path) -> None:
    async with open_database(tmp_path) as database:
        other = Database(str(database.url))
        async with database.begin(), other.read() as conn:
            await conn.execute(text("PRAGMA busy_timeout = 0"))
            with pytest.raises(ledger.FAULTS) as locked:
                await conn.execute(text("DELETE FROM residents"))
        await other.close()
    assert ledger.explain(locked.value) == "database is locked"


class DiskFullError(Exception):
    """As a server's driver has it; the layer between wraps it."""


def test_of_a_server_only_the_fault_is_named_for_its_words_may_quote_data() -> None:
    wrapper = Exception("near 'Ola'")
    wrapper.__cause__ = DiskFullError("near 'Ola'")
    assert ledger.explain(OperationalError("INSERT", {}, wrapper)) == "DiskFullError"
    assert ledger.explain(ConnectionRefusedError("10.0.0.1")) == "ConnectionRefusedError"
