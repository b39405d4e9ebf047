"""The list of campaigns, and what all their pages share: which a member may see, which steps they may take."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlencode

from fastapi import HTTPException
from starlette.responses import Response

from bot.services import campaigns as desk
from bot.services import progress
from bot.storage.database import Connection
from bot.storage.staff import Role
from bot.web.console.telling import TONES
from bot.web.console.visit import Route, Visit
from scheduler import ledger, lifecycle
from scheduler.model import Campaign, CampaignState, Kind

Choice = TypeVar("Choice", bound=StrEnum)

LARGEST = 2**31 - 1
"""No campaign has a larger number."""
KINDS = (Kind.TIP, Kind.NEWS, Kind.ALERT, Kind.QUIZ, Kind.WORKSHOP)
"""What campaigns can be; the other kinds leave by themselves."""


# --- what a member sees


def only_by(visit: Visit) -> str | None:
    """Whose campaigns alone this member sees: a partner theirs, everybody else all."""
    return visit.member.name if visit.member.role is Role.PARTNER else None


async def visible(visit: Visit, conn: Connection, number: int) -> Campaign:
    """A campaign that this member may see. Raises 404, also for one that is none of a partner's business."""
    if number > LARGEST:
        raise HTTPException(404)
    campaign = await ledger.load_campaign(conn, number)
    if visit.member.role is Role.PARTNER and not await desk.is_own(conn, number, visit.member.name):
        raise HTTPException(404)
    return campaign


def steps_of(visit: Visit, campaign: Campaign, *, failed: int = 0) -> tuple[str, ...]:
    """What this member may do with a campaign now; `failed`: how many messages of its newest run did."""
    steps = (step for step in lifecycle.steps(campaign) if visit.may(step))
    return tuple(step for step in steps if _makes_sense(visit, campaign, step, failed))


def _makes_sense(visit: Visit, campaign: Campaign, step: str, failed: int) -> bool:
    match step:
        case "approve":
            return campaign.author != visit.member.name
        case "retry":
            return failed > 0
        case _:
            return True


# --- the list


async def listing(visit: Visit) -> Response:
    """All campaigns, the newest first, or those of a state and a kind."""
    state, kind = _one_of(CampaignState, visit.query.get("state")), _one_of(Kind, visit.query.get("kind"))
    async with visit.house.database.read() as conn:
        page = await progress.listing(
            conn,
            states=(state,) if state else None,
            kinds=(kind,) if kind else None,
            created_by=only_by(visit),
            before=_number(visit.query.get("before")),
        )
    return visit.page(
        "campaigns.html",
        page=page,
        tones=TONES,
        states=tuple(CampaignState),
        kinds=KINDS,
        chosen={"state": state or "", "kind": kind or ""},
        next_url=_next(page.following, {"state": state, "kind": kind}),
    )


def _one_of(choices: type[Choice], text: str | None) -> Choice | None:
    return next((one for one in choices if one.value == text), None)


def _number(text: str | None) -> int | None:
    return min(int(text), LARGEST) if text and text.isascii() and text.isdecimal() else None


def _next(following: int | None, chosen: Mapping[str, str | None]) -> str:
    if following is None:
        return ""
    return "/console/campaigns?" + urlencode(
        {key: value for key, value in chosen.items() if value} | {"before": following}
    )


ROUTES = (Route("GET", "/campaigns", "see_campaigns", listing),)
