"""How good the content is: each question's figures, what people say of tips, what is due, missing or wrong."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar, assert_never

from starlette.responses import Response

from bot.catalogue.schema import Quiz, Survey, Tip
from bot.domain.psychometrics import FEWEST_JUDGED, TOO_EASY, TOO_HARD, WEAK, Flag
from bot.services import content_check, missed, quality
from bot.services.classroom import FEWEST_SHOWN
from bot.services.content_check import Report
from bot.services.quality import DUE_WITHIN, Judged, Opinion, Review
from bot.services.sheets import Cell, Sheet, as_csv
from bot.web.console.paging import paged
from bot.web.console.visit import Done, Route, Visit
from scheduler.calendar import ZONE

Row = TypeVar("Row")

FLAGS: Mapping[Flag, tuple[str, str]] = {
    Flag.TOO_EASY: ("library.flag.too_easy", "wait"),
    Flag.TOO_HARD: ("library.flag.too_hard", "wait"),
    Flag.NEGATIVE: ("library.flag.negative", "bad"),
    Flag.WEAK: ("library.flag.weak", "wait"),
    Flag.UNUSED: ("library.flag.unused", "calm"),
}
"""Its words, and the tone of its badge."""


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """A column by which a table can be sorted."""

    key: str
    """Its words, and its name in the address."""
    value: Callable[[Row], float | str | None]
    """What to sort by; what is not known stands last, either way."""
    falling: bool = False
    """Whether the first press puts the largest first."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A column's heading: a link that sorts by it."""

    key: str
    url: str
    sorted: str
    """For `aria-sort`: ascending, descending or none."""


# --- questions

_GRAVITY = {flag: place for place, flag in enumerate(Flag)}


def _worst(one: Judged) -> float | None:
    """By the gravest flag, and of the same by what the question tells least."""
    gravest = min((_GRAVITY[flag] for flag in one.flags), default=None)
    return None if gravest is None else gravest + (1 + (one.figures.discrimination or 0)) / 3


QUESTIONS: tuple[Column[Judged], ...] = (
    Column("library.question", lambda one: f"{one.quiz.id} {one.place:02}"),
    Column("library.answers", lambda one: one.figures.answers or None, falling=True),
    Column("library.facility", lambda one: one.figures.facility),
    Column("library.discrimination", lambda one: one.figures.discrimination),
    Column("library.flags", _worst),
)
"""The last is the order in which they come by themselves: what is worst first."""


async def questions(visit: Visit) -> Response:
    """Every question with how many can do it, and whether it tells those who know from those who do not."""
    counts = await quality.measured(visit.house.database, visit.now)
    rows = list(quality.judged(visit.house.library.quizzes.values(), counts))
    flagged = [row for row in rows if row.flags]
    only = visit.query.get("only", "") == "flagged"
    shown, headings = _sorted(visit, flagged if only else rows, QUESTIONS, QUESTIONS[-1])
    return visit.page(
        "quality.html",
        page=paged(visit, shown),
        headings=headings,
        counts={"all": len(rows), "flagged": len(flagged), "answered": sum(row.figures.answers > 0 for row in rows)},
        only=only,
        made_at=counts.made_at,
        flag_words=FLAGS,
        bounds={"hard": TOO_HARD, "easy": TOO_EASY, "weak": WEAK, "judged": FEWEST_JUDGED, "shown": FEWEST_SHOWN},
    )


async def questions_file(visit: Visit) -> Response:
    """The same for a spreadsheet, with every option's share."""
    counts = await quality.measured(visit.house.database, visit.now)
    rows = quality.judged(visit.house.library.quizzes.values(), counts)
    headings = [
        *("library.csv.quiz", "library.csv.question", "library.csv.text", "library.answers", "library.facility"),
        *("library.csv.compared", "library.discrimination", "library.flags", "library.csv.options"),
    ]
    return _download(visit, "quality", headings, (_question_cells(visit, row) for row in rows))


def _question_cells(visit: Visit, row: Judged) -> list[Cell]:
    figures = row.figures
    shares = (figures.share(place) for place in range(len(row.question.options)))
    return [
        row.quiz.id,
        row.question.id,
        row.question.text.get(visit.language) or row.question.text["pl"],
        figures.answers,
        _rounded(figures.facility),
        figures.compared,
        _rounded(figures.discrimination),
        ", ".join(visit.say(FLAGS[flag][0]) for flag in row.flags),
        " / ".join("" if share is None else visit.looks.words.percent(share, visit.language) for share in shares),
    ]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


async def count_again(visit: Visit) -> Response:
    """Count now. It changes nothing but the age of the counts, so twice at once is once."""
    await quality.measure_again(visit.house.database, visit.now)
    back = "/console/content/ratings" if visit.fields.one("back") == "ratings" else "/console/content/quality"
    return visit.go(Done(back, "counted_again").url)


# --- tips

TIPS: tuple[Column[Opinion], ...] = (
    Column("library.tip", lambda one: one.tip.id),
    Column("library.seen", lambda one: one.seen, falling=True),
    Column("library.useful", lambda one: one.useful, falling=True),
    Column("library.useless", lambda one: one.useless, falling=True),
    Column("library.useful_share", lambda one: one.share),
)


async def ratings(visit: Visit) -> Response:
    """Every tip with how many saw it, and what they said."""
    counts = await quality.measured(visit.house.database, visit.now)
    rows = list(quality.opinions(visit.house.library.tips.values(), counts))
    shown, headings = _sorted(visit, rows, TIPS, TIPS[-1])
    return visit.page(
        "quality_tips.html",
        page=paged(visit, shown),
        headings=headings,
        made_at=counts.made_at,
        fewest=FEWEST_SHOWN,
    )


async def ratings_file(visit: Visit) -> Response:
    """The same for a spreadsheet."""
    counts = await quality.measured(visit.house.database, visit.now)
    rows = quality.opinions(visit.house.library.tips.values(), counts)
    headings = ["library.csv.tip", "library.csv.title", *(column.key for column in TIPS[1:])]
    return _download(visit, "tips", headings, (_tip_cells(visit, row) for row in rows))


def _tip_cells(visit: Visit, row: Opinion) -> list[Cell]:
    title = row.tip.title.get(visit.language) or row.tip.title["pl"]
    return [row.tip.id, title, row.seen, row.useful, row.useless, _rounded(row.share)]


# --- what is due, and what is missing


async def reviews(visit: Visit) -> Response:
    """Claims whose source is to be looked at again, the most urgent first."""
    found = quality.due(visit.house.library, visit.now.astimezone(ZONE).date())
    late = sum(review.late for review in found)
    return visit.page("quality_reviews.html", reviews=found, late=late, days=DUE_WITHIN.days, review_url=_review_url)


def _review_url(review: Review) -> str:
    match review.item:
        case Tip(id=name):
            return f"/console/content/tips/{name}"
        case Survey(id=name):
            folder = "surveys"
        case Quiz(id=name):
            folder = "quizzes"
        case _:
            assert_never(review.item)
    place = review.question or 1
    return f"/console/content/{folder}/{name}#{review.item.questions[place - 1].id}"


async def missing(visit: Visit) -> Response:
    """Words that people searched for and the library does not know."""
    async with visit.house.database.read() as conn:
        words = await missed.listed(conn, visit.now)
    days = {"back": missed.LOOKED_BACK.days, "kept": missed.KEPT.days}
    return visit.page("quality_missed.html", words=words, fewest=FEWEST_SHOWN, days=days)


# --- the check


async def checked(visit: Visit) -> Response:
    """The report of the check; one that is out of date is made anew while it is read."""
    database, folder = visit.house.database, visit.house.settings.content
    report = await content_check.last(database)
    if report is None or report.content != await content_check.state(folder):
        content_check.begin(database, folder, visit.now)
    running = content_check.being_made(database) is not None
    return visit.page("content_check.html", report=report, running=running)


async def check_live(visit: Visit) -> Response:
    """The report, once it is there."""

    async def fragments() -> AsyncIterator[str]:
        database = visit.house.database
        while (task := content_check.being_made(database)) and not visit.house.closing():
            await asyncio.wait([task], timeout=1)
        yield _report(visit, await content_check.last(database))

    return visit.stream(fragments())


def _report(visit: Visit, report: Report | None) -> str:
    return visit.fragment("content_report.html", report=report, running=False)


async def check_again(visit: Visit) -> Response:
    """Check now, whatever is kept."""
    content_check.begin(visit.house.database, visit.house.settings.content, visit.now)
    return visit.go("/console/content/check")


# --- tables


def _sorted(
    visit: Visit, rows: Iterable[Row], columns: Sequence[Column[Row]], usual: Column[Row]
) -> tuple[list[Row], list[Heading]]:
    """The rows in the order that the address asks for, and headings that ask for another."""
    named = {column.key.removeprefix("library."): column for column in columns}
    chosen = named.get(visit.query.get("sort", ""), usual)
    falling = {"up": False, "down": True}.get(visit.query.get("order", ""), chosen.falling)
    valued = [(chosen.value(row), row) for row in rows]
    known = sorted((pair for pair in valued if pair[0] is not None), key=lambda pair: pair[0], reverse=falling)  # type: ignore[arg-type,return-value] # one column's values are of one type
    ordered = [row for _, row in known] + [row for value, row in valued if value is None]
    return ordered, [_heading(visit, name, column, chosen, falling=falling) for name, column in named.items()]


def _heading(visit: Visit, name: str, column: Column[Row], chosen: Column[Row], *, falling: bool) -> Heading:
    here = visit.request.url.remove_query_params(["done"])
    if column is not chosen:
        order = "down" if column.falling else "up"
        return Heading(column.key, f"?{here.include_query_params(sort=name, order=order).query}", "none")
    order = "up" if falling else "down"
    url = f"?{here.include_query_params(sort=name, order=order).query}"
    return Heading(column.key, url, "descending" if falling else "ascending")


def _download(visit: Visit, name: str, headings: Iterable[str], rows: Iterable[list[Cell]]) -> Response:
    sheet = Sheet(name, visit.language, [visit.say(key) for key in headings], list(rows), visit.now)
    return visit.download(f"{name}-{visit.now.astimezone(ZONE):%Y-%m-%d}.csv", as_csv(sheet), "text/csv; charset=utf-8")


ROUTES = (
    Route("GET", "/content/quality", "see_content", questions),
    Route("GET", "/content/quality.csv", "see_content", questions_file),
    Route("POST", "/content/quality", "see_content", count_again),
    Route("GET", "/content/ratings", "see_content", ratings),
    Route("GET", "/content/ratings.csv", "see_content", ratings_file),
    Route("GET", "/content/reviews", "see_content", reviews),
    Route("GET", "/content/missing", "see_content", missing),
    Route("GET", "/content/check", "see_content", checked),
    Route("GET", "/content/check/live", "see_content", check_live),
    Route("POST", "/content/check", "see_content", check_again),
)
