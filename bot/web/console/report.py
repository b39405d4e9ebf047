"""The programme report: a year on a page, on paper, in files. It is counted beside and kept, so no page waits."""

import asyncio
from collections.abc import AsyncIterator

from fastapi import HTTPException
from starlette.responses import Response

from bot.services.programme_report import files, keeping, paper, reading
from bot.services.programme_report.counting import year_of
from bot.services.programme_report.model import Report
from bot.services.programme_report.reading import Reading
from bot.web.console.visit import Route, Visit

PATIENCE_S = 1.0
"""How long a page waits for numbers that were never counted before."""


async def show(visit: Visit) -> Response:
    """A year, with its plots and tables; or, while it is counted for the first time, a page that waits for it."""
    year = _year(visit, visit.query.get("year", ""))
    try:
        report, words = await asyncio.wait_for(_read(visit, year), PATIENCE_S)
    except TimeoutError:  # the counting itself goes on
        return visit.page("report_wait.html", year=year)
    return visit.page(
        "report.html", report=words, year=report.year, years=keeping.years(visit.house.library, visit.now)
    )


async def wait(visit: Visit) -> Response:
    """A stream that ends when the year is counted."""
    return visit.stream(_until_counted(visit, _year(visit, visit.query.get("year", ""))))


async def _until_counted(visit: Visit, year: int) -> AsyncIterator[str]:
    while not visit.house.closing():
        try:
            await asyncio.wait_for(
                keeping.report(visit.house.database, visit.house.library, year, visit.now), PATIENCE_S
            )
        except TimeoutError:
            yield visit.fragment("report_waiting.html", year=year)
        else:
            return


async def as_pdf(visit: Visit) -> Response:
    """The same as a PDF."""
    report, words = await _read(visit, _year(visit, visit.query.get("year", "")))
    content = await asyncio.to_thread(paper.pdf, words, visit.house.library.words, report.as_of)
    return visit.download(f"bezpieczny-krakow-{report.year}.pdf", content, "application/pdf")


async def as_csv(visit: Visit) -> Response:
    """All tables, as a ZIP of CSV files."""
    report, words = await _read(visit, _year(visit, visit.query.get("year", "")))
    content = files.zipped(files.csv_files(report, words, visit.house.library.words), report.as_of)
    return visit.download(f"bezpieczny-krakow-{report.year}.zip", content, "application/zip")


async def count_again(visit: Visit) -> Response:
    """The year as it is this minute."""
    year = _year(visit, visit.fields.one("year"))
    counting = keeping.again(visit.house.database, visit.house.library, year, visit.now)
    try:
        await asyncio.wait_for(counting, PATIENCE_S)
    except TimeoutError:
        return visit.go(f"/console/report?year={year}&done=report_counting")
    return visit.go(f"/console/report?year={year}&done=report_counted")


async def _read(visit: Visit, year: int) -> tuple[Report, Reading]:
    library = visit.house.library
    report = await keeping.report(visit.house.database, library, year, visit.now)
    return report, reading.read(report, library, visit.language)


def _year(visit: Visit, given: str) -> int:
    """The year that is asked for, by default this one. Raises 404 for one there is no report of."""
    if not given:
        return year_of(visit.now)
    years = {str(year): year for year in keeping.years(visit.house.library, visit.now)}
    if given not in years:
        raise HTTPException(404)
    return years[given]


ROUTES = (
    Route("GET", "/report", "see_numbers", show),
    Route("GET", "/report/live", "see_numbers", wait),
    Route("GET", "/report/pdf", "see_numbers", as_pdf),
    Route("GET", "/report/csv", "see_numbers", as_csv),
    Route("POST", "/report/count", "see_numbers", count_again),
)
