"""Many processes on one PostgreSQL: each may die, fall silent or lose the database, and nobody is missed."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.error import HTTPError

import pytest
from aiohttp import ClientSession, web
from sqlalchemy import func, select

from bot.storage import tables
from bot.storage.database import Database
from bot.wiring import utc_now
from scheduler import ledger
from scheduler.model import Balance, DeliveryState, Kind, RunState
from scheduler.tables import deliveries, workers
from tests.acceptance.conftest import PATIENCE_S, eventually
from tests.acceptance.fleet import Fleet, Member, fleet
from tests.acceptance.test_first_light import answer_to_the_end
from tests.chaos.city import City, announce, arrived, settle
from tests.chaos.messengers import OnTelegram
from tests.postgres import OwnServer, Server, postgres_server
from tests.telegram_api import TelegramApi

EVERYTHING = "web,deliver,matrix,plan"
RATE = {"BEZPIECZNY_TELEGRAM__RATE": "300"}
PEOPLE = 1500
CITY = City(PEOPLE)
TAKEN_OVER_S = 10.0


@pytest.fixture
def url(postgres: Server) -> Iterator[str]:
    made = postgres.new_database()
    yield made
    postgres.drop(made)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    database = Database(url)
    try:
        yield database
    finally:
        await database.close()


async def prepare(database: Database, api: TelegramApi) -> None:
    """People in a city, and an alert for those who agreed to alerts, due at once."""
    now = utc_now()
    async with database.begin() as conn:
        await settle(conn, OnTelegram(api), CITY, now)
        await announce(conn, Kind.ALERT, now)


async def settled(database: Database) -> Balance:
    """The balance of the alert, once it has finished."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            async with database.read() as conn:
                found = [run for run in await ledger.list_runs(conn) if run.kind is Kind.ALERT]
                if found and found[0].state is RunState.FINISHED:
                    return await ledger.balance(conn, found[0].id)
            await asyncio.sleep(0.1)


async def check_promise(database: Database, api: TelegramApi) -> None:
    """Everybody was reached, the ledger balances, and what came twice had been in doubt."""
    await eventually(lambda: arrived(OnTelegram(api), CITY).keys() >= CITY.agreed, "somebody was missed")
    balance = await settled(database)
    assert balance.holds
    assert balance[DeliveryState.SENT] == PEOPLE
    async with database.read() as conn:
        rows = await conn.execute(select(deliveries.c.recipient, deliveries.c.doubts))
        doubts = {recipient: doubts for recipient, doubts in rows}  # noqa: C416 - dict() of rows has no types
    came = arrived(OnTelegram(api), CITY)
    assert came.keys() == CITY.agreed
    assert not [one for one, times in came.items() if times > 1 + doubts[one]], "what was not in doubt came twice"


def leader(machines: Fleet) -> Member:
    (found,) = [member for member in machines.members if member.plans]
    return found


async def test_a_broadcast_outlives_the_death_of_the_process_that_leads(
    url: str, api: TelegramApi, tmp_path: Path
) -> None:
    async with opened(url) as database, fleet(tmp_path, api, url, **RATE) as machines:
        await machines.start(EVERYTHING, EVERYTHING, EVERYTHING)
        await eventually(lambda: any(member.plans for member in machines.members), "nobody plans")
        first = leader(machines)
        await prepare(database, api)
        await eventually(lambda: len(api.messages()) > PEOPLE / 3, "the broadcast did not begin")
        assert await first.sent()
        await first.stop(signal.SIGKILL)
        assert len(arrived(OnTelegram(api), CITY)) < PEOPLE, "it was over before one could be killed"
        await eventually(lambda: any(one.plans for one in machines.alive), "nobody took over", TAKEN_OVER_S)
        await check_promise(database, api)
        assert all([await member.sent() for member in machines.alive]), "each had its share"
        assert [await member.stop() for member in machines.alive] == [0, 0]
        async with database.read() as conn:
            assert (await conn.execute(select(workers))).all() == [], "the dead are buried, and the others took leave"


async def test_a_process_that_is_frozen_and_wakes_does_no_harm(url: str, api: TelegramApi, tmp_path: Path) -> None:
    async with opened(url) as database, fleet(tmp_path, api, url, **RATE) as machines:
        await machines.start(EVERYTHING, EVERYTHING)
        await eventually(lambda: any(member.plans for member in machines.members), "nobody plans")
        frozen = leader(machines)
        await prepare(database, api)
        await eventually(lambda: len(api.messages()) > PEOPLE / 5, "the broadcast did not begin")
        frozen.signal(signal.SIGSTOP)
        (other,) = [member for member in machines.members if member is not frozen]
        await eventually(lambda: other.plans, "nobody took over", TAKEN_OVER_S)
        await eventually(
            lambda: len(arrived(OnTelegram(api), CITY)) == PEOPLE, "what the frozen one held was not given to the other"
        )
        frozen.signal(signal.SIGCONT)
        await check_promise(database, api)
        assert [await member.stop() for member in machines.alive] == [0, 0]


async def test_all_go_on_by_themselves_after_the_database_was_restarted(api: TelegramApi, tmp_path: Path) -> None:
    with postgres_server() as server:
        if not isinstance(server, OwnServer):
            pytest.skip("a server that is not the test's own cannot be restarted")
        url = server.new_database()
        async with opened(url) as database, fleet(tmp_path, api, url, **RATE) as machines:
            await machines.start(EVERYTHING, "deliver")
            await prepare(database, api)
            await eventually(lambda: len(api.messages()) > PEOPLE / 5, "the broadcast did not begin")
            await asyncio.to_thread(server.restart)
            assert len(arrived(OnTelegram(api), CITY)) < PEOPLE, "it was over before the database could be restarted"
            await check_promise(database, api)
            assert len(machines.alive) == 2
            for member in machines.alive:
                assert '"ready":true' in await asyncio.to_thread(member.get, "/readyz")
            ola = api.user(1)
            await ola.says("/menu")
            assert len(ola.messages) > 1, "a resident is answered again"


class Door:
    """Stands before several processes, as a proxy does: posts each update to the next of them, or to all at once."""

    def __init__(self) -> None:
        self.behind: list[Member] = []
        self.to_all = False
        self.posted = 0

    async def post(self, request: web.Request) -> web.Response:
        body, headers = (
            await request.read(),
            {"X-Telegram-Bot-Api-Secret-Token": request.headers["X-Telegram-Bot-Api-Secret-Token"]},
        )
        self.posted += 1
        chosen = self.behind if self.to_all else [self.behind[self.posted % len(self.behind)]]
        statuses = await asyncio.gather(*(self._pass_on(one, body, headers) for one in chosen))
        return web.Response(status=max(statuses))

    async def _pass_on(self, member: Member, body: bytes, headers: dict[str, str]) -> int:
        async with (
            ClientSession() as session,
            session.post(f"{member.url}/telegram/webhook", data=body, headers=headers) as answer,
        ):
            return answer.status


@asynccontextmanager
async def open_door() -> AsyncIterator[tuple[Door, str]]:
    door, app = Door(), web.Application()
    app.router.add_post("/telegram/webhook", door.post)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield door, f"http://127.0.0.1:{site.port}/telegram/webhook"
    finally:
        await runner.cleanup()


async def test_a_conversation_goes_through_two_processes_by_turns_and_an_update_to_both_counts_once(
    url: str, api: TelegramApi, tmp_path: Path
) -> None:
    async with open_door() as (door, address), opened(url) as database:
        settings = {"BEZPIECZNY_TELEGRAM__WEBHOOK_URL": address}
        async with fleet(tmp_path, api, url, **settings) as machines:
            door.behind = await machines.start("web", "web")
            await eventually(lambda: api.asked["setWebhook"] >= 2, "the webhook was not set")
            for both in (False, True):
                door.to_all = both
                ola = api.user(101 + both)
                await ola.says("/start")
                await ola.presses("Zacznij od pytania")
                await answer_to_the_end(ola)
                assert " z 5." in ola.screen.text
            assert door.posted > 20
            assert set(api.updates.webhook_statuses) == {200}
        async with database.read() as conn:
            counted = select(tables.answers.c.attempt_id, func.count()).group_by(tables.answers.c.attempt_id)
            assert [count for _, count in await conn.execute(counted)] == [5, 5]


async def test_one_of_them_polls_and_when_it_dies_another_does(url: str, api: TelegramApi, tmp_path: Path) -> None:
    async with fleet(tmp_path, api, url) as machines:
        await machines.start("web", "web", "plan")
        await eventually(lambda: any(member.polls for member in machines.members), "nobody polls")
        ola = api.user(101)
        await ola.says("/start")
        (polling,) = [member for member in machines.members if member.polls]
        assert polling is not machines.members[2], "to plan is not to talk"
        await polling.stop(signal.SIGKILL)
        await ola.says("/menu", wait=False)
        (other,) = [member for member in machines.members[:2] if member is not polling]
        await eventually(lambda: other.polls, "nobody took over", TAKEN_OVER_S)
        await eventually(lambda: not api.updates.pending, "the update was lost")
        assert api.tried("getUpdates").count(409) == 0, "two asked at the same time"
        assert '"ready":true' in await asyncio.to_thread(machines.members[2].get, "/readyz")
        with pytest.raises(HTTPError, match="404"):
            await asyncio.to_thread(machines.members[2].get, "/")
