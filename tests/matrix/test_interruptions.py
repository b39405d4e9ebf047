"""The bot is stopped, killed, and left without its homeserver: nobody is passed over, and nothing is said twice."""

import asyncio
import re
import signal
from collections import Counter
from pathlib import Path

from sqlalchemy import select

from bot.storage import tables
from bot.storage.database import Connection
from tests.matrix.conftest import Arrives, running
from tests.matrix.people import person
from tests.matrix.program import Bot
from tests.matrix.steps import begins, is_heard, meets, onward
from tests.matrix.synapse import Synapse

KILLS = 4


async def test_forty_messages_missed_are_answered_in_order(arrives: Arrives, own_bot: Bot, encrypted: bool) -> None:
    anna = await meets(arrives, own_bot, encrypted=encrypted)
    await is_heard(anna)
    before = len(anna.said())
    await own_bot.stop()
    asked = [await anna.says(("!numery", "!ustawienia", "!menu")[number % 3]) for number in range(39)]
    asked.append(await anna.says("!prywatnosc"))
    await own_bot.start()
    await anna.hears("Prywatność w sześciu zdaniach")
    await is_heard(anna)
    answers = anna.said()[before:-1]
    assert len(answers) == len(asked), "each is answered once"
    assert [_topic(heard.body) for heard in answers] == ["numbers", "settings", "home"] * 13 + ["privacy"]
    assert set(asked) <= await own_bot.ask(_handled)


async def _handled(conn: Connection) -> set[str]:
    return set((await conn.execute(select(tables.matrix_events.c.event))).scalars())


def _topic(body: str) -> str:
    topics = {"Co robimy?": "home", "Ustawienia.": "settings", "Prywatność w": "privacy", "112": "numbers"}
    return next(topic for words, topic in topics.items() if words in body)


async def test_more_than_a_sync_holds_are_read_backwards(arrives: Arrives, own_bot: Bot) -> None:
    anna = await meets(arrives, own_bot, encrypted=True)
    await own_bot.stop()
    await anna.says("!numery")
    for _ in range(230):  # what asks for no answer
        await anna.sends("m.room.message", {"msgtype": "m.notice", "body": "…"})
    await anna.says("!prywatnosc")
    await own_bot.start()
    await anna.hears("112")
    await anna.hears("Prywatność w sześciu zdaniach")


async def test_a_restart_in_mid_quiz_goes_on_where_it_was(arrives: Arrives, own_bot: Bot, encrypted: bool) -> None:
    anna = await meets(arrives, own_bot, encrypted=encrypted)
    screen = await begins(anna)
    await anna.says(screen.choices[onward(screen)])
    feedback = await anna.is_asked("Źródło")
    assert await own_bot.stop() == 0
    await anna.says(feedback.choices[onward(feedback)])
    await own_bot.start()
    await anna.is_asked("2/6")
    await anna.says("!menu")
    assert any("Wróć do quizu (2/6)" in label for label in (await anna.is_asked("Co robimy?")).choices)
    assert max(Counter(heard.body for heard in anna.said()).values()) == 1


async def test_killed_at_any_moment_it_says_each_thing_once(arrives: Arrives, own_bot: Bot, encrypted: bool) -> None:
    anna = await meets(arrives, own_bot, encrypted=encrypted)
    screen = await begins(anna)
    for kill in range(KILLS):
        await anna.says(screen.choices[onward(screen)])
        if kill % 2:
            screen = await anna.is_asked()  # the answer is there, and maybe nobody has written down that it is
            await own_bot.restart(signal.SIGKILL)
        else:
            await asyncio.sleep(kill * 0.03)
            await own_bot.restart(signal.SIGKILL)
            screen = await anna.is_asked()
    await is_heard(anna)
    asked = re.findall(r"^\d/6", "\n".join(heard.body for heard in anna.said() if not heard.edits), re.MULTILINE)
    assert asked == sorted(asked), "the questions are put in order"
    assert max(Counter(heard.body for heard in anna.said() if not heard.edits).values()) == 1


async def test_an_invitation_that_came_while_it_was_away_is_accepted(
    arrives: Arrives, own_bot: Bot, encrypted: bool
) -> None:
    await meets(arrives, own_bot, "bob", encrypted=encrypted)
    assert await own_bot.stop() == 0
    anna = await arrives("anna")
    await anna.invites(own_bot.user, encrypted=encrypted)
    await own_bot.start()
    await anna.sees_joining(own_bot.user)
    assert (await anna.hears("Uczę bezpieczeństwa")).encrypted is encrypted


async def test_an_invitation_that_was_there_before_its_first_start_is_accepted(
    arrives: Arrives, homeserver: Synapse, tmp_path: Path, encrypted: bool
) -> None:
    bot = Bot(tmp_path, homeserver)
    anna = await arrives("anna")
    await anna.invites(bot.user, encrypted=encrypted)
    async with running(bot):
        await anna.sees_joining(bot.user)
        await anna.hears("Uczę bezpieczeństwa")


async def test_a_homeserver_that_goes_away_is_one_line_and_then_it_goes_on(tmp_path: Path) -> None:
    with Synapse(tmp_path / "own") as own:
        async with running(Bot(tmp_path, own)) as bot, person(own, "anna", tmp_path / "clients") as anna:
            await anna.meets(bot.user, encrypted=True)
            await anna.is_asked("Uczę bezpieczeństwa")
            before = len(bot.logged("matrix."))
            own.stop()
            await asyncio.sleep(6)  # so long that it is asked for several times
            own.start()
            await anna.says("!pomoc")
            await anna.hears("Jak to działa")
            said = [line for line in bot.logged("matrix.")[before:] if line["level"] in {"warning", "error"}]
            assert len(said) == 1, said
            assert len(anna.said()) == 2


async def test_without_a_homeserver_it_starts_and_waits_for_one(tmp_path: Path) -> None:
    with Synapse(tmp_path / "own") as own:
        bot = Bot(tmp_path, own)
        own.stop()
        async with running(bot):
            await bot.logs("matrix.")
            own.start()
            async with person(own, "anna", tmp_path / "clients") as anna:
                await anna.meets(bot.user, encrypted=True)
                await anna.hears("Uczę bezpieczeństwa")
