"""All sections of the console, put together."""

from collections.abc import Callable

from fastapi import APIRouter, HTTPException
from starlette.responses import Response

from bot.web.console import (
    account,
    audit,
    calendar,
    campaign,
    campaigns,
    chat,
    content,
    editor,
    home,
    live,
    outcome,
    people,
    preview,
    quality,
    report,
    roster,
    signin,
    staff,
    steps,
    tokens,
    workshops,
)
from bot.web.console.gate import Gate
from bot.web.console.house import House
from bot.web.console.looks import Looks
from bot.web.console.visit import Route, Visit
from bot.web.pages import Pages


async def nothing_here(_visit: Visit) -> Response:
    """Any other address."""
    raise HTTPException(404)


ROUTES: tuple[Route, ...] = (
    *home.ROUTES,
    *people.ROUTES,
    *signin.ROUTES,
    *account.ROUTES,
    *chat.ROUTES,
    *staff.ROUTES,
    *audit.ROUTES,
    *tokens.ROUTES,
    *content.ROUTES,
    *quality.ROUTES,
    *workshops.ROUTES,
    *roster.ROUTES,
    *campaigns.ROUTES,
    *calendar.ROUTES,
    *campaign.ROUTES,
    *steps.ROUTES,
    *live.ROUTES,
    *outcome.ROUTES,
    *editor.ROUTES,
    *preview.ROUTES,
    *report.ROUTES,
    # The last of all: whatever no section has.
    Route("GET", "/{rest:path}", "sign_in", nothing_here),
)
"""Every address of the console and whose it is; the first that fits is taken."""


def routes(house: House) -> Callable[[Pages], APIRouter]:
    """The console, once the pages are there."""

    def make(pages: Pages) -> APIRouter:
        return Gate(house, Looks(house, pages.assets)).router(ROUTES)

    return make
