"""One's own chat with the bot: linked by a link that one opens on the phone, or with the QR code on the page.

A link to Matrix carries nothing; there one sends what stands beside it.
"""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import urlencode

from markupsafe import escape
from starlette.responses import Response

from bot.domain.residents import Writable
from bot.services import chats, poster, staff
from bot.services.links import Links
from bot.storage.database import Connection
from bot.storage.doors import ChatLink
from bot.web.console import account
from bot.web.console.staff import about
from bot.web.console.visit import Change, Done, Route, Visit

HERE = "/console/account/chat"
SECTION = f"{account.HERE}#chat"
EVERY_S = 1.0
"""How often the page looks whether the link was opened."""


@dataclass(frozen=True, slots=True)
class Door:
    """A way to link one's chat in one messenger."""

    channel: str
    url: str
    qr: str
    """The link as a QR code: a PNG in base64."""
    message: str = ""
    """What is to be sent there; nothing where the link itself says it."""


async def offer(visit: Visit) -> Response:
    """A new link for one's chat."""

    async def change(conn: Connection) -> Done:
        mark = visit.fields.one("key")
        await chats.offer(conn, _token(visit, mark), visit.session, visit.now)
        return Done(f"{HERE}?{urlencode({'mark': mark})}", log=Change("offer_chat", about(visit.member.name)))

    return await visit.act(change, lambda trouble: account.show(visit, trouble))


def _token(visit: Visit, mark: str) -> str:
    return chats.link_token(visit.house.tools.vault, visit.session, mark)


async def show(visit: Visit) -> Response:
    """The link as long as it can be used, then what became of it."""
    mark = visit.query.get("mark", "")
    link = await _look(visit, mark)
    waits = link is not None and _waits(visit, link)
    doors = await _doors(visit.house.tools.links, chats.START + _token(visit, mark)) if waits else []
    return visit.page(
        "account_chat.html",
        doors=doors,
        until=link.expires_at if link else None,
        used=link is not None and link.used_at is not None,
        again=f"{HERE}?{urlencode({'mark': mark})}",
        live=f"{HERE}/live?{urlencode({'mark': mark})}",
        back=SECTION,
    )


async def _doors(links: Links, parameter: str) -> list[Door]:
    found = []
    if telegram := links.telegram_start(parameter):
        found.append(await _door(Writable.TELEGRAM, telegram))
    if matrix := links.matrix_start(parameter):
        found.append(await _door(Writable.MATRIX, matrix.url, matrix.message))
    return found


async def _door(channel: Writable, url: str, message: str = "") -> Door:
    picture = await asyncio.to_thread(poster.qr_png, url)
    return Door(channel.value, url, b64encode(picture).decode(), message)


async def _look(visit: Visit, mark: str) -> ChatLink | None:
    async with visit.house.database.read() as conn:
        return await chats.look(conn, _token(visit, mark))


def _waits(visit: Visit, link: ChatLink) -> bool:
    return link.used_at is None and visit.house.clock() < link.expires_at


async def live(visit: Visit) -> Response:
    """A stream that says no more than the page, and ends when the link was used or its time is over."""
    return visit.stream(_until_used(visit, visit.query.get("mark", "")))


async def _until_used(visit: Visit, mark: str) -> AsyncIterator[str]:
    yield f"<p data-announce>{escape(visit.say('account.chat_waiting'))}</p>"
    while not visit.house.closing():
        link = await _look(visit, mark)
        if link is None or not _waits(visit, link):
            return
        await asyncio.sleep(EVERY_S)


async def unlink(visit: Visit) -> Response:
    """Get no word in a chat any more."""

    async def change(conn: Connection) -> Done:
        before, after = chats.changed(await staff.unlink(conn, visit.member.name), None)
        return Done(SECTION, told="chat_unlinked", log=Change("unlink_chat", about(visit.member.name), before, after))

    return await visit.act(change, lambda trouble: account.show(visit, trouble))


ROUTES = (
    Route("POST", "/account/chat", "sign_in", offer),
    Route("GET", "/account/chat", "sign_in", show),
    Route("GET", "/account/chat/live", "sign_in", live),
    Route("POST", "/account/chat/unlink", "sign_in", unlink),
)
