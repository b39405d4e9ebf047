"""Campaigns: a text fits one message in every language, and is for languages that are there."""

from collections.abc import Iterator

from bot.catalogue.campaigns import too_long
from bot.catalogue.documents import Content, Document
from bot.catalogue.problems import Problem
from bot.catalogue.schema import Campaign


def problems(content: Content) -> Iterator[Problem]:
    """Texts that are too long to send, audiences that nobody reads in."""
    languages = content.words.languages if content.words else ()
    for campaign in content.campaigns.values():
        yield from unfit(campaign, languages)


def unfit(document: Document[Campaign], languages: tuple[str, ...]) -> Iterator[Problem]:
    """The same of one campaign; `languages`: those that there are words in, empty if that is not known."""
    for language, message in too_long(document.item):
        yield document.problem(message, "text", language)
    for place, language in enumerate(document.item.audience.languages):
        if languages and language not in languages:
            known = ", ".join(languages)
            yield document.problem(f"nobody here reads {language!r}; use: {known}", "audience", "languages", place)
