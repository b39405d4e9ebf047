"""The second yes, said in a chat: by whom, to what exactly, and once."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.errors import StaleAction
from bot.domain.residents import Address
from bot.services import campaigns
from bot.services.notices import approvers_at, writers
from bot.storage import audit, staff
from bot.storage.database import Connection
from scheduler import ledger
from scheduler.errors import StaleCampaign, UnknownCampaign
from scheduler.model import Campaign, CampaignState


@dataclass(frozen=True, slots=True)
class Open:
    """It waits, and `who` may say yes."""

    campaign: Campaign
    who: str


@dataclass(frozen=True, slots=True)
class Approved:
    """Somebody said yes; perhaps whoever asks now."""

    campaign: Campaign
    by: str


@dataclass(frozen=True, slots=True)
class Changed:
    """It still waits, but says something else than what was read."""

    campaign: Campaign


@dataclass(frozen=True, slots=True)
class Over:
    """It does not wait any more: it was sent back, is being written, or was called off."""

    campaign: Campaign


@dataclass(frozen=True, slots=True)
class Own:
    """Whoever wrote it reads here too: somebody else says yes."""

    campaign: Campaign


Standing = Open | Approved | Changed | Over | Own


async def look(conn: Connection, reader: Address, campaign_id: int, revision: int | None = None) -> Standing:
    """How things stand for whoever reads at an address; `revision`: of what they have read, None for the present one.

    Raises StaleAction for everybody to whom it is none of their business: they learn nothing of it.
    """
    try:
        campaign = await ledger.load_campaign(conn, campaign_id)
    except UnknownCampaign as error:
        raise StaleAction from error
    if not reader.is_private or not await _concerned(conn, reader, campaign):
        raise StaleAction
    if campaign.state is not CampaignState.IN_REVIEW:
        return _past(campaign)
    able = await approvers_at(conn, reader, campaign)
    if not able:
        return Own(campaign)
    return Open(campaign, able[0]) if revision in (None, campaign.revision) else Changed(campaign)


async def _concerned(conn: Connection, reader: Address, campaign: Campaign) -> bool:
    """Whether somebody who approves campaigns reads there, or who wrote this one."""
    there = await staff.names_at(conn, reader)
    if set(there) & await writers(conn, campaign):
        return True
    return bool(await approvers_at(conn, reader, campaign))


def _past(campaign: Campaign) -> Standing:
    over = campaign.state in (CampaignState.DRAFT, CampaignState.CANCELLED) or campaign.approved_by is None
    return Over(campaign) if over else Approved(campaign, campaign.approved_by or "")


async def approve(conn: Connection, reader: Address, campaign_id: int, revision: int, now: datetime) -> Standing:
    """Say yes to a campaign as it was read, if that may be done; returns how things stand then. Raises StaleAction."""
    standing = await look(conn, reader, campaign_id, revision)
    if not isinstance(standing, Open):
        return standing
    try:
        approved = await campaigns.approve(conn, campaign_id, who=standing.who, now=now, revision=revision)
    except StaleCampaign:  # somebody was faster, by the blink of an eye
        return await look(conn, reader, campaign_id, revision)
    before, after = _brief(standing.campaign), _brief(approved)
    await audit.add(conn, [audit.Entry(now, standing.who, "approve", f"campaign:{campaign_id}", before, after)])
    return Approved(approved, standing.who)


def _brief(campaign: Campaign) -> dict[str, str | None]:
    return {"state": campaign.state.value, "approved_by": campaign.approved_by}
