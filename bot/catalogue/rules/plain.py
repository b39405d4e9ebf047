"""Plain language: how long sentences and words may be for whom, and how long a tip is.

Pisarek's formula in its non-linear form, made for Polish (W. Pisarek, „Jak mierzyć zrozumiałość tekstu?”, 1969):
T = ½·√(Ts² + Tw²), where Ts is the mean length of a sentence in words and Tw the percentage of hard words, those of
four syllables and more. T is about the years of school that reading asks for. Words are counted as they are written,
without taking their endings off, which makes the measure a little stricter.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import hypot

from bot.catalogue.documents import Content, Document
from bot.catalogue.problems import Problem
from bot.catalogue.schema import Item, Tip
from bot.catalogue.texts import Where, texts, words
from bot.domain.areas import DEFAULT_LANGUAGE, Audience

FEWEST_WORDS, MOST_WORDS = 40, 90
"""Of a tip without steps, in each language."""
ENOUGH_TO_MEASURE = 30
"""Words below which the formula measures chance."""
HARD = 4
"""Syllables from which a word is hard."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What one audience reads with ease."""

    index: float
    """Pisarek's T."""
    sentence: int
    """Words of the longest sentence."""


USUAL = Limit(10, 22)
LIMITS: Mapping[Audience, Limit] = {
    Audience.PUPILS_7_9: Limit(6, 12),
    Audience.PUPILS_10_13: Limit(8, 18),
    Audience.PUPILS_14_18: Limit(9, 20),
    Audience.SENIORS: Limit(8, 18),
}
"""Audiences that need plainer words than the usual."""

_MARKUP = re.compile(r"\*\*|_|\]\([^)]*\)|\[")
_END = re.compile(r"(?<=[.!?…:;])[”\"»)]*\s+|\n+")
_LETTERS = re.compile(r"[^\W\d_]+")
_VOWELS = frozenset("aeiouyąęó")


def problems(content: Content) -> Iterator[Problem]:
    """What is harder to read than its audience should have to bear, and tips that are too short or too long."""
    for tip in content.tips.values():
        yield from _length(tip)
        yield from _readable(tip, tip.item.audience)
    for quiz in content.quizzes.values():
        yield from _readable(quiz, quiz.item.audience)
    for survey in content.surveys.values():
        yield from _readable(survey, ())


def pisarek(texts: Iterable[str]) -> float:
    """Pisarek's T of a text in Polish; 0 of nothing."""
    spans = [sentence for text in texts for sentence in sentences(text)]
    counted = [word for span in spans for word in _LETTERS.findall(span)]
    if not counted:
        return 0.0
    hard = sum(syllables(word) >= HARD for word in counted)
    return hypot(len(counted) / len(spans), 100 * hard / len(counted)) / 2


def sentences(text: str) -> list[str]:
    """What ends with a full stop, a colon, a semicolon, a question or exclamation mark, or its line."""
    return [span for span in _END.split(_MARKUP.sub("", text)) if _LETTERS.search(span)]


def syllables(word: str) -> int:
    """The syllables of a Polish word: its vowels, but not an `i` that only softens, nor the `u` of `au` and `eu`."""
    lower = word.lower()
    following = (*lower[1:], "")
    before = ("", *lower[:-1])
    return sum(
        letter in _VOWELS and not (letter == "i" and after in _VOWELS) and not (letter == "u" and last in ("a", "e"))
        for last, letter, after in zip(before, lower, following, strict=True)
    )


def limit(audience: Iterable[Audience]) -> Limit:
    """The strictest limit among several audiences."""
    return min((LIMITS.get(one, USUAL) for one in audience), key=lambda found: found.index, default=USUAL)


def _said(item: Item) -> Iterator[tuple[Where, str]]:
    """What we say ourselves in Polish; an exhibit speaks with another's voice."""
    for where, found in texts(item):
        if where[0] in ("text", "steps", "questions") and "exhibit" not in where:
            yield where, found.get(DEFAULT_LANGUAGE, "")


def _readable(document: Document[Item], audience: Iterable[Audience]) -> Iterator[Problem]:
    most, said = limit(audience), list(_said(document.item))
    index = pisarek(text for _, text in said)
    if index > most.index and sum(len(words(text)) for _, text in said) >= ENOUGH_TO_MEASURE:
        message = (
            f"in Polish this reads at {index:.1f} (Pisarek); for its audience {most.index:g} is the most: "
            f"shorten sentences, or take words of fewer than {HARD} syllables"
        )
        yield document.problem(message, said[0][0][0])
    for where, text in said:
        for sentence in sentences(text):
            if (count := len(words(sentence))) > most.sentence:
                start = " ".join(words(sentence)[:5])
                message = f"the sentence „{start}…” has {count} words; at most {most.sentence} suit its audience"
                yield document.problem(message, *where, DEFAULT_LANGUAGE)


def _length(document: Document[Tip]) -> Iterator[Problem]:
    if document.item.steps:
        return
    for language, text in document.item.text.items():
        count = len(words(text))
        if not FEWEST_WORDS <= count <= MOST_WORDS:
            message = f"the tip has {count} words in {language!r}; it should have {FEWEST_WORDS} to {MOST_WORDS}"
            yield document.problem(message, "text", language)
