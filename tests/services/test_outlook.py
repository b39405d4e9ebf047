"""A count stands for a moment while somebody writes; another audience is counted at once."""

from dataclasses import replace
from datetime import timedelta

from bot.services.outlook import COUNTED, counted
from bot.storage.audience import ResidentsAudience
from bot.storage.database import Database
from scheduler import lifecycle
from scheduler.model import Campaign, Kind
from tests.support import NOON, add_resident


async def reached(database: Database, campaign: Campaign, later: timedelta = timedelta()) -> int:
    async with database.read() as conn:
        return (await counted(database, conn, ResidentsAudience(), campaign, NOON + later)).reached


async def test_a_count_stands_while_only_words_change(database: Database) -> None:
    draft = lifecycle.draft(kind=Kind.NEWS, title="A", content={}, audience={}, author="Ada", now=NOON)
    soon, late = COUNTED - timedelta(seconds=1), COUNTED + timedelta(seconds=1)
    async with database.begin() as conn:
        await add_resident(conn, "telegram:1", campaigns=True, district=7)
    assert await reached(database, draft) == 1

    async with database.begin() as conn:
        await add_resident(conn, "telegram:2", campaigns=True, district=7)
    assert await reached(database, replace(draft, title="B", content={"text": {"pl": "Inne słowa"}}), soon) == 1
    assert await reached(database, replace(draft, audience={"districts": [7]}), soon) == 2
    assert await reached(database, replace(draft, kind=Kind.ALERT), soon) == 0
    assert await reached(database, draft, late) == 2
