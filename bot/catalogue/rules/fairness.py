"""Fair questions: nothing but knowledge tells the right answer."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.catalogue.documents import Content, Document
from bot.catalogue.problems import Problem
from bot.catalogue.schema import Question, QuestionKind, Quiz, Survey

ENOUGH_TO_COUNT = 40
"""Questions below which a share says nothing."""
LEAST_SHARE, MOST_SHARE = 0.7, 1.3
"""Of the fair share (one in three, say) that a place may have of the right answers."""
FIXED_LEAST, FIXED_MOST = 0.4, 0.6
"""The share of "true" and of "scam" among the right answers."""
EXAMPLES = 3

_LUMPED = re.compile(
    r"wszystkie (?:powyższe|wymienione|odpowiedzi)|żadn[ae] z (?:powyższych|nich|odpowiedzi)|(?:obie|oba) odpowiedzi"
    r"|(?:усі|всі) (?:перелічені|вищезазначені|відповіді|варіанти)|жодн[аеи]й? з (?:них|перелічених|відповідей)"
    r"|(?:all|none|both|any) of (?:the above|these|them)|both answers",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question and where it stands."""

    document: Document[Quiz] | Document[Survey]
    index: int
    question: Question

    def problem(self, message: str, *where: int | str) -> Problem:
        return self.document.problem(message, "questions", self.index, *where)

    @property
    def place(self) -> str:
        line, _ = self.document.place("questions", self.index)
        return f"{self.document.file}:{line}"


def problems(content: Content) -> Iterator[Problem]:
    """Answers that give themselves away, one by one and over the whole library; and broken pairs."""
    asked = list(_asked(content))
    for one in asked:
        yield from _lumped(one)
    folder = str(content.folder / "quizzes")
    for message in (*_longest(asked), *_places(asked), *_fixed(asked)):
        yield Problem(folder, 0, 0, message)
    for quiz in content.quizzes.values():
        yield from _pairs([one for one in asked if one.document is quiz])


def _asked(content: Content) -> Iterator[_Asked]:
    for document in content.asked:
        for index, question in enumerate(document.item.questions):
            yield _Asked(document, index, question)


def _lumped(one: _Asked) -> Iterator[Problem]:
    for index, option in enumerate(one.question.options):
        for language, text in (option.text or {}).items():
            if _LUMPED.search(text):
                message = "an answer that speaks of the other answers tests reading, not knowledge; say what it means"
                yield one.problem(message, "options", index, "text", language)


def _longest(asked: list[_Asked]) -> Iterator[str]:
    """The right answer may be the longest no more often than chance has it, in any language."""
    single = [one for one in asked if one.question.kind is QuestionKind.SINGLE]
    if len(single) < ENOUGH_TO_COUNT:
        return
    chance = sum(1 / len(one.question.options) for one in single)
    for language in single[0].question.text:
        found = [one for one in single if _right_is_longest(one.question, language)]
        if len(found) > chance:
            examples = ", ".join(one.place for one in found[:EXAMPLES])
            yield (
                f"the right answer is the longest in {len(found)} of {len(single)} questions in {language!r}; "
                f"by chance it would be in {chance:.0f}: shorten some, such as {examples}"
            )


def _right_is_longest(question: Question, language: str) -> bool:
    lengths = [(len((option.text or {}).get(language, "")), option.right) for option in question.options]
    most = max(lengths)
    return most[1] and sum(length == most[0] for length, _ in lengths) == 1


def _places(asked: list[_Asked]) -> Iterator[str]:
    by_count: Mapping[int, Counter[int]] = defaultdict(Counter)
    for one in asked:
        if one.question.kind is QuestionKind.SINGLE:
            (right,) = one.question.right
            by_count[len(one.question.options)][right] += 1
    for options, places in sorted(by_count.items()):
        total = places.total()
        for place in range(options if total >= ENOUGH_TO_COUNT else 0):
            share = places[place] * options / total
            if not LEAST_SHARE <= share <= MOST_SHARE:
                yield (
                    f"of {total} questions with {options} answers {places[place]} have the right one in place "
                    f"{place + 1}; about {total / options:.0f} would be fair: change the order of some"
                )


def _fixed(asked: list[_Asked]) -> Iterator[str]:
    for kind in (QuestionKind.TRUE_FALSE, QuestionKind.SCAM):
        first = [0 in one.question.right for one in asked if one.question.kind is kind]
        if len(first) >= ENOUGH_TO_COUNT and not FIXED_LEAST <= sum(first) / len(first) <= FIXED_MOST:
            share = f"{sum(first)} of {len(first)} {kind.value} questions"
            yield f"the first answer is right in {share}; half would be fair"


def _pairs(asked: list[_Asked]) -> Iterator[Problem]:
    pairs: dict[str, list[_Asked]] = defaultdict(list)
    for one in asked:
        if one.question.pair:
            pairs[one.question.pair].append(one)
    for name, members in pairs.items():
        if len(members) != 2:  # noqa: PLR2004 - a pair
            yield members[0].problem(f"{len(members)} questions share the pair {name!r}; two should", "pair")
        elif sum(0 in one.question.right for one in members) != 1:
            yield members[1].problem(f"of the pair {name!r} one should be a scam and one genuine", "pair")
        elif len({one.question.exhibit.kind for one in members if one.question.exhibit}) != 1:
            yield members[1].problem(f"the pair {name!r} does not look alike: its exhibits differ in kind", "pair")
