"""The library as residents see it: what there is, each item in each language, and what a search would find."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial

from fastapi import HTTPException
from starlette.responses import Response

from bot.catalogue.library import Library
from bot.catalogue.schema import Campaign, Quiz, Survey, Tip
from bot.catalogue.search import LONGEST_QUERY
from bot.channels.web.render import View
from bot.dialogue.scenes.ask import way_to
from bot.domain import actions as do
from bot.domain.areas import Area, Season
from bot.services import quality
from bot.services.learning import OF_UNSAID_AGE
from bot.services.letters import campaign_letter
from bot.services.quality import Judged
from bot.web.console import seen
from bot.web.console.quality import FLAGS
from bot.web.console.visit import Route, Visit
from scheduler.calendar import ZONE

Listed = Quiz | Tip | Survey | Campaign
Kind = Callable[[Library], Iterable[Listed]]

KINDS: Mapping[str, Kind] = {
    "quizzes": lambda library: library.quizzes.values(),
    "cards": lambda library: (tip for tip in library.tips.values() if tip.steps),
    "tips": lambda library: (tip for tip in library.tips.values() if not tip.steps),
    "templates": lambda library: library.campaigns.values(),
    "surveys": lambda library: library.surveys.values(),
}
"""What the library has, in the order of its tabs."""
KIND_WORDS = {
    "quizzes": "library.kind.quizzes",
    "cards": "library.kind.cards",
    "tips": "library.kind.tips",
    "templates": "library.kind.templates",
    "surveys": "library.kind.surveys",
}
FOLDERS = {"cards": "tips"}
"""Kind → where its pages are, if that is not below its own name."""
CHANNEL_WORDS = {
    "telegram": "library.channel.telegram",
    "matrix": "library.channel.matrix",
    "web": "library.channel.web",
}
SEASON_WORDS = {
    Season.SPRING: "library.season.spring",
    Season.SUMMER: "library.season.summer",
    Season.AUTUMN: "library.season.autumn",
    Season.WINTER: "library.season.winter",
}


@dataclass(frozen=True, slots=True)
class Shelf:
    """One kind of items, of one area; of none, for what belongs to all."""

    area: Area | None
    items: tuple[Listed, ...]


@dataclass(frozen=True, slots=True)
class Search:
    """What a resident would get for a text."""

    text: str
    language: str
    view: View
    nothing: bool


# --- what there is


async def listing(visit: Visit) -> Response:
    """The items of one kind by area, and a search that is the residents' own."""
    kind = visit.query.get("kind", "")
    kind = kind if kind in KINDS else "quizzes"
    library = visit.house.library
    return visit.page(
        "content.html",
        kinds={name: sum(1 for _ in those(library)) for name, those in KINDS.items()},
        kind=kind,
        kind_words=KIND_WORDS,
        audiences=partial(audiences, visit),
        folder=FOLDERS.get(kind, kind),
        shelves=_shelves(KINDS[kind](library), visit.language),
        library=library,
        search=_search(visit),
        asked=visit.query.get("q", "")[:LONGEST_QUERY],
        asked_in=language_of(visit),
    )


def _shelves(items: Iterable[Listed], language: str) -> list[Shelf]:
    by_title = sorted(items, key=lambda item: (item.title.get(language) or item.title["pl"]).casefold())
    areas: tuple[Area | None, ...] = (*Area, None)
    shelves = (Shelf(area, tuple(one for one in by_title if _area(one) is area)) for area in areas)
    return [shelf for shelf in shelves if shelf.items]


def _area(item: Listed) -> Area | None:
    return None if isinstance(item, Campaign) else item.area


def _search(visit: Visit) -> Search | None:
    text = visit.query.get("q", "").strip()[:LONGEST_QUERY]
    if not text:
        return None
    library, language = visit.house.library, language_of(visit)
    way = way_to(library, text, language, OF_UNSAID_AGE)
    nothing = isinstance(way, do.Found) and not way.items
    return Search(text, language, seen.found_view(library, way, language), nothing)


def language_of(visit: Visit) -> str:
    """The language in which an item is to be shown: the one that is asked for, or the reader's own."""
    asked = visit.query.get("in", "")
    return asked if asked in visit.house.library.words.languages else visit.language


def audiences(visit: Visit, item: Quiz | Tip) -> str:
    """For whom an item was written, in words."""
    return ", ".join(visit.say(f"audience.{audience.value}") for audience in item.audience)


def today(visit: Visit) -> date:
    """The day in Kraków."""
    return visit.now.astimezone(ZONE).date()


# --- one item


async def quiz(visit: Visit) -> Response:
    """Each question with its answers, the reasons, the source, and how people did at it."""
    one = visit.house.library.quizzes.get(visit.path["name"])
    if one is None:
        raise HTTPException(404)
    counts = await quality.measured(visit.house.database, visit.now)
    return _asked(visit, one, list(quality.judged([one], counts)), counts.made_at)


async def survey(visit: Visit) -> Response:
    """The same of a form that measures; nobody practises with it, so there is nothing to count here."""
    one = visit.house.library.surveys.get(visit.path["name"])
    if one is None:
        raise HTTPException(404)
    return _asked(visit, one, [], None)


def _asked(visit: Visit, one: Quiz | Survey, judged: list[Judged], made_at: datetime | None) -> Response:
    library, language = visit.house.library, language_of(visit)
    places = range(len(one.questions))
    return visit.page(
        "content_quiz.html",
        quiz=one,
        shown_in=language,
        judged=judged,
        made_at=made_at,
        views=[seen.question_view(library, one, place, language) for place in places],
        said=[seen.answers_to(library, one, place, language) for place in places],
        options=[seen.options_of(library, question, language) for question in one.questions],
        tips=library.tips,
        flag_words=FLAGS,
        audiences=partial(audiences, visit),
        today=today(visit),
    )


async def tip(visit: Visit) -> Response:
    """A tip or card, what people say of it, and where else it leads."""
    library, language = visit.house.library, language_of(visit)
    one = library.tips.get(visit.path["name"])
    if one is None:
        raise HTTPException(404)
    (opinion,) = quality.opinions([one], await quality.measured(visit.house.database, visit.now))
    return visit.page(
        "content_tip.html",
        tip=one,
        shown_in=language,
        channel_words=CHANNEL_WORDS,
        views=seen.in_channels(library, seen.tip_screen(library, one), language),
        audiences=partial(audiences, visit),
        season_words=SEASON_WORDS,
        opinion=opinion,
        topic=library.programme.topics[one.topic],
        trainers=[library.quizzes[name] for name in library.trainers.get(one.id, ())],
        today=today(visit),
    )


async def template(visit: Visit) -> Response:
    """A campaign that is ready to be started from."""
    library, language = visit.house.library, language_of(visit)
    one = library.campaigns.get(visit.path["name"])
    if one is None:
        raise HTTPException(404)
    return visit.page(
        "content_template.html",
        campaign=one,
        shown_in=language,
        channel_words=CHANNEL_WORDS,
        views=seen.in_channels(library, campaign_letter(library, one), language),
    )


ROUTES = (
    Route("GET", "/content", "see_content", listing),
    Route("GET", "/content/quizzes/{name}", "see_content", quiz),
    Route("GET", "/content/surveys/{name}", "see_content", survey),
    Route("GET", "/content/tips/{name}", "see_content", tip),
    Route("GET", "/content/templates/{name}", "see_content", template),
)
