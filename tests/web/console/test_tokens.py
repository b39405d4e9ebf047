"""Tokens as an admin makes and ends them, and what the program that has one can do."""

import re
from typing import Any

import pytest
from sqlalchemy import select

from bot.services import tokens
from bot.storage import tables
from bot.storage.staff import Role
from tests.web.api.world import World, problem
from tests.web.console.world import NAMES, Browser, Console


async def make(admin: Browser, **changes: Any) -> str:
    """The token that the page shows, or nothing."""
    await admin.get("/console/tokens")
    filled: dict[str, Any] = {"name": "Weather desk", "scopes": ["campaigns:read", "totals:read"], **changes}
    page = await admin.submit("/console/tokens", **filled)
    found = re.search(r'value="(bk_[\w-]+)"', page.text)
    return found[1] if found else ""


async def test_a_token_is_shown_once_and_works_until_it_is_revoked(console: Console) -> None:
    admin = await console.browser()

    token = await make(admin, until="2026-12-31")

    assert "nobody will see it again" in admin.text
    program = World(console.database).client(token)
    assert (await program.get("/campaigns")).status_code == 200
    assert problem(await program.get("/workshops")) == "missing-scope"

    await admin.get("/console/tokens")
    assert admin.page
    assert token not in admin.page.text
    assert f"{NAMES[Role.ADMIN]}, 1 Dec 2026" in admin.text
    assert "until 1 Jan 2027, 00:00" in admin.text
    await admin.submit("/console/tokens/1/revoke")

    assert "The token is revoked." in admin.text
    assert problem(await program.get("/campaigns")) == "unauthorized"
    async with console.database.read() as conn:
        log = tables.audit.c
        lines = [tuple(row) for row in await conn.execute(select(log.what, log.about, log.after))]
        shown = repr(await tokens.all_of(conn)) + repr(lines)
    assert [line[:2] for line in lines if line[1] == "token:1"] == [
        ("make_token", "token:1"),
        ("revoke_token", "token:1"),
    ]
    assert token not in shown


async def test_a_form_sent_twice_makes_one_token_and_shows_it_once(console: Console) -> None:
    admin = await console.browser()
    await admin.get("/console/tokens")
    page = admin.page
    first = await admin.submit("/console/tokens", name="Once", scopes=["totals:read"])
    admin.page = page

    second = await admin.submit("/console/tokens", name="Once", scopes=["totals:read"])

    assert "bk_" in first.text
    assert "bk_" not in second.text
    async with console.database.read() as conn:
        assert len(await tokens.all_of(conn)) == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "Łucja"}, "letters without accents"),
        ({"name": "x" * 41}, "1 to 40 letters"),
        ({"name": ""}, "Something went wrong"),
        ({"scopes": []}, "Tick what the token is for"),
        ({"scopes": ["everything"]}, ""),
        ({"until": "2026-11-30"}, "This day has passed"),
        ({"until": "9999-12-31"}, "ten years at most"),
        ({"until": "soon"}, ""),
    ],
)
async def test_what_is_wrong_is_said_beside_what_was_typed(
    console: Console, changes: dict[str, object], said: str
) -> None:
    admin = await console.browser()

    assert await make(admin, **changes) == ""

    assert admin.page
    assert admin.page.status_code == 422
    assert said in admin.text
    assert f'value="{changes.get("name", "Weather desk")}"' in admin.page.text


async def test_a_name_is_never_given_twice(console: Console) -> None:
    admin = await console.browser()
    await make(admin)
    await admin.get("/console/tokens")
    await admin.submit("/console/tokens/1/revoke")

    assert await make(admin) == ""
    assert "There is, or was, a token of this name" in admin.text


async def test_only_admins_make_tokens(console: Console) -> None:
    for role in set(Role) - {Role.ADMIN}:
        browser = await console.browser(role)
        assert (await browser.get("/console/tokens")).status_code == 403


async def test_a_token_that_is_not_there_cannot_be_revoked(console: Console) -> None:
    admin = await console.browser()
    await make(admin)
    await admin.get("/console/tokens")
    assert admin.page
    form = dict(re.findall(r'name="(csrf|key)" value="([^"]+)"', admin.page.text))

    assert (await admin.post("/console/tokens/77/revoke", form)).status_code == 422
    assert "There is no such token" in admin.text
    assert (await admin.post(f"/console/tokens/{2**40}/revoke", form)).status_code == 404
