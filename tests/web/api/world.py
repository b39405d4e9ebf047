"""The interface as programs have it: the real application on a database, and a client for each token."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from bot.catalogue.library import Library, Shelf
from bot.services import staff, tokens
from bot.services.tokens import Scope
from bot.storage.database import Connection, Database
from bot.storage.staff import Member, Role
from bot.web.api import app as api
from bot.web.api.desk import Desk, Limits
from bot.web.app import create_app
from tests.support import NOON, VAULT, library
from tests.web.world import FakeDialogue
from tests.web.world import tokens as page_tokens

URL = "http://127.0.0.1:8080"
ALL = frozenset(Scope)
DRAFT: dict[str, Any] = {
    "id": "czujka",
    "kind": "tip",
    "title": {"pl": "Sprawdź czujkę"},
    "text": {"pl": "Naciśnij dziś przycisk testu."},
    "buttons": [{"quiz": "czad"}],
}
PLAN: dict[str, Any] = {
    "area": "everyday",
    "title": {"pl": "Pierwsza pomoc"},
    "about": {"pl": "Ćwiczysz na fantomie."},
    "place": "Rynek 1",
    "district": 1,
    "starts_at": "2026-12-08T17:00:00+01:00",
    "ends_at": "2026-12-08T19:00:00+01:00",
    "capacity": 10,
}


@dataclass
class World:
    """The application, and the clock it reads."""

    database: Database
    books: Library = field(default_factory=library)
    per_minute: int = 10_000
    now: datetime = NOON
    app: FastAPI = field(init=False)

    def __post_init__(self) -> None:
        shelf = Shelf(self.books)
        limits = Limits(self.per_minute)
        desk = Desk(self.database, shelf, VAULT, lambda: self.now, URL, limits)
        self.app = create_app(
            dialogue=FakeDialogue(),
            shelf=shelf,
            new_token=page_tokens(),
            public_url=URL,
            checks={},
            registry=CollectorRegistry(),
            api=api.routes(desk),
        )

    def client(self, token: str | None = None) -> httpx.AsyncClient:
        """A program that shows this token."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=f"{URL}/api/v1", headers=headers)

    async def program(self, scopes: Iterable[Scope] = ALL, name: str = "Weather desk") -> httpx.AsyncClient:
        """A program with a token of its own."""
        async with self.database.begin() as conn:
            return self.client(await token_for(conn, scopes, name, self.now))


async def token_for(
    conn: Connection, scopes: Iterable[Scope] = ALL, name: str = "Weather desk", now: datetime = NOON
) -> str:
    """A token that Eve, an admin, made."""
    await staff.enrol(conn, Member("Eve", Role.ADMIN), now)
    secret = name.replace(" ", "-").ljust(43, "x")
    made = await tokens.make(
        conn, secret=secret, name=name, scopes=frozenset(scopes), expires_at=None, who="Eve", now=now
    )
    return made[1]


def problem(answer: httpx.Response) -> str:
    """The kind of problem of an answer, which is a whole one."""
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == answer.status_code
    assert told["detail"]
    prefix = f"{URL}/api/v1/problems/"
    assert told["type"].startswith(prefix)
    return str(told["type"].removeprefix(prefix))
