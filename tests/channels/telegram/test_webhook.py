import asyncio
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.channels.telegram.channel import webhook_secret
from bot.domain.messages import Event, Reply, Text
from tests.channels.telegram.world import QUICK, World, until
from tests.telegram_api import Slow

UPDATE = {
    "update_id": 9,
    "message": {
        "message_id": 3,
        "date": 1,
        "chat": {"id": 42, "type": "private", "first_name": "Ola"},
        "from": {"id": 42, "is_bot": False, "first_name": "Ola"},
        "text": "raz",
    },
}


async def test_telegram_is_told_where_what_and_with_which_secret(world: World) -> None:
    async with world.webhook() as channel:
        await world.api.user().says("raz")
        assert world.api.updates.allowed == ["message", "callback_query", "my_chat_member"]
        assert world.api.updates.webhook["secret_token"] == channel.webhook.secret
    assert world.dialogue.inputs == [Text("raz")]
    assert world.api.user().screen.text == "Text"


async def test_a_bare_host_means_the_path_we_serve(world: World) -> None:
    channel = world.channel(webhook_url="https://bot.example/")
    assert channel._webhook_url == "https://bot.example/telegram/webhook"


def test_the_secret_changes_with_the_token_and_with_the_key() -> None:
    secrets = {webhook_secret("1:a", b"k"), webhook_secret("1:b", b"k"), webhook_secret("1:a", b"l")}
    assert len(secrets) == 3


@pytest.mark.parametrize("secret", [None, "", "wrong", "zażółć", "\udcff"])
async def test_who_does_not_know_the_secret_is_turned_away(world: World, secret: str | None) -> None:
    channel = world.channel(webhook_url="https://bot.example")
    assert await channel.webhook.handle(UPDATE, secret) == 403
    assert world.dialogue.events == []


@pytest.mark.parametrize("update", [{}, [], None, 5, "x", {"update_id": 1, "message": {}}])
async def test_what_is_no_update_is_refused_without_a_line(world: World, update: Any) -> None:
    channel = world.channel(webhook_url="https://bot.example")
    with capture_logs() as logs:
        assert await channel.webhook.handle(update, channel.webhook.secret) == 400
    assert logs == []


async def test_what_is_delivered_side_by_side_is_taken_in_order(world: World) -> None:
    gate, taken = asyncio.Event(), []
    turn = world.dialogue.turn

    async def slow_at_first(event: Event) -> Reply:
        taken.append(event.key)
        await gate.wait()
        return await turn(event)

    world.dialogue.turn = slow_at_first  # type: ignore[method-assign]
    async with world.webhook() as channel:
        both = [
            asyncio.create_task(channel.webhook.handle(UPDATE | {"update_id": number}, channel.webhook.secret))
            for number in (9, 10)
        ]
        await until(lambda: taken)
        await asyncio.sleep(0.01)
        assert taken == ["9"]
        gate.set()
        assert await asyncio.gather(*both) == [200, 200]
    assert taken == ["9", "10"]


async def test_a_turn_that_failed_is_delivered_again(world: World) -> None:
    world.dialogue.troubles = [OSError("disk"), RuntimeError("raz")]
    with capture_logs() as logs:
        async with world.webhook():
            await world.api.user().says("raz")
    assert world.api.updates.webhook_statuses == [503, 503, 200]
    assert world.dialogue.inputs == [Text("raz")]
    assert "disk" not in str(logs)


async def test_a_slow_reply_does_not_hold_the_acknowledgement_for_long(world: World) -> None:
    user = world.api.user()
    world.api.fail(Slow(0.1), "sendMessage")
    async with world.webhook(patience=replace(QUICK, webhook_reply=0.02)):
        await user.says("raz")
        assert world.api.updates.webhook_statuses == [200]
        await until(lambda: len(user.messages) == 1)


async def test_after_the_stop_updates_are_left_to_the_next_process(world: World) -> None:
    async with world.webhook() as channel:
        await world.api.user().says("raz")
    assert await channel.webhook.handle(UPDATE, channel.webhook.secret) == 503


async def test_an_address_telegram_refuses_is_named_once_and_tried_again(world: World) -> None:
    stop = asyncio.Event()
    with capture_logs() as logs:
        task = asyncio.create_task(world.channel(webhook_url="http://bot.example/telegram/webhook").run(stop))
        await until(lambda: world.api.tried("setWebhook") == [400, 400, 400])
        stop.set()
        await task
    assert [line["event"] for line in logs] == ["telegram.unavailable"]
    assert "BEZPIECZNY_TELEGRAM__WEBHOOK_URL" in logs[0]["reason"]
