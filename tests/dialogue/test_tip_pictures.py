"""A tip's picture comes with it, and with words for whoever does not see it."""

from dataclasses import replace

from bot.catalogue.schema import Picture
from bot.domain import actions as do
from tests.dialogue.world import World
from tests.support import texts

PNG = b"\x89PNG\r\n\x1a\n"


async def test_a_tip_shows_its_picture(world: World) -> None:
    tip = next(iter(world.library.tips.values()))
    pictured = tip.model_copy(update={"picture": Picture(file="korytarz.png", alt=texts("Auta na boki"))})
    tips = {**world.library.tips, tip.id: pictured}
    world.shelf.put(replace(world.library, tips=tips, pictures={"korytarz.png": PNG}))
    shown = (await world.person().does(do.ShowTip(tip.id))).picture
    assert shown is not None
    assert shown.png == PNG
    assert world.library.words.label(shown.alt, "uk").startswith("Auta na boki")


async def test_others_show_none(world: World) -> None:
    tip = next(iter(world.library.tips))
    assert (await world.person().does(do.ShowTip(tip))).picture is None
