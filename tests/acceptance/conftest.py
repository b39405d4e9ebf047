"""The program as it is run: its own process, its command line, a Bot API server beside it."""

import asyncio
import itertools
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.telegram_api import TelegramApi
from tests.telegram_api.server import TOKEN

ROOT = Path(__file__).parents[2]
PATIENCE_S = 30.0
READY = re.compile(r"is running: (http://\S+)")


_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))  # noqa: TID251 - which of the test runs side by side
_PORTS = itertools.count(20_000 + os.getpid() % 100 * 64 + _WORKER % 64, step=64)
"""Below those that the system gives to outgoing connections, which could take one before the program does; each test
run that goes on beside has its own."""


def free_port() -> int:
    """A port that nobody listens on, and that is not given twice."""
    for port in _PORTS:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("there are more ports than this")


class Program:
    """`bezpieczny …` on a data folder of its own."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        around = os.environ.items()  # noqa: TID251 - what the process is started with is this test's to choose
        own = {name: value for name, value in around if not name.startswith("BEZPIECZNY_")}
        self.environment = own | {
            "BEZPIECZNY_DATA": str(folder / "data"),
            "BEZPIECZNY_PORT": str(self.port),
            "BEZPIECZNY_LOG": "json",
            "PYTHONUNBUFFERED": "1",
            **settings,
        }
        self.started_with: tuple[str, ...] = ("-m", "bot", "run")
        self.process: asyncio.subprocess.Process | None = None
        self.log = folder / "log"

    async def cli(self, *words: str, ok: bool = True) -> str:
        """Run a command; returns what it printed. Fails the test if it fails (or, with `ok=False`, if it does not)."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            *words,
            cwd=ROOT,
            env=self.environment | {"COLUMNS": "200", "NO_COLOR": "1"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        out, _ = await asyncio.wait_for(process.communicate(), PATIENCE_S)
        printed = out.decode()
        assert (process.returncode == 0) is ok, f"bezpieczny {' '.join(words)} → {process.returncode}\n{printed}"
        assert "Traceback" not in printed, printed
        return printed

    async def start(self) -> None:
        """Start `bezpieczny run` and wait until it says that it is running."""
        await self.spawn()
        await self.ready()

    async def spawn(self) -> None:
        """Start it, and wait for nothing."""
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                *self.started_with,
                cwd=ROOT,
                env=self.environment,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )

    async def ready(self) -> None:
        """Wait until it says that it is running."""
        assert self.process
        assert self.process.stdout
        async with asyncio.timeout(PATIENCE_S):
            while line := await self.process.stdout.readline():
                if READY.search(line.decode()):
                    return
        raise AssertionError(f"it did not start:\n{self.log.read_text()}")

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Stop it; returns its exit status."""
        assert self.process
        if self.process.returncode is None:
            self.process.send_signal(how)
        status = await asyncio.wait_for(self.process.wait(), PATIENCE_S)
        self.process = None
        return status


@pytest.fixture
async def api() -> AsyncIterator[TelegramApi]:
    async with TelegramApi() as running:
        yield running


@pytest.fixture
async def program(tmp_path: Path, api: TelegramApi) -> AsyncIterator[Callable[..., Program]]:
    """Makes programs that talk to the Bot API server, and ends them after the test."""
    made: list[Program] = []

    def make(**settings: str) -> Program:
        telegram = {"BEZPIECZNY_TELEGRAM__TOKEN": TOKEN, "BEZPIECZNY_TELEGRAM__BASE_URL": api.base_url}
        made.append(Program(tmp_path, **telegram | settings))
        return made[-1]

    yield make
    for one in made:
        if one.process:
            await one.stop(signal.SIGKILL)


async def eventually(true: Callable[[], bool], what: str, within_s: float = PATIENCE_S) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(within_s):
        while not true():  # noqa: ASYNC110 - it happens in another process
            await asyncio.sleep(0.05)
    assert true(), what
