"""Whether a message is ours, for anybody: `/sprawdz`, and `/sprawdz?kod=CODE` to link to an answer.

Looking keeps nothing: no cookie, no session, no note of what was asked.
"""

from collections.abc import Callable
from datetime import datetime

from fastapi import APIRouter, Request
from starlette.responses import Response

from bot.domain.messages import Reply, Screen
from bot.services import verify
from bot.storage.database import Database
from bot.storage.vault import Vault
from bot.web.pages import Frame, Pages

PATH = "/sprawdz"
LONGEST = 4096
"""Characters that are looked at: a whole message may be pasted, and none is longer."""


class Verification:
    """Answers whoever has a code."""

    def __init__(self, pages: Pages, *, database: Database, vault: Vault, clock: Callable[[], datetime]) -> None:
        self._pages = pages
        self._database = database
        self._vault = vault
        self._clock = clock

    async def show(self, request: Request, kod: str = "") -> Response:
        """The question for a code, with the answer to the one that was asked about."""
        asked = kod.strip()[:LONGEST]
        view = self._pages.view(Reply(self._pages.language(request), await self._screen(asked)))
        frame = Frame(self._pages.form(PATH), self._pages.tongue_links(request), composer=False)
        response = self._pages.page(view, frame, template="verify.html", asked=asked)
        response.headers["X-Robots-Tag"] = "noindex"
        return response

    async def _screen(self, asked: str) -> Screen:
        if not asked:
            return Screen(())
        async with self._database.read() as conn:
            return Screen(verify.verdict(await verify.check(conn, self._vault, asked, self._clock())))


def routes(*, database: Database, vault: Vault, clock: Callable[[], datetime]) -> Callable[[Pages], APIRouter]:
    """`GET /sprawdz`, once the pages are there."""

    def make(pages: Pages) -> APIRouter:
        router = APIRouter()
        verification = Verification(pages, database=database, vault=vault, clock=clock)
        router.add_api_route(PATH, verification.show, methods=["GET", "HEAD"], response_model=None)
        return router

    return make
