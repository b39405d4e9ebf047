"""What everything stands on, built from the settings. The only reader of the clock, the only source of randomness."""

import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.catalogue.library import LateShelf, Shelf
from bot.catalogue.loader import Reader
from bot.dialogue.engine import Engine
from bot.dialogue.turn import Tools
from bot.domain.codes import LETTERS
from bot.services.links import Links
from bot.settings import Settings, data_folder, load_secret
from bot.storage import migrate
from bot.storage.database import Database
from bot.storage.vault import Vault

CODE_LENGTH = 8


def utc_now() -> datetime:
    """The present instant."""
    return datetime.now(UTC)  # noqa: TID251 - the one place that asks


def new_number() -> int:
    """A random number from 1 to 2³¹ − 1, the largest that a button carries."""
    return secrets.randbelow(2**31 - 1) + 1


def new_code() -> str:
    """A random code for a link."""
    return "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))


def new_token() -> str:
    """A random secret for a cookie: 256 bits."""
    return secrets.token_urlsafe(32)


def new_worker() -> str:
    """A name for this process that no other has, here or on another machine, and that says where it is."""
    return f"{socket.gethostname()[:60]}:{os.getpid()}:{new_code()}"


@dataclass(frozen=True, slots=True)
class House:
    """What every command and every channel stands on."""

    settings: Settings
    database: Database
    reader: Reader
    shelf: Shelf
    tools: Tools
    clock: Callable[[], datetime]

    @property
    def engine(self) -> Engine:
        """The conversation."""
        return Engine(self.database, self.shelf, self.tools, self.clock)


@asynccontextmanager
async def open_house(
    settings: Settings,
    *,
    clock: Callable[[], datetime] = utc_now,
    telegram_username: Callable[[], str | None] = lambda: None,
    matrix_user: Callable[[], str | None] = lambda: None,
) -> AsyncIterator[House]:
    """The database open and up to date, the keys at hand; the content is read when it is first asked for.

    Raises DatabaseUnusableError or SettingsError, each with one clear message.
    """
    data_folder(settings)
    reader = Reader(Path(settings.content), strict=False)
    vault = Vault(load_secret(settings, lambda: secrets.token_bytes(32)))
    database = Database(settings.database_url.get_secret_value())
    try:
        await database.check()
        await migrate.upgrade(database)
        links = Links(settings.public_url, telegram_username, matrix_user)
        tools = Tools(vault, links, new_number, new_code)
        yield House(settings, database, reader, LateShelf(reader.load), tools, clock)
    finally:
        await database.close()
