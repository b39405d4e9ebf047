"""A stream is for whoever may still read it."""

from collections.abc import AsyncIterator

import pytest
from prometheus_client import CollectorRegistry
from starlette.responses import Response

from bot.services import signin, staff
from bot.storage.database import Connection
from bot.storage.staff import Role
from bot.web.app import create_app
from bot.web.console.gate import Gate
from bot.web.console.looks import Looks
from bot.web.console.visit import ASKED_EVERY, Route, Visit
from bot.web.pages import Pages
from tests.web.console.world import NAMES, URL, Console
from tests.web.world import FakeDialogue, tokens

EDITOR, ADMIN = NAMES[Role.EDITOR], NAMES[Role.ADMIN]


async def sign_out(conn: Connection) -> None:
    await signin.revoke_all(conn, EDITOR)


async def remove(conn: Connection) -> None:
    await staff.dismiss(conn, EDITOR, who=ADMIN)


async def nothing(_conn: Connection) -> None:
    """They stay."""


@pytest.mark.parametrize(
    ("change", "seen"),
    [(nothing, ["first", "soon", "later"]), (sign_out, ["first", "soon"]), (remove, ["first", "soon"])],
)
async def test_a_stream_ends_soon_after_its_reader_is_out(console: Console, change: object, seen: list[str]) -> None:
    await console.browser(Role.ADMIN)

    async def fragments() -> AsyncIterator[str]:
        yield "first"
        async with console.database.begin() as conn:
            await change(conn)  # type: ignore[operator] # one of those above
        yield "soon"
        console.now += ASKED_EVERY
        yield "later"

    async def stream(visit: Visit) -> Response:
        return visit.stream(fragments())

    def routes(pages: Pages):  # type: ignore[no-untyped-def] # as `console_app.routes` makes them
        gate = Gate(console.house, Looks(console.house, pages.assets))
        return gate.router([Route("GET", "/stream", "sign_in", stream)])

    console.app = create_app(
        dialogue=FakeDialogue(),
        shelf=console.house.shelf,
        new_token=tokens(),
        public_url=URL,
        checks={},
        registry=CollectorRegistry(),
        console=routes,
    )
    browser = await console.browser(Role.EDITOR)
    answer = await browser.client.get("/console/stream")
    assert answer.text == "".join(f"data: {one}\n\n" for one in seen) + "event: end\ndata:\n\n"
