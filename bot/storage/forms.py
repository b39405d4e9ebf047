"""Forms that have done their work: a double press, or a page that is sent again, does one thing."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.storage.database import Connection
from bot.storage.tables import forms_done


async def claim(conn: Connection, key: str, now: datetime) -> str | None:
    """Take a form's key for this transaction; where the one that had it before led to, if it has done its work.

    Whoever comes while another transaction holds the key waits until it is known how that ends.
    """
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    mine = dialect.insert(forms_done).values(key=key, location="", at=now).on_conflict_do_nothing()
    if (await conn.execute(mine)).rowcount:
        return None
    done = await conn.execute(select(forms_done.c.location).where(forms_done.c.key == key))
    return str(done.scalar_one())


async def finish(conn: Connection, key: str, location: str) -> None:
    """Note where a form that is done has led."""
    await conn.execute(update(forms_done).where(forms_done.c.key == key).values(location=location))
