import asyncio
from collections.abc import AsyncIterator

import pytest
from telegram import Bot, InputFile
from telegram.error import BadRequest, Forbidden, InvalidToken, TelegramError, TimedOut

from bot.channels.telegram.request import AiohttpRequest, AnswerLost, Flooded, NotSent, ServerFailed
from tests.channels.telegram.world import PNG
from tests.telegram_api import Blocked, Dropped, Fault, Lost, ServerError, Slow, TelegramApi, TooMany
from tests.telegram_api.parameters import Upload


@pytest.fixture
async def request_(api: TelegramApi) -> AsyncIterator[AiohttpRequest]:
    request = AiohttpRequest(read_s=0.05)
    yield request
    await request.shutdown()


@pytest.fixture
def bot(api: TelegramApi, request_: AiohttpRequest) -> Bot:
    api.user(42)
    return Bot(api.token, base_url=f"{api.base_url}/bot", request=request_, get_updates_request=request_)


async def test_polish_and_emoji_arrive_as_written(bot: Bot, api: TelegramApi) -> None:
    await bot.send_message(42, "Zażółć 🔥 <b>")
    assert api.user(42).screen.text == "Zażółć 🔥 <b>"


async def test_files_arrive_with_their_names_and_parameters(bot: Bot, api: TelegramApi) -> None:
    await bot.send_document(42, InputFile(b"{}", filename='moje "dane" z Krakówa.json'), caption="Twoje dane")
    await bot.send_photo(42, InputFile(PNG, filename="qr.png"))
    document, photo = api.user(42).messages
    assert document.file == Upload('moje "dane" z Krakówa.json', b"{}", "application/json")
    assert document.text == "Twoje dane"
    assert isinstance(photo.photo, Upload)
    assert photo.photo.content == PNG


@pytest.mark.parametrize(
    ("fault", "error", "shown"),
    [
        (ServerError(500), ServerFailed, 0),
        (ServerError(502), ServerFailed, 0),
        (TooMany(7), Flooded, 0),
        (Blocked(), Forbidden, 0),
        (Dropped(), AnswerLost, 0),
        (Lost(), AnswerLost, 1),
        (ServerError(504), AnswerLost, 0),
        (Slow(0.15), TimedOut, 1),
    ],
)
async def test_what_may_have_been_processed_is_told_from_what_was_not(
    bot: Bot, api: TelegramApi, fault: Fault, error: type[TelegramError], shown: int
) -> None:
    api.fail(fault)
    with pytest.raises(error) as raised:
        await bot.send_message(42, "raz")
    assert type(raised.value) is error
    assert len(api.user(42).messages) == shown
    assert api.token not in str(raised.value)
    assert raised.value.__cause__ is None


async def test_the_seconds_of_silence_are_kept(bot: Bot, api: TelegramApi) -> None:
    api.fail(TooMany(7))
    with pytest.raises(Flooded) as raised:
        await bot.send_message(42, "raz")
    assert raised.value.retry_after_s == 7


async def test_nobody_there_means_nothing_left(bot: Bot, api: TelegramApi) -> None:
    await api.stop()
    with pytest.raises(NotSent) as raised:
        await bot.send_message(42, "raz")
    assert api.token not in str(raised.value)


async def test_no_free_connection_means_nothing_left(api: TelegramApi) -> None:
    request = AiohttpRequest(connections=1, connect_s=0.05)
    bot = Bot(api.token, base_url=f"{api.base_url}/bot", request=request, get_updates_request=request)
    api.user(42)
    api.fail(Slow(0.15), "sendMessage")
    first = asyncio.create_task(bot.send_message(42, "pierwsza"))
    await asyncio.sleep(0.02)
    with pytest.raises(NotSent):
        await bot.send_message(42, "druga")
    await first
    await request.shutdown()
    assert [seen.text for seen in api.user(42).messages] == ["pierwsza"]


async def test_an_address_that_is_none_means_nothing_left() -> None:
    request = AiohttpRequest()
    with pytest.raises(NotSent):
        await Bot("1:x", base_url="nonsense/bot", request=request, get_updates_request=request).get_me()
    await request.shutdown()


async def test_refusals_keep_the_librarys_names(bot: Bot, api: TelegramApi) -> None:
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message(43, "nikt")
    stranger = Bot("1:wrong", base_url=f"{api.base_url}/bot", request=bot.request, get_updates_request=bot.request)
    with pytest.raises(InvalidToken):
        await stranger.get_me()


@pytest.mark.parametrize("payload", [b"<html>", b"[1]", b"\xff\xfe"])
def test_an_answer_that_is_none_is_not_repeated_in_the_error(payload: bytes) -> None:
    with pytest.raises(TelegramError, match="the answer is not"):
        AiohttpRequest.parse_json_payload(payload)
