"""Files from elsewhere, made in a line; and what a quiz is after a trip through HTML."""

from typing import Any

from bot.catalogue.exchange.draft import Draft
from bot.catalogue.exchange.files import Foreign, decoded
from bot.catalogue.exchange.formats import READERS, Format, write
from bot.catalogue.exchange.hypertext import squeezed
from bot.catalogue.exchange.markdown import canonical
from bot.catalogue.schema import Quiz
from tests.support import real_words


def foreign(text: str, name: str = "quiz.txt") -> Foreign:
    return decoded(name, text.encode())


def read(text: str, to: Format, language: str = "pl") -> Draft:
    """A text in a format, as a draft."""
    return READERS[to](foreign(text, f"quiz.{to}"), language)


def export(quiz: Quiz, to: Format, *languages: str) -> str:
    return write(quiz, to, languages, real_words())


def as_html_gives_it(quiz: Quiz) -> Quiz:
    """A quiz as it comes back from HTML: spaces in a row are one, Markdown is spelt one way."""
    return Quiz.model_validate(_squeezed(quiz.model_dump(mode="json"), ""))


def _squeezed(value: Any, field: str) -> Any:
    match value:
        case dict():
            return {
                name: _squeezed(item, field if name in ("pl", "uk", "en") else name) for name, item in value.items()
            }
        case list():
            return [_squeezed(item, field) for item in value]
        case str() if field in ("feedback", "explanation"):
            return canonical(value)
        case str() if field != "url":
            return squeezed(value)
        case _:
            return value
