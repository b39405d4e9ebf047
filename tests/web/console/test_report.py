"""The programme report in the console: a year that is read, chosen, counted anew and taken along."""

import asyncio
import re
from io import BytesIO
from zipfile import ZipFile

import pytest
from pypdf import PdfReader

from bot.catalogue.schema import Campaign
from bot.services import kept
from bot.services.programme_report import counting, keeping
from bot.services.programme_report.model import as_data
from bot.storage import learning
from bot.storage.database import Connection
from bot.storage.staff import Role
from scheduler import ledger
from tests.sending import open_run_of, settle
from tests.services.programme_report.city import books, build
from tests.support import NOON, add_resident, campaign, open_database
from tests.web.console.world import Browser, Console
from tests.web.console.world import console as open_console

HOSTILE = '#import "x": *; $1$ *b* \\ <script>alert(1)</script>'


async def people(console: Console, count: int, first: int = 0) -> None:
    """Residents who saw a tip today."""
    async with console.database.begin() as conn:
        for number in range(first, first + count):
            one = await add_resident(conn, f"telegram:{number}", now=NOON, campaigns=True)
            await learning.mark_tip(conn, one.id, "czujka", NOON)


async def look(console: Console, browser: Browser, address: str = "/console/report") -> str:
    """The page with its numbers, however long the first count takes on a busy machine."""
    for _ in range(5):
        page = await browser.get(address)
        assert page.status_code == 200
        if "/console/report/live" not in page.text:
            return page.text
        await kept.settled(console.database)
    raise AssertionError("it was never counted")


def figure(page: str, label: str) -> str:
    """What stands in the first cell of the line with this label in the table of key numbers."""
    found = re.search(rf'<th scope="row">{label}</th><td class="figure">(.*?)</td>', page)
    assert found, label
    return re.sub(r"<[^>]+>", "", found[1])


async def test_the_report_of_this_year_says_as_of_when_and_that_the_year_goes_on(console: Console) -> None:
    await people(console, 7)
    browser = await console.browser(Role.VIEWER)

    page = await look(console, browser)

    assert figure(page, "People") == "7"
    assert figure(page, "Cost per person") == "PLN 200,000"
    assert "As of: 1 Dec 2026, 12:00." in browser.text
    assert "This year is not over." in browser.text
    assert "demo data" not in browser.text
    assert "Parallel forms" in browser.text  # what the gain does not prove


async def test_it_stays_as_it_was_counted_until_somebody_counts_again(console: Console) -> None:
    await people(console, 7)
    browser = await console.browser(Role.VIEWER)
    await look(console, browser, "/console/report?year=2026")
    await people(console, 2, first=7)
    console.later(minutes=30)

    assert figure(await look(console, browser, "/console/report?year=2026"), "People") == "7"

    await browser.submit("/console/report/count")
    assert re.search(r"The numbers were counted again\.|Counting again\.", browser.text)
    await kept.settled(console.database)
    assert figure(await look(console, browser, "/console/report?year=2026"), "People") == "9"
    assert "12:30" in browser.text


async def test_after_an_hour_it_is_counted_anew_for_whoever_asks_next(console: Console) -> None:
    await people(console, 7)
    browser = await console.browser(Role.VIEWER)
    await look(console, browser)
    await people(console, 2, first=7)
    console.later(hours=1)

    assert figure(await look(console, browser), "People") == "7"
    await kept.settled(console.database)
    assert figure(await look(console, browser), "People") == "9"


async def test_a_year_that_takes_long_to_count_is_waited_for(console: Console) -> None:
    await people(console, 7)
    ready = asyncio.Event()

    async def make(conn: Connection) -> object:
        await ready.wait()
        return as_data(await counting.count(conn, console.house.library, 2026, console.now))

    slow = asyncio.create_task(kept.remake(console.database, keeping.name_of(2026), make, console.now))
    await asyncio.sleep(0)
    browser = await console.browser(Role.VIEWER)

    page = await browser.get("/console/report?year=2026")
    assert 'data-live="/console/report/live?year=2026"' in page.text
    assert "being counted for the first time" in browser.text

    ready.set()
    stream = await browser.client.get("/console/report/live?year=2026")
    assert stream.text.endswith("event: end\ndata:\n\n")
    assert figure(await look(console, browser, "/console/report?year=2026"), "People") == "7"
    await slow


@pytest.mark.parametrize("year", ["2025", "2027", "0", "-2026", "٢٠٢٦", "x", "2026x", "9" * 5000])
async def test_a_year_there_is_no_report_of_is_not_found(console: Console, year: str) -> None:
    browser = await console.browser(Role.VIEWER)
    for address in ("/console/report", "/console/report/pdf", "/console/report/csv"):
        assert (await browser.get(f"{address}?year={year}")).status_code == 404


async def test_few_people_are_hidden_on_the_page_and_in_every_file(console: Console) -> None:
    await people(console, 4)
    browser = await console.browser(Role.VIEWER)

    assert figure(await look(console, browser), "People") == "#"
    archive = ZipFile(BytesIO((await browser.get("/console/report/csv?year=2026")).content))
    assert '"active";"People";"#"' in archive.read("01-key.csv").decode()
    paper = PdfReader(BytesIO((await browser.get("/console/report/pdf?year=2026")).content))
    assert re.search(r"New people\s+#", "".join(page.extract_text() for page in paper.pages))


async def test_a_title_that_means_something_elsewhere_is_a_title(console: Console) -> None:
    await people(console, 6)
    content = campaign().model_dump() | {"title": dict.fromkeys(("pl", "uk", "en"), HOSTILE)}
    async with console.database.begin() as conn:
        await open_run_of(conn, Campaign.model_validate(content), NOON)
        await settle(conn, NOON)
        await ledger.finish_runs(conn, NOON)
    browser = await console.browser(Role.VIEWER)

    page = await look(console, browser)

    assert "<script>alert" not in page
    assert HOSTILE in browser.text
    paper = PdfReader(BytesIO((await browser.get("/console/report/pdf")).content))
    printed = re.sub(r"\s", "", "".join(page.extract_text() for page in paper.pages))
    assert re.sub(r"\s", "", HOSTILE) in printed


async def test_the_demo_city_says_that_it_is_one_in_three_languages(tmp_path_factory: pytest.TempPathFactory) -> None:
    async with (
        open_database(tmp_path_factory.mktemp("demo")) as database,
        open_console(database, books=books()) as console,
    ):
        await build(database, people=200, now=NOON)
        browser = await console.browser(Role.APPROVER)
        for language, words in (("pl", "z miasta na niby"), ("uk", "вигаданого міста"), ("en", "an invented city")):
            browser.client.headers["Accept-Language"] = language
            await look(console, browser)
            assert words in browser.text


async def test_a_partner_does_not_see_it(console: Console) -> None:
    browser = await console.browser(Role.PARTNER)
    assert (await browser.get("/console/report")).status_code == 403
