"""What follows when a resident sets something: a consent taken back is counted, a run under way may be joined."""

from dataclasses import replace
from datetime import datetime

from bot.domain.residents import Resident
from bot.services import results
from bot.services.campaign_texts import content_of
from bot.storage.audience import ResidentsAudience
from bot.storage.database import Connection
from scheduler import ledger
from scheduler.model import Campaign, Run, RunState


async def changed(conn: Connection, before: Resident, after: Resident, now: datetime) -> None:
    """Do what follows from a change, in the transaction that made it."""
    for consent in results.CONSENTS:
        if getattr(before, consent) and not getattr(after, consent):
            await results.withdrawn(conn, after, consent, now)
    if _counts_for_campaigns(before) != _counts_for_campaigns(after):
        await _join_open_runs(conn, after, now)


def _counts_for_campaigns(resident: Resident) -> Resident:
    """A resident with nothing but what decides on their being in an audience."""
    return replace(resident, tip_hour=None, consent_asked_at=None)


async def _join_open_runs(conn: Connection, resident: Resident, now: datetime) -> None:
    if not (resident.can_be_written_to and (resident.alerts or resident.campaigns)):
        return
    audience = ResidentsAudience(only=resident.id)
    for run, campaign in await _open_to_joiners(conn):
        await ledger.join(conn, audience, run, campaign, recipient=resident.id, now=now)


async def _open_to_joiners(conn: Connection) -> list[tuple[Run, Campaign]]:
    """Runs under way whose campaign takes in who subscribes meanwhile, in one order for all who ask."""
    found = []
    for run in sorted(await ledger.list_runs(conn, states=(RunState.RUNNING, RunState.PAUSED)), key=lambda one: one.id):
        if run.campaign_id is None:
            continue
        campaign = await ledger.load_campaign(conn, run.campaign_id)
        if content_of(campaign).takes_late_joiners:
            found.append((run, campaign))
    return found
