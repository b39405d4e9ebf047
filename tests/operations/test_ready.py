"""What `/readyz` asks, and the process that tells nothing else."""

from pathlib import Path

from httpx import ASGITransport, AsyncClient
from prometheus_client import CollectorRegistry

from bot.catalogue.library import Shelf
from bot.storage import migrate
from bot.storage.database import Database
from bot.web import ops
from tests.support import library


async def test_ready_is_who_has_a_database_of_this_version_and_something_to_teach(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'bot.sqlite3'}")
    shelf = Shelf(library(quizzes=()))
    checks = ops.checks_of(database, shelf)
    assert [await check() for check in checks.values()] == [True, False, False]
    await migrate.upgrade(database)
    shelf.put(library())
    assert [await check() for check in checks.values()] == [True, True, True]
    await database.close()


async def test_a_process_without_pages_tells_how_it_is_and_nothing_else() -> None:
    async def fails() -> bool:
        return False

    app = ops.alone({"database": fails}, CollectorRegistry())
    async with AsyncClient(transport=ASGITransport(app), base_url="http://127.0.0.1:8080") as client:
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()) == (503, {"ready": False, "checks": {"database": "not ok"}})
        for path, status in {"/healthz": 200, "/metrics": 200, "/": 404, "/q/abc": 404}.items():
            assert (await client.get(path)).status_code == status
