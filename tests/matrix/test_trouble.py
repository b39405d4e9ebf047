"""Bad input and bad luck: the bot says something kind or nothing at all, and goes on."""

import asyncio
import shutil
from pathlib import Path
from urllib.request import urlopen

from bot.dialogue.actions import encode
from bot.domain.actions import Answer
from tests.acceptance.conftest import eventually
from tests.matrix.conftest import Arrives, running
from tests.matrix.people import POLL, Content, person
from tests.matrix.program import Bot
from tests.matrix.steps import agrees, begins, is_heard, meets
from tests.matrix.synapse import Synapse
from tests.support import campaign, texts

ALERT = campaign(kind="alert", text=texts("A test of the alarm"))
UNREADABLE = "Nie udało mi się odczytać"


async def test_who_leaves_is_not_written_to_until_they_ask_again(
    arrives: Arrives, own_bot: Bot, encrypted: bool
) -> None:
    anna = await meets(arrives, own_bot, encrypted=encrypted)
    await agrees(anna)
    bob = await meets(arrives, own_bot, "bob", encrypted=encrypted)
    await agrees(bob)
    old = anna.room
    await anna.leaves()
    await own_bot.comes_to_know(anna.user, lambda resident: resident is not None and resident.blocked_at is not None)
    await own_bot.announce(ALERT)
    await bob.hears("A test of the alarm")
    await anna.meets(own_bot.user, encrypted=encrypted)
    await anna.is_asked()
    known = await own_bot.comes_to_know(
        anna.user, lambda resident: resident is not None and resident.blocked_at is None
    )
    assert known
    assert known.alerts is True, "what they wished for is kept"
    assert not any("A test of the alarm" in heard.body for heard in (*anna.said(), *anna.said(old)))


MALFORMED: list[tuple[str, Content]] = [
    ("m.room.message", {}),
    ("m.room.message", {"msgtype": "m.text"}),
    ("m.room.message", {"msgtype": "m.text", "body": 7}),
    ("m.room.message", {"msgtype": ["m.text"], "body": {"a": 1}}),
    ("m.room.message", {"msgtype": "m.text", "body": "1", "m.relates_to": "nothing"}),
    ("m.room.message", {"msgtype": "m.text", "body": "1", "m.relates_to": {"m.in_reply_to": {"event_id": "$none"}}}),
    ("m.room.message", {"msgtype": "m.text", "body": "x" * 60_000}),
    (
        "m.room.message",
        {"msgtype": "m.text", "body": "* 1", "m.relates_to": {"rel_type": "m.replace", "event_id": "$a"}},
    ),
    ("m.room.message", {"msgtype": "m.text", "body": "!" * 300}),
    ("m.room.message", {"msgtype": "m.text", "body": "\u0000\u202e\ufeff"}),
    ("m.room.message", {"msgtype": "m.image", "body": "1", "url": "mxc://bot.test/none"}),
    ("m.room.message", {"msgtype": "org.example.odd", "body": "1"}),
    ("m.reaction", {}),
    ("m.reaction", {"m.relates_to": {"rel_type": "m.annotation", "event_id": "$none", "key": "1️⃣"}}),
    ("m.reaction", {"m.relates_to": {"rel_type": "m.annotation", "event_id": 1, "key": 1}}),
    (f"{POLL}.response", {f"{POLL}.response": {"answers": "x"}}),
    (f"{POLL}.response", {f"{POLL}.response": {"answers": [1]}, "m.relates_to": {"event_id": None}}),
    (f"{POLL}.start", {f"{POLL}.start": []}),
    ("m.room.encrypted", {}),
    ("m.room.encrypted", {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "x", "session_id": 1, "sender_key": []}),
    ("m.room.redaction", {}),
    ("org.example.odd", {"anything": [1, {"a": None}]}),
    ("m.sticker", {"body": "1"}),
    ("m.call.invite", {"call_id": "1"}),
]


async def test_whatever_is_sent_the_bot_goes_on(arrives: Arrives, own_bot: Bot, encrypted: bool) -> None:
    anna = await meets(arrives, own_bot, encrypted=encrypted)
    for kind, content in MALFORMED:
        await anna.raw(kind, content)
    await is_heard(anna)
    assert own_bot.logged(level="error") == []
    assert own_bot.logged("matrix.taken_again") == []


async def test_what_is_said_in_plain_in_an_encrypted_room_is_not_believed(arrives: Arrives, bot: Bot) -> None:
    anna = await meets(arrives, bot, encrypted=True)
    before = len(anna.said())
    await anna.raw("m.room.message", {"msgtype": "m.text", "body": "!usun"})
    await is_heard(anna)
    assert len(anna.said()) == before + 1


async def test_what_others_stand_before_is_nobody_elses_to_choose(arrives: Arrives, bot: Bot, encrypted: bool) -> None:
    anna = await meets(arrives, bot, encrypted=encrypted)
    bob = await meets(arrives, bot, "bob", encrypted=encrypted)
    question = await begins(anna)
    code = encode(Answer(1, 0, "0"))
    await bob.raw("m.reaction", {"m.relates_to": {"rel_type": "m.annotation", "event_id": question.event, "key": "1️⃣"}})
    vote = {"m.relates_to": {"rel_type": "m.reference", "event_id": question.event}}
    await bob.raw(f"{POLL}.response", {**vote, f"{POLL}.response": {"answers": [code]}})
    await bob.says("1", more={"m.relates_to": {"m.in_reply_to": {"event_id": question.event}}})
    await is_heard(bob)
    await is_heard(anna)
    assert not any("Źródło" in heard.body for heard in (*anna.said(), *bob.said()))


async def test_a_message_of_the_bots_that_is_taken_back_can_still_be_answered(
    arrives: Arrives, bot: Bot, encrypted: bool
) -> None:
    anna = await meets(arrives, bot, encrypted=encrypted)
    question = await begins(anna)
    await anna.redacts(question.event)
    await anna.says("1")
    await anna.is_asked("Źródło")
    await anna.says("!powiadomienia")
    consents = await anna.is_asked("Co mogę Ci przysyłać?")
    await anna.redacts(consents.event)
    await anna.says(consents.choices["☐ Ostrzeżenia"])
    await anna.hears("☑ Ostrzeżenia")
    await is_heard(anna)
    assert bot.logged(level="error") == []


async def test_another_bot_that_speaks_in_notices_is_not_answered(arrives: Arrives, bot: Bot, encrypted: bool) -> None:
    anna = await meets(arrives, bot, encrypted=encrypted)
    before = len(anna.said())
    for _ in range(5):
        await anna.sends("m.room.message", {"msgtype": "m.notice", "body": "!menu"})
    await is_heard(anna)
    assert len(anna.said()) == before + 1


async def test_another_bot_that_answers_everything_does_not_keep_others_waiting(
    arrives: Arrives, bot: Bot, encrypted: bool
) -> None:
    loop = await meets(arrives, bot, "loop", encrypted=encrypted)
    anna = await meets(arrives, bot, encrypted=encrypted)

    async def answers_everything() -> None:
        while True:
            await loop.says("!menu")
            await loop.hears()

    answering = asyncio.create_task(answers_everything())
    for _ in range(3):
        await is_heard(anna)
    answering.cancel()
    await asyncio.gather(answering, return_exceptions=True)
    await is_heard(anna)


async def test_from_when_a_room_is_encrypted_nothing_is_said_in_plain(arrives: Arrives, own_bot: Bot) -> None:
    anna = await meets(arrives, own_bot, encrypted=False)
    await anna.says("!menu")
    assert (await anna.hears("Co robimy?")).encrypted is False
    await anna.encrypts()
    await anna.says("!numery")
    assert (await anna.hears("112")).encrypted is True
    await own_bot.restart()
    await anna.says("!menu")
    assert (await anna.hears("Co robimy?")).encrypted is True


async def test_what_cannot_be_read_is_said_once_and_then_it_goes_on(arrives: Arrives, own_bot: Bot) -> None:
    anna = await meets(arrives, own_bot, encrypted=True)
    anna.loses_keys()
    await anna.says("!menu")
    await anna.says("!menu")
    sorry = await anna.hears(UNREADABLE)
    assert sorry.encrypted
    await own_bot.restart()
    anna.finds_keys()
    await is_heard(anna)
    assert len([heard for heard in anna.said() if UNREADABLE in heard.body]) == 1


async def test_a_wiped_store_is_a_new_device_that_the_log_tells_of(arrives: Arrives, own_bot: Bot) -> None:
    anna = await meets(arrives, own_bot, encrypted=True)
    before = anna.devices_of(own_bot.user)
    await own_bot.stop()
    shutil.rmtree(own_bot.folder / "data" / "matrix")
    await own_bot.start()
    await own_bot.logs("matrix.new_device")
    await eventually(lambda: anna.devices_of(own_bot.user) > before, "her client learns of the new device")
    anna.finds_keys()
    await is_heard(anna)


async def test_somebody_who_comes_to_a_private_room_learns_nothing(arrives: Arrives, bot: Bot, encrypted: bool) -> None:
    anna = await meets(arrives, bot, encrypted=encrypted)
    bob = await arrives("bob")
    await anna.asks_back(bob.user)
    await bob.joins(anna.room, bot.user)
    await anna.sees_joining(bob.user)
    await anna.says("!dane")
    await anna.says("!pomoc")
    carol = await meets(arrives, bot, "carol", encrypted=encrypted)  # by then it has read what was said before
    await is_heard(carol)
    assert not any("wiem" in heard.body or heard.content.get("msgtype") == "m.file" for heard in bob.said())


async def test_limits_of_the_homeserver_slow_it_and_lose_nothing(tmp_path: Path) -> None:
    own = Synapse(tmp_path / "own", rc_message={"per_second": 3, "burst_count": 5})
    with own:
        async with running(Bot(tmp_path, own)) as bot, person(own, "anna", tmp_path / "clients") as anna:
            await anna.meets(bot.user, encrypted=False)
            await anna.is_asked("Uczę bezpieczeństwa")
            for _ in range(12):
                await anna.says("!menu")
            await is_heard(anna)
            assert len([heard for heard in anna.said() if "Co robimy?" in heard.body]) == 12


async def test_a_wrong_password_is_one_line_and_the_page_stays(homeserver: Synapse, tmp_path: Path) -> None:
    async with running(Bot(tmp_path, homeserver, BEZPIECZNY_MATRIX__PASSWORD="wrong")) as bot:
        off = await bot.logs("matrix.off")
        assert "BEZPIECZNY_MATRIX__" in str(off)
        page = await asyncio.to_thread(lambda: urlopen(bot.url, timeout=5).read().decode())  # noqa: S310 - our own page
        assert "Bezpieczny Kraków" in page
        assert len(bot.logged(level="error")) == 1
        assert await bot.stop() == 0


async def test_one_person_in_two_rooms_is_one_resident(arrives: Arrives, bot: Bot, encrypted: bool) -> None:
    anna = await meets(arrives, bot, encrypted=encrypted)
    await agrees(anna)
    await anna.meets(bot.user, encrypted=encrypted)
    await anna.is_asked()
    await anna.says("!powiadomienia")
    assert "☑ Ostrzeżenia" in (await anna.is_asked("Co mogę Ci przysyłać?")).choices
