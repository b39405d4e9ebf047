"""No term without its explanation, in the item where it stands."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from bot.catalogue.documents import Content, Document
from bot.catalogue.problems import Problem
from bot.catalogue.programme import Terms
from bot.catalogue.schema import Item
from bot.catalogue.texts import Where, texts

_ABBREVIATION = re.compile(r"\b[A-ZĄĆĘŁŃÓŚŹŻА-ЯІЇЄҐ]{2,}\b")
_SKIPPED = frozenset({"exhibit", "keywords", "title"})
"""An exhibit speaks with another’s voice; titles and keywords name what the text explains."""
_AFTER: Mapping[str, str] = {
    "pl": r"[”\"]?(?: \(|\)| [–-] |,? czyli\b|,? to(?: jest)?\b| oznacza|: )",
    "uk": r"[»\"]?(?: \(|\)| [–-] |,? тобто\b|,? це\b| означає|: )",
    "en": r"[”\"]?(?: \(|\)| [–-] |,? or\b|,? that is\b|,? which is\b| is | means |: )",
}
"""What follows a term that is being explained: "smishing, czyli …", "smishing (…)", "fałszywy SMS (smishing)"."""
_BEFORE: Mapping[str, str] = {
    "pl": r"(?:czyli|to|nazywa się|zwan[yae]|nazwą"
    r"|zesp[oó]ł\w*|komisj\w+|urz[ąę]d\w*|instytut\w*|baz\w+|defibrylator\w*) [„\"]?",
    "uk": r"(?:тобто|це|називається|називають|звуть"
    r"|команд\w+|комісі\w+|управлін\w+|інститут\w*|баз\w+|дефібрилятор\w*) [«\"]?",
    "en": r"(?:called|is|known as|means"
    r"|team|authority|office|institute|database|defibrillator)(?: an?| at| of)? [“\"]?",
}
"""What comes before one: "…, czyli smishing", "zespół CERT Polska"."""


def problems(content: Content) -> Iterator[Problem]:
    """Terms that an item uses and does not explain, and abbreviations that `terms.yaml` does not know."""
    if content.terms is None:
        return
    terms = content.terms.item
    for quiz in content.asked:
        for index, question in enumerate(quiz.item.questions):
            yield from _unexplained(quiz, question, ("questions", index), terms)
    for document in (*content.tips.values(), *content.campaigns.values()):
        yield from _unexplained(document, document.item, (), terms)


def _unexplained(document: Document[Item], item: Item, where: Where, terms: Terms) -> Iterator[Problem]:
    said = [found for place, found in texts(item) if not _SKIPPED & set(place)]
    for language in dict.fromkeys(code for found in said for code in found):
        explain = terms.explain.get(language, ())
        whole = "\n".join(found.get(language, "") for found in said)
        for term in explain:
            if _term(term).search(whole) and not _explained(term, language).search(whole):
                message = f"{term!r} is not explained here in {language!r}; say what it is, or use plainer words"
                yield document.problem(message, *where)
        for short in _unknown(whole, (*explain, *terms.familiar)):
            message = f"{short!r} may be strange to readers; write it out, or list it in terms.yaml"
            yield document.problem(message, *where)


def _unknown(text: str, known: Iterable[str]) -> set[str]:
    return set(_ABBREVIATION.findall(text)) - set(known)


@cache
def _term(term: str) -> re.Pattern[str]:
    """The term with any ending; abbreviations as they are written, other words in any case."""
    return re.compile(rf"\b{re.escape(term)}\w{{0,4}}\b", 0 if term.isupper() else re.IGNORECASE)


@cache
def _explained(term: str, language: str) -> re.Pattern[str]:
    word = rf"\b{re.escape(term)}\w{{0,4}}(?: Polska)?"
    after, before = _AFTER.get(language, _AFTER["en"]), _BEFORE.get(language, _BEFORE["en"])
    return re.compile(rf"{word}(?:\*\*)?{after}|{before}(?:\*\*)?{word}", re.IGNORECASE)
