"""What types cannot say of the content: everything that should be put right before anybody reads it."""

from collections.abc import Iterable, Iterator
from datetime import date

from bot.catalogue.check_words import check_words
from bot.catalogue.documents import Content, Document
from bot.catalogue.markup import foreign
from bot.catalogue.problems import Problem
from bot.catalogue.references import broken_references
from bot.catalogue.rules import aims, campaigns, dates, fairness, links, plain, reach, terms, twins
from bot.catalogue.schema import Item, Question, QuestionKind, Quiz, Survey, Tip
from bot.catalogue.texts import TELEGRAM_TEXT, Where, texts

FURNITURE = 400
"""Code units kept for what a screen adds of its own: letters, progress, the label of the source."""
UNMARKED = frozenset({"title", "name"})
"""Fields shown as they are written; Markdown in them would stay visible."""

RULES = (
    aims.problems,
    campaigns.problems,
    fairness.problems,
    links.problems,
    plain.problems,
    reach.problems,
    terms.problems,
    twins.problems,
)


def check(content: Content, today: date) -> list[Problem]:
    """All problems of the content as it was read, in the order of files and lines."""
    problems = [*content.problems, *broken_references(content)]
    problems += dates.problems(content, today)
    for rule in RULES:
        problems += rule(content)
    for document in content.documents:
        problems += _markup(document)
    for asked in content.asked:
        problems += _long_questions(asked)
    for tip in content.tips.values():
        problems += _long_tip(tip)
    if content.words:
        problems += check_words(content.words)
        problems += _untranslated(content, content.words.languages)
    return sorted(set(problems))


def _untranslated(content: Content, languages: tuple[str, ...]) -> Iterator[Problem]:
    for document in content.documents:
        for where, translations in texts(document.item):
            yield from _compare(document, where, translations, languages)
    for tip in content.tips.values():
        if tip.item.keywords:
            yield from _compare(tip, ("keywords",), tip.item.keywords, languages)
    if content.programme:
        words = content.programme.item.emergency_words
        yield from _compare(content.programme, ("emergency_words",), words, languages)


def _compare(
    document: Document[Item], where: Where, translations: Iterable[str], languages: tuple[str, ...]
) -> Iterator[Problem]:
    name = next(part for part in reversed(where) if isinstance(part, str))
    for language in languages:
        if language not in translations:
            yield document.problem(f"`{name}` has no {language!r}; translate it", *where)
    for language in translations:
        if language not in languages:
            message = f"there is no language {language!r}; use {', '.join(languages)}"
            yield document.problem(message, *where, language, "[key]")


def _markup(document: Document[Item]) -> Iterator[Problem]:
    for where, translations in texts(document.item):
        for language, text in translations.items():
            for message in foreign(text):
                yield document.problem(message, *where, language)
            if where[-1] in UNMARKED and "**" in text:
                yield document.problem(f"`{where[-1]}` is shown as written; remove the `**`", *where, language)


def _long_questions(document: Document[Quiz] | Document[Survey]) -> Iterator[Problem]:
    for index, question in enumerate(document.item.questions):
        for language in question.text:
            length = _length(*_shown(question, language)) + FURNITURE
            if length > TELEGRAM_TEXT:
                message = f"in {language!r} question and answers make {length} characters; {TELEGRAM_TEXT} fit: shorten"
                yield document.problem(message, "questions", index, "text", language)


def _shown(question: Question, language: str) -> Iterator[str]:
    """All that a question may put on one screen: for one choice, the longest feedback; else all of it."""
    yield question.text[language]
    if question.exhibit:
        yield question.exhibit.sender.get(language, "") + question.exhibit.text.get(language, "")
    yield from (option.text.get(language, "") for option in question.options if option.text)
    feedback = [option.feedback.get(language, "") for option in question.options]
    several = question.kind in (QuestionKind.MULTIPLE, QuestionKind.ORDERING)
    yield from feedback if several else [max(feedback, key=len)]
    yield question.explanation.get(language, "")
    yield question.source.title + question.source.publisher


def _long_tip(document: Document[Tip]) -> Iterator[Problem]:
    tip = document.item
    for language, text in tip.text.items():
        steps = (step.get(language, "") for step in tip.steps)
        source = tip.source.title + tip.source.publisher
        length = _length(tip.title.get(language, ""), text, *steps, source) + FURNITURE
        if length > TELEGRAM_TEXT:
            message = f"in {language!r} the tip makes {length} characters; {TELEGRAM_TEXT} fit: shorten"
            yield document.problem(message, "text", language)


def _length(*pieces: str) -> int:
    return sum(len(piece.encode("utf-16-le")) // 2 + 2 for piece in pieces)
