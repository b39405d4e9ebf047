"""What opens a door, or says a second yes, stays out of groups, even where one is linked to somebody by mistake."""

from bot.domain import actions as do
from bot.domain.residents import Address
from bot.services import campaigns as desk
from bot.services import staff as team
from bot.storage.staff import Member, Role
from scheduler.model import CampaignState
from tests.dialogue.world import Person, World, words_of
from tests.support import campaign


async def in_a_group(world: World) -> Person:
    """A group with Ada, an admin, to whom it is linked."""
    group = world.person("telegram:-100", "en")
    await group.starts()
    async with world.database.begin() as conn:
        await team.enrol(conn, Member("Ada", Role.ADMIN), world.clock.now)
        await team.link(conn, "Ada", Address("telegram", "-100"))
    return group


async def test_a_group_gets_no_link_into_the_console(world: World) -> None:
    group = await in_a_group(world)

    await group.commands("panel")
    told = words_of(group.replies[-1], world.library)
    await group.commands("nonsense")

    assert told == words_of(group.replies[-1], world.library), "the same as for a command that there is not"


async def test_a_group_approves_nothing(world: World) -> None:
    group = await in_a_group(world)
    async with world.database.begin() as conn:
        await team.enrol(conn, Member("Bob", Role.EDITOR), world.clock.now)
        waits = await desk.create(conn, world.library, campaign(), who="Bob", now=world.clock.now)
    assert waits.state is CampaignState.IN_REVIEW

    for action in (do.ReadReview(1), do.ApproveCampaign(1, 1), do.ApproveCampaign(1, 1, sure=True)):
        await group.does(action)
        assert "That button no longer works" in words_of(group.replies[-1], world.library)
