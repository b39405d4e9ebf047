"""A row put where there may be one already, in the words of both databases."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


async def put(conn: AsyncConnection, table: Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Insert a row, or set these values of the one that has this key already."""
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    new = dialect.insert(table).values({**key, **values})
    await conn.execute(new.on_conflict_do_update(index_elements=list(key), set_=dict(values)))
