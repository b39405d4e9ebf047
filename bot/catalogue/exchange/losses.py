"""What a format cannot hold of this very quiz: one line for each loss, nothing where nothing is lost."""

from collections.abc import Iterator, Sequence

from bot.catalogue.exchange import markdown
from bot.catalogue.exchange.hypertext import squeezed
from bot.catalogue.schema import QuestionKind, Quiz
from bot.catalogue.texts import texts

MARKDOWN = frozenset({"feedback", "explanation"})
"""Texts that are Markdown; the others are shown as they are written."""


def languages(quiz: Quiz, kept: Sequence[str]) -> Iterator[str]:
    """Languages that are not written."""
    there = {code: None for _, found in texts(quiz) for code in found}
    if gone := [code for code in there if code not in kept]:
        yield f"leaves out {', '.join(gone)}; --language all keeps every language"


def spelling(quiz: Quiz) -> Iterator[str]:
    """Texts that HTML gives back in other letters, though they look the same."""
    changed = [
        text for where, found in texts(quiz) for text in found.values() if _as_html(str(where[-1]), text) != text
    ]
    names = [name for name in _names(quiz) if squeezed(name) != name]
    if changed or names:
        first = " ".join((changed or names)[0].split())[:30]
        count = len(changed) + len(names)
        yield f"cannot hold spaces in a row and the spelling of Markdown ({count} texts, such as “{first}”)"


def _names(quiz: Quiz) -> Iterator[str]:
    for question in quiz.questions:
        yield from (question.source.title, question.source.publisher)
        yield from question.exhibit.sender.values() if question.exhibit else ()


def _as_html(field: str, text: str) -> str:
    return markdown.canonical(text) if field in MARKDOWN else squeezed(text)


def matching(quiz: Quiz) -> Iterator[str]:
    """Ordering questions in GIFT."""
    if count := sum(question.kind is QuestionKind.ORDERING for question in quiz.questions):
        yield f"cannot hold the order of steps as such: in {count} of the questions each is matched with its number"


def wrong_answers(quiz: Quiz) -> Iterator[str]:
    """What a card says of answers that were not chosen."""
    if any(question.kind is not QuestionKind.ORDERING for question in quiz.questions):
        yield "cannot hold the feedback of wrong answers: a card says why the right one is right"
