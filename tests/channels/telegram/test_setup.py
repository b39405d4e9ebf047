from bot.dialogue.commands import LISTED
from tests.channels.telegram.world import World, until
from tests.telegram_api import ServerError, TooMany

SET = ("setMyCommands", "setMyName", "setMyDescription", "setMyShortDescription")
LANGUAGES = ["", "uk", "en"]


def times_set(world: World) -> list[int]:
    return [len(world.api.called(method)) for method in SET]


async def test_the_bot_introduces_itself_in_every_language(world: World) -> None:
    profile = world.api.methods.profile
    async with world.polling():
        await until(lambda: times_set(world) == [3, 1, 3, 3])
    assert sorted(profile.commands) == sorted(LANGUAGES)
    polish = {one["command"]: one["description"] for one in profile.commands[""]}
    assert list(polish) == [listed.name("pl") for listed in LISTED]
    assert polish["usun"] == "Usuń moje dane"
    assert {one["command"] for one in profile.commands["uk"]} >= {"viktoryna", "shcho_robyty"}
    assert "112" in profile.short_description["en"]
    assert profile.description["uk"] != profile.description["en"]


async def test_the_next_start_changes_nothing(world: World) -> None:
    for _ in range(2):
        async with world.polling():
            await until(lambda: len(world.api.called("getMyDescription")) % 3 == 0)
            await until(lambda: times_set(world) == [3, 1, 3, 3])
    assert times_set(world) == [3, 1, 3, 3]


async def test_what_somebody_changed_is_put_right(world: World) -> None:
    async with world.polling():
        await until(lambda: times_set(world) == [3, 1, 3, 3])
    world.api.methods.profile.name["en"] = "Something else"
    async with world.polling():
        await until(lambda: len(world.api.called("getMyDescription")) == 6)
    assert times_set(world) == [3, 2, 3, 3]


async def test_a_refusal_stops_neither_the_rest_nor_the_bot(world: World) -> None:
    world.api.fail(TooMany(86400), "setMyName", times=3)
    world.api.fail(ServerError(), "getMyCommands", times=3)
    async with world.polling():
        await world.api.user().says("/start")
        await until(lambda: times_set(world) == [0, 0, 3, 3])
    assert world.api.user().screen.text == "Start"
