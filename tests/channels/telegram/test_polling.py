import asyncio
from dataclasses import replace
from typing import Any

from aiohttp import web
from structlog.testing import capture_logs

from bot.channels.patience import Patience
from bot.channels.telegram import polling
from bot.domain.messages import Event, Reply, Text
from tests.channels.telegram.world import QUICK, World, running, serving, until
from tests.telegram_api import Dropped, ServerError


class Gates:
    """Lets the turns of chosen words begin, but not end until they are opened."""

    def __init__(self, world: World, *words: str) -> None:
        self.begun: list[str] = []
        self._gates = {word: asyncio.Event() for word in words}
        self._turn = world.dialogue.turn
        world.dialogue.turn = self.turn  # type: ignore[method-assign]

    async def turn(self, event: Event) -> Reply:
        word = event.input.text if isinstance(event.input, Text) else ""
        self.begun.append(word)
        if gate := self._gates.get(word):
            await gate.wait()
        return await self._turn(event)

    def open(self, word: str) -> None:
        self._gates[word].set()


def said(world: World) -> list[str]:
    return [given.text for given in world.dialogue.inputs if isinstance(given, Text)]


async def test_different_people_side_by_side_one_person_in_order(world: World) -> None:
    ola, jan = world.api.user(1), world.api.user(2)
    gates = Gates(world, "ola 1")
    await ola.says("ola 1", wait=False)
    await ola.says("ola 2", wait=False)
    await jan.says("jan 1", wait=False)
    async with world.polling():
        await until(lambda: said(world) == ["jan 1"])
        assert gates.begun == ["ola 1", "jan 1"]
        gates.open("ola 1")
        await until(lambda: said(world) == ["jan 1", "ola 1", "ola 2"])


async def test_an_update_is_confirmed_only_after_its_turn(world: World) -> None:
    user = world.api.user()
    gates = Gates(world, "raz")
    async with world.polling():
        await user.says("raz", wait=False)
        await until(lambda: gates.begun == ["raz"])
        assert len(world.api.updates.pending) == 1
        gates.open("raz")
        await until(lambda: not world.api.updates.pending)


async def test_a_turn_that_failed_is_tried_again_and_the_persons_next_waits_for_it(world: World) -> None:
    ola, jan = world.api.user(1), world.api.user(2)
    world.dialogue.troubles = [OSError("database is locked")]
    await ola.says("ola 1", wait=False)
    await ola.says("ola 2", wait=False)
    await jan.says("jan 1", wait=False)
    async with world.polling():
        await until(lambda: not world.api.updates.pending)
    assert said(world) == ["jan 1", "ola 1", "ola 2"]
    assert [seen.text for seen in ola.messages] == ["Text", "Text"]
    assert len(jan.messages) == 1


async def test_an_update_that_always_fails_is_given_up_once_others_get_through(world: World) -> None:
    ola, jan = world.api.user(1), world.api.user(2)
    turn = world.dialogue.turn

    async def poisoned(event: Event) -> Reply:
        if event.input == Text("trucizna"):
            raise RuntimeError("nie do połknięcia")
        return await turn(event)

    world.dialogue.turn = poisoned  # type: ignore[method-assign]
    await ola.says("trucizna", wait=False)
    await ola.says("potem", wait=False)
    await jan.says("jan", wait=False)
    with capture_logs() as logs:
        async with world.polling(patience=replace(QUICK, first_pause=0.001)):
            await until(lambda: not world.api.updates.pending)
    assert said(world) == ["jan", "potem"]
    failures = [line for line in logs if line["event"] == "telegram.turn_failed"]
    assert [line["given_up"] for line in failures] == [False] * (polling.TRIES - 1) + [True]
    assert "trucizna" not in str(logs)
    assert "połknięcia" not in str(logs)


async def test_while_nothing_gets_through_nothing_is_given_up(world: World) -> None:
    world.dialogue.troubles = [OSError("the disk is full") for _ in range(2 * polling.TRIES + 2)]
    await world.api.user(1).says("ola", wait=False)
    await world.api.user(2).says("jan", wait=False)
    async with world.polling(patience=Patience(first_pause=0.001, longest_pause=0.004)):
        await until(lambda: not world.api.updates.pending)
    assert sorted(said(world)) == ["jan", "ola"]


async def test_an_update_that_cannot_be_read_does_not_stop_the_others(world: World) -> None:
    user = world.api.user()
    await user.does("message", {"message_id": "?"}, wait=False)
    async with world.polling():
        await user.says("dalej")
    assert said(world) == ["dalej"]


async def test_slow_replies_hold_up_the_next_batch_only_for_a_while(world: World) -> None:
    user, other = world.api.user(1), world.api.user(2)
    gate = asyncio.Event()

    async def turn(lane: Any, recipient: int) -> None:
        if recipient == 1:
            await gate.wait()

    world.pace.turn = turn  # type: ignore[method-assign]
    async with world.polling(patience=replace(QUICK, batch_replies=0.02)):
        await user.says("raz")
        await user.says("dwa")
        await other.says("jan")
        assert user.messages == []
        assert len(other.messages) == 1
        gate.set()
        await until(lambda: len(user.messages) == 2)


async def test_a_restart_takes_up_where_the_last_run_stopped(world: World) -> None:
    user = world.api.user()
    async with world.polling():
        await user.says("raz")
    await user.says("dwa", wait=False)
    async with world.polling():
        await until(lambda: len(said(world)) == 2)
    assert said(world) == ["raz", "dwa"]
    assert not world.api.updates.pending


async def test_stopping_lets_turns_and_replies_in_flight_end(world: World) -> None:
    user = world.api.user()
    gates = Gates(world, "raz")
    stop = asyncio.Event()
    task = asyncio.create_task(world.channel().run(stop))
    await user.says("raz", wait=False)
    await until(lambda: gates.begun == ["raz"])
    stop.set()
    await asyncio.sleep(0.01)
    gates.open("raz")
    await asyncio.wait_for(task, 3)
    assert said(world) == ["raz"]
    assert len(user.messages) == 1
    assert not world.api.updates.pending


async def test_a_turn_that_does_not_end_is_broken_off_at_the_stop_and_comes_again(world: World) -> None:
    user = world.api.user()
    gates = Gates(world, "raz")
    async with world.polling(patience=replace(QUICK, last_turns=0.02)):
        await user.says("raz", wait=False)
        await until(lambda: gates.begun == ["raz"])
    assert len(world.api.updates.pending) == 1


async def test_a_turn_that_takes_too_long_is_broken_off_and_tried_again(world: World) -> None:
    user = world.api.user()
    gates = Gates(world, "raz")
    async with world.polling(patience=replace(QUICK, turn=0.02)):
        await user.says("raz", wait=False)
        await until(lambda: len(gates.begun) >= 2)
        gates.open("raz")
        await until(lambda: said(world) == ["raz"])
    assert len(user.messages) == 1


async def test_a_reply_that_does_not_get_through_is_dropped_at_the_stop(world: World) -> None:
    user = world.api.user()
    entered = asyncio.Event()

    async def never(lane: Any, recipient: int) -> None:
        entered.set()
        await asyncio.Event().wait()

    world.pace.turn = never  # type: ignore[method-assign]
    async with world.polling(patience=replace(QUICK, last_replies=0.02)):
        await user.says("raz", wait=False)
        await entered.wait()
    assert user.messages == []
    assert not world.api.updates.pending


async def test_a_server_that_is_no_bot_api_is_named_and_tried_again(world: World) -> None:
    async def hello(_: web.Request) -> web.Response:
        return web.json_response({"hello": "world"})

    async with serving(hello) as url:
        stop = asyncio.Event()
        with capture_logs() as logs:
            task = asyncio.create_task(world.channel(base_url=url).run(stop))
            await until(lambda: logs)
            stop.set()
            await task
    assert [line["event"] for line in logs] == ["telegram.unavailable"]
    assert "BEZPIECZNY_TELEGRAM__BASE_URL" in logs[0]["reason"]


async def test_a_wrong_token_is_one_clear_line_and_the_end_of_this_channel(world: World) -> None:
    with capture_logs() as logs:
        await asyncio.wait_for(world.channel(token="1:wrong").run(asyncio.Event()), 3)
    assert [(line["event"], line["log_level"]) for line in logs] == [("telegram.off", "error")]
    assert "BEZPIECZNY_TELEGRAM__TOKEN" in logs[0]["reason"]
    assert "1:wrong" not in str(logs)


async def test_trouble_is_told_once_and_survived(world: World) -> None:
    user = world.api.user()
    world.api.fail(ServerError(502), "getMe", times=3)
    world.api.fail(Dropped(), "getUpdates", times=2)
    with capture_logs() as logs:
        async with world.polling():
            await user.says("raz")
    warnings = [line["kind"] for line in logs if line["event"] == "telegram.unavailable"]
    assert warnings == ["ServerFailed", "AnswerLost"]
    assert [line["failures"] for line in logs if line["event"] == "telegram.available"] == [3, 2]
    assert said(world) == ["raz"]


async def test_another_poller_is_explained(world: World) -> None:
    user = world.api.user()
    with capture_logs() as logs:
        async with world.polling(), running(world.channel()):
            await until(lambda: any(line.get("kind") == "Conflict" for line in logs))
            await user.says("raz")
    reasons = {line["reason"] for line in logs if line.get("kind") == "Conflict"}
    assert reasons == {"another program reads this bot's updates; only one may poll with a token"}


async def test_a_webhook_left_behind_is_removed(world: World) -> None:
    world.api.updates.set_webhook({"url": "https://old.example/hook"})
    async with world.polling():
        await world.api.user().says("raz")
    assert world.api.updates.webhook == {}


async def test_only_what_we_use_is_asked_for(world: World) -> None:
    async with world.polling():
        await world.api.user().says("raz")
    assert world.api.updates.allowed == ["message", "callback_query", "my_chat_member"]
