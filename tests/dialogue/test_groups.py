"""What opens a door, or says a second yes, stays out of groups, even where one is linked to somebody by mistake."""

import pytest

from bot.domain import actions as do
from bot.services import campaigns as desk
from bot.services import staff as team
from bot.storage.staff import Member, Role
from scheduler.model import CampaignState
from tests.dialogue.world import Person, World, words_of
from tests.support import campaign

GROUPS = ("telegram:-100", "matrix:!estate:example.org")


async def in_a_group(world: World, address: str) -> Person:
    """A group with Ada, an admin, to whom it is linked."""
    group = world.person(address, "en")
    await group.starts()
    async with world.database.begin() as conn:
        await team.enrol(conn, Member("Ada", Role.ADMIN), world.clock.now)
        await team.link(conn, "Ada", group.address)
    return group


@pytest.mark.parametrize("address", GROUPS)
async def test_a_group_gets_no_link_into_the_console(world: World, address: str) -> None:
    group = await in_a_group(world, address)

    await group.commands("panel")
    told = words_of(group.replies[-1], world.library)
    await group.commands("nonsense")

    assert told == words_of(group.replies[-1], world.library), "the same as for a command that there is not"


@pytest.mark.parametrize("address", GROUPS)
async def test_a_group_approves_nothing(world: World, address: str) -> None:
    group = await in_a_group(world, address)
    await group.does(do.SetAnswering("telepathy"))
    stale = words_of(group.replies[-1], world.library)
    async with world.database.begin() as conn:
        await team.enrol(conn, Member("Bob", Role.EDITOR), world.clock.now)
        waits = await desk.create(conn, world.library, campaign(), who="Bob", now=world.clock.now)
    assert waits.state is CampaignState.IN_REVIEW

    for action in (do.ReadReview(1), do.ApproveCampaign(1, 1), do.ApproveCampaign(1, 1, sure=True)):
        await group.does(action)
        assert words_of(group.replies[-1], world.library) == stale, "the same as for a button that there is not"
