"""What a homeserver pushes is taken once, in order, and acknowledged when it is committed; nobody else is let in."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as some
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from bot.channels.matrix import reading, registration
from bot.channels.matrix.appservice import NotReached, Pushed
from bot.channels.matrix.channel import MatrixChannel
from bot.channels.matrix.events import RoomEvent
from bot.channels.matrix.homeserver import SignedOut
from bot.channels.matrix.registration import BadName, BadRegistration, BadUrl, Registration
from bot.channels.patience import Patience
from bot.domain.errors import Rejected
from bot.domain.messages import Event, Reply, Text
from bot.web import appservice as routes
from bot.web import ops
from tests.channels.matrix.homeserver import US, FakeHomeserver
from tests.channels.matrix.world import ANNA, Mains, Person, World, until
from tests.support import open_database
from tests.web.world import FakeDialogue as FakePage
from tests.web.world import make_app

TOKEN = "h" * 43
REGISTERED = Registration("bezpieczny", "https://bot.example.org", "a" * 43, TOKEN, "bot")
QUICK = Patience(first_pause=0.001, longest_pause=0.01, webhook_reply=0.05, last_turns=2.0, last_replies=1.0)
LATER = Patience(first_pause=0.001, longest_pause=0.01, webhook_reply=60.0, last_turns=2.0, last_replies=1.0)
PUT = "/_matrix/app/v1/transactions/"


async def reached() -> None:
    """The homeserver reaches us."""


def alone(service: routes.Service) -> FastAPI:
    return ops.alone({}, CollectorRegistry(), appservice=service)


def whole(service: routes.Service) -> FastAPI:
    return make_app(FakePage(), appservice=service)


class Pusher:
    """A homeserver that pushes to a channel."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.told = 0
        self.number = 0
        self.channel: MatrixChannel | None = None
        self.make: Callable[[routes.Service], FastAPI] = alone

    @property
    def pushed(self) -> Pushed:
        assert self.channel
        assert isinstance(self.channel.source, Pushed)
        return self.channel.source

    def source(self, ping: Callable[[], Awaitable[None]] = reached) -> Callable[..., Pushed]:
        read = partial(reading.pushed, user=US)
        return partial(Pushed, registration=REGISTERED, read=read, ping=ping)

    def news(self) -> list[dict[str, Any]]:
        """What has happened since it was last asked, in all rooms, as Synapse tells it."""
        events = sorted((place, one) for room in self.world.server.rooms.values() for place, one in room.history)
        fresh = [_raw(one) for place, one in events if place > self.told]
        self.told = self.world.server.place
        return fresh

    async def ask(self, method: str, path: str, *, token: str | None = TOKEN, **how: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        transport = httpx.ASGITransport(self.make(self.pushed))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
            return await client.request(method, path, headers=headers, **how)

    async def push(self, events: list[dict[str, Any]] | None = None, name: str = "") -> int:
        """Push what is new, or these events again."""
        self.number += 1
        told = self.news() if events is None else events
        return (await self.ask("PUT", f"{PUT}{name or self.number}", json={"events": told})).status_code


def _raw(event: RoomEvent) -> dict[str, Any]:
    raw = {"event_id": event.id, "room_id": event.room, "sender": event.sender, "type": event.kind}
    unsigned = {"prev_content": {"membership": event.was}} if event.was else {}
    state = {} if event.state_key is None else {"state_key": event.state_key}
    return {**raw, **state, "content": dict(event.content), "unsigned": unsigned}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_database(tmp_path) as database:
        yield World(database, FakeHomeserver(encrypts=False))


@pytest.fixture
async def pusher(world: World) -> AsyncIterator[Pusher]:
    one = Pusher(world)
    async with world.running(source=one.source(), patience=QUICK) as one.channel:
        yield one


async def known(pusher: Pusher) -> Person:
    """Anna, whose room has been read up to now."""
    anna = await pusher.world.known()
    pusher.told = pusher.world.server.place
    return anna


def said(world: World) -> list[str]:
    return [event.input.text for event in world.dialogue.events if isinstance(event.input, Text)]


def hold_turns(world: World) -> tuple[asyncio.Event, list[Event]]:
    """No turn ends before the event returned is set; returns those begun besides."""
    turn, gate, begun = world.dialogue.turn, asyncio.Event(), list[Event]()

    async def held(event: Event) -> Reply:
        begun.append(event)
        await gate.wait()
        return await turn(event)

    world.dialogue.turn = held  # type: ignore[method-assign]
    return gate, begun


# --- what happens in rooms


async def test_an_invitation_is_accepted_and_the_person_greeted(pusher: Pusher) -> None:
    anna = Person(pusher.world)
    anna.invites()
    assert await pusher.push() == 200
    await until(lambda: pusher.world.server.rooms[anna.room].members[US] == "join")
    assert await pusher.push() == 200
    await until(lambda: anna.seen)


async def test_an_encrypted_room_is_declined(pusher: Pusher) -> None:
    anna = Person(pusher.world)
    anna.invites(encrypted=True)
    [invite] = [one for one in pusher.news() if one.get("state_key") == US]
    invite["unsigned"]["invite_room_state"] = [{"type": "m.room.encryption", "state_key": "", "content": {}}]
    assert await pusher.push([invite]) == 200
    await until(lambda: pusher.world.server.rooms[anna.room].members[US] == "leave")
    assert any(what == "leave" and "bez szyfrowania" in reason for what, _, reason in pusher.world.server.tried)


async def test_a_room_that_becomes_encrypted_is_left_in_silence(pusher: Pusher) -> None:
    anna = await known(pusher)
    pusher.world.server.rooms[anna.room].encrypted = True
    anna.sends("m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"}, state_key="", encrypted=False)
    anna.says("hej")
    assert await pusher.push() == 200
    assert pusher.world.server.rooms[anna.room].members[US] == "leave"
    assert anna.seen == []
    assert said(pusher.world) == []
    assert pusher.world.dialogue.happened == [("left", ANNA)]


async def test_forty_messages_are_answered_in_order_each_once(pusher: Pusher) -> None:
    anna = await known(pusher)
    for number in range(40):
        anna.says(f"nr {number}")
    assert await pusher.push() == 200
    assert said(pusher.world) == [f"nr {number}" for number in range(40)]


async def test_our_own_words_are_nothing_to_us(pusher: Pusher) -> None:
    anna = await known(pusher)
    pusher.world.server.happens(anna.room, US, "m.room.message", {"msgtype": "m.notice", "body": "hej"})
    before = len(pusher.world.server.tried)
    assert await pusher.push() == 200
    assert len(pusher.world.server.tried) == before, "nothing is asked, nothing is marked as read"


async def test_who_throws_us_out_is_not_written_to(pusher: Pusher) -> None:
    anna = await known(pusher)
    pusher.world.server.member(anna.room, US, "ban", by=anna.name)
    assert await pusher.push() == 200
    assert pusher.world.dialogue.happened == [("left", ANNA)]


# --- once, whatever happens


async def test_a_transaction_that_comes_again_does_nothing_twice(pusher: Pusher) -> None:
    anna = await known(pusher)
    anna.says("hej")
    told = pusher.news()
    assert await pusher.push(told, name="7") == 200
    sent = len(pusher.world.server.tried)
    assert await pusher.push(told, name="7") == 200
    assert said(pusher.world) == ["hej"]
    assert len(pusher.world.server.tried) == sent


async def test_a_number_that_is_given_again_to_other_events_hides_nothing(pusher: Pusher) -> None:
    anna = await known(pusher)
    anna.says("one")
    assert await pusher.push(name="1") == 200
    anna.says("two")
    assert await pusher.push(name="1") == 200
    assert said(pusher.world) == ["one", "two"]


async def test_it_is_acknowledged_only_when_it_is_committed_and_comes_in_between_in_vain(pusher: Pusher) -> None:
    anna = await known(pusher)
    gate, _ = hold_turns(pusher.world)
    anna.says("hej")
    told = pusher.news()
    twice = [asyncio.create_task(pusher.push(told, name="7")) for _ in range(2)]
    _, waiting = await asyncio.wait(twice, timeout=0.1)
    assert len(waiting) == 2
    gate.set()
    assert await asyncio.gather(*twice) == [200, 200]
    assert said(pusher.world) == ["hej"]


async def test_an_answer_that_takes_long_does_not_hold_it_up(pusher: Pusher) -> None:
    anna = await known(pusher)
    gate = pusher.world.server.hold("send")
    anna.says("hej")
    assert await pusher.push() == 200
    assert anna.seen == []
    gate.set()
    await until(lambda: anna.seen)


async def test_an_answer_that_is_quick_is_shown_before_it_is_acknowledged(world: World) -> None:
    pusher = Pusher(world)
    async with world.running(source=pusher.source(), patience=LATER) as pusher.channel:
        anna = await known(pusher)
        gate = world.server.hold("send")
        anna.says("hej")
        pushing = asyncio.create_task(pusher.push())
        await until(lambda: any(what == "send" for what, _, _ in world.server.tried))
        _, waiting = await asyncio.wait({pushing}, timeout=0.1)
        assert waiting
        gate.set()
        assert await pushing == 200
        assert len(anna.seen) == 1


async def test_what_fails_comes_again(world: World) -> None:
    pusher, mains = Pusher(world), Mains(world.database)
    async with world.running(source=pusher.source(), patience=QUICK, database=mains) as pusher.channel:
        anna = await known(pusher)
        anna.says("hej")
        told = pusher.news()
        mains.on = False
        assert await pusher.push(told, name="7") == 500
        mains.on = True
        assert await pusher.push(told, name="7") == 200
        assert said(world) == ["hej"]


async def test_at_the_stop_what_is_in_hand_is_finished_and_no_more_taken(world: World) -> None:
    pusher, stop = Pusher(world), asyncio.Event()
    pusher.channel = world.channel(source=pusher.source(), patience=QUICK)
    running = asyncio.create_task(pusher.channel.run(stop))
    await until(pusher.pushed.ready.is_set)
    anna = await known(pusher)
    gate, begun = hold_turns(world)
    anna.says("one")
    first = asyncio.create_task(pusher.push())
    await until(lambda: begun)
    stop.set()
    await until(lambda: not pusher.pushed.open)
    anna.says("two")
    assert await pusher.push() == 503
    gate.set()
    assert await first == 503, "it comes again: some of it may not be taken"
    await running
    assert said(world) == ["one"]
    assert len(anna.seen) == 1


async def test_before_it_is_signed_in_it_takes_nothing(world: World) -> None:
    pusher = Pusher(world)
    pusher.channel = world.channel(source=pusher.source())
    assert await pusher.push([]) == 503
    assert (await pusher.ask("POST", "/_matrix/app/v1/ping", json={})).status_code == 503


# --- whether we are reached


async def test_who_is_not_reached_says_so_once_and_asks_again(world: World) -> None:
    left = [NotReached(), NotReached()]

    async def ping() -> None:
        if left:
            raise left.pop()

    with capture_logs() as logs:
        async with world.running(source=Pusher(world).source(ping), patience=QUICK):
            await until(lambda: any(line["event"] == "matrix.available" for line in logs))
    told = [line for line in logs if line["event"] == "matrix.unavailable"]
    assert len(told) == 1
    assert "url" in told[0]["reason"]


async def test_a_service_that_is_known_no_more_ends_with_a_line(world: World) -> None:
    async def ping() -> None:
        raise SignedOut

    pusher = Pusher(world)
    with capture_logs() as logs:
        async with world.running(source=pusher.source(ping), patience=QUICK) as pusher.channel:
            await until(lambda: any(line["event"] == "matrix.off" for line in logs))
            assert await pusher.push([]) == 503


# --- who is let in


@pytest.fixture(params=[alone, whole])
def each_app(request: pytest.FixtureRequest, pusher: Pusher) -> Pusher:
    """In a process that serves nobody else, and beside all the pages."""
    pusher.make = request.param
    return pusher


@pytest.mark.parametrize(
    ("token", "status", "code"),
    [
        (None, 401, "M_UNAUTHORIZED"),
        ("", 403, "M_FORBIDDEN"),
        ("a" * 43, 403, "M_FORBIDDEN"),
        (TOKEN[:-1], 403, "M_FORBIDDEN"),
        (TOKEN + "h", 403, "M_FORBIDDEN"),
    ],
)
async def test_a_forger_is_refused(each_app: Pusher, token: str | None, status: int, code: str) -> None:
    anna = await known(each_app)
    anna.says("hej")
    asked = {"events": each_app.news()}
    for method, path in (("PUT", f"{PUT}1"), ("POST", "/_matrix/app/v1/ping"), ("GET", f"/_matrix/app/v1/users/{US}")):
        answer = await each_app.ask(method, path, token=token, json=asked)
        assert (answer.status_code, answer.json()["errcode"]) == (status, code)
    assert said(each_app.world) == []


async def test_a_forger_is_refused_before_what_they_send_is_read(each_app: Pusher) -> None:
    read = list[int]()

    async def body() -> AsyncIterator[bytes]:
        read.append(1)
        yield b"{}"

    assert (await each_app.ask("PUT", f"{PUT}1", token="x", content=body())).status_code == 403
    assert read == []


async def test_the_token_may_stand_in_the_address(each_app: Pusher) -> None:
    for token, status in ((TOKEN, 200), ("x", 403)):
        answer = await each_app.ask("PUT", f"{PUT}1?access_token={token}", token=None, json={"events": []})
        assert answer.status_code == status


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"1", b"{}", b'{"events": 1}', b'{"events": {}}', b"[" * 100_000, b"\xff\xfe"]
)
async def test_what_is_no_transaction_is_refused(each_app: Pusher, body: bytes) -> None:
    answer = await each_app.ask("PUT", f"{PUT}1", content=body)
    assert (answer.status_code, answer.json()["errcode"]) == (400, "M_BAD_JSON")


async def test_what_is_too_large_is_refused(each_app: Pusher) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(routes.BODY_LIMIT // 2**20 + 1):
            yield b" " * 2**20

    answer = await each_app.ask("PUT", f"{PUT}1", content=pieces())
    assert (answer.status_code, answer.json()["errcode"]) == (413, "M_TOO_LARGE")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"{PUT}1", 405),
        ("POST", f"{PUT}1", 405),
        ("DELETE", "/_matrix/app/v1/ping", 405),
        ("PUT", "/_matrix/app/v1/nothing", 404),
        ("PUT", "/_matrix/app/v2/transactions/1", 404),
        ("GET", "/_matrix/app/", 404),
    ],
)
async def test_what_is_not_there_is_told_as_matrix_wants_it(
    each_app: Pusher, method: str, path: str, status: int
) -> None:
    answer = await each_app.ask(method, path)
    assert (answer.status_code, answer.json()["errcode"]) == (status, "M_UNRECOGNIZED")


async def test_only_the_bot_is_there(each_app: Pusher) -> None:
    asked = {US: 200, "@bot2:example.org": 404, "@anna:example.org": 404, "bot": 404}
    found = {user: (await each_app.ask("GET", f"/_matrix/app/v1/users/{user}")).status_code for user in asked}
    assert found == asked
    assert (await each_app.ask("GET", "/_matrix/app/v1/rooms/%23a:example.org")).json()["errcode"] == "M_NOT_FOUND"
    assert (await each_app.ask("POST", "/_matrix/app/v1/ping", json={"transaction_id": "1"})).json() == {}


ANYTHING = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(max_size=5),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = some.fixed_dictionaries(
    {"room_id": some.just("!a") | ANYTHING, "type": some.just("m.room.member") | ANYTHING},
    optional={
        "sender": some.just(US) | ANYTHING,
        "state_key": some.just(US) | ANYTHING,
        "content": some.just({"membership": "invite"}) | ANYTHING,
        "event_id": ANYTHING,
        "unsigned": some.just({"invite_room_state": [{"type": "m.room.encryption"}, 1]}) | ANYTHING,
    },
)


@given(some.lists(FIELDS | ANYTHING, max_size=6))
def test_whatever_stands_in_a_transaction_it_can_be_read(events: list[Any]) -> None:
    batch = reading.pushed({"events": events}, US)
    rooms = [*(one.room for one in batch.joined), *(one.room for one in batch.invites), *batch.left]
    assert len(rooms) == len(set(rooms)), "each room once"


@given(ANYTHING.filter(lambda given: not isinstance(given, list)))
def test_what_has_no_events_is_no_transaction(events: Any) -> None:
    with pytest.raises(Rejected):
        reading.pushed({"events": events}, US)


# --- the registration


WORD = some.from_regex(r"[a-z0-9._-]{1,20}", fullmatch=True)
SECRET = some.from_regex(r"[A-Za-z0-9_-]{1,60}", fullmatch=True)


@given(WORD, some.none() | some.from_regex(r"[a-z0-9.-]{1,20}(:\d{1,5})?", fullmatch=True), SECRET, SECRET)
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, local: str, server: str | None, as_token: str, hs_token: str
) -> None:
    file = tmp_path_factory.mktemp("registration") / "file.yaml"
    user = f"@{local}:{server}" if server else local
    text = registration.written("https://bot.example.org/", user, as_token=as_token, hs_token=hs_token)
    file.write_text(text, encoding="utf-8")
    read = registration.read(file)
    assert read == Registration(registration.ID, "https://bot.example.org", as_token, hs_token, local)
    names = [json.loads(line.partition(": ")[2]) for line in text.splitlines() if line.startswith("namespaces")]
    patterns = [one["regex"] for one in names[0]["users"]]
    assert [bool(re.match(pattern, user)) for pattern in patterns] == [True] * bool(server)
    assert [one["exclusive"] for one in names[0]["users"]] == [True] * bool(server)
    assert "\nrate_limited: false\n" in text
    assert not any(re.match(pattern, f"{user}x") or re.match(pattern, f"x{user}") for pattern in patterns)


def test_its_secrets_are_not_shown_by_chance() -> None:
    assert not re.search("a{9}|h{9}", repr(REGISTERED))


@pytest.mark.parametrize("user", ["", "Bot", "@bot:", "bot bot", "@bot:a b", "bot/1", "@@bot", "bot\n"])
def test_a_name_that_cannot_be_is_refused(user: str) -> None:
    with pytest.raises(BadName):
        registration.written("https://bot.example.org", user, as_token="a", hs_token="h")


@pytest.mark.parametrize("url", ["", "bot.example.org", "ftp://bot", "https://", "https:// bot"])
def test_an_address_that_cannot_be_is_refused(url: str) -> None:
    with pytest.raises(BadUrl):
        registration.written(url, "bot", as_token="a", hs_token="h")


GOOD = registration.written("https://bot.example.org", "bot", as_token="secret-1", hs_token="secret-2")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "fields"),
        ("- a\n- b\n", "fields"),
        ("id: [\n", ":"),
        ("\x00", "character"),
        (GOOD.replace("hs_token", "hs_tokem"), "hs_token"),
        (GOOD.replace('"secret-1"', "17"), "as_token"),
        (GOOD.replace('"secret-1"', '" "'), "as_token"),
    ],
)
def test_a_broken_file_is_one_clear_line(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "file.yaml"
    file.write_text(text)
    with pytest.raises(BadRegistration) as raised:
        registration.read(file)
    line = str(raised.value)
    assert str(file) in line
    assert told in line
    assert "\n" not in line
    assert "secret" not in line


def test_a_file_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(BadRegistration, match="No such file"):
        registration.read(tmp_path / "none.yaml")
