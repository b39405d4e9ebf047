"""On a real PostgreSQL: only it can say what it does with a session whose client is gone."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg  # type: ignore[import-untyped] # it ships no types
import pytest
from sqlalchemy import URL, make_url

from scheduler.leader import SILENCE_S, SURE_S, AdvisoryLeader, Leader, NullLeader
from tests.postgres import OwnServer, Server, postgres_server

ROOT = Path(__file__).parents[2]
PATIENCE_S = 30.0
OTHER_PROCESS = """
import asyncio, sys
from sqlalchemy import make_url
from scheduler.leader import AdvisoryLeader

async def main():
    leader = AdvisoryLeader(make_url(sys.argv[1]), "plan")
    running = asyncio.create_task(leader.run(asyncio.Event()))
    while not await leader.leads():
        await asyncio.sleep(0.01)
    print("leads", flush=True)
    await running

asyncio.run(main())
"""


@pytest.fixture
def url(postgres: Server) -> Iterator[URL]:
    made = postgres.empty_database()
    yield make_url(made)
    postgres.drop(made)


@asynccontextmanager
async def on(leader: Leader) -> AsyncIterator[Callable[[], None]]:
    """The leader runs; yields what stops it."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(leader.run(stop))
        yield stop.set
        stop.set()


async def until(leader: Leader, leads: bool = True, within_s: float = PATIENCE_S) -> None:
    async with asyncio.timeout(within_s):
        while await leader.leads() is not leads:  # noqa: ASYNC110 - the server decides
            await asyncio.sleep(0.01)


async def execute(url: URL, statement: str) -> None:
    connection = await asyncpg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def test_a_single_process_leads_and_runs_until_it_is_stopped() -> None:
    async with on(NullLeader()):
        assert await NullLeader().leads()


async def test_one_leads_until_it_stops_and_then_another_does(url: URL) -> None:
    first, second = AdvisoryLeader(url, "plan"), AdvisoryLeader(url, "plan")
    async with on(first) as stop_first:
        await until(first)
        async with on(second):
            await asyncio.sleep(2.5)  # long enough for the second to ask again
            assert await first.leads()
            assert not await second.leads()
            stop_first()
            await until(second)
            assert not await first.leads()


async def test_another_key_is_another_lead(url: URL) -> None:
    planning, polling = AdvisoryLeader(url, "plan"), AdvisoryLeader(url, "poll:telegram")
    async with on(planning), on(polling):
        await until(planning)
        await until(polling)


async def test_a_lost_connection_ends_the_lead_and_somebody_has_it_again(
    url: URL, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = AdvisoryLeader(url, "plan"), AdvisoryLeader(url, "plan")
    async with on(first):
        await until(first)
        async with on(second):
            await execute(url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'plan'")
            await until(first, leads=False)
            assert "plan: the lead is lost" in caplog.text
            async with asyncio.timeout(PATIENCE_S):
                while await first.leads() == await second.leads():  # noqa: ASYNC110 - the server decides
                    await asyncio.sleep(0.01)


async def test_nobody_leads_while_the_server_is_away() -> None:
    with postgres_server() as own:
        if not isinstance(own, OwnServer):
            pytest.skip("a server that is not the test's own cannot be stopped")
        leader = AdvisoryLeader(make_url(own.empty_database()), "plan")
        async with on(leader):
            await until(leader)
            await asyncio.to_thread(own.stop)
            await until(leader, leads=False, within_s=SURE_S)
            await asyncio.to_thread(own.start)
            await until(leader)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
async def test_when_the_leader_dies_or_only_falls_silent_another_leads(url: URL, how: signal.Signals) -> None:
    """A stopped process is to the server what a vanished machine is: nothing comes, and nothing is closed."""
    address = url.render_as_string(hide_password=False)
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-c", OTHER_PROCESS, address, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert other.stdout
    try:
        async with asyncio.timeout(PATIENCE_S):
            assert await other.stdout.readline() == b"leads\n"
        mine = AdvisoryLeader(url, "plan")
        async with on(mine):
            await asyncio.sleep(1.5)
            assert not await mine.leads()
            other.send_signal(how)
            await until(mine, within_s=10)
    finally:
        if other.returncode is None:
            other.kill()
        await other.wait()


def test_the_leader_stops_believing_before_the_server_stops_waiting() -> None:
    assert SURE_S < SILENCE_S
