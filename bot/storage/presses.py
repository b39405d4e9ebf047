"""How often the buttons of a run's messages were pressed, all people together, and what a comparison needs to count."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite

from bot.storage.database import Connection
from bot.storage.tables import attempts, presses
from scheduler.model import DeliveryState
from scheduler.tables import deliveries


async def add(conn: Connection, run_id: int, button: str) -> None:
    """Count one press."""
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    first = dialect.insert(presses).values(run_id=run_id, button=button, count=1)
    again = first.on_conflict_do_update(
        index_elements=["run_id", "button"], set_={"count": presses.c.count + first.excluded.count}
    )
    await conn.execute(again)


async def of_run(conn: Connection, run_id: int) -> dict[str, int]:
    """Button → how often it was pressed."""
    query = select(presses.c.button, presses.c.count).where(presses.c.run_id == run_id)
    return {button: count for button, count in await conn.execute(query)}  # noqa: C416 - dict() of rows has no types


async def finished_quiz(
    conn: Connection, run_id: int, quiz: str, *, since: datetime, before: datetime
) -> dict[DeliveryState, int]:
    """How many people of a run finished a quiz in a span, by what became of their message."""
    query = (
        select(deliveries.c.state, func.count(attempts.c.resident_id.distinct()))
        .join(deliveries, deliveries.c.recipient == attempts.c.resident_id)
        .where(
            attempts.c.quiz == quiz,
            attempts.c.finished_at >= since,
            attempts.c.finished_at < before,
            deliveries.c.run_id == run_id,
        )
        .group_by(deliveries.c.state)
    )
    return {state: count for state, count in await conn.execute(query)}  # noqa: C416 - dict() of rows has no types
