"""Several processes that share one database and one bot, each with a folder of its own as if on its own machine."""

import asyncio
import json
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol
from urllib.request import urlopen

from tests.acceptance.conftest import Program
from tests.telegram_api.server import TOKEN

SECRET = "a secret that all the machines of one fleet share"
SENT = re.compile(r'^bezpieczny_deliveries_total\{.*outcome="sent".*\} (\S+)$', re.MULTILINE)


class Member(Program):
    """One process of a fleet."""

    def get(self, path: str) -> str:
        """What it answers to a request (blocks)."""
        with urlopen(self.url + path, timeout=5) as answer:  # noqa: S310 - our own page
            return str(answer.read().decode())

    async def sent(self) -> int:
        """How many messages it has sent in this life, by its own count."""
        return int(sum(map(float, SENT.findall(await asyncio.to_thread(self.get, "/metrics")))))

    def said(self, event: str) -> bool:
        """Whether its log holds this line."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return any(json.loads(line).get("event") == event for line in lines if line.startswith("{"))

    @property
    def plans(self) -> bool:
        """Whether it became the one that plans (and may have ceased to be)."""
        return self.said("plan: this process leads")

    @property
    def polls(self) -> bool:
        """Whether it became the one that asks Telegram for updates."""
        return self.said("poll:telegram: this process leads")

    def signal(self, what: signal.Signals) -> None:
        """Stop it for a while, say."""
        assert self.process
        self.process.send_signal(what)


class Reached(Protocol):
    """A Bot API, by where it listens."""

    @property
    def base_url(self) -> str: ...


class Fleet:
    """The members and what they share."""

    def __init__(self, folder: Path, api: Reached, database_url: str, **settings: str) -> None:
        self.members: list[Member] = []
        self._folder = folder
        self._settings = {
            "BEZPIECZNY_DATABASE_URL": database_url,
            "BEZPIECZNY_SECRET_KEY": SECRET,
            "BEZPIECZNY_TELEGRAM__TOKEN": TOKEN,
            "BEZPIECZNY_TELEGRAM__BASE_URL": api.base_url,
            **settings,
        }

    async def start(self, *roles: str) -> list[Member]:
        """Start a process for each list of roles (`web,deliver`), all at the same time; all are ready on return."""
        begun = []
        for one in roles:
            folder = self._folder / f"machine-{len(self.members) + 1}"
            folder.mkdir()
            member = Member(folder, **self._settings)
            member.started_with = (*member.started_with, "--roles", one)
            self.members.append(member)
            begun.append(member)
            await member.spawn()
        for member in begun:
            await member.ready()
        return begun

    @property
    def alive(self) -> list[Member]:
        """Those that have not ended."""
        return [member for member in self.members if member.process and member.process.returncode is None]


@asynccontextmanager
async def fleet(folder: Path, api: Reached, database_url: str, **settings: str) -> AsyncIterator[Fleet]:
    """A fleet of nobody yet; whoever joined has ended after the block."""
    made = Fleet(folder, api, database_url, **settings)
    try:
        yield made
    finally:
        for member in made.alive:
            await member.stop(signal.SIGKILL)
