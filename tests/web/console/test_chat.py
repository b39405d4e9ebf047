"""One's chat, linked from the console: the page shows a link and its code, and the bot does the rest."""

import re
from base64 import b64decode
from dataclasses import replace

from playwright.async_api import expect

from bot.dialogue.engine import Engine
from bot.domain.messages import Event, Start
from bot.domain.residents import Address
from bot.services.links import Links
from bot.services.poster import qr_png
from bot.storage import audit
from bot.storage.audit import Filter
from bot.storage.staff import Role
from tests.chromium import needs_chromium
from tests.support import add_workshop
from tests.web.console.test_live import PATIENCE_MS, open_page
from tests.web.console.world import NAMES, Browser, Console

PHONE, EDITOR = Address("telegram", "7"), NAMES[Role.EDITOR]


def parameter(browser: Browser) -> str:
    """With what the link on the page starts the bot."""
    assert browser.page
    (found,) = re.findall(r'href="https://t\.me/demo_bot\?start=([\w-]+)"', browser.page.text)
    return str(found)


async def press_start(console: Console, given: str, address: Address = PHONE, key: str = "1") -> None:
    engine = Engine(console.database, console.house.shelf, console.house.tools, console.house.clock)
    await engine.turn(Event(address, key, Start(given), "en"))


async def told(console: Console) -> list[tuple[str, str, str]]:
    """Who did what about whom, the newest first."""
    async with console.database.read() as conn:
        return [(one.entry.who, one.entry.what, one.entry.about) for one in await audit.page(conn, Filter())]


async def linked(console: Console) -> Browser:
    """An editor's browser, once their chat is linked."""
    browser = await console.browser(Role.EDITOR)
    await browser.get("/console/account")
    await browser.submit("/console/account/chat")
    await press_start(console, parameter(browser))
    return browser


async def test_a_chat_is_linked_from_the_page_to_the_phone(console: Console) -> None:
    browser = await console.browser(Role.EDITOR)
    await browser.get("/console/account")
    assert "You have no linked chat yet." in browser.text
    page = await browser.submit("/console/account/chat")
    (code,) = re.findall(r'src="data:image/png;base64,([^"]+)"', page.text)
    given = parameter(browser)
    assert b64decode(code) == qr_png(f"https://t.me/demo_bot?start={given}")
    assert "until 12:05" in browser.text
    assert given.removeprefix("staff_") not in str(page.url)

    for _ in range(2):  # the update comes twice
        await press_start(console, given)
    shown = await browser.get(str(page.url))
    assert "Done: the chat is linked." in browser.text
    assert given not in shown.text
    await browser.get("/console/account")
    assert "Your chat is linked: Telegram." in browser.text
    assert (await told(console))[:2] == [
        (EDITOR, "link_chat", f"staff:{EDITOR}"),
        (EDITOR, "offer_chat", f"staff:{EDITOR}"),
    ]


async def test_the_link_is_shown_in_the_session_that_asked_for_it_and_for_five_minutes(console: Console) -> None:
    browser = await console.browser(Role.EDITOR)
    await browser.get("/console/account")
    page = await browser.submit("/console/account/chat")
    other = await console.browser(Role.VIEWER)
    await other.get(str(page.url))
    assert "This link is no more" in other.text
    console.later(minutes=5)
    await browser.get(str(page.url))
    assert "This link is no more" in browser.text
    await browser.submit("/console/account/chat")
    assert parameter(browser)


async def test_a_chat_is_unlinked_by_its_owner(console: Console) -> None:
    browser = await linked(console)
    await browser.get("/console/account")
    await browser.submit("/console/account/chat/unlink")
    assert "The chat is unlinked." in browser.text
    assert "You have no linked chat yet." in browser.text
    assert (await told(console))[0] == (EDITOR, "unlink_chat", f"staff:{EDITOR}")


async def test_an_admin_unlinks_the_chat_of_somebody_who_lost_their_phone(console: Console) -> None:
    await linked(console)
    admin = await console.browser()
    await admin.get(f"/console/staff/member?name={EDITOR}")
    await admin.submit("/console/staff/chat/unlink")
    assert "Their chat is unlinked." in admin.text
    assert "not linked" in admin.text
    assert (await told(console))[0] == (NAMES[Role.ADMIN], "unlink_chat", f"staff:{EDITOR}")


MATRIX = Links("https://bk.example.org", matrix=lambda: "@bk:example.org")


def with_links(console: Console, links: Links) -> None:
    object.__setattr__(console.house, "tools", replace(console.house.tools, links=links))


async def test_on_matrix_one_sends_what_the_page_shows(console: Console) -> None:
    with_links(console, MATRIX)
    browser = await console.browser(Role.EDITOR)
    await browser.get("/console/account")
    page = await browser.submit("/console/account/chat")
    (code,) = re.findall(r'src="data:image/png;base64,([^"]+)"', page.text)
    assert b64decode(code) == qr_png("https://matrix.to/#/@bk:example.org")
    assert 'href="https://matrix.to/#/@bk:example.org"' in page.text
    (given,) = re.findall(r'value="!start ([\w-]+)"', page.text)

    await press_start(console, given, Address("matrix", "@ed:example.org"))
    await browser.get(str(page.url))
    assert "Done: the chat is linked." in browser.text
    await browser.get("/console/account")
    assert "Your chat is linked: Matrix." in browser.text


async def test_with_two_messengers_either_links_the_chat_and_only_one(console: Console) -> None:
    with_links(console, replace(MATRIX, telegram=lambda: "demo_bot"))
    browser = await console.browser(Role.EDITOR)
    await browser.get("/console/account")
    page = await browser.submit("/console/account/chat")
    (sent,) = re.findall(r'value="!start ([\w-]+)"', page.text)
    assert sent == parameter(browser)
    await press_start(console, sent, Address("matrix", "@ed:example.org"))
    await press_start(console, sent, PHONE, key="2")
    await browser.get("/console/account")
    assert "Your chat is linked: Matrix." in browser.text


async def test_the_page_to_sign_in_leads_to_each_messenger(console: Console) -> None:
    with_links(console, replace(MATRIX, telegram=lambda: "demo_bot"))
    browser = console.stranger()
    page = await browser.get("/console/sign-in")
    for link in ("https://t.me/demo_bot", "https://matrix.to/#/@bk:example.org"):
        assert f'href="{link}"' in page.text


async def test_without_a_bot_the_page_says_so(console: Console) -> None:
    with_links(console, Links(console.house.settings.public_url))
    browser = await console.browser(Role.EDITOR)
    page = await browser.get("/console/account")
    assert "The bot is in no messenger just now" in browser.text
    assert 'action="/console/account/chat"' not in page.text


async def test_workshops_of_who_is_removed_become_the_citys_and_the_log_says_so(console: Console) -> None:
    await console.browser(Role.PARTNER)
    name = NAMES[Role.PARTNER]
    async with console.database.begin() as conn:
        number = await add_workshop(conn, owner=name)
    admin = await console.browser()
    await admin.get(f"/console/staff/member?name={name}")
    await admin.submit("/console/staff/remove")
    mine = NAMES[Role.ADMIN]
    assert sorted((await told(console))[:2]) == [
        (mine, "hand_over", f"workshop:{number}"),
        (mine, "remove_member", f"staff:{name}"),
    ]


# --- the page follows the phone


@needs_chromium
async def test_the_page_says_by_itself_that_the_chat_is_linked(console: Console) -> None:
    async with open_page(console, "/account") as page:
        await page.get_by_role("button", name="Link my chat").click()
        await expect(page.get_by_role("img", name="QR code")).to_be_visible(timeout=PATIENCE_MS)
        address = await page.get_by_role("link", name="Open the bot").get_attribute("href")
        assert address
        await press_start(console, address.partition("?start=")[2])
        await expect(page.get_by_text("Done: the chat is linked.")).to_be_visible(timeout=PATIENCE_MS)


async def test_the_stream_of_the_page_ends_when_the_chat_is_linked(console: Console) -> None:
    browser = await linked(console)
    assert browser.page
    live = str(browser.page.url).replace("/chat?", "/chat/live?")
    ended = await browser.client.get(live)
    assert ended.text.endswith("event: end\ndata:\n\n")
