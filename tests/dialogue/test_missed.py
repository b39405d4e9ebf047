"""A question that finds nothing leaves its words behind as marks; one that finds something leaves nothing."""

from bot.domain import actions as do
from bot.services import missed
from bot.storage.missed import Missed
from tests.dialogue.world import World
from tests.support import add_workshop


async def marks(world: World) -> int:
    return len((await world.dump())["missed_by"])


async def test_only_what_finds_nothing_is_noted(world: World) -> None:
    person = world.person()
    for text in ("czujka czadu lawina", "czad w domu drony"):  # one leads to a tip, the other to a choice
        await person.writes(text)
        assert await marks(world) == 0
    await person.writes("drony nad osiedlem")
    assert await marks(world) == 2
    await person.again()
    await person.commands("quiz", "drony")
    assert await marks(world) == 2


async def test_a_name_that_was_asked_for_is_no_question(world: World) -> None:
    async with world.database.begin() as conn:
        await add_workshop(conn)
    person = world.person()
    await person.does(do.Book(1, 1))
    await person.writes("Gerwazy Rzepecki")
    await person.writes("gerwazy@example.org")
    assert await marks(world) == 0


async def test_a_word_of_five_people_is_readable(world: World) -> None:
    for number in range(5):
        await world.person(f"telegram:{number}").writes("spadła lawina")
    async with world.database.read() as conn:
        words = await missed.listed(conn, world.clock.now)
    assert Missed("lawin", 5) in words
