"""No question twice: what reads nearly alike teaches once and bores twice, and a measure that was practised is none."""

from collections.abc import Iterator

from rapidfuzz import fuzz, process

from bot.catalogue.documents import Content
from bot.catalogue.problems import Problem
from bot.catalogue.schema import Question
from bot.catalogue.stems import fold, tokens
from bot.domain.areas import DEFAULT_LANGUAGE

TOO_ALIKE = 86
"""Likeness (0–100, of the sorted words) from which two questions are one."""


def problems(content: Content) -> Iterator[Problem]:
    """Questions that read nearly like one before them, in any quiz or parallel form."""
    places: list[str] = []
    seen: list[str] = []
    for document in content.asked:
        for index, question in enumerate(document.item.questions):
            said = _said(question)
            near = process.extractOne(said, seen, scorer=fuzz.ratio, score_cutoff=TOO_ALIKE)
            line, _ = document.place("questions", index)
            if near:
                message = f"this question reads like the one in {places[near[2]]}; drop one, or ask something else"
                yield document.problem(message, "questions", index, "text")
            seen.append(said)
            places.append(f"{document.file}:{line}")


def _said(question: Question) -> str:
    """All words of a question and its answers, sorted, so that their order does not matter."""
    shown = [question.text, *(option.text or {} for option in question.options)]
    if question.exhibit:
        shown.append(question.exhibit.text)
    return " ".join(sorted(fold(word) for text in shown for word in tokens(text.get(DEFAULT_LANGUAGE, ""))))
