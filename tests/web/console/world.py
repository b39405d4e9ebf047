"""The console as staff have it: the real application on a database, and a signed-in browser for each role."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from html.parser import HTMLParser
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from bot.catalogue.library import Library, Shelf
from bot.dialogue.turn import Tools
from bot.domain.residents import Address
from bot.services import signin, staff
from bot.services.courier import Posted, Sender
from bot.services.links import Links
from bot.settings import Settings
from bot.storage.database import Database
from bot.storage.staff import Member, Role
from bot.web.app import create_app
from bot.web.console import app as console_app
from bot.web.console.gate import cookie_name
from bot.web.console.house import House
from tests.support import CONTENT, NOON, VAULT, library
from tests.web.world import FakeDialogue, tokens

URL = "http://127.0.0.1:8080"
NAMES = {role: f"{role.value.capitalize()} Demo" for role in Role}
"""Role → the name of the member who has it."""


@dataclass
class Sent:
    """A channel that writes down what it is to send."""

    letters: list[tuple[Address, str, Any]] = field(default_factory=list)

    async def send(self, address: Address, language: str, screen: Any, *, key: str) -> Posted:  # noqa: ARG002 - the port's
        self.letters.append((address, language, screen))
        return Posted(str(len(self.letters)))


@dataclass
class Console:
    """The application, the clock it reads, and a browser for each role."""

    app: FastAPI
    house: House
    now: datetime = NOON
    sent: Sent = field(default_factory=Sent)
    _sessions: dict[Role, str] = field(default_factory=dict)

    @property
    def database(self) -> Database:
        return self.house.database

    def later(self, **span: float) -> None:
        """Let time pass."""
        self.now += timedelta(**span)

    def stranger(self) -> "Browser":
        """A browser in which nobody is signed in."""
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return Browser(httpx.AsyncClient(transport=transport, base_url=URL, headers={"Accept-Language": "en"}))

    async def browser(self, role: Role = Role.ADMIN) -> "Browser":
        """The browser of the member with this role."""
        if role not in self._sessions:
            link, session = f"link-{role}", f"session-{role}"
            async with self.database.begin() as conn:
                await staff.enrol(conn, Member(NAMES[role], role), self.now)
                await signin.invite(conn, NAMES[role], link, self.now)
                await signin.enter(conn, link, "browser", session=session, device="Test", now=self.now)
            self._sessions[role] = session
        browser = self.stranger()
        browser.client.cookies.set(cookie_name(secure=False), self._sessions[role])
        return browser


@dataclass
class Browser:
    """Asks for pages and fills in their forms as a person does: by what stands on the page."""

    client: httpx.AsyncClient
    page: httpx.Response | None = None

    async def get(self, path: str) -> httpx.Response:
        self.page = await self.client.get(path, follow_redirects=True)
        return self.page

    async def submit(self, action: str, button: tuple[str, str] | None = None, **changes: Any) -> httpx.Response:
        """Send the form of the present page that posts to `action`, with some fields filled in otherwise.

        A field's value may be a list, for boxes that are ticked; None leaves it out.
        """
        assert self.page is not None
        found = [form for form in forms(self.page.text) if form.action == action]
        assert found, f"no form posts to {action}; there are {[form.action for form in forms(self.page.text)]}"
        data = found[0].fields
        for name, value in changes.items():
            data = [(key, old) for key, old in data if key != name]
            values = value if isinstance(value, list) else [] if value is None else [value]
            data += [(name, str(one)) for one in values]
        if button:
            data.append(button)
        return await self.post(action, data)

    async def post(self, path: str, data: list[tuple[str, str]] | dict[str, str]) -> httpx.Response:
        pairs = list(data.items()) if isinstance(data, dict) else data
        body = urlencode(pairs).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        self.page = await self.client.post(path, content=body, headers=headers, follow_redirects=True)
        return self.page

    @property
    def text(self) -> str:
        """What the page says, without its markup."""
        assert self.page is not None
        return words_of(self.page.text)


@dataclass
class Form:
    action: str
    fields: list[tuple[str, str]] = field(default_factory=list)


class _Forms(HTMLParser):
    """Reads forms as a browser would send them untouched."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._form: Form | None = None
        self._select: str | None = None
        self._chosen = False
        self._area: list[str] | None = None
        self._area_name = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(values.get("action", ""))
            self.found.append(self._form)
        if self._form is None:
            return
        if tag == "input" and values.get("name"):
            self._input(self._form, values)
        elif tag == "select":
            self._select, self._chosen = values.get("name"), False
        elif tag == "option" and self._select:
            self._option(self._form, self._select, values)
        elif tag == "textarea":
            self._area, self._area_name = [], values.get("name", "")

    def _input(self, form: Form, values: dict[str, str]) -> None:
        kind = values.get("type", "text")
        off = kind in ("checkbox", "radio") and "checked" not in values
        if not off and kind not in ("submit", "button"):
            form.fields.append((values["name"], values.get("value", "on" if kind == "checkbox" else "")))

    def _option(self, form: Form, select: str, values: dict[str, str]) -> None:
        if self._chosen and "selected" not in values:
            return  # the first stands until one is marked
        if self._chosen:
            form.fields.pop()
        form.fields.append((select, values.get("value", "")))
        self._chosen = True

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self._area.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        if tag == "select":
            self._select = None
        if tag == "textarea" and self._area is not None and self._form is not None:
            text = "".join(self._area)
            self._form.fields.append((self._area_name, text.removeprefix("\n")))
            self._area = None


def forms(html: str) -> list[Form]:
    """Every form of a page, filled in as it came."""
    reader = _Forms()
    reader.feed(html)
    return reader.found


def words_of(html: str) -> str:
    """What a page says, without its markup, on one line."""
    body = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", html, flags=re.DOTALL)
    text = re.sub(r"<[^>]+>", " ", body)
    for entity, sign in (("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"), ("&#39;", "'"), ("&#34;", '"'), ("&nbsp;", " ")):
        text = text.replace(entity, sign)
    return " ".join(text.split())


@asynccontextmanager
async def console(
    database: Database,
    *,
    books: Library | None = None,
    senders: Callable[[Sent], dict[str, Sender]] | None = None,
    content: Path = CONTENT,
) -> AsyncIterator[Console]:
    """The console over a database; a tiny library unless another is given, and a Telegram that writes down letters."""
    numbers, sent = count(1), Sent()
    shelf = Shelf(books or library())
    made: list[Console] = []
    house = House(
        settings=Settings(public_url=URL, content=content),
        database=database,
        shelf=shelf,
        tools=Tools(VAULT, Links(URL, lambda: "demo_bot"), lambda: next(numbers), lambda: f"code{next(numbers)}"),
        clock=lambda: made[0].now,
        new_token=tokens(),
        rates={"telegram": 25.0},
        senders=senders(sent) if senders else {"telegram": sent},
    )
    app = create_app(
        dialogue=FakeDialogue(),
        shelf=shelf,
        new_token=tokens(),
        public_url=URL,
        checks={},
        registry=CollectorRegistry(),
        console=console_app.routes(house),
    )
    made.append(Console(app, house, sent=sent))
    yield made[0]
