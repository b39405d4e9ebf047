"""Reviews: what is due, and what is promised too late."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

from bot.catalogue.documents import Content, Document
from bot.catalogue.problems import Problem, Severity
from bot.catalogue.schema import Item, Question, Quiz, Source, Survey, Tip
from bot.catalogue.texts import Where, texts
from bot.domain.areas import DEFAULT_LANGUAGE

LONGEST_WAIT = timedelta(days=184)
"""Six months: until when what rests on law, prices or numbers is looked at again."""

_CHANGING = re.compile(r"\d{3,}|\d\s*(?:zł|złot|proc|%|mln|tys)|\b[1-9]\d \d{2} \d{2}\b|\b\d{3} \d{3}\b")
"""Prices, percentages, telephone numbers, years, large numbers."""
_LAW = ("api.sejm.gov.pl", "isap.sejm.gov.pl", "eur-lex.europa.eu", "dziennikustaw.gov.pl")


def problems(content: Content, today: date) -> Iterator[Problem]:
    """Reviews that were due, and those of changing things that are too far off."""
    for document in content.documents:
        for where, review_on, source in reviews(document.item):
            if review_on < today:
                message = f"the review was due on {review_on}; check the source and set the next date"
                yield document.problem(message, *where, "review_on", severity=Severity.WARNING)
            elif review_on > today + LONGEST_WAIT and changes(_claim(document, where), source):
                message = f"law, prices and numbers change: review this by {today + LONGEST_WAIT}, not on {review_on}"
                yield document.problem(message, *where, "review_on")


def reviews(item: Item) -> Iterator[tuple[Where, date, Source]]:
    """What an item claims: where it stands, when it is to be reviewed, and its source."""
    match item:
        case Tip():
            yield (), item.review_on, item.source
        case Quiz() | Survey():
            for index, question in enumerate(item.questions):
                yield ("questions", index), question.review_on, question.source
        case _:
            return


def changes(claim: Item, source: Source) -> bool:
    """Whether a claim rests on law, prices or numbers."""
    if source.url.host in _LAW or "Dz.U." in source.title:
        return True
    said = (text for where, text in texts(claim) if "exhibit" not in where)
    return any(_CHANGING.search(text.get(DEFAULT_LANGUAGE, "")) for text in said)


def _claim(document: Document[Item], where: Where) -> Item:
    match document.item, where:
        case (Quiz() | Survey()) as item, (_, int(index)):
            question: Question = item.questions[index]
            return question
        case item, _:
            return item
