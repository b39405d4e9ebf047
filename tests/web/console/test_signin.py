"""The way in, as staff go it and as others try it."""

from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from bot.services import signin
from bot.storage import tables
from bot.storage.staff import Role
from bot.web.console.gate import cookie_name
from bot.web.console.signin import next_of
from tests.web.console.world import NAMES, URL, Browser, Console

NAVIGATES = {"Sec-Fetch-Mode": "navigate", "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0"}
COOKIE = cookie_name(secure=False)


async def link(console: Console, made_of: str = "a-link", role: Role = Role.EDITOR) -> str:
    """The address of a new link for the member with a role."""
    await console.browser(role)  # so that there is one
    async with console.database.begin() as conn:
        await signin.invite(conn, NAMES[role], made_of, console.now)
    return f"/console/enter/{made_of}"


def is_home(page: httpx.Response) -> bool:
    return page.url.path.rstrip("/") == "/console"


def person(console: Console) -> Browser:
    """A browser as today's are: it says that it shows pages to somebody."""
    browser = console.stranger()
    browser.client.headers.update(NAVIGATES)
    return browser


async def test_a_link_is_opened_its_button_pressed_and_one_is_in(console: Console) -> None:
    url, browser = await link(console), person(console)
    await browser.get(url)
    assert "Sign in as Editor Demo" in browser.text
    assert is_home(await browser.submit(url))

    page = await browser.get("/console/account")
    assert page.status_code == 200
    assert "Firefox, Linux this one" in browser.text
    async with console.database.read() as conn:
        (line,) = [row for row in await conn.execute(select(tables.audit)) if row.what == "sign_in"]
    assert (line.who, line.about, line.after) == (
        "Editor Demo",
        "staff:Editor Demo",
        {"proof": "link", "device": "Firefox, Linux"},
    )


async def test_the_session_s_cookie_is_out_of_reach_of_scripts_and_other_sites(console: Console) -> None:
    url, browser = await link(console), person(console)
    page = await browser.get(url)
    fields = {"key": "a-key"}
    answer = await browser.client.post(url, data=fields)
    (cookie,) = [one for one in answer.headers.get_list("set-cookie") if one.startswith(f"{COOKIE}=")]

    assert page.headers["cache-control"] == "no-store"
    assert {"HttpOnly", "SameSite=lax", "Path=/", "Max-Age=43200"} <= set(cookie.split("; "))


async def test_what_looks_for_a_preview_uses_no_link_up(console: Console) -> None:
    url = await link(console)
    messenger = console.stranger()
    assert "Editor Demo" not in (await messenger.client.get(url)).text
    prefetch = console.stranger()
    prefetch.client.headers["Sec-Fetch-Mode"] = "no-cors"
    page = await prefetch.get(url)
    assert "Editor Demo" not in page.text
    assert "Open this link in a browser." in prefetch.text

    browser = person(console)
    await browser.get(url)
    assert is_home(await browser.submit(url))


async def test_an_old_browser_gets_in_if_it_keeps_cookies(console: Console) -> None:
    url = await link(console)
    old = console.stranger()
    await old.get(url)
    assert is_home(await old.submit(url))

    none = console.stranger()
    page = await none.client.get(f"{await link(console, 'another')}?again=1")
    assert "Your browser keeps no cookies" in page.text


async def test_a_link_used_late_elsewhere_or_made_up_is_refused_with_a_way_on(console: Console) -> None:
    url, first, second = await link(console), person(console), person(console)
    await first.get(url)
    elsewhere = await second.get(url)
    assert (elsewhere.status_code, "opened in another browser first" in second.text) == (403, True)
    assert (await second.post(url, {"key": "k"})).status_code == 403
    await first.submit(url)
    used = await first.get(url)
    assert (used.status_code, "used already" in first.text) == (410, True)
    assert "You are in the console already, as Editor Demo." in first.text

    url = await link(console, "late")
    console.later(minutes=5)
    third = person(console)
    late = await third.get(url)
    assert (late.status_code, "5 minutes, and they are over" in third.text) == (410, True)
    assert "write /panel to the bot" in third.text
    for made_up in ("nothing", "%00", "a" * 3000, "%F0%9F%94%91"):
        unknown = await third.get(f"/console/enter/{made_up}")
        assert unknown.status_code == 404


async def test_the_button_pressed_twice_signs_in_once(console: Console) -> None:
    url, browser = await link(console), person(console)
    await browser.get(url)
    once = await browser.client.post(url, data={"key": "the-form"})
    twice = await browser.client.post(url, data={"key": "the-form"})

    assert once.status_code == twice.status_code == 303
    assert once.cookies[COOKIE] == twice.cookies[COOKIE]
    async with console.database.read() as conn:
        sessions = await signin.sessions_of(conn, NAMES[Role.EDITOR], console.now)
    assert len([one for one in sessions if one.device == "Firefox, Linux"]) == 1
    assert (await browser.client.post(url, data={"key": "another-form"})).status_code == 410


async def test_a_form_of_another_site_signs_nobody_in(console: Console) -> None:
    url, browser = await link(console), person(console)
    await browser.get(url)
    answer = await browser.client.post(url, data={"key": "k"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert is_home(await browser.submit(url))


async def test_whoever_guesses_is_held_up_and_getting_in_forgives(console: Console) -> None:
    guesser = person(console)
    for number in range(signin.TRIES):
        assert (await guesser.get(f"/console/enter/guess{number}")).status_code == 404
    held = await guesser.get(await link(console))
    assert (held.status_code, held.headers["retry-after"]) == (429, "600")
    assert "Try again after 12:10." in guesser.text

    console.later(minutes=10, seconds=1)
    for name in ("one", "two"):  # nine more tries each time: forgiven in between
        for number in range(signin.TRIES - 2):
            await guesser.get(f"/console/enter/guess{number}")
        url = await link(console, name)
        await guesser.get(url)
        assert is_home(await guesser.submit(url))


async def test_one_comes_to_the_page_that_was_asked_for(console: Console) -> None:
    url, browser = await link(console, role=Role.ADMIN), person(console)
    await browser.get("/console/staff?a=1")
    assert "Write /panel to the bot" in browser.text
    await browser.get(url)
    assert (await browser.submit(url)).url.path == "/console/staff"
    assert (await browser.get("/console/sign-in?next=/console/audit")).url.path == "/console/audit"


@pytest.mark.parametrize(
    ("asked", "goes"),
    [
        ("/console/campaigns/7?tab=text", "/console/campaigns/7?tab=text"),
        ("/console", "/console"),
        ("//evil.example/console", "/console"),
        ("/console//evil.example", "/console"),
        ("/console/\\evil.example", "/console"),
        ("https://evil.example/console", "/console"),
        ("/consoles", "/console"),
        ("/console/..", "/console"),
        ("/console/../admin\r\nX: y", "/console"),
        ("javascript:alert(1)", "/console"),
        ("/console/sign-in?next=/console", "/console"),
        ("/console/enter/token", "/console"),
        ("", "/console"),
        ("/consoleł", "/console"),
    ],
)
def test_signing_in_leads_nowhere_else(asked: str, goes: str) -> None:
    assert next_of(asked) == goes


@given(asked=st.text(alphabet="/\\:?#.%@consleviLX \t\n", max_size=30) | st.text())
def test_whatever_is_asked_for_one_stays_in_the_console(asked: str) -> None:
    for way in (next_of(asked), next_of(f"/console{asked}")):
        there = urlsplit(urljoin("https://bk.example.org/console/sign-in", way))
        assert (there.scheme, there.netloc) == ("https", "bk.example.org")
        assert there.path == "/console" or there.path.startswith("/console/")


async def test_signing_out_ends_the_session_for_good(console: Console) -> None:
    browser = await console.browser(Role.VIEWER)
    await browser.get("/console/account")
    stolen = console.stranger()
    stolen.client.cookies.set(COOKIE, str(browser.client.cookies[COOKIE]))
    await browser.submit("/console/sign-out")

    assert "You are signed out." in browser.text
    assert (await stolen.client.get("/console/account")).status_code == 303


async def test_the_page_says_plainly_where_browsers_have_no_passkeys(console: Console) -> None:
    browser = console.stranger()
    page = await browser.get("/console/sign-in")
    assert URL == "http://127.0.0.1:8080"
    assert "Passkeys work where the console's address has a name and https" in browser.text
    assert "data-passkey" not in page.text
    assert (await browser.client.post("/console/sign-in/ask")).status_code == 404
