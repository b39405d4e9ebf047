"""The console over a demo city, served on loopback for a real browser."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import uvicorn
from prometheus_client import CollectorRegistry

from bot.catalogue.library import Library, Shelf
from bot.catalogue.loader import Reader
from bot.dialogue.turn import Tools
from bot.services import demo, signin
from bot.services.links import Links
from bot.settings import Settings
from bot.storage import migrate
from bot.storage.database import Database
from bot.storage.staff import Role
from bot.web.app import create_app
from bot.web.console import app as console_app
from bot.web.console.gate import cookie_name
from bot.web.console.house import House
from tests.acceptance.conftest import free_port
from tests.support import CONTENT, NOON, VAULT
from tests.web.console.world import Sent
from tests.web.world import FakeDialogue, tokens

RESIDENTS = 300
"""Enough for every page to have something on it."""


@dataclass(frozen=True)
class Served:
    """Where it is, and the cookie of each role."""

    address: str
    library: Library

    def cookie(self, role: Role) -> dict[str, str]:
        return {"name": cookie_name(secure=False), "value": f"session-{role}", "url": self.address}


async def found(url: str, books: Library, now: datetime, residents: int) -> None:
    """A demo city whose staff are signed in."""
    database = Database(url)
    await migrate.upgrade(database)
    async with database.begin() as conn:
        await demo.found(conn, books, VAULT, residents=residents, seed=1, now=now)
        for role in Role:
            await signin.begin(conn, f"demo-{role}", session=f"session-{role}", device="Test", proof="link", now=now)
    await database.close()


@contextmanager
def served(folder: Path, residents: int = RESIDENTS, host: str = "127.0.0.1") -> Iterator[Served]:
    """Serve until the block ends; it is always noon. `localhost` is for passkeys: they want a name."""
    port = free_port()
    address = f"http://{host}:{port}"
    url = f"sqlite:///{folder / 'console.sqlite3'}"
    books = Reader(CONTENT, strict=False).load()
    _apart(found(url, books, NOON, residents))
    database, shelf = Database(url), Shelf(books)
    house = House(
        settings=Settings(data=folder, public_url=address),
        database=database,
        shelf=shelf,
        tools=Tools(
            VAULT, Links(address, lambda: "demo_bot", lambda: "@demo:example.org"), lambda: 1, lambda: "code1234"
        ),
        clock=lambda: NOON,
        new_token=tokens(),
        rates={"telegram": 25.0},
        senders={"telegram": Sent()},
    )
    app = create_app(
        dialogue=FakeDialogue(),
        shelf=shelf,
        new_token=tokens(),
        public_url=address,
        checks={},
        registry=CollectorRegistry(),
        console=console_app.routes(house),
    )
    config = uvicorn.Config(app, port=port, log_level="critical", ws="none", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
    yield Served(address, books)
    server.should_exit = True
    thread.join()
    _apart(database.close())


def _apart(work: Coroutine[Any, Any, None]) -> None:
    """Wait for something on a loop of its own: this thread may have a browser's."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()
