"""What other programs change, by their tokens; every change has its line in the audit log.

A program never approves and never schedules: what it writes is read, and let go, by people.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.catalogue.documents import Document
from bot.catalogue.library import Library
from bot.catalogue.problems import ContentError, Problem, Severity
from bot.catalogue.schema import Campaign as Content
from bot.domain.errors import BotError
from bot.domain.workshops import Workshop
from bot.services import campaigns, notices, refusals, workshops
from bot.services.tokens import Caller
from bot.services.workshops import Edited, Plan
from bot.storage import audit
from bot.storage.database import Connection
from bot.storage.vault import Vault
from scheduler import ledger, lifecycle
from scheduler.model import Campaign


class NotYours(BotError):
    """This campaign was written, or revised, by somebody else."""


class _Sent(Document[Content]):
    """A campaign that came over the wire: a place in it is a JSON pointer, and stands where a file's name would."""

    def problem(self, message: str, *location: int | str, severity: Severity = Severity.ERROR) -> Problem:
        return Problem("".join(f"/{step}" for step in location), 0, 0, message, severity)


async def draft(conn: Connection, library: Library, content: Content, *, caller: Caller, now: datetime) -> Campaign:
    """A new draft. Raises ContentError, whose places are JSON pointers, TextTooLong, NoSuchWorkshop."""
    if problems := list(refusals.in_file(_Sent(Path(), content, b""), library)):
        raise ContentError(problems)
    await refusals.refuse_unfit(conn, content)
    made = await ledger.create_campaign(conn, campaigns.draft_of(content, caller.name, now))
    await _note(
        conn, caller, now, "create", f"campaign:{made.id}", after={"title": made.title, "kind": made.kind.value}
    )
    return made


async def submit(conn: Connection, campaign_id: int, *, caller: Caller, now: datetime) -> Campaign:
    """Ask people to approve a draft that this very token wrote. Raises UnknownCampaign, NotYours, NotAllowed."""
    campaign = await ledger.load_campaign(conn, campaign_id)
    if campaign.author != caller.name:
        raise NotYours
    submitted = lifecycle.submit(campaign, now)
    saved = await ledger.save_campaign(conn, submitted, who=caller.name, what=campaigns.SUBMITTED, now=now)
    await notices.tell_review(conn, saved, now)
    await _note(
        conn,
        caller,
        now,
        "submit",
        f"campaign:{campaign_id}",
        before={"state": campaign.state.value},
        after={"state": saved.state.value},
    )
    return saved


async def plan_workshop(conn: Connection, plan: Plan, *, caller: Caller, now: datetime) -> int:
    """A workshop that residents can book from now on; returns its number. Raises WorkshopInPast."""
    number = await workshops.create(conn, plan, now)
    await _note(conn, caller, now, "create", f"workshop:{number}", after=plan.model_dump(mode="json"))
    return number


async def edit_workshop(
    conn: Connection, vault: Vault, number: int, plan: Plan, *, revision: int, caller: Caller, now: datetime
) -> Edited:
    """Change a workshop; whoever booked hears of a new time or place. Raises what `workshops.edit` raises."""
    edited = await workshops.edit(conn, vault, number, plan, revision=revision, tell=True, now=now)
    before, after = (workshops.plan_of(one).model_dump(mode="json") for one in (edited.before, edited.after))
    told = {"told": edited.told, "moved_up": edited.moved_up}
    await _note(conn, caller, now, "edit", f"workshop:{number}", before=before, after=after | told)
    return edited


async def call_off_workshop(conn: Connection, number: int, *, caller: Caller, now: datetime) -> Workshop:
    """Call a workshop off; whoever booked is told. Raises UnknownItem, WorkshopClosed."""
    workshop, told = await workshops.call_off(conn, number, now)
    before, after = {"called_off": False}, {"called_off": True, "told": told}
    await _note(conn, caller, now, "call_off", f"workshop:{number}", before=before, after=after)
    return workshop


async def _note(
    conn: Connection,
    caller: Caller,
    now: datetime,
    what: str,
    about: str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    await audit.add(conn, [audit.Entry(now, caller.name, what, about, before, after)])
