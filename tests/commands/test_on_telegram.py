"""Commands that speak to Telegram, against a Bot API server of our own."""

import asyncio

import pytest

from tests.commands.conftest import Say
from tests.telegram_api import Blocked, ServerError, TelegramApi
from tests.telegram_api.server import TOKEN


def settings(api: TelegramApi) -> dict[str, str]:
    return {"BEZPIECZNY_TELEGRAM__TOKEN": TOKEN, "BEZPIECZNY_TELEGRAM__BASE_URL": api.base_url}


@pytest.fixture
def campaign(bezpieczny: Say) -> None:
    bezpieczny("staff", "add", "Ada", "--role", "editor")
    bezpieczny("campaign", "create", "--template", "jesien", "--as", "Ada")


async def test_a_test_arrives_marked_in_the_language_asked_for(bezpieczny: Say, campaign: None) -> None:
    words = ("campaign", "test", "1", "--to", "telegram:42", "--as", "Ada", "--language", "uk")
    async with TelegramApi() as api:
        user = api.user(42)

        result = await asyncio.to_thread(bezpieczny, *words, **settings(api))

        assert "Sent a test of campaign 1 to telegram:42." in result.stdout
        assert "ПРОБА." in user.screen.text
        assert "Check your alarm (uk)" in user.screen.text
        assert user.screen.has("Менше таких повідомлень")


async def test_a_chat_that_refuses_the_test_is_one_clear_line(bezpieczny: Say, campaign: None) -> None:
    words = ("campaign", "test", "1", "--to")
    async with TelegramApi() as api:
        api.user(42)
        for fault, address in ((Blocked(), "telegram:42"), (ServerError(), "telegram:42"), (None, "telegram:Ola")):
            if fault:
                api.fail(fault, "sendMessage")

            result = await asyncio.to_thread(bezpieczny, *words, address, code=1, **settings(api))

            assert result.stderr.count("\n") == 1
            assert TOKEN not in result.output


async def test_a_quiz_link_names_the_bot_and_does_without_it_when_telegram_is_away(bezpieczny: Say) -> None:
    async with TelegramApi(username="krakow_bot") as api:
        there = await asyncio.to_thread(bezpieczny, "quiz", "link", "czad", **settings(api))
        api.fail(ServerError(), "getMe")
        away = await asyncio.to_thread(bezpieczny, "quiz", "link", "czad", **settings(api))

    assert "https://t.me/krakow_bot?start=q_" in there.stdout
    assert "https://t.me/" not in away.stdout
    assert "/q/" in away.stdout
