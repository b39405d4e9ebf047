"""The bot as it is run, on a homeserver: a process of its own, which can be stopped, killed, and looked into."""

import asyncio
import json
import re
import shutil
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bot.catalogue.schema import Campaign as Content
from bot.domain.residents import Address, Resident
from bot.storage import residents
from bot.storage.database import Connection, Database
from tests.acceptance.conftest import PATIENCE_S, Program
from tests.chaos.program import Clock
from tests.matrix.synapse import PASSWORD, Synapse
from tests.sending import scheduled
from tests.support import CONTENT

SMALL = Path(__file__).parents[1] / "dialogue" / "content"


class Bot(Program):
    """The program with an account on a homeserver, on a small library; its clock shows noon when it is made."""

    def __init__(self, folder: Path, homeserver: Synapse, **settings: str) -> None:
        self.user = homeserver.newcomer("bot")
        account = {
            "BEZPIECZNY_MATRIX__HOMESERVER": homeserver.url,
            "BEZPIECZNY_MATRIX__USER": self.user,
            "BEZPIECZNY_MATRIX__PASSWORD": PASSWORD,
            "BEZPIECZNY_MATRIX__RATE": "200",
            "BEZPIECZNY_CONTENT": str(_library(folder / "content")),
        }
        super().__init__(folder, **account | settings)
        self.clock = Clock.at_noon()
        self.started_with = ("-m", "tests.chaos.program", str(self.clock))

    async def restart(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Stop it, or kill it, and start it again."""
        await self.stop(how)
        await self.start()

    # --- its log

    def logged(self, event: str = "", *, level: str = "") -> list[dict[str, Any]]:
        """The lines of its log, all or those of one event or level."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        read = [json.loads(line) for line in lines if line.startswith("{")]
        return [line for line in read if line["event"].startswith(event) and line["level"].startswith(level)]

    async def logs(self, event: str) -> dict[str, Any]:
        """Wait for a line in its log."""
        async with asyncio.timeout(PATIENCE_S):
            while not self.logged(event):  # noqa: ASYNC110 - it happens in another process
                await asyncio.sleep(0.05)
        return self.logged(event)[-1]

    # --- its database

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Database]:
        """The database it works with, for the block."""
        database = Database(f"sqlite:///{self.folder / 'data' / 'bezpieczny.sqlite3'}")
        try:
            yield database
        finally:
            await database.close()

    async def knows(self, user: str) -> Resident | None:
        """A resident as the bot has them."""
        async with self.database() as database, database.read() as conn:
            return await residents.find(conn, Address("matrix", user))

    async def comes_to_know(self, user: str, right: Callable[[Resident | None], bool]) -> Resident | None:
        """Wait until what the bot has of somebody is right."""
        async with asyncio.timeout(PATIENCE_S):
            while not right(await self.knows(user)):  # noqa: ASYNC110 - it happens in another process
                await asyncio.sleep(0.1)
        return await self.knows(user)

    async def ask(self, question: Callable[[Connection], Any]) -> Any:
        """What a query finds in its database."""
        async with self.database() as database, database.read() as conn:
            return await question(conn)

    async def announce(self, content: Content) -> None:
        """Leave a campaign in its ledger, approved and due at once."""
        async with self.database() as database, database.begin() as conn:
            await scheduled(conn, content, self.clock())

    # --- staff

    async def team(self) -> None:
        """Two members of staff: one writes, the other approves."""
        await self.cli("staff", "add", "Autorka", "--role", "editor")
        await self.cli("staff", "add", "Druga Osoba", "--role", "approver")

    async def campaign(self, content: str, kind: str = "alert") -> str:
        """Write a campaign, approve it, and send it at once; returns its number."""
        file = self.folder / f"{kind}.yaml"
        file.write_text(content)
        made = await self.cli("campaign", "create", "--kind", kind, "--file", str(file), "--as", "Autorka")
        number = re.search(r"\d+", made)
        assert number, made
        await self.cli("campaign", "approve", number[0], "--as", "Druga Osoba")
        await self.cli("campaign", "schedule", number[0], "--now", "--as", "Autorka")
        return number[0]


def _library(folder: Path) -> Path:
    """The small library of the transcripts, with the real words."""
    if not folder.exists():
        shutil.copytree(SMALL, folder)
        (folder / "words").symlink_to(CONTENT / "words")
    return folder
