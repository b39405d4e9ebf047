"""Answers reach the room: in order, once, with patience for a homeserver in trouble."""

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from bot.channels.matrix.replies import PAUSES_S, UPLOADS_KEPT
from bot.domain.actions import Help
from bot.domain.errors import Blocked, Rejected, Throttled, Unanswered, Unreachable
from bot.domain.messages import Button, Event, File, Picture, Reply, Screen, Text
from bot.domain.residents import Answering
from scheduler.model import Lane
from tests.channels.contract import plain, screen
from tests.channels.matrix.homeserver import Fault
from tests.channels.matrix.world import Person, World, until
from tests.support import NOON

PNG = b"\x89PNG\r\n\x1a\n" + bytes(8) + (3).to_bytes(4, "big") + (2).to_bytes(4, "big")
PICTURE = Picture(PNG, plain("kod QR"))
FILE = File("dane.json", b"{}", "application/json")


async def test_answers_come_in_the_order_of_what_was_said(world: World) -> None:
    anna = await world.known()
    world.dialogue.otherwise = lambda event: screen(event.input.text if isinstance(event.input, Text) else "")
    sends = world.server.hold("send")
    async with world.running():
        for number in range(5):
            anna.says(f"nr {number}")
        await until(lambda: ("send", anna.room, "$2") in world.server.tried)
        sends.set()
        await world.done()
    assert anna.bodies == [f"nr {number}" for number in range(5)]


async def test_every_answer_is_sent_under_the_name_of_what_it_answers(world: World) -> None:
    anna = await world.known()
    async with world.running():
        said = anna.says("raz")
        await world.done()
    assert list(world.server.keys) == [(anna.room, said)]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("error", [Unreachable("503"), Unanswered()])
async def test_what_may_have_arrived_is_sent_again_and_said_once(world: World, error: Exception, after: bool) -> None:
    anna = await world.known()
    world.server.fail("send", *[error] * 3, after=after)
    async with world.running():
        anna.says("raz")
        await world.done()
    assert anna.bodies == ["Text"]
    assert world.time.waited == list(PAUSES_S[:3])


async def test_an_answer_that_never_arrives_holds_up_no_other(world: World) -> None:
    anna = await world.known()
    world.server.fail("send", *[Unreachable("503")] * (len(PAUSES_S) + 1))
    with capture_logs() as logs:
        async with world.running():
            anna.says("raz")
            anna.says("dwa")
            await world.done()
    assert list(world.server.keys) == [(anna.room, "$3")]
    assert [line["event"] for line in logs].count("matrix.reply_lost") == 1


async def test_a_refused_answer_holds_up_no_other_and_is_told(world: World) -> None:
    anna = await world.known()
    world.server.fail("send", Rejected("M_TOO_LARGE"))
    with capture_logs() as logs:
        async with world.running():
            anna.says("raz")
            anna.says("dwa")
            await world.done()
    assert list(world.server.keys) == [(anna.room, "$3")]
    (told,) = [line for line in logs if line["event"] == "matrix.reply_rejected"]
    assert told["reason"] == "M_TOO_LARGE"


async def test_when_the_homeserver_asks_for_silence_the_whole_account_is_silent(world: World) -> None:
    anna = await world.known()
    world.server.fail("send", Throttled(NOON + timedelta(seconds=7)))
    async with world.running():
        anna.says("raz")
        await world.done()
    assert world.pace.held == [7]
    assert world.time.waited == [7]
    assert anna.bodies == ["Text"]


async def test_nobody_is_answered_minutes_later(world: World) -> None:
    anna = await world.known()
    world.server.fail("send", Throttled(NOON + timedelta(hours=1)))
    async with world.running():
        anna.says("raz")
        await world.done()
    assert world.pace.held == [3600]
    assert anna.seen == []


async def test_a_room_that_turns_out_to_be_closed_to_us_is_forgotten(world: World) -> None:
    anna = await world.known()
    world.server.fail("send", Blocked())
    async with world.running():
        anna.says("raz")
        await until(lambda: world.dialogue.happened == [("left", anna.name)])
        anna.says("a jednak")
        await world.done()
    assert anna.bodies == ["Text"]


async def test_replies_wait_for_their_turn_in_the_first_lane(world: World) -> None:
    anna = await world.known()
    async with world.running():
        anna.says("raz")
        await world.done()
    assert set(world.pace.turns) == {(Lane.REPLY, 0)}


# --- what comes with a screen


@pytest.mark.parametrize("encrypted", [False, True])
async def test_a_picture_and_a_file_come_before_their_screen(world: World, encrypted: bool) -> None:
    anna = await world.known(encrypted=encrypted)
    world.dialogue.otherwise = lambda _: screen("Proszę", picture=PICTURE, file=FILE)
    async with world.running():
        anna.says("raz")
        await world.done()
    shown = world.server.shown(anna.room)
    assert [event.content["msgtype"] for event in shown] == ["m.image", "m.file", "m.notice"]
    assert [("file" in event.content, "url" in event.content) for event in shown[:2]] == [
        (encrypted, not encrypted)
    ] * 2
    assert shown[0].content["info"] == {"mimetype": "image/png", "size": len(PNG), "w": 3, "h": 2}
    assert world.server.uploads == [(PNG, "image/png", encrypted), (b"{}", "application/json", encrypted)]


async def test_a_picture_that_many_get_is_uploaded_once_a_file_of_somebodys_own_each_time(world: World) -> None:
    anna = await world.known()
    world.dialogue.otherwise = lambda _: screen("Proszę", picture=PICTURE, file=FILE)
    async with world.running():
        anna.says("raz")
        anna.says("dwa")
        await world.done()
    assert [kind for _, kind, _ in world.server.uploads].count("image/png") == 1
    assert [kind for _, kind, _ in world.server.uploads].count("application/json") == 2


async def test_a_picture_for_an_encrypted_room_is_never_the_one_that_lies_open(world: World) -> None:
    anna, jan = await world.known(), await world.known("!two:example.org", "@jan:example.org", encrypted=True)
    world.dialogue.otherwise = lambda _: screen("Proszę", picture=PICTURE)
    async with world.running():
        for one in (anna, jan):
            one.says("raz")
            await world.done()
    assert world.server.uploads == [(PNG, "image/png", False), (PNG, "image/png", True)]
    assert [sorted({"url", "file"} & content.keys()) for _, content in (anna.seen[0], jan.seen[0])] == [
        ["url"],
        ["file"],
    ]


async def test_of_many_pictures_the_last_are_remembered(world: World) -> None:
    anna = await world.known()
    pictures = [Picture(PNG, plain(f"nr {number}")) for number in range(UPLOADS_KEPT + 1)]
    world.dialogue.script = {Text(f"nr {n}"): screen("Proszę", picture=one) for n, one in enumerate(pictures)}
    async with world.running():
        for number in (*range(UPLOADS_KEPT + 1), UPLOADS_KEPT, 0):
            anna.says(f"nr {number}")
        await world.done()
    assert len(world.server.uploads) == UPLOADS_KEPT + 2


async def test_an_upload_that_failed_is_tried_again(world: World) -> None:
    anna = await world.known()
    world.dialogue.otherwise = lambda _: screen("Proszę", picture=PICTURE)
    world.server.fail("upload", Unreachable("503"))
    async with world.running():
        anna.says("raz")
        await world.done()
    assert [event.content["msgtype"] for event in world.server.shown(anna.room)] == ["m.image", "m.notice"]


async def test_a_reaction_that_is_there_already_is_no_trouble(world: World) -> None:
    anna = await world.known()
    way = Button(plain("Pomoc"), Help())
    turn = world.dialogue.turn

    async def liked(event: Event) -> Reply:
        reply = await turn(event)
        return Reply(reply.language, reply.screen, Answering.REACTIONS)

    world.dialogue.turn = liked  # type: ignore[method-assign]
    world.dialogue.otherwise = lambda _: screen("Wybierz", buttons=(way, way))
    world.server.faults["send"] += [Fault(), Fault(Rejected("M_DUPLICATE_ANNOTATION"))]
    with capture_logs() as logs:
        async with world.running():
            anna.says("raz")
            await world.done()
    reactions = [event for event in world.server.shown(anna.room) if event.kind == "m.reaction"]
    assert [event.content["m.relates_to"]["key"] for event in reactions] == ["2️⃣"]
    assert "matrix.reply_rejected" not in [line["event"] for line in logs]


# --- the end


async def test_answers_under_way_at_the_stop_are_sent(world: World) -> None:
    anna = await world.known()
    sends = world.server.hold("send")
    async with world.running():
        anna.says("raz")
        await until(lambda: ("send", anna.room, "$2") in world.server.tried)
        sends.set()
    assert anna.bodies == ["Text"]


async def test_an_answer_that_does_not_end_by_the_stop_is_shown_at_the_next_start(world: World) -> None:
    anna = await world.known()
    world.dialogue.otherwise = lambda _: Screen((plain("Ciao"),))
    world.server.hold("send")
    async with world.running():
        anna.says("raz")
        await until(lambda: ("send", anna.room, "$2") in world.server.tried)
    assert anna.seen == []
    async with world.running():
        await world.done()
    assert Person(world).bodies == ["Ciao"]
