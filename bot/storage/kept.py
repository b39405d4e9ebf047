"""Counts that take long to make, as they were when they were last made."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from bot.storage.database import Connection
from bot.storage.tables import kept_counts


async def find(conn: Connection, name: str) -> tuple[datetime, Any] | None:
    """When they were made, and what they were."""
    query = select(kept_counts.c.made_at, kept_counts.c.data).where(kept_counts.c.name == name)
    row = (await conn.execute(query)).one_or_none()
    return None if row is None else (row.made_at, row.data)


async def save(conn: Connection, name: str, made_at: datetime, data: Any) -> None:
    """Keep counts under a name, in the place of what was there."""
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    new = dialect.insert(kept_counts).values(name=name, made_at=made_at, data=data)
    same = {"made_at": new.excluded.made_at, "data": new.excluded.data}
    await conn.execute(new.on_conflict_do_update(index_elements=["name"], set_=same))
