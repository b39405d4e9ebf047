"""The page at /sprawdz: what it says of a code, to anybody, and that it keeps nothing."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient
from prometheus_client import CollectorRegistry

from bot.catalogue.library import Shelf
from bot.services.verify import message_code
from bot.storage.database import Database
from bot.web import verify
from bot.web.app import create_app
from scheduler import ledger
from scheduler.model import Kind
from tests.sending import AUDIENCE, LASTS, open_run_of
from tests.support import NOON, VAULT, campaign, library, open_database
from tests.web.world import FakeDialogue, tokens

CAMPAIGN = campaign(
    title={"pl": "Sprawdź czujkę", "uk": "Перевірте датчик", "en": "Check your alarm"},
    text={"pl": "**Naciśnij** dziś <test>.", "uk": "**Натисніть** сьогодні.", "en": "**Press** it today."},
)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with open_database(tmp_path) as opened:
        yield opened


@pytest.fixture
async def browser(database: Database) -> AsyncIterator[AsyncClient]:
    app = create_app(
        dialogue=FakeDialogue(),
        shelf=Shelf(library()),
        new_token=tokens(),
        public_url="http://127.0.0.1:8080",
        checks={},
        registry=CollectorRegistry(),
        verification=verify.routes(database=database, vault=VAULT, clock=lambda: NOON),
    )
    transport = ASGITransport(app, raise_app_exceptions=False)
    async with AsyncClient(
        transport=transport, base_url="http://127.0.0.1:8080", headers={"Accept-Language": "pl"}
    ) as client:
        yield client


async def sent(database: Database) -> str:
    """The code of a campaign that left at noon."""
    async with database.begin() as conn:
        run = await open_run_of(conn, CAMPAIGN, NOON)
    return message_code(VAULT, run.id)


def spoken(html: str) -> str:
    """The words of a page."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


async def test_it_asks_for_a_code_and_stores_nothing(browser: AsyncClient) -> None:
    page = await browser.get("/sprawdz")

    assert page.status_code == 200
    assert "set-cookie" not in page.headers
    assert page.headers["x-robots-tag"] == "noindex"
    assert '<meta name="robots" content="noindex">' in page.text
    assert "<script" not in page.text
    assert re.search(r'<form class="asking" method="get" action="/sprawdz">', page.text)
    assert '<label for="code">' in page.text
    assert 'role="status"' not in page.text  # nothing was asked, so nothing is answered


@pytest.mark.parametrize(
    ("language", "title", "begins"),
    [
        ("pl", "Sprawdź czujkę", "„Naciśnij dziś &lt;test&gt;.”"),
        ("uk", "Перевірте датчик", "«Натисніть сьогодні.»"),
        ("en", "Check your alarm", "“Press it today.”"),
    ],
)
async def test_a_right_code_is_confirmed_with_the_beginning_of_its_message(
    browser: AsyncClient, database: Database, language: str, title: str, begins: str
) -> None:
    code = await sent(database)

    page = await browser.get("/sprawdz", params={"kod": f" {code.upper()} ", "lang": language})

    said = spoken(page.text)
    assert "✅" in said
    assert title in said
    assert begins in said
    assert "2026" in said
    assert "12:00" in said
    assert f'<html lang="{language}">' in page.text
    assert page.headers["content-language"] == language
    assert "set-cookie" not in page.headers


async def test_the_other_languages_answer_the_same_question(browser: AsyncClient, database: Database) -> None:
    code = await sent(database)
    page = await browser.get("/sprawdz", params={"kod": code})

    links = dict(re.findall(r'<a class="tongue" href="([^"]+)" lang="(\w+)"', page.text))
    assert sorted(links.values()) == ["en", "uk"]
    for address in links:
        assert "✅" in spoken((await browser.get("/sprawdz" + address.replace("&amp;", "&"))).text)


@pytest.mark.parametrize(
    "code", ["1-aaaaa", "999-k3m9p", "nonsense", "0", "<script>alert(1)</script>", "\x00", "ł" * 9000]
)
async def test_another_code_is_not_ours_and_says_what_to_do(
    browser: AsyncClient, database: Database, code: str
) -> None:
    await sent(database)

    page = await browser.get("/sprawdz", params={"kod": code})

    said = spoken(page.text)
    assert page.status_code == 200
    assert "✅" not in said
    assert "Nie znam takiego kodu." in said
    assert "8080" in said
    assert "incydent.cert.pl" in said
    assert "<script" not in page.text


async def test_of_a_reminder_no_more_is_said_than_what_it_is_and_when(browser: AsyncClient, database: Database) -> None:
    async with database.begin() as conn:
        run = await ledger.open_run(
            conn,
            AUDIENCE,
            key="reminder:24h:7",
            kind=Kind.REMINDER,
            slot_at=NOON - timedelta(hours=1),
            expires_at=NOON + LASTS,
            now=NOON - timedelta(hours=1),
            subject="24h:7",
        )

    said = spoken((await browser.get("/sprawdz", params={"kod": message_code(VAULT, run.id)})).text)

    assert "o warsztatach, na które ktoś się zapisał" in said
    assert "11:00" in said
    assert "Zaczyna się tak" not in said
