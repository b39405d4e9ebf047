"""The server refuses what Telegram refuses: otherwise nothing that is tested against it is worth much."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import aiohttp
import pytest

from tests.telegram_api import Fault, Lost, RateLimit, Seen, ServerError, TelegramApi, TooMany, Weather, html

Ask = Callable[..., Coroutine[Any, Any, dict[str, Any]]]
OK = {"text": "A", "callback_data": "a"}


@pytest.fixture
async def api() -> AsyncIterator[TelegramApi]:
    async with TelegramApi() as running:
        running.user(42)
        yield running


@pytest.fixture
async def ask(api: TelegramApi) -> AsyncIterator[Ask]:
    async with aiohttp.ClientSession() as session:

        async def asked(method: str, **given: Any) -> dict[str, Any]:
            async with session.post(f"{api.base_url}/bot{api.token}/{method}", json=given) as response:
                answer: dict[str, Any] = await response.json()
                assert answer["ok"] is (response.status == 200)
                return answer

        yield asked


def rows(*rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"inline_keyboard": list(rows)}


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"text": ""}, "empty"),
        ({"text": "   "}, "empty"),
        ({"text": "x" * 4097}, "too long"),
        ({"text": "🔥" * 2049}, "too long"),
        ({"text": "<b>x", "parse_mode": "HTML"}, "end tag"),
        ({"text": "x</b>", "parse_mode": "HTML"}, "unexpected end tag"),
        ({"text": "<b><i>x</b></i>", "parse_mode": "HTML"}, "unexpected end tag"),
        ({"text": "<br>", "parse_mode": "HTML"}, "unsupported start tag"),
        ({"text": '<b style="x">x</b>', "parse_mode": "HTML"}, "unsupported start tag"),
        ({"text": "2 < 3", "parse_mode": "HTML"}, "can't parse"),
        ({"text": "x", "parse_mode": "Wiki"}, "parse_mode"),
        ({"text": "x", "chat_id": 99}, "chat not found"),
        ({"text": "x", "chat_id": "Ola"}, "wrong type"),
        ({"text": "x", "disable_web_page_preview": True}, "unknown parameter"),
        ({"text": "x", "disable_notification": "perhaps"}, "wrong type"),
        ({}, "required"),
        ({"text": "x", "reply_markup": rows([OK] * 9)}, "too long"),
        ({"text": "x", "reply_markup": rows(*[[OK]] * 101)}, "too long"),
        ({"text": "x", "reply_markup": rows([{"text": "A", "callback_data": "ż" * 33}])}, "BUTTON_DATA_INVALID"),
        ({"text": "x", "reply_markup": rows([{"text": "A", "callback_data": ""}])}, "BUTTON_DATA_INVALID"),
        ({"text": "x", "reply_markup": rows([{"text": " ", "callback_data": "a"}])}, "unallowed"),
        ({"text": "x", "reply_markup": rows([{"text": "A"}])}, "exactly one"),
        (
            {"text": "x", "reply_markup": rows([{"text": "A", "url": "https://a.pl", "callback_data": "a"}])},
            "exactly one",
        ),
        ({"text": "x", "reply_markup": rows([{"text": "A", "url": "http://localhost"}])}, "BUTTON_URL_INVALID"),
    ],
)
async def test_messages_are_held_to_the_rules(ask: Ask, given: dict[str, Any], complaint: str) -> None:
    answer = await ask("sendMessage", **{"chat_id": 42} | given)
    assert answer["error_code"] == 400
    assert complaint in answer["description"]


@pytest.mark.parametrize(
    "given",
    [
        {"text": "x" * 4096},
        {"text": "<b>" + "x" * 4096 + "</b>", "parse_mode": "HTML"},
        {"text": "2 < 3"},
        {"text": "&lt;b&gt; &amp; 'x'", "parse_mode": "HTML"},
        {"text": "x", "reply_markup": rows(*[[OK] * 8] * 12)},
        {"text": "x", "reply_markup": '{"inline_keyboard": [[{"text": "A", "callback_data": "a"}]]}'},
        {"text": "x", "chat_id": "42"},
    ],
)
async def test_what_the_rules_allow_passes(ask: Ask, given: dict[str, Any]) -> None:
    assert (await ask("sendMessage", **{"chat_id": 42} | given))["ok"]


async def test_names_of_methods_know_no_case_and_strangers_are_turned_away(api: TelegramApi, ask: Ask) -> None:
    assert (await ask("GETME"))["result"]["username"] == "test_bot"
    assert (await ask("sendGift"))["error_code"] == 404
    api.token = "another"
    async with aiohttp.ClientSession() as session, session.get(f"{api.base_url}/botx/getMe") as response:
        assert response.status == 401


async def test_only_own_texts_can_be_edited_and_only_into_something_else(api: TelegramApi, ask: Ask) -> None:
    user = api.user(42)
    await user.says("hej", wait=False)
    theirs = max(user.chat.messages)
    ours = (await ask("sendMessage", chat_id=42, text="raz"))["result"]["message_id"]

    async def edited(number: int, **given: Any) -> str:
        answer = await ask("editMessageText", **{"chat_id": 42, "message_id": number, "text": "raz"} | given)
        return str(answer.get("description", "done"))

    assert "not modified" in await edited(ours)
    assert "can't be edited" in await edited(theirs)
    assert "not found" in await edited(9999)
    assert await edited(ours, reply_markup=rows([OK])) == "done"
    assert await edited(ours, text="dwa") == "done"
    assert (user.screen.text, user.screen.buttons) == ("dwa", [])


async def test_a_press_is_answered_once(api: TelegramApi, ask: Ask) -> None:
    await ask("sendMessage", chat_id=42, text="raz", reply_markup=rows([OK]))
    query = await api.user(42).presses_code("a", wait=False)
    assert (await ask("answerCallbackQuery", callback_query_id=query.id))["ok"]
    assert "too old" in (await ask("answerCallbackQuery", callback_query_id=query.id))["description"]
    assert "too old" in (await ask("answerCallbackQuery", callback_query_id="made up"))["description"]


async def test_updates_stay_until_a_higher_offset_confirms_them(api: TelegramApi, ask: Ask) -> None:
    user = api.user(42)
    await user.says("raz", wait=False)
    await user.says("dwa", wait=False)
    first, second = (await ask("getUpdates"))["result"]
    assert len((await ask("getUpdates", offset=first["update_id"]))["result"]) == 2
    assert (await ask("getUpdates", offset=second["update_id"]))["result"] == [second]
    assert (await ask("getUpdates", offset=second["update_id"] + 1))["result"] == []


async def test_a_long_poll_ends_with_the_first_update_or_with_another_poll(api: TelegramApi, ask: Ask) -> None:
    first = asyncio.create_task(ask("getUpdates", timeout=5))
    await asyncio.sleep(0.02)
    second = asyncio.create_task(ask("getUpdates", timeout=5))
    assert (await first)["error_code"] == 409
    await api.user(42).says("raz", wait=False)
    assert len((await second)["result"]) == 1


async def test_kinds_not_asked_for_do_not_come(api: TelegramApi, ask: Ask) -> None:
    await ask("getUpdates", allowed_updates=["callback_query"])
    await api.user(42).says("raz")
    assert (await ask("getUpdates"))["result"] == []


async def test_polling_and_a_webhook_exclude_each_other(ask: Ask) -> None:
    assert "HTTPS" in (await ask("setWebhook", url="http://bot.example"))["description"]
    assert "secret" in (await ask("setWebhook", url="https://bot.example", secret_token="ż"))["description"]
    assert (await ask("setWebhook", url="https://bot.example"))["ok"]
    assert (await ask("getUpdates"))["error_code"] == 409
    assert (await ask("getWebhookInfo"))["result"]["url"] == "https://bot.example"
    assert (await ask("deleteWebhook"))["ok"]
    assert (await ask("getUpdates"))["ok"]


async def test_who_blocked_the_bot_hears_nothing(api: TelegramApi, ask: Ask) -> None:
    await api.user(42).blocks_bot(wait=False)
    assert (await ask("sendMessage", chat_id=42, text="hej"))["error_code"] == 403
    await api.user(42).unblocks_bot(wait=False)
    assert (await ask("sendMessage", chat_id=42, text="hej"))["ok"]
    changes = [update["my_chat_member"]["new_chat_member"]["status"] for update in (await ask("getUpdates"))["result"]]
    assert changes == ["kicked", "member"]


async def test_planned_trouble_comes_as_often_as_planned(api: TelegramApi, ask: Ask) -> None:
    api.fail(TooMany(3), "sendMessage", times=2)
    for _ in range(2):
        assert (await ask("sendMessage", chat_id=42, text="hej"))["parameters"] == {"retry_after": 3}
    assert (await ask("sendMessage", chat_id=42, text="hej"))["ok"]
    assert api.tried("sendMessage") == [429, 429, 200]


async def test_trouble_at_random_comes_by_its_shares_and_the_same_for_the_same_seed(api: TelegramApi, ask: Ask) -> None:
    shares: dict[Fault, float] = {TooMany(3): 0.1, ServerError(500): 0.1}
    first, second = Weather(7, shares), Weather(7, shares)
    drawn = [first.draw("sendMessage") for _ in range(5000)]
    assert drawn == [second.draw("sendMessage") for _ in range(5000)]
    for fault in shares:
        assert 400 < drawn.count(fault) < 600
        assert first.met["sendMessage", fault] == drawn.count(fault)
    api.weather = Weather(1, {TooMany(3): 1.0})
    assert (await ask("sendMessage", chat_id=42, text="hej"))["parameters"] == {"retry_after": 3}
    api.weather = Weather(1, {TooMany(3): 0.0})
    assert (await ask("sendMessage", chat_id=42, text="hej"))["ok"]
    assert api.asked["sendMessage"] == 2


def test_whoever_has_had_enough_trouble_is_spared() -> None:
    weather = Weather(1, {TooMany(3): 1.0}, worst=2)
    assert [weather.draw("sendMessage", 42) for _ in range(4)] == [TooMany(3), TooMany(3), None, None]
    assert weather.draw("sendMessage", 43) == TooMany(3)
    assert [weather.draw("getUpdates") for _ in range(3)] == [TooMany(3)] * 3


async def test_a_lost_answer_was_processed(api: TelegramApi, ask: Ask) -> None:
    api.fail(Lost(), "sendMessage")
    with pytest.raises(aiohttp.ClientError):
        await ask("sendMessage", chat_id=42, text="hej")
    assert [seen.text for seen in api.user(42).messages] == ["hej"]
    assert api.tried("sendMessage") == [0]


def test_limits_let_a_short_burst_to_one_chat_pass_and_no_more_than_the_rate_to_all() -> None:
    limit = RateLimit(per_second=30, per_chat_s=1, chat_burst=3)
    assert [limit.refuses(1, 0.0) for _ in range(4)] == [False, False, False, True]
    assert not limit.refuses(1, 1.0)
    assert [limit.refuses(100 + chat, 1.5) for chat in range(30)].count(True) == 1
    assert not limit.refuses(200, 2.0)


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("setMyCommands", {"commands": [{"command": "Usuń", "description": "x"}]}, "BOT_COMMAND_INVALID"),
        ("setMyCommands", {"commands": [{"command": "a", "description": "x" * 257}]}, "DESCRIPTION"),
        ("setMyName", {"name": "x" * 65}, "too long"),
        ("setMyShortDescription", {"short_description": "x" * 121}, "too long"),
        ("setMyDescription", {"description": "x", "language_code": "pol"}, "language"),
        ("sendChatAction", {"chat_id": 42, "action": "dancing"}, "action"),
        ("sendPoll", {"chat_id": 42, "question": "?", "options": [{"text": "A"}]}, "2-12"),
        ("sendPhoto", {"chat_id": 42, "photo": "p1", "caption": "x" * 1025}, "too long"),
    ],
)
async def test_other_methods_have_limits_too(ask: Ask, name: str, value: dict[str, Any], complaint: str) -> None:
    assert complaint in (await ask(name, **value))["description"]


async def test_what_is_set_for_a_language_is_got_for_it(ask: Ask) -> None:
    await ask("setMyName", name="Kraków")
    await ask("setMyName", name="Cracow", language_code="en")
    assert (await ask("getMyName", language_code="en"))["result"] == {"name": "Cracow"}
    assert (await ask("getMyName", language_code="uk"))["result"] == {"name": "Kraków"}
    await ask("setMyCommands", commands=[{"command": "a", "description": "x"}])
    assert len((await ask("getMyCommands"))["result"]) == 1
    await ask("deleteMyCommands")
    assert (await ask("getMyCommands"))["result"] == []


async def test_people_see_what_changed_last_and_find_buttons_by_their_words(api: TelegramApi, ask: Ask) -> None:
    first = (await ask("sendMessage", chat_id=42, text="raz", reply_markup=rows([OK])))["result"]["message_id"]
    await ask("sendMessage", chat_id=42, text="dwa")
    user = api.user(42)
    assert user.screen.text == "dwa"
    await ask("editMessageText", chat_id=42, message_id=first, text="trzy", reply_markup=rows([OK]))
    assert user.screen.text == "trzy"
    assert isinstance(user.screen, Seen)
    with pytest.raises(AssertionError, match="no button"):
        await user.presses("Nie ma takiego")


def test_html_is_read_as_telegram_shows_it() -> None:
    assert html.read('<b>A</b> &lt; <a href="https://a.pl/?a=1&amp;b=2">B</a> &#261;') == "A < B ą"
