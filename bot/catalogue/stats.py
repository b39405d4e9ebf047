"""How much content there is, of what, and what needs somebody's attention."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from bot.catalogue.documents import Content, Document
from bot.catalogue.rules.dates import reviews
from bot.catalogue.schema import Item, Quiz, Tip
from bot.catalogue.texts import texts
from bot.domain.areas import Area

DUE_WITHIN = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class AreaCount:
    """What an area has."""

    quizzes: int
    questions: int
    """In quizzes."""
    pairs: int
    """Pairs of a scam and its genuine look-alike."""
    measuring: int
    """Questions of parallel forms."""
    tips: int
    """Without steps."""
    cards: int
    """Tips with steps for the moment itself."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A claim that somebody should look at again."""

    place: str
    """`file:line`."""
    review_on: date
    publisher: str
    press: bool


@dataclass(frozen=True, slots=True)
class Stats:
    """The content in numbers."""

    areas: Mapping[Area, AreaCount]
    audiences: Mapping[str, int]
    """Audience → quizzes and tips written for it."""
    kinds: Mapping[str, int]
    """Kind of question → questions."""
    campaigns: Mapping[str, int]
    """Kind of campaign → templates."""
    languages: Mapping[str, int]
    """Language → texts that have it, out of `texts`."""
    texts: int
    due: tuple[Pending, ...]
    """To be reviewed within DUE_WITHIN, or already late; the earliest first."""
    to_confirm: tuple[Pending, ...]
    """What rests on the press alone: to be confirmed with an authority."""


def count(content: Content, today: date) -> Stats:
    """Count what could be read."""
    quizzes = [document.item for document in content.quizzes.values()]
    tips = [document.item for document in content.tips.values()]
    written: list[Quiz | Tip] = [*quizzes, *tips]
    translations = [found for document in content.documents for _, found in texts(document.item)]
    pending = sorted(_pending(content.documents), key=lambda claim: (claim.review_on, claim.place))
    return Stats(
        areas={area: _in_area(area, content) for area in Area},
        audiences=dict(Counter(audience.value for item in written for audience in item.audience)),
        kinds=dict(Counter(question.kind.value for quiz in quizzes for question in quiz.questions)),
        campaigns=dict(Counter(document.item.kind.value for document in content.campaigns.values())),
        languages=dict(Counter(language for found in translations for language in found)),
        texts=len(translations),
        due=tuple(claim for claim in pending if claim.review_on <= today + DUE_WITHIN),
        to_confirm=tuple(claim for claim in pending if claim.press),
    )


def _in_area(area: Area, content: Content) -> AreaCount:
    quizzes = [document.item for document in content.quizzes.values() if document.item.area is area]
    surveys = [document.item for document in content.surveys.values() if document.item.area is area]
    tips = [document.item for document in content.tips.values() if document.item.area is area]
    cards = sum(bool(tip.steps) for tip in tips)
    return AreaCount(
        quizzes=len(quizzes),
        questions=sum(len(quiz.questions) for quiz in quizzes),
        pairs=sum(bool(question.pair) for quiz in quizzes for question in quiz.questions) // 2,
        measuring=sum(len(survey.questions) for survey in surveys),
        tips=len(tips) - cards,
        cards=cards,
    )


def _pending(documents: Iterable[Document[Item]]) -> Iterator[Pending]:
    for document in documents:
        for where, review_on, source in reviews(document.item):
            line, _ = document.place(*where, "source")
            yield Pending(f"{document.file}:{line}", review_on, source.publisher, source.press)
