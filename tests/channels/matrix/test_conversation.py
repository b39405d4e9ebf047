"""What somebody does in their room, and what the dialogue hears of it."""

import asyncio
from dataclasses import replace

import pytest

from bot.channels.matrix.conversation import SLOW_S
from bot.dialogue.actions import encode
from bot.domain.actions import Answer, Help, Home, Numbers, QuizArea, ShowQuestion
from bot.domain.errors import Unreachable
from bot.domain.messages import Button, Command, Event, Other, Press, Reply, Screen, Start, Text
from bot.domain.residents import Answering
from bot.storage import matrix
from bot.storage.matrix import SCREENS_KEPT
from tests.channels.contract import plain, screen
from tests.channels.matrix.homeserver import US
from tests.channels.matrix.world import QUICK, Person, World, until

HELP = Button(plain("Pomoc"), Help())
NUMBERS = Button(plain("Numery"), Numbers())
HOME = Button(plain("Menu"), Home())
FIRST = screen("Pierwszy", buttons=(HELP, NUMBERS))
SECOND = screen("Drugi", buttons=(HOME, HELP, NUMBERS))
QUESTION = screen(
    "Co teraz?", buttons=(Button(plain("Uciekam"), Answer(1, 0, "0")), Button(plain("Nic"), Answer(1, 0, "1")))
)


@pytest.fixture
async def anna(world: World) -> Person:
    world.dialogue.script = {Text("raz"): FIRST, Text("dwa"): SECOND, Text("pytanie"): QUESTION}
    return await world.known()


async def after(world: World, *doing: str) -> None:
    for one in doing:
        Person(world).says(one)
        await world.done()


# --- choosing


@pytest.mark.parametrize("typed", ["2", "2.", " 2) ", "numery", "Numery!", "2️⃣", "2. Numery"])
async def test_a_choice_is_typed_in_many_ways(world: World, anna: Person, typed: str) -> None:
    async with world.running():
        await after(world, "raz", typed)
    assert world.dialogue.inputs[-1] == Press("nu")


async def test_what_is_no_choice_is_text(world: World, anna: Person) -> None:
    async with world.running():
        await after(world, "raz", "3", "gdzie są numery?")
    assert world.dialogue.inputs[-2:] == [Text("3"), Text("gdzie są numery?")]


@pytest.mark.parametrize("typed", ["3", "9.", "X", "7️⃣"])
async def test_a_number_that_is_not_there_shows_the_same_screen_again_below(
    world: World, anna: Person, typed: str
) -> None:
    stands = screen("Pytanie", buttons=(HELP, NUMBERS), here=Home())
    world.dialogue.script = {Text("raz"): stands, Press(encode(Home())): stands}
    async with world.running():
        await after(world, "raz", typed)
    assert world.dialogue.inputs[-1] == Press(encode(Home()))
    assert anna.bodies == ["Pytanie", "Pytanie"]


async def test_a_number_to_dial_is_no_choice(world: World, anna: Person) -> None:
    world.dialogue.script = {Text("raz"): screen("Pytanie", buttons=(HELP,), here=Home())}
    async with world.running():
        await after(world, "raz", "112")
    assert world.dialogue.inputs[-1] == Text("112")


async def test_where_text_is_awaited_only_a_bare_number_chooses(world: World, anna: Person) -> None:
    world.dialogue.script[Text("imię")] = screen("Jak masz na imię?", buttons=(HELP,), awaits="name")
    async with world.running():
        await after(world, "imię", "Pomoc", "imię", "1")
    assert [given for given in world.dialogue.inputs if given != Text("imię")] == [Text("Pomoc"), Press("he")]


@pytest.mark.parametrize("typed", ["7", "7.", "B", "trzecia"])
async def test_where_text_is_awaited_a_number_that_chooses_nothing_is_that_text(
    world: World, anna: Person, typed: str
) -> None:
    world.dialogue.script[Text("adres")] = screen("Numer domu?", buttons=(HELP,), awaits="house", here=Home())
    async with world.running():
        await after(world, "adres", typed)
    assert world.dialogue.inputs[-1] == Text(typed)


async def test_a_number_where_nothing_stands_any_more_begins_anew(world: World, anna: Person) -> None:
    async with world.running():
        await after(world, "7")
    assert world.dialogue.inputs == [Start()]


async def test_a_number_that_was_typed_ahead_does_not_choose_on_a_screen_that_nobody_had_seen(
    world: World, anna: Person
) -> None:
    stands = screen("Wszystko usunąć?", buttons=(HELP, NUMBERS), here=Home())
    world.dialogue.script = {Text("raz"): stands, Press(encode(Home())): stands}
    for typed in ("raz", "1", "druga", "2."):  # while we were away
        anna.says(typed)
    async with world.running():
        await world.done()
        assert world.dialogue.inputs == [Text("raz"), *[Press(encode(Home()))] * 3]
        await after(world, "1")
    assert world.dialogue.inputs[-1] == Press("he")


async def test_nor_on_one_that_the_homeserver_has_not_taken_yet(world: World, anna: Person) -> None:
    stands = screen("Wszystko usunąć?", buttons=(HELP, NUMBERS), here=Home())
    world.dialogue.script = {Text("raz"): stands, Press(encode(Home())): stands}
    async with world.running():
        gate = world.server.hold("send")
        anna.says("raz")
        await until(lambda: len(world.dialogue.inputs) == 1)
        anna.says("1")
        await until(lambda: len(world.dialogue.inputs) == 2)
        gate.set()
        await world.done()
        await after(world, "1")
    assert world.dialogue.inputs == [Text("raz"), Press(encode(Home())), Press("he")]


async def test_a_screen_that_is_just_being_taken_is_waited_for(world: World, anna: Person) -> None:
    async with world.running(patience=replace(QUICK, batch_replies=5.0)):
        world.server.fail("send", Unreachable())
        await after(world, "raz")
        gate = world.server.hold("send")
        anna.says("dwa")
        await until(lambda: len(world.dialogue.inputs) == 2)
        anna.says("2")
        gate.set()
        await world.done()
    assert world.dialogue.inputs[-1] == Press("he")


async def test_what_was_typed_after_the_screen_chooses_there_though_both_come_again_after_a_crash(
    world: World, anna: Person
) -> None:
    before = await world.token()
    async with world.running():
        await after(world, "raz")
    async with world.database.begin() as conn:
        await matrix.save_token(conn, US, before or "")
    anna.says("2")
    async with world.running():
        await world.done()
    assert world.dialogue.inputs[-1] == Press("nu")


async def test_an_answer_to_an_older_screen_means_what_stood_there(world: World, anna: Person) -> None:
    async with world.running():
        await after(world, "raz")
        older = anna.last
        await after(world, "dwa")
        anna.says("2", about=older)
        await world.done()
        anna.says("2", about=anna.seen[1][0])
        await world.done()
    assert world.dialogue.inputs[2:] == [Press("nu"), Press("he")]


async def test_the_quotation_above_an_answer_is_not_read(world: World, anna: Person) -> None:
    async with world.running():
        await after(world, "raz")
        anna.says("> <@bot:example.org> Pierwszy\n> 1. Pomoc\n\n2", about=anna.last)
        await world.done()
    assert world.dialogue.inputs[-1] == Press("nu")


async def test_a_reaction_on_any_screen_that_is_kept_chooses_there(world: World, anna: Person) -> None:
    async with world.running():
        await after(world, "raz")
        older = anna.last
        await after(world, "dwa")
        anna.taps(2, older)
        await world.done()
        anna.taps(1, anna.seen[1][0])
        await world.done()
    assert world.dialogue.inputs[2:] == [Press("nu"), Press("ho")]


async def test_reactions_that_mean_nothing_are_not_answered(world: World, anna: Person) -> None:
    async with world.running():
        await after(world, "raz")
        relation = {"rel_type": "m.annotation", "event_id": anna.last, "key": "👍"}
        anna.sends("m.reaction", {"m.relates_to": relation})
        anna.taps(9)
        anna.taps(1, "$of-somebody-else")
        await world.done()
    assert world.dialogue.inputs == [Text("raz")]


async def test_only_the_last_screens_can_be_answered(world: World, anna: Person) -> None:
    async with world.running():
        await after(world, "raz")
        first = anna.last
        await after(world, *["raz"] * SCREENS_KEPT)
        anna.taps(1, first)
        await world.done()
    assert world.dialogue.inputs == [Text("raz")] * (SCREENS_KEPT + 1)
    async with world.database.read() as conn:
        assert [kept.screens for kept in await matrix.kept_of(conn, anna.name)] == [SCREENS_KEPT]


# --- ways to answer


def answering(world: World, how: Answering) -> None:
    """From now on replies say that somebody likes to answer so."""
    turn = world.dialogue.turn

    async def liked(event: Event) -> Reply:
        reply = await turn(event)
        return Reply(reply.language, reply.screen, how)

    world.dialogue.turn = liked  # type: ignore[method-assign]


async def test_whoever_likes_reactions_finds_them_there(world: World, anna: Person) -> None:
    answering(world, Answering.REACTIONS)
    async with world.running():
        await after(world, "raz")
        shown = world.server.shown(anna.room)
        taps = [one.content["m.relates_to"] for one in shown if one.kind == "m.reaction"]
        assert [(one["event_id"], one["key"]) for one in taps] == [(anna.last, "1️⃣"), (anna.last, "2️⃣")]
        anna.taps(2)
        await world.done()
    assert world.dialogue.inputs[-1] == Press("nu")


async def test_the_first_vote_of_a_poll_counts_and_closes_it(world: World, anna: Person) -> None:
    answering(world, Answering.POLL)
    async with world.running():
        await after(world, "pytanie")
        (poll,) = world.server.shown(anna.room)
        assert poll.kind == "org.matrix.msc3381.poll.start"
        codes = [one["id"] for one in poll.content[poll.kind]["answers"]]
        anna.votes(codes[1], poll.id)
        anna.votes(codes[0], poll.id)
        await world.done()
    assert world.dialogue.inputs == [Text("pytanie"), Press(codes[1])]
    ends = [one for one in world.server.shown(anna.room) if one.kind == "org.matrix.msc3381.poll.end"]
    assert [one.content["m.relates_to"]["event_id"] for one in ends] == [poll.id]


async def test_a_vote_for_what_was_never_offered_does_nothing(world: World, anna: Person) -> None:
    answering(world, Answering.POLL)
    async with world.running():
        await after(world, "pytanie")
        anna.votes("er:yes", world.server.shown(anna.room)[0].id)
        anna.votes("er:yes", "$no-poll")
        await world.done()
    assert world.dialogue.inputs == [Text("pytanie")]


async def test_a_poll_is_answered_in_words_too(world: World, anna: Person) -> None:
    answering(world, Answering.POLL)
    async with world.running():
        await after(world, "pytanie", "nic")
    assert world.dialogue.inputs[-1] == Press(encode(Answer(1, 0, "1")))


# --- in place, or below


async def test_the_same_screen_in_another_state_changes_in_place(world: World, anna: Person) -> None:
    steps = iter(["☐", "☑", "☐"])
    world.dialogue.otherwise = lambda _: screen(next(steps), buttons=(HELP,), here=Numbers())
    async with world.running():
        await after(world, "cokolwiek", "1", "1")
    assert anna.bodies == ["☐"]
    assert len(world.server.shown(anna.room)) == 3
    assert world.dialogue.inputs[1:] == [Press("he"), Press("he")]


async def test_another_screen_comes_below(world: World, anna: Person) -> None:
    world.dialogue.script = {Text("raz"): screen("Pierwszy", buttons=(HELP,), here=Home())}
    world.dialogue.otherwise = lambda _: screen("Inny", buttons=(HELP,), here=Help())
    async with world.running():
        await after(world, "raz", "1")
    assert anna.bodies == ["Pierwszy", "Inny"]


async def test_another_page_or_tip_is_another_screen(world: World, anna: Person) -> None:
    pages = iter([0, 1])

    def page(_: Event) -> Screen:
        number = next(pages)
        return screen(f"Strona {number}", buttons=(HELP,), here=QuizArea("road", "", number))

    world.dialogue.otherwise = page
    async with world.running():
        await after(world, "cokolwiek", "1")
    assert anna.bodies == ["Strona 0", "Strona 1"]


async def test_what_is_picked_in_a_question_changes_in_place(world: World, anna: Person) -> None:
    picked = iter(["", "0"])
    world.dialogue.otherwise = lambda _: screen("Co zabierasz?", buttons=(HELP,), here=ShowQuestion(1, 0, next(picked)))
    async with world.running():
        await after(world, "cokolwiek", "1")
    assert anna.bodies == ["Co zabierasz?"]
    assert len(world.server.shown(anna.room)) == 2


async def test_what_was_typed_is_not_answered_above_it(world: World, anna: Person) -> None:
    world.dialogue.otherwise = lambda _: screen("To samo", buttons=(HELP,), here=Home())
    async with world.running():
        await after(world, "raz dwa", "trzy cztery")
    assert anna.bodies == ["To samo", "To samo"]


async def test_an_answer_in_a_thread_stays_in_it(world: World, anna: Person) -> None:
    async with world.running():
        anna.says("raz", thread="$root")
        await world.done()
    assert anna.seen[-1][1]["m.relates_to"]["rel_type"] == "m.thread"
    assert anna.seen[-1][1]["m.relates_to"]["event_id"] == "$root"


# --- what is no words


async def test_a_picture_cannot_be_read(world: World, anna: Person) -> None:
    async with world.running():
        anna.sends("m.room.message", {"msgtype": "m.image", "body": "x.png", "url": "mxc://a/b"})
        await world.done()
    assert world.dialogue.inputs == [Other()]


async def test_notices_and_edits_are_passed_over(world: World, anna: Person) -> None:
    async with world.running():
        said = anna.says("raz")
        anna.sends("m.room.message", {"msgtype": "m.notice", "body": "1"})
        edited = {"msgtype": "m.text", "body": "dwa", "m.relates_to": {"rel_type": "m.replace", "event_id": said}}
        anna.sends("m.room.message", edited)
        await world.done()
    assert world.dialogue.inputs == [Text("raz")]


async def test_a_link_is_a_word_to_send(world: World, anna: Person) -> None:
    async with world.running():
        await after(world, "!start q_abcd2345", "/start tip_x", "!Quiz czad", "!", "!!", "! co")
    assert world.dialogue.inputs == [
        Start("q_abcd2345"),
        Start("tip_x"),
        Command("quiz", "czad"),
        Text("!"),
        Text("!!"),
        Text("! co"),
    ]


# --- while it lasts


async def test_that_an_answer_is_on_its_way_is_shown_only_if_it_takes_long(world: World, anna: Person) -> None:
    gate = asyncio.Event()
    turn = world.dialogue.turn

    async def slow(event: Event) -> Reply:
        if event.input == Text("dwa"):
            await gate.wait()
        return await turn(event)

    world.dialogue.turn = slow  # type: ignore[method-assign]

    def typing() -> list[str]:
        return [on for what, _, on in world.server.tried if what == "typing"]

    async with world.running():
        await after(world, "raz")
        assert typing() == []
        anna.says("dwa")
        await until(lambda: typing() == ["True"])
        gate.set()
        await world.done()
    assert typing() == ["True", "False"]


async def test_nothing_is_shown_to_be_on_its_way_for_a_turn_that_is_quick(world: World, anna: Person) -> None:
    """The turn ends before its patience does, though others had their time meanwhile."""
    turn, waiting = world.dialogue.turn, list[float]()

    async def quick(event: Event) -> Reply:
        for _ in range(50):  # whatever else is to begin at once, begins
            await asyncio.sleep(0)
        return await turn(event)

    async def patient(seconds: float) -> None:
        waiting.append(seconds)
        await asyncio.Event().wait()

    world.dialogue.turn = quick  # type: ignore[method-assign]
    async with world.running(sleep=patient):
        await after(world, "raz", "2", "dwa")
    assert waiting == [SLOW_S] * 3
    assert not [one for one in world.server.tried if one[0] == "typing"]


async def test_what_was_read_is_shown_to_be(world: World, anna: Person) -> None:
    async with world.running():
        anna.says("raz")
        last = anna.says("dwa")
        await until(lambda: ("read_up_to", anna.room, last) in world.server.tried)
