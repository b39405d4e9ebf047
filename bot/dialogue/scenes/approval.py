"""A second person's yes to a campaign, for staff on their phone."""

from typing import assert_never

from bot.dialogue.scenes.parts import MENU, button
from bot.dialogue.turn import Turn
from bot.domain import actions as do
from bot.domain.messages import Block, Row, Screen, say
from bot.services import approvals
from bot.services.approvals import Approved, Changed, Open, Over, Own, Standing
from bot.services.reviews import review, title_of, ways_on
from scheduler.model import Campaign


async def read(turn: Turn, action: do.ReadReview) -> Screen:
    """The campaign as it is now, with the way to approve it."""
    standing = await approvals.look(turn.conn, turn.resident.address, action.campaign)
    if isinstance(standing, Open):
        return review(turn.library, turn.tools.links, standing.campaign)
    return _where_it_stands(turn, standing)


async def approve(turn: Turn, action: do.ApproveCampaign) -> Screen:
    """Asks once more, then approves; what cannot be approved says why."""
    where = turn.conn, turn.resident.address, action.campaign, action.revision
    if action.sure:
        return _where_it_stands(turn, await approvals.approve(*where, turn.now))
    standing = await approvals.look(*where)
    return _asked(standing.campaign) if isinstance(standing, Open) else _where_it_stands(turn, standing)


def _asked(campaign: Campaign) -> Screen:
    yes = do.ApproveCampaign(campaign.id, campaign.revision, sure=True)
    return Screen(
        blocks=(say("approval.sure", title=title_of(campaign), who=campaign.author),),
        rows=((button("approval.yes", yes), button("approval.no", do.ReadReview(campaign.id))),),
        replaces=False,  # what is approved stays above, to be read
    )


def _where_it_stands(turn: Turn, standing: Standing) -> Screen:
    ways = ways_on(turn.tools.links, standing.campaign.id)
    title = title_of(standing.campaign)
    match standing:
        case Approved(by=by):
            return _screen(say("approval.done", title=title, who=by), ways)
        case Changed():
            again = button("approval.read", do.ReadReview(standing.campaign.id))
            return _screen(say("approval.changed", title=title), ((again,), MENU))
        case Own():
            return _screen(say("approval.own", title=title), ways)
        case Open() | Over():
            return _screen(say("approval.over", title=title), ways)
        case _:
            assert_never(standing)


def _screen(said: Block, rows: tuple[Row, ...]) -> Screen:
    return Screen(blocks=(said,), rows=rows)
