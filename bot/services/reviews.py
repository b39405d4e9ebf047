"""A campaign as whoever approves it reads it in a chat: what residents will see, whom it reaches, who wrote it."""

from bot.catalogue.library import Library
from bot.catalogue.schema import Campaign as Content
from bot.domain import actions as do
from bot.domain.messages import Block, Button, Link, Plain, Row, Screen, say
from bot.services.letters import MENU, campaign_letter
from bot.services.links import Links
from scheduler.model import Campaign


def title_of(campaign: Campaign) -> Plain:
    """Its title, in every language there is."""
    return Plain(dict(campaign.content.get("title") or {"pl": campaign.title}))


def review(library: Library, links: Links | None, campaign: Campaign, reached: int | None = None) -> Screen:
    """What there is to say yes to, with the way to do it; `reached`: how many people would get it."""
    letter = campaign_letter(library, Content.model_validate(campaign.content))
    head = say("notice.review", title=title_of(campaign), number=campaign.id, who=campaign.author)
    blocks: list[Block] = [head, *letter.blocks]
    if letter.picture:
        blocks.append(say("approval.picture", alt=letter.picture.alt))
    # Its last row leads to fewer messages and to the menu, as in every campaign.
    blocks += [say("approval.button", label=way.label) for row in letter.rows[:-1] for way in row]
    if reached is not None:
        blocks.append(say("approval.reach", n=reached))
    approve = Button(say("approval.approve"), do.ApproveCampaign(campaign.id, campaign.revision))
    return Screen(blocks=tuple(blocks), rows=((approve,), *ways_on(links, campaign.id)), replaces=False)


def ways_on(links: Links | None, campaign_id: int) -> tuple[Row, ...]:
    """To the campaign in the console, and to the menu."""
    console = (Link(say("approval.console"), links.console(f"/campaigns/{campaign_id}")),) if links else ()
    return (*((console,) if console else ()), (MENU,))
