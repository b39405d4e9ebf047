"""What Alembic runs: the steps, on the connection and in the transaction that `migrate` opened."""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Enum

from scheduler.tables import UtcDateTime


def render(kind: str, item: object, autogenerate: AutogenContext) -> str | Literal[False]:
    """How our own types are written in a migration; a choice of words is plain text there, so a new word needs none."""
    if kind == "type" and isinstance(item, UtcDateTime):
        autogenerate.imports.add("from scheduler.tables import UtcDateTime")
        return "UtcDateTime()"
    if kind == "type" and isinstance(item, Enum):
        return f"sa.String(length={item.length})"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes["metadata"],
    render_item=render,
    render_as_batch=True,  # SQLite alters a table by making it anew
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
