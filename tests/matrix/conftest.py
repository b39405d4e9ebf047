"""One homeserver for each run side by side, new people and a bot of its own for each test."""

import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from tests.matrix.people import Resident, person
from tests.matrix.program import Bot
from tests.matrix.synapse import Synapse

Arrives = Callable[[str], Awaitable[Resident]]


@pytest.fixture(scope="session")
def shared_homeserver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synapse]:
    with Synapse(tmp_path_factory.mktemp("synapse")) as running:
        yield running


@pytest.fixture
def homeserver(shared_homeserver: Synapse) -> Iterator[Synapse]:
    """The one that all tests share; what it said meanwhile is shown when the test fails."""
    before = shared_homeserver.log.stat().st_size
    yield shared_homeserver
    print(shared_homeserver.troubles(before))  # noqa: T201 - pytest shows it with what failed


@pytest.fixture
async def arrives(homeserver: Synapse, tmp_path: Path) -> AsyncIterator[Arrives]:
    """`await arrives("anna")`: somebody new with a client."""
    async with AsyncExitStack() as stack:
        yield lambda name: stack.enter_async_context(person(homeserver, name, tmp_path / "clients"))


@pytest.fixture(params=["plain", "encrypted"])
def encrypted(request: pytest.FixtureRequest) -> bool:
    """Whether the room of a test is encrypted: it has to go as well in both."""
    return bool(request.param == "encrypted")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_bot(shared_homeserver: Synapse, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bot]:
    async with running(Bot(tmp_path_factory.mktemp("bot"), shared_homeserver)) as program:
        yield program


@pytest.fixture
def bot(shared_bot: Bot) -> Iterator[Bot]:
    """The program, running, with all the people of other tests: nobody may stop it."""
    before = shared_bot.log.stat().st_size
    yield shared_bot
    print(shared_bot.log.read_bytes()[before:].decode())  # noqa: T201 - pytest shows it with what failed


@pytest.fixture
async def own_bot(homeserver: Synapse, tmp_path: Path) -> AsyncIterator[Bot]:
    """The program, running for this test alone."""
    async with running(Bot(tmp_path, homeserver)) as program:
        yield program


@asynccontextmanager
async def running(program: Bot) -> AsyncIterator[Bot]:
    """The program, running for the block; its log is shown when the test fails."""
    try:
        await program.start()
        yield program
    finally:
        if program.process:
            await program.stop(signal.SIGKILL)
        print(program.log.read_text() if program.log.exists() else "It has no log.")  # noqa: T201 - pytest shows it with what failed
