"""What Moodle has no field for travels as tags: `kind:ordering`, `tip:czujka-czadu`, `review:2027-11-01`.

A tag of Moodle's has at most 50 characters and no `<` or `>` (TAG_MAX_LENGTH and PARAM_TAG in Moodle's source).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from bot.catalogue.exchange.draft import Heading
from bot.catalogue.schema import ExhibitKind, Question, QuestionKind, Quiz, is_slug
from bot.domain.areas import Area, Audience

PRESS = "press"
Marks = Mapping[str, tuple[str, ...]]
"""What stands before the colon → what follows, in order."""

_CHOICES: Mapping[str, frozenset[str]] = {
    "kind": frozenset(QuestionKind),
    "area": frozenset(Area),
    "audience": frozenset(Audience),
    "level": frozenset("123"),
    "exhibit": frozenset(ExhibitKind),
}


def of_question(quiz: Quiz, question: Question, language: str | None) -> tuple[str, ...]:
    """The tags of a question, those of its quiz among them."""
    return tuple(f"{name}:{value}" if value else name for name, value in _pairs(quiz, question, language))


def _pairs(quiz: Quiz, question: Question, language: str | None) -> Iterator[tuple[str, str]]:
    yield "quiz", quiz.id
    yield "area", quiz.area.value
    yield "level", str(quiz.level)
    yield from (("audience", audience.value) for audience in quiz.audience)
    yield "kind", question.kind.value
    yield "tip", question.tip
    yield "review", question.review_on.isoformat()
    if question.pair:
        yield "pair", question.pair
    if question.exhibit:
        yield "exhibit", question.exhibit.kind.value
    if question.source.press:
        yield PRESS, ""
    if language:
        yield "lang", language


def marks(tags: Iterable[str]) -> Marks:
    """Our marks among whatever tags a file has; those with values that cannot be ours are left out."""
    found: dict[str, tuple[str, ...]] = {}
    for tag in tags:
        name, _, value = tag.strip().partition(":")
        if _fits(name, value):
            found[name] = (*found.get(name, ()), value)
    return found


def _fits(name: str, value: str) -> bool:
    match name:
        case "kind" | "area" | "audience" | "level" | "exhibit":
            return value in _CHOICES[name]
        case "quiz" | "tip" | "pair":
            return is_slug(value)
        case "review":
            return _is_day(value)
        case "lang":
            return re.fullmatch(r"[a-z]{2,3}", value) is not None
        case _:
            return name == PRESS and not value


def _is_day(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def one(found: Marks, name: str) -> str | None:
    """The first value of a mark."""
    return next(iter(found.get(name, ())), None)


def heading(found: Marks) -> Heading:
    """What the tags say of the quiz."""
    level = one(found, "level")
    return Heading(
        id=one(found, "quiz"),
        area=one(found, "area"),
        audience=found.get("audience", ()),
        level=int(level) if level else None,
    )
