"""Staff see numbers in which nobody is, and help the one resident who gave their code."""

import json

from sqlalchemy import select

from bot.services import support_code
from bot.storage import residents
from bot.storage.staff import Role
from bot.storage.tables import audit
from tests.support import VAULT, add_resident, add_workshop, book
from tests.web.console.world import Browser, Console

SEARCH = "/console/people/find"
ADDRESS = "987654321"


async def somebody(console: Console) -> tuple[int, str]:
    """A resident with a booking; their number and code."""
    async with console.database.begin() as conn:
        ada = await add_resident(conn, f"telegram:{ADDRESS}", alerts=True)
        await book(conn, await add_workshop(conn), ada.id)
    return ada.id, support_code.code_for(VAULT, ada)


async def find(browser: Browser, code: str) -> None:
    await browser.get("/console/people")
    await browser.submit(SEARCH, code=code)


async def log(console: Console) -> list[tuple[str, str, str]]:
    async with console.database.read() as conn:
        rows = await conn.execute(select(audit.c.what, audit.c.about, audit.c.before, audit.c.after))
        return [(what, about, json.dumps([before, after])) for what, about, before, after in rows]


async def test_the_numbers_show_and_a_few_people_do_not(console: Console) -> None:
    async with console.database.begin() as conn:
        for number in range(12):
            await add_resident(conn, f"telegram:{number}", alerts=True)
        await add_resident(conn, "telegram:99", "uk")
    browser = await console.browser(Role.VIEWER)
    await browser.get("/console/people")
    assert "13 residents write to the bot" in browser.text
    assert "alerts hidden" in browser.text, "one without would be worked out"
    assert "Find one resident" not in browser.text

    async with console.database.begin() as conn:
        for number in range(20, 30):
            await add_resident(conn, f"telegram:{number}", "uk")
    await browser.submit("/console/people/count")
    assert "23 residents write to the bot" in browser.text
    assert "alerts 12" in browser.text


async def test_a_code_shows_an_outline_without_address_or_name(console: Console) -> None:
    _, code = await somebody(console)
    browser = await console.browser(Role.ADMIN)
    await find(browser, code)
    assert "Channel Telegram" in browser.text
    assert "alerts yes" in browser.text
    assert "Workshop bookings 1" in browser.text
    assert browser.page
    assert ADDRESS not in browser.page.text
    assert "Somebody" not in browser.page.text
    assert await log(console) == [("find", "resident:", "[null, null]")]


async def test_a_wrong_code_is_shown_again_with_the_reason(console: Console) -> None:
    await somebody(console)
    browser = await console.browser(Role.ADMIN)
    await find(browser, "1-aaaaa")
    assert browser.page
    assert browser.page.status_code == 422
    assert "This is nobody’s code" in browser.text
    assert 'value="1-aaaaa"' in browser.page.text
    assert await log(console) == []


async def test_who_guesses_is_stopped(console: Console) -> None:
    _, code = await somebody(console)
    browser = await console.browser(Role.ADMIN)
    for _ in range(support_code.LOOKS):
        await find(browser, "1-aaaaa")
    await find(browser, code)
    assert "Wait ten minutes" in browser.text
    console.later(minutes=11)
    await find(browser, code)
    assert "The resident with the code" in browser.text


async def test_the_file_is_handed_over_with_a_reason(console: Console) -> None:
    _, code = await somebody(console)
    browser = await console.browser(Role.ADMIN)
    await find(browser, code)
    await browser.submit("/console/people/export")
    assert "Choose a reason" in browser.text
    await find(browser, code)
    file = await browser.submit("/console/people/export", reason="asked_in_writing")
    assert file.json()["resident"]["address"] == ADDRESS
    assert file.json()["bookings"][0]["name"] == "Somebody"
    lines = await log(console)
    assert lines[-1] == ("export", "resident:", '[null, {"reason": "asked_in_writing"}]')
    assert ADDRESS not in json.dumps(lines)


async def test_erased_is_erased_once_and_for_good(console: Console) -> None:
    number, code = await somebody(console)
    browser = await console.browser(Role.ADMIN)
    await find(browser, code)
    await browser.submit("/console/people/erase")
    assert "Choose a reason" in browser.text
    await find(browser, code)
    await browser.submit("/console/people/erase", reason="asked_by_phone")
    assert "data is erased" in browser.text
    async with console.database.read() as conn:
        assert await residents.get(conn, number) is None
    assert (await log(console))[-1] == ("erase", "resident:", '[null, {"reason": "asked_by_phone"}]')

    await find(browser, code)
    assert "This is nobody’s code" in browser.text
