"""Addresses that lead somewhere, and examples that lead nowhere."""

import re
from collections.abc import Iterator

from pydantic import HttpUrl

from bot.catalogue.documents import Content, Document
from bot.catalogue.problems import Problem
from bot.catalogue.schema import Campaign, Item, Quiz, Source, Survey, Tip
from bot.catalogue.texts import texts

_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s<>\"'”»)]+|\b[\w-]+(?:\.[\w-]+)+/\S*", re.IGNORECASE)
_HOST = re.compile(r"(?:https?://)?([^/:?#\s]+)")


def problems(content: Content) -> Iterator[Problem]:
    """Sources whose address cannot be right, and examples whose address could be somebody's."""
    for document in content.documents:
        for where, url in _urls(document.item):
            if message := _wrong(url):
                yield document.problem(message, *where)
    for quiz in content.asked:
        yield from _examples(quiz)


def _urls(item: Item) -> Iterator[tuple[tuple[int | str, ...], HttpUrl]]:
    match item:
        case Quiz() | Survey():
            for index, question in enumerate(item.questions):
                yield ("questions", index, "source", "url"), question.source.url
        case Tip(source=Source(url=url)):
            yield ("source", "url"), url
        case Campaign(buttons=buttons):
            yield from ((("buttons", index, "url"), button.url) for index, button in enumerate(buttons) if button.url)
        case _:
            return


def _wrong(url: HttpUrl) -> str:
    host = url.host or ""
    if "." not in host or host.endswith("."):
        return f"the address {url} has no whole host; write it as it stands in the browser"
    if str(url).endswith((".", ",", ";", ")", "…")):
        return f"the address {url} ends in a punctuation mark; remove it"
    if url.username or url.password:
        return f"the address {url} holds a user's name; remove it"
    return ""


def _examples(document: Document[Quiz] | Document[Survey]) -> Iterator[Problem]:
    for index, question in enumerate(document.item.questions):
        if question.exhibit is None:
            continue
        for where, found in texts(question.exhibit):
            for language, text in found.items():
                for address in _ADDRESS.findall(text):
                    host = _HOST.match(address)
                    if host and not host[1].rstrip(".,").endswith((".example", ".gov.pl")):
                        message = f"the example's address {address} could be somebody's; let it end in .example"
                        yield document.problem(message, "questions", index, "exhibit", *where, language)
