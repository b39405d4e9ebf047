"""What the ledger says at one moment. It is only looked at: of a crashed program's files a copy is read."""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from bot.storage.database import Connection, Database
from scheduler import ledger
from scheduler.model import Balance, DeliveryState, Run
from scheduler.tables import deliveries


@dataclass(frozen=True, slots=True)
class Row:
    """One delivery."""

    recipient: int
    state: DeliveryState
    attempt: int
    doubts: int


@dataclass(frozen=True, slots=True)
class Sight:
    """The campaign's run, if it is open yet, and its deliveries; the clock opens others, for daily tips."""

    run: Run | None
    balance: Balance
    rows: tuple[Row, ...]


async def look(conn: Connection) -> Sight:
    """Read the ledger."""
    run = next((run for run in await ledger.list_runs(conn) if run.campaign_id), None)
    table = deliveries.c
    query = select(table.recipient, table.state, table.attempt, table.doubts)
    rows = tuple(Row(*values) for values in await conn.execute(query.where(table.run_id == run.id) if run else query))
    return Sight(run, await ledger.balance(conn, run.id) if run else Balance(0), rows)


async def look_at_wreck(file: Path) -> Sight:
    """Read what a killed program left, without the recovery that opening it would bring about."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / file.name
        for suffix in ("", "-wal"):
            part = file.with_name(file.name + suffix)
            if part.exists():
                shutil.copyfile(part, copy.with_name(part.name))
        database = Database(f"sqlite:///{copy}")
        try:
            async with database.read() as conn:
                return await look(conn)
        finally:
            await database.close()
