"""The bot as an application service of a real homeserver, which pushes events to it and knows no limit for it."""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.channels.matrix import appservice, registration
from bot.channels.matrix.account import Account
from bot.channels.matrix.homeserver import SignedOut
from bot.channels.matrix.registration import Registration
from bot.channels.matrix.wire import Wire
from bot.storage import tables
from bot.storage.database import Connection
from bot.wiring import utc_now
from tests.acceptance.conftest import free_port
from tests.acceptance.files import alert
from tests.matrix.conftest import Arrives, running
from tests.matrix.people import Heard, Resident
from tests.matrix.program import Bot
from tests.matrix.steps import agrees, begins, is_heard, meets, onward
from tests.matrix.synapse import Synapse

USER = "@bot:bot.test"
KILLS = 4
LOW = {"per_second": 1, "burst_count": 20}
TOO_MANY = 80


@pytest.fixture
def port() -> int:
    """Where the bot listens."""
    return free_port()


@pytest.fixture
def registered(tmp_path: Path, port: int) -> Path:
    """The registration file."""
    file = tmp_path / "registration.yaml"
    file.write_text(registration.written(f"http://127.0.0.1:{port}", USER, as_token="a" * 43, hs_token="h" * 43))
    return file


@pytest.fixture
def homeserver(tmp_path: Path, registered: Path) -> Iterator[Synapse]:
    """One that knows the bot's registration."""
    with Synapse(tmp_path / "synapse", appservices=(registered,)) as own:
        yield own
        print(own.said())  # noqa: T201 - pytest shows it with what failed


@pytest.fixture
async def bot(homeserver: Synapse, tmp_path: Path, registered: Path, port: int) -> AsyncIterator[Bot]:
    async with running(_bot(homeserver, tmp_path, registered, port)) as program:
        yield program


def _bot(homeserver: Synapse, folder: Path, registered: Path, port: int) -> Bot:
    program = Bot(
        folder,
        homeserver,
        BEZPIECZNY_MATRIX__USER="",
        BEZPIECZNY_MATRIX__PASSWORD="",
        BEZPIECZNY_MATRIX__REGISTRATION=str(registered),
        BEZPIECZNY_PORT=str(port),
    )
    program.user = USER
    return program


def _answers(anna: Resident) -> list[str]:
    """What she got, but for changes of what stands there."""
    return [heard.body for heard in anna.said() if not heard.edits]


async def _handled(conn: Connection) -> set[str]:
    return set((await conn.execute(select(tables.matrix_events.c.event))).scalars())


async def _goes(anna: Resident) -> Heard:
    """The bot leaves her room."""
    return await anna.sees(
        lambda heard: heard.state_key == USER and heard.content.get("membership") == "leave", "the bot leaving"
    )


async def test_a_conversation_and_a_campaign(arrives: Arrives, bot: Bot) -> None:
    await bot.team()
    anna = await meets(arrives, bot, encrypted=False)
    screen = await begins(anna)
    await anna.says(screen.choices[onward(screen)])
    await anna.is_asked("Źródło")
    await agrees(anna)
    await bot.campaign(alert("quiz: czad"))
    heard = await anna.hears("wichura")
    assert heard.encrypted is False
    assert max(Counter(_answers(anna)).values()) == 1
    assert bot.logged(level="error") == []
    assert bot.logged("matrix.no_device") == []


async def test_an_encrypted_room_is_declined_with_a_reason(arrives: Arrives, bot: Bot) -> None:
    anna = await arrives("anna")
    await anna.invites(bot.user, encrypted=True)
    assert "bez szyfrowania" in (await _goes(anna)).content["reason"]
    assert not any(heard.content.get("membership") == "join" and heard.state_key == USER for heard in anna.events())


async def test_a_room_that_becomes_encrypted_is_left_and_nothing_more_is_said(arrives: Arrives, bot: Bot) -> None:
    anna = await meets(arrives, bot, encrypted=False)
    before = len(anna.said())
    await anna.encrypts()
    assert "bez szyfrowania" in (await _goes(anna)).content["reason"]
    assert len(anna.said()) == before
    known = await bot.comes_to_know(
        anna.user, lambda resident: resident is not None and resident.blocked_at is not None
    )
    assert known
    await anna.meets(bot.user, encrypted=False)
    await anna.hears("Co robimy?")


async def test_forty_messages_missed_are_answered_in_order(arrives: Arrives, bot: Bot) -> None:
    anna = await meets(arrives, bot, encrypted=False)
    await is_heard(anna)
    before = len(anna.said())
    assert await bot.stop() == 0
    asked = [await anna.says(("!numery", "!ustawienia", "!menu")[number % 3]) for number in range(39)]
    asked.append(await anna.says("!prywatnosc"))
    await bot.start()
    await anna.hears("Prywatność w sześciu zdaniach")
    await is_heard(anna)
    answers = [heard.body for heard in anna.said()[before:-1]]
    assert len(answers) == len(asked), "each is answered once"
    assert ["112" in body for body in answers[:-1:3]] == [True] * 13
    assert ["Ustawienia" in body for body in answers[1:-1:3]] == [True] * 13
    assert ["Co robimy?" in body for body in answers[2:-1:3]] == [True] * 13
    assert set(asked) <= await bot.ask(_handled)


async def test_killed_at_any_moment_it_says_each_thing_once(arrives: Arrives, bot: Bot) -> None:
    anna = await meets(arrives, bot, encrypted=False)
    screen = await begins(anna)
    for kill in range(KILLS):
        await anna.says(screen.choices[onward(screen)])
        await asyncio.sleep(kill * 0.03)
        await bot.restart(signal.SIGKILL)
        screen = await anna.is_asked()
    await is_heard(anna)
    assert max(Counter(_answers(anna)).values()) == 1


async def test_killed_with_many_messages_in_hand_it_answers_each_once(arrives: Arrives, bot: Bot) -> None:
    people = [await meets(arrives, bot, name, encrypted=False) for name in ("anna", "bob", "celina")]
    await bot.stop()
    asked = [await anna.says("!numery") for _ in range(10) for anna in people]
    await bot.start()
    for pause_s in (0.0, 0.1):
        await asyncio.sleep(pause_s)
        await bot.restart(signal.SIGKILL)
    for anna in people:
        await is_heard(anna)
        assert len(_answers(anna)) == 1 + 10 + 1, anna.transcript()
    assert set(asked) <= await bot.ask(_handled)


async def test_a_homeserver_that_counts_from_one_again_is_heard(
    arrives: Arrives, bot: Bot, homeserver: Synapse
) -> None:
    anna = await meets(arrives, bot, encrypted=False)
    await is_heard(anna)
    homeserver.restart()  # its next transaction has the number of its first
    await anna.says("!prywatnosc")
    await anna.hears("Prywatność w sześciu zdaniach")
    assert len(anna.said()) == 3


# --- by itself, without the program


@pytest.fixture
async def service(homeserver: Synapse, registered: Path) -> AsyncIterator[Account]:
    account = _account(homeserver.url, registration.read(registered))
    yield account
    await account.close()


def _account(url: str, registered: Registration) -> Account:
    wire = Wire(url, utc_now)
    return Account(wire, lambda: appservice.sign_in(wire, registered, _nothing))


async def _nothing() -> None:
    """There is nothing that a new device would not know."""


def _room(homeserver: Synapse) -> str:
    """A room into which somebody has asked the bot."""
    token = homeserver.sign_in(homeserver.newcomer("anna"))
    made = {"preset": "private_chat", "is_direct": True, "invite": [USER]}
    return str(homeserver.ask("POST", "/_matrix/client/v3/createRoom", made, token=token)["room_id"])


async def test_the_same_key_is_the_same_event_after_a_restart_of_the_homeserver(
    service: Account, homeserver: Synapse
) -> None:
    await service.connect()
    room = _room(homeserver)
    await service.join(room)
    content = {"msgtype": "m.notice", "body": "1"}
    sent = await service.send(room, "m.room.message", content, key="one", encrypted=False)
    homeserver.restart()
    await service.connect()  # a second time it finds all there
    assert await service.send(room, "m.room.message", content, key="one", encrypted=False) == sent


async def test_a_homeserver_that_does_not_know_the_service_says_so(homeserver: Synapse) -> None:
    stranger = _account(homeserver.url, Registration("other", "http://127.0.0.1:1", "x" * 43, "y" * 43, "bot"))
    try:
        with pytest.raises(SignedOut, match="as_token"):
            await stranger.connect()
    finally:
        await stranger.close()


async def test_it_sends_past_the_limits_of_the_homeserver(tmp_path: Path, registered: Path) -> None:
    with Synapse(tmp_path / "limited", appservices=(registered,), rc_message=LOW) as limited:
        service = _account(limited.url, registration.read(registered))
        try:
            await service.connect()
            room = _room(limited)
            await service.join(room)
            sending = (
                service.send(room, "m.room.message", _words(number), key=f"{number}", encrypted=False)
                for number in range(TOO_MANY)
            )
            assert len(set(await asyncio.gather(*sending))) == TOO_MANY
        finally:
            await service.close()


def _words(number: int) -> dict[str, str]:
    """Each differs: the same words of the same millisecond are the same event to Synapse."""
    return {"msgtype": "m.notice", "body": f"nr {number}"}
