"""What all pages about workshops share: which of them a member sees, and how they stand."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from fastapi import HTTPException

from bot.domain.workshops import Workshop
from bot.storage import workshops as store
from bot.storage.database import Connection
from bot.storage.staff import Role
from bot.web.console.visit import Visit

LARGEST = 2**31 - 1
"""The largest number that a row can have: whatever is larger was never one of ours."""


class Standing(StrEnum):
    """How a workshop stands."""

    OPEN = "open"
    FULL = "full"
    RUNNING = "running"
    OVER = "over"
    CALLED_OFF = "called_off"


_WORDS: Mapping[Standing, tuple[str, str]] = {
    Standing.OPEN: ("workshops.open", "good"),
    Standing.FULL: ("workshops.full", "wait"),
    Standing.RUNNING: ("workshops.running", "good"),
    Standing.OVER: ("workshops.over", "calm"),
    Standing.CALLED_OFF: ("workshops.called_off", "bad"),
}
"""Standing → its words, and the tone of its badge."""


def standing_of(workshop: Workshop, now: datetime) -> Standing:
    """How a workshop stands at an instant."""
    if workshop.cancelled_at:
        return Standing.CALLED_OFF
    if now >= workshop.ends_at:
        return Standing.OVER
    if now >= workshop.starts_at:
        return Standing.RUNNING
    return Standing.OPEN if workshop.free else Standing.FULL


def badge_of(visit: Visit, workshop: Workshop) -> tuple[str, str]:
    """The words and the tone of a workshop's badge."""
    key, tone = _WORDS[standing_of(workshop, visit.now)]
    return visit.say(key), tone


def only_of(visit: Visit) -> str | None:
    """Whose workshops this member sees: a partner their own, everybody else all (None)."""
    return visit.member.name if visit.member.role is Role.PARTNER else None


async def find(visit: Visit, conn: Connection) -> Workshop:
    """The workshop of the address. Raises 404 if there is none, or it is none of this partner's."""
    number = int(visit.path["number"])
    workshop = await store.get(conn, number) if number <= LARGEST else None
    if workshop is None or only_of(visit) not in (None, workshop.owner):
        raise HTTPException(404)
    return workshop


def url_of(workshop: Workshop | int, page: str = "") -> str:
    """Where a workshop's pages are."""
    number = workshop if isinstance(workshop, int) else workshop.id
    return f"/console/workshops/{number}{page}"


def about(workshop: Workshop | int) -> str:
    """Its name in the audit log."""
    return f"workshop:{workshop if isinstance(workshop, int) else workshop.id}"
