import asyncio

import pytest

from bot.domain.actions import Help, Home, QuizIntro
from bot.domain.messages import Button, Command, Event, File, Picture, Press, Reply, Screen, Start, Text
from scheduler.model import Lane
from tests.channels.contract import HOME, plain, screen
from tests.channels.telegram.world import PNG, World, until
from tests.telegram_api import Dropped, Lost, RateLimit, ServerError, TooMany
from tests.telegram_api.parameters import Upload

NEXT = Button(plain("Dalej"), Help())
FIRST = screen("Pierwszy", buttons=(NEXT,))
SECOND = screen("Drugi", buttons=(HOME,))
PICTURE = Picture(PNG, plain("kod QR"))
FILE = File("dane.json", b"{}", "application/json")


@pytest.fixture(autouse=True)
def script(world: World) -> None:
    world.dialogue.script = {Start(): FIRST, Press("he"): SECOND}


async def test_a_pressed_screen_becomes_the_next_one(world: World) -> None:
    user = world.api.user()
    async with world.polling():
        await user.says("/start")
        await user.presses("Dalej")
    assert [seen.text for seen in user.messages] == ["Drugi"]
    assert user.screen.buttons == ["Menu"]


async def test_every_press_is_answered_once(world: World) -> None:
    user = world.api.user()
    async with world.polling():
        await user.says("/start")
        await user.presses("Dalej")
        await user.presses("Menu")
    assert user.unanswered == []
    assert world.api.tried("answerCallbackQuery") == [200, 200]


async def test_a_press_is_answered_while_the_turn_still_goes_on(world: World) -> None:
    user = world.api.user()
    gate = asyncio.Event()
    turn = world.dialogue.turn

    async def slow(event: Event) -> Reply:
        if isinstance(event.input, Press):
            await gate.wait()
        return await turn(event)

    world.dialogue.turn = slow  # type: ignore[method-assign]
    async with world.polling():
        await user.says("/start")
        query = await user.presses_code("he", wait=False)
        await until(lambda: query.answers)
        assert user.screen.text == "Pierwszy"
        gate.set()


async def test_the_same_screen_again_is_no_trouble(world: World) -> None:
    user = world.api.user()
    world.dialogue.otherwise = lambda _: FIRST
    async with world.polling():
        await user.says("/start")
        await user.presses_code("tak")
    assert [seen.text for seen in user.messages] == ["Pierwszy"]
    assert world.api.tried("editMessageText") == [400]


async def test_a_screen_that_does_not_replace_comes_as_a_new_message(world: World) -> None:
    user = world.api.user()
    world.dialogue.script[Press("he")] = screen("Wynik", replaces=False)
    async with world.polling():
        await user.says("/start")
        await user.presses("Dalej")
    assert [seen.text for seen in user.messages] == ["Pierwszy", "Wynik"]


async def test_the_button_of_a_deleted_message_still_leads_on(world: World) -> None:
    user = world.api.user()
    async with world.polling():
        await user.says("/start")
        seen = user.screen
        press = asyncio.create_task(user.presses_code("he", on=seen))
        user.deletes(seen)
        await press
    assert [seen.text for seen in user.messages] == ["Drugi"]


async def test_the_button_of_a_message_too_old_still_leads_on(world: World) -> None:
    user = world.api.user()
    async with world.polling():
        await user.says("/start")
        await user.presses_code("he", inaccessible=True)
    assert [seen.text for seen in user.messages] == ["Pierwszy", "Drugi"]


async def test_a_picture_carries_the_words_and_the_buttons(world: World) -> None:
    user = world.api.user()
    world.dialogue.script[Command("qr")] = screen("Skanuj", buttons=(NEXT,), picture=PICTURE)
    async with world.polling():
        await user.says("/qr")
        assert (user.screen.text, user.screen.buttons) == ("Skanuj", ["Dalej"])
        assert isinstance(user.screen.photo, Upload)
        await user.presses("Dalej")  # a picture cannot become a text: the next screen is new
    assert [seen.text for seen in user.messages] == ["Skanuj", "Drugi"]


async def test_words_too_long_for_a_caption_come_after_the_picture(world: World) -> None:
    user = world.api.user()
    world.dialogue.script[Command("qr")] = screen("x" * 1025, buttons=(NEXT,), picture=PICTURE)
    async with world.polling():
        await user.says("/qr")
    picture, text = user.messages
    assert (picture.text, picture.buttons) == ("", [])
    assert (text.text, text.buttons) == ("x" * 1025, ["Dalej"])


async def test_a_file_keeps_its_name(world: World) -> None:
    user = world.api.user()
    world.dialogue.script[Command("dane")] = screen("Twoje dane", buttons=(HOME,), file=FILE)
    async with world.polling():
        await user.says("/dane")
    assert user.screen.file == Upload("dane.json", b"{}", "application/json")
    assert (user.screen.text, user.screen.buttons) == ("Twoje dane", ["Menu"])


async def test_a_picture_and_a_file_both_come(world: World) -> None:
    user = world.api.user()
    world.dialogue.script[Command("plakat")] = screen("Plakat", picture=PICTURE, file=FILE)
    async with world.polling():
        await user.says("/plakat")
    picture, file = user.messages
    assert isinstance(picture.photo, Upload)
    assert (picture.text, file.text) == ("", "Plakat")


async def test_links_are_not_previewed(world: World) -> None:
    user = world.api.user()
    async with world.polling():
        await user.says("/start")
        await user.presses("Dalej")
    for method in ("sendMessage", "editMessageText"):
        assert world.api.called(method)[0]["link_preview_options"] == {"is_disabled": True}


async def test_replies_travel_in_their_lane(world: World) -> None:
    async with world.polling():
        await world.api.user(42).says("/start")
    assert world.pace.turns == [(Lane.REPLY, 42)]


async def test_a_reply_waits_as_long_as_telegram_asks(world: World) -> None:
    user = world.api.user()
    world.api.fail(TooMany(7), "sendMessage", times=2)
    async with world.polling():
        await user.says("/start")
    assert [seen.text for seen in user.messages] == ["Pierwszy"]
    assert world.time.waited == [7, 7]
    assert world.pace.held == [7, 7]
    assert world.pace.turns == [(Lane.REPLY, 42)] * 3


async def test_real_limits_are_survived(world: World) -> None:
    user = world.api.user()
    world.api.limit = RateLimit(chat_burst=2, per_chat_s=0.5)  # no machine is so busy that a turn takes as long
    async with world.polling(sleep=lambda seconds: asyncio.sleep(seconds * 0.5)):  # a second of this server's
        for _ in range(4):
            await user.says("/start")
    assert len(user.messages) == 4
    assert 429 in world.api.tried("sendMessage")


async def test_too_long_a_silence_gives_the_reply_up_but_holds_the_account(world: World) -> None:
    user = world.api.user()
    world.api.fail(TooMany(3600), "sendMessage")
    async with world.polling():
        await user.says("/start")
    assert user.messages == []
    assert world.time.waited == []
    assert world.pace.held == [3600]


async def test_trouble_on_the_way_is_tried_again(world: World) -> None:
    user = world.api.user()
    world.api.fail(ServerError(502), "sendMessage", times=3)
    async with world.polling():
        await user.says("/start")
    assert [seen.text for seen in user.messages] == ["Pierwszy"]
    assert world.time.waited == [0.5, 1.0, 2.0]


async def test_lasting_trouble_is_given_up(world: World) -> None:
    user = world.api.user()
    world.api.fail(ServerError(502), "sendMessage", times=5)
    async with world.polling():
        await user.says("/start")
        assert user.messages == []
        await user.says("/start")
    assert len(user.messages) == 1


async def test_a_new_message_whose_answer_was_lost_is_not_sent_twice(world: World) -> None:
    user = world.api.user()
    world.api.fail(Lost(), "sendMessage")
    async with world.polling():
        await user.says("/start")
    assert [seen.text for seen in user.messages] == ["Pierwszy"]


@pytest.mark.parametrize("fault", [Lost(), Dropped()])
async def test_an_edit_whose_answer_was_lost_is_made_again(world: World, fault: Lost | Dropped) -> None:
    user = world.api.user()
    async with world.polling():
        await user.says("/start")
        world.api.fail(fault, "editMessageText")
        await user.presses("Dalej")
    assert [seen.text for seen in user.messages] == ["Drugi"]
    assert len(world.api.tried("editMessageText")) == 2


async def test_who_blocked_the_bot_is_marked(world: World) -> None:
    user = world.api.user()
    user.chat.blocked = True
    async with world.polling():
        await user.says("/start")
    assert world.dialogue.happened == [("left", "42")]
    assert world.api.tried("sendMessage") == [403]


async def test_a_chat_with_a_new_number_is_answered_there(world: World) -> None:
    user = world.api.user()
    world.api.user(43)
    user.chat.migrated_to = 43
    async with world.polling():
        await user.says("/start")
    assert world.dialogue.happened == [("moved from 42", "43")]
    assert world.api.user(43).screen.text == "Pierwszy"


async def test_blocking_and_coming_back_are_heard(world: World) -> None:
    user = world.api.user()
    async with world.polling():
        await user.blocks_bot()
        await user.unblocks_bot()
    assert world.dialogue.happened == [("left", "42"), ("returned", "42")]


@pytest.mark.parametrize("button", [Button(plain(" "), Home()), Button(plain("Quiz"), QuizIntro("x" * 64))])
async def test_a_screen_that_cannot_be_shown_leaves_nobody_without_an_answer(world: World, button: Button) -> None:
    user = world.api.user()
    world.dialogue.script[Text("?")] = screen("Wybierz", buttons=(button,))
    async with world.polling():
        await user.says("?")
    assert "/menu" in user.screen.text


async def test_replies_of_one_person_come_in_the_order_of_their_turns(world: World) -> None:
    user = world.api.user()
    world.dialogue.otherwise = lambda event: Screen((plain(str(event.input)),))
    world.api.fail(ServerError(502), "sendMessage")
    async with world.polling():
        for word in ("raz", "dwa", "trzy"):
            await user.says(word, wait=False)
        await user.says("cztery")
    assert [seen.text for seen in user.messages] == [
        f"Text(text='{word}')" for word in ("raz", "dwa", "trzy", "cztery")
    ]


async def test_a_group_is_told_where_to_go_and_left(world: World) -> None:
    group = world.api.group(-5)
    async with world.polling() as channel:
        await world.api.user(42, language="en").adds_bot_to(group)
        await until(lambda: group.left)
        assert channel.link() == "https://t.me/test_bot"
    assert [message.text for message in group.messages.values()] == [
        "I only talk one to one, so that nobody else sees your questions or results. Write to me here: "
        "https://t.me/test_bot"
    ]
