"""The homeserver of the tests keeps to what real ones do; and what it can do beyond that."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import nio
import pytest

from tests.matrix_api import Bucket, Lost, MatrixApi, ServerError, Slow, TooMany, Weather
from tests.matrix_api.contract import HELLO, Client, Contract, clients
from tests.matrix_api.echoes import Echoes


@pytest.fixture
async def api() -> AsyncIterator[MatrixApi]:
    async with MatrixApi() as running:
        yield running
        running.unknown.clear()


@pytest.fixture
async def nobody(api: MatrixApi) -> AsyncIterator[Client]:
    async with clients(api.base_url) as client:
        yield client


@pytest.fixture
async def bot(nobody: Client) -> Client:
    return await nobody.signs_in("bot", "pw-bot", "BOT")


@pytest.fixture
async def anna(api: MatrixApi, nobody: Client) -> Client:
    api.person("anna")
    return await nobody.signs_in("anna", "pw-anna", "ANNA")


class TestContract(Contract):
    """What a real homeserver does, this one does too."""


class TestEchoes(Echoes):
    """What our account hears while it speaks."""


@pytest.fixture
def room(api: MatrixApi) -> str:
    return api.person("anna").meets_bot().id


async def test_what_is_not_there_fails_the_test() -> None:
    with pytest.raises(AssertionError, match="GET /_matrix/client/v3/nonsense"):
        async with MatrixApi() as api, clients(api.base_url) as client:
            await client.is_refused("GET", "nonsense")


async def test_nio_is_at_home(api: MatrixApi, room: str) -> None:
    client = nio.AsyncClient(
        api.base_url, "bot", device_id="BOT", config=nio.AsyncClientConfig(store_sync_tokens=False)
    )
    try:
        assert isinstance(await client.login("pw-bot"), nio.LoginResponse)
        first = await client.sync(timeout=0, full_state=True)
        assert isinstance(first, nio.SyncResponse)
        assert set(client.rooms[room].users) == {"@anna:city.test", "@bot:city.test"}
        sent = [await client.room_send(room, "m.room.message", HELLO, tx_id="t1") for _ in range(2)]
        assert len({answer.event_id for answer in sent if isinstance(answer, nio.RoomSendResponse)}) == 1
        api.person("ola").invites_bot()
        told = await client.sync(timeout=0, since=first.next_batch)
        assert isinstance(told, nio.SyncResponse)
        assert list(told.rooms.invite) == [api.person("ola").room.id]
        assert isinstance(await client.room_messages(room, told.next_batch), nio.RoomMessagesResponse)
    finally:
        await client.close()


# --- people


async def test_people_hear_one_thing_after_another_and_fail_when_nothing_comes(
    api: MatrixApi, bot: Client, room: str
) -> None:
    anna = api.person("anna")
    for body in ("raz", "dwa"):
        await bot.says(room, body={**HELLO, "body": body})
    assert [(await anna.hears()).body for _ in range(2)] == ["raz", "dwa"]
    waiting = asyncio.create_task(anna.hears())
    await asyncio.sleep(0)
    await bot.says(room)
    assert (await waiting).body == "Cześć"
    assert len(anna.messages) == len(api.said(room)) == 3
    with pytest.raises(AssertionError, match="heard nothing more"):
        await anna.hears(within_s=0.05)


async def test_what_people_do_reaches_the_bot(api: MatrixApi, bot: Client, room: str) -> None:
    since, anna = (await bot.syncs())["next_batch"], api.person("anna")
    said = anna.says("cześć")
    anna.taps("1️⃣", said)
    anna.redacts(said)
    anna.leaves()
    told = (await bot.syncs(since))["rooms"]["join"][room]["timeline"]["events"]
    assert [event["type"] for event in told] == ["m.room.message", "m.reaction", "m.room.redaction", "m.room.member"]


async def test_people_vote_by_the_words_of_an_answer(api: MatrixApi, bot: Client, room: str) -> None:
    words = "org.matrix.msc1767.text"
    answers = [{"id": f"a{place}", words: text} for place, text in enumerate(("tak", "nie"))]
    poll = {"org.matrix.msc3381.poll.start": {"question": {words: "Czy?"}, "answers": answers}}
    await bot.gets("PUT", f"rooms/{room}/send/org.matrix.msc3381.poll.start/p1", poll)
    heard = await api.person("anna").hears()
    assert heard.body == "Czy?"
    since = (await bot.syncs())["next_batch"]
    api.person("anna").votes("nie", heard)
    [vote] = (await bot.syncs(since))["rooms"]["join"][room]["timeline"]["events"]
    assert vote["content"]["org.matrix.msc3381.poll.response"] == {"answers": ["a1"]}
    with pytest.raises(AssertionError, match="no answer"):
        api.person("anna").votes("może", heard)


# --- trouble


async def test_planned_trouble_comes_as_often_as_planned(api: MatrixApi, bot: Client, room: str) -> None:
    path = f"/_matrix/client/v3/rooms/{room}/send/m.room.message/t1"
    api.fail(TooMany(3), "send", times=2)
    for _ in range(2):
        refused = {"errcode": "M_LIMIT_EXCEEDED", "error": "Too Many Requests", "retry_after_ms": 3000}
        assert await bot.asks("PUT", path, HELLO) == (429, refused)
    assert (await bot.asks("PUT", path, HELLO))[0] == 200
    assert [api.statuses["send", status] for status in (429, 200)] == [2, 1]
    api.fail(ServerError(502))
    async with bot.session.get(f"{api.base_url}/_matrix/client/versions") as response:
        assert (response.status, response.content_type) == (502, "text/html")


async def test_a_lost_answer_was_processed_and_the_next_try_finds_it(api: MatrixApi, bot: Client, room: str) -> None:
    api.fail(Lost(), "send", times=2)  # aiohttp tries a PUT once more by itself when its connection breaks
    with pytest.raises(aiohttp.ClientError):
        await bot.says(room, "t1")
    [said] = api.said(room)
    assert await bot.says(room, "t1") == said.event
    assert (len(api.said(room)), api.world.repeated) == (1, 2)


async def test_trouble_at_random_meets_every_endpoint(api: MatrixApi, bot: Client, room: str) -> None:
    api.weather = Weather(1, {Slow(0.0): 1.0})
    await bot.says(room)
    await bot.syncs()
    assert api.weather.met == {("send", Slow(0.0)): 1, ("sync", Slow(0.0)): 1}


async def test_limits_say_how_long_to_wait_and_spare_what_was_sent(api: MatrixApi, bot: Client, room: str) -> None:
    api.limit, api.limit_pause_s = Bucket(0.5, burst=2), 0.0
    for txn in ("t1", "t2"):
        await bot.says(room, txn)
    status, answer = await bot.asks("PUT", f"/_matrix/client/v3/rooms/{room}/send/m.room.message/t3", HELLO)
    assert (status, answer["errcode"]) == (429, "M_LIMIT_EXCEEDED")
    assert 0 < answer["retry_after_ms"] <= 2000
    assert await bot.says(room, "t1")
    assert len(api.said(room)) == 2


def test_a_bucket_holds_a_burst_and_leaks() -> None:
    bucket = Bucket(5, burst=3)
    assert [bucket.wait_s("bot", 100.0) for _ in range(3)] == [0, 0, 0]
    assert bucket.wait_s("bot", 100.0) == pytest.approx(0.2)
    assert bucket.wait_s("other", 100.0) == 0
    assert bucket.wait_s("bot", 100.1) == pytest.approx(0.1)
    assert bucket.wait_s("bot", 100.2) == 0
    assert bucket.wait_s("bot", 100.2) == pytest.approx(0.2)
    assert [bucket.wait_s("bot", 200.0) for _ in range(3)] == [0, 0, 0]


async def test_thousands_of_rooms_are_there_at_once(api: MatrixApi, bot: Client) -> None:
    rooms = [api.person(f"p{number}").meets_bot().id for number in range(2_000)]
    told = await bot.syncs(limit=1)
    assert set(told["rooms"]["join"]) == set(rooms)
    since = told["next_batch"]
    api.person("p7").says("jestem")
    assert list((await bot.syncs(since))["rooms"]["join"]) == [rooms[7]]
