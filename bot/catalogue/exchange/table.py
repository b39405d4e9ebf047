"""A quiz as a CSV table for a spreadsheet: UTF-8 with its mark, so that Excel knows the letters."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO

from bot.catalogue.exchange import columns
from bot.catalogue.exchange.columns import FEEDBACK, LANGUAGE, OPTIONS
from bot.catalogue.schema import Question, QuestionKind, Quiz

SUFFIX = ".csv"
MARK = "\ufeff"


def write(quiz: Quiz, languages: Sequence[str]) -> str:
    """The whole file."""
    names = list(columns.header(languages))
    out = StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(names)
    for question in quiz.questions:
        cells = {**dict(_quiz(quiz)), **dict(_question(question)), LANGUAGE: languages[0]}
        writer.writerow(columns.guard(_cell(cells, name, languages[0])) for name in names)
    return MARK + out.getvalue()


def _cell(cells: Mapping[str, str | Mapping[str, str]], name: str, only: str) -> str:
    column, language = columns.meaning(name)
    value = cells.get(column, "")
    return value if isinstance(value, str) else value.get(language or only, "")


def _quiz(quiz: Quiz) -> Iterator[tuple[str, str | Mapping[str, str]]]:
    yield "quiz", quiz.id
    yield "area", quiz.area.value
    yield "audience", ";".join(audience.value for audience in quiz.audience)
    yield "level", str(quiz.level)
    yield "title", quiz.title
    yield "about", quiz.about


def _question(question: Question) -> Iterator[tuple[str, str | Mapping[str, str]]]:
    yield "id", question.id
    yield "kind", question.kind.value
    yield "text", question.text
    if question.exhibit:
        yield "exhibit_kind", question.exhibit.kind.value
        yield "exhibit_sender", question.exhibit.sender
        yield "exhibit_text", question.exhibit.text
    yield "pair", question.pair or ""
    yield from zip(OPTIONS, (option.text or {} for option in question.options), strict=False)
    yield from zip(FEEDBACK, (option.feedback for option in question.options), strict=False)
    if question.kind is not QuestionKind.ORDERING:
        yield "right", ";".join(str(place + 1) for place in sorted(question.right))
    yield "explanation", question.explanation
    yield "source_title", question.source.title
    yield "source_url", str(question.source.url)
    yield "source_publisher", question.source.publisher
    yield "press", "yes" if question.source.press else ""
    yield "review_on", question.review_on.isoformat()
    yield "tip", question.tip
