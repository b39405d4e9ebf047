"""Who is in the browser, and what their form says.

The cookie is the only key to a conversation. The house knows its hash alone, so whoever reads the database cannot
take over anybody's session.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from starlette.responses import Response

from bot.channels.base import Dialogue
from bot.domain.messages import Command, Event, Input, Press, Reply, Start, Text
from bot.domain.residents import Address

SESSION_LIFE_S = 30 * 24 * 60 * 60
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22,128}")
"""What `new_token` makes: at least 128 bits, base64url."""
_START_PARAMETER = re.compile(r"[A-Za-z0-9_-]{1,64}")
_COMMAND = re.compile(r"/(\w{1,32})(?:\s+(.*))?", re.DOTALL)


class Conversation(Dialogue, Protocol):
    """The dialogue, and the two looks at it that a page needs and a messenger does not."""

    async def welcome(self, language: str) -> Reply:
        """The first screen, for somebody of whom nothing is stored."""
        ...

    async def current(self, address: Address, language: str) -> Reply:
        """Where this resident is, shown again; the first screen if there is no such resident. Changes nothing."""
        ...


@dataclass(frozen=True, slots=True)
class SessionCookie:
    """How the session is kept in the browser; `secure` when the page is served over https."""

    secure: bool

    @property
    def name(self) -> str:
        """Over https the prefix makes browsers refuse a cookie that another host or plain http has set."""
        return "__Host-bezpieczny" if self.secure else "bezpieczny"

    def read(self, cookies: Mapping[str, str]) -> str | None:
        """The session's token, or None without one that could be ours."""
        token = cookies.get(self.name, "")
        return token if _TOKEN.fullmatch(token) else None

    def write(self, response: Response, token: str) -> None:
        """Keep the session for another 30 days."""
        response.set_cookie(
            self.name, token, max_age=SESSION_LIFE_S, path="/", secure=self.secure, httponly=True, samesite="lax"
        )

    def erase(self, response: Response) -> None:
        """Make the browser forget the session."""
        response.delete_cookie(self.name, path="/", secure=self.secure, httponly=True, samesite="lax")


def address_of(token: str) -> Address:
    """The resident's address: the hash of their cookie."""
    return Address("web", sha256(token.encode()).hexdigest())


def input_of(fields: Mapping[str, str]) -> Input | None:
    """What a posted form means, or None if it says nothing."""
    if "press" in fields:
        return Press(fields["press"])
    if "start" in fields:
        return Start(start_parameter(fields["start"]))
    text = fields.get("text", "").replace("\x00", "").strip()
    return _written(text) if text else None


def start_parameter(text: str) -> str:
    """The parameter of a start link, or nothing if it cannot be one."""
    return text if _START_PARAMETER.fullmatch(text) else ""


def _written(text: str) -> Input:
    command = _COMMAND.fullmatch(text)
    if command is None:
        return Text(text)
    name, arguments = command[1].lower(), (command[2] or "").strip()
    return Start(start_parameter(arguments)) if name == "start" else Command(name, arguments)


def event_of(given: Input, *, address: Address, nonce: str, language: str) -> Event:
    """The event of a posted form.

    Its key names one act: the same choice in the same form counts once, however often it arrives; another choice in
    it (the page was still open in another tab, or came back from the browser's history) is another act. The address
    is part of the key, so nobody can use up somebody else's.
    """
    act = "\n".join((address.id, nonce, repr(given)))
    return Event(address, sha256(act.encode(errors="replace")).hexdigest(), given, language)
