"""Who is erased, or leaves, is in the key store no more: the bot's own file, beside a real homeserver."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from bot.channels.matrix.identity import STORE
from tests.acceptance.conftest import PATIENCE_S
from tests.matrix.conftest import Arrives
from tests.matrix.people import Resident
from tests.matrix.program import Bot
from tests.matrix.steps import meets


def keys_of(bot: Bot) -> Path:
    return bot.folder / "data" / "matrix" / STORE


def known(bot: Bot) -> set[str]:
    """Whose devices are in the key store."""
    with closing(sqlite3.connect(keys_of(bot))) as file:
        return {user for (user,) in file.execute("SELECT user_id FROM devicekeys")}


async def until(what: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not what():  # noqa: ASYNC110 - it happens in another process
            await asyncio.sleep(0.1)


async def is_erased(anna: Resident) -> None:
    await anna.says("!usun")
    await anna.is_asked("Skasować wszystko?")
    await anna.picks("Tak, skasuj")
    goodbye = await anna.hears("Nic już o Tobie nie wiem")
    assert goodbye.encrypted


async def test_whoever_is_erased_is_in_the_key_store_no_more(arrives: Arrives, own_bot: Bot) -> None:
    anna = await meets(arrives, own_bot, encrypted=True)
    bob = await meets(arrives, own_bot, "bob", encrypted=True)
    assert known(own_bot) >= {anna.user, bob.user}
    await is_erased(anna)
    await until(lambda: anna.user not in known(own_bot))
    assert bob.user in known(own_bot)
    assert anna.user.encode() not in keys_of(own_bot).read_bytes(), "what was erased is overwritten"

    await anna.says("!pomoc")
    assert (await anna.hears("Jak to działa")).encrypted
    await bob.says("!pomoc")
    assert (await bob.hears("Jak to działa")).encrypted
    assert not own_bot.logged("matrix.keys_not_forgotten")


async def test_whoever_is_erased_and_comes_back_after_a_restart_is_answered(arrives: Arrives, own_bot: Bot) -> None:
    anna = await meets(arrives, own_bot, encrypted=True)
    await is_erased(anna)
    await until(lambda: anna.user not in known(own_bot))
    await own_bot.stop()
    assert anna.user.encode() not in keys_of(own_bot).read_bytes()
    await anna.says("!pomoc")
    await own_bot.start()
    assert (await anna.hears("Jak to działa")).encrypted
    assert not any("nie mogę" in heard.body for heard in anna.said()), "nothing has to be written again"


async def test_whoever_was_erased_by_the_city_is_forgotten_at_the_next_start(arrives: Arrives, own_bot: Bot) -> None:
    anna = await meets(arrives, own_bot, encrypted=True)
    await own_bot.stop()
    with closing(sqlite3.connect(own_bot.folder / "data" / "bezpieczny.sqlite3")) as database, database:
        database.execute("DELETE FROM matrix_rooms WHERE person = ?", (anna.user,))
    assert anna.user in known(own_bot)
    await own_bot.start()
    await until(lambda: anna.user not in known(own_bot))
    await anna.says("!pomoc")
    assert (await anna.hears("Jak to działa")).encrypted


async def test_the_keys_of_a_room_go_when_its_person_leaves(arrives: Arrives, own_bot: Bot) -> None:
    anna = await meets(arrives, own_bot, encrypted=True)
    bob = await meets(arrives, own_bot, "bob", encrypted=True)
    left = anna.room
    assert left.encode() in keys_of(own_bot).read_bytes()
    await anna.leaves()
    await until(lambda: left.encode() not in keys_of(own_bot).read_bytes())
    assert bob.room.encode() in keys_of(own_bot).read_bytes()

    await anna.meets(own_bot.user, encrypted=True)
    assert (await anna.hears("Co robimy?")).encrypted
    assert anna.room != left


async def test_the_keys_of_a_room_go_after_its_person_was_erased(arrives: Arrives, own_bot: Bot) -> None:
    anna = await meets(arrives, own_bot, encrypted=True)
    await is_erased(anna)
    await until(lambda: anna.user not in known(own_bot))
    assert anna.room.encode() in keys_of(own_bot).read_bytes(), "by it the next hello can be read"
    await anna.leaves()
    await until(lambda: anna.room.encode() not in keys_of(own_bot).read_bytes())
    assert anna.user.encode() not in keys_of(own_bot).read_bytes()
