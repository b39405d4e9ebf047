"""A quiz on paper: a worksheet for a class or a group, and on its own last page the key for whoever leads it."""

import json
import unicodedata
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import typst

from bot.catalogue.exchange.mixing import mixed
from bot.catalogue.programme import Programme
from bot.catalogue.schema import FIXED_CHOICES, Question, QuestionKind, Quiz
from bot.catalogue.words import Words
from bot.domain.messages import Block, Markdown, Plain, say

_TEMPLATE = Path(__file__).with_name("worksheet.typ")
LETTERS = "ABCDEF"
SIZES = (
    *((12.0, 1), (11.5, 1), (11.0, 1), (10.5, 1), (10.0, 1)),
    *((11.0, 2), (10.5, 2), (10.0, 2), (9.5, 2), (9.0, 2), (8.5, 2), (8.0, 2)),
)
"""Points and columns to try, the easiest to read first."""
KEY_SIZES = (11.0, 10.5, 10.0, 9.5, 9.0, 8.5, 8.0, 7.5)
FLOWING = (10.0, 2)
"""For more questions than one page holds at any of the sizes: they go on over the page."""
EMOJI = frozenset({"So", "Sk"})
"""Unicode's categories of pictures and of what changes their colour."""
ACCESSIBLE: Final = "ua-1"
"""PDF/UA-1: tagged, with its language and title, so that a screen reader can read it aloud."""


@dataclass(frozen=True, slots=True)
class Exercise:
    """A question as it is printed."""

    number: int
    text: str
    how: str
    """What to do, where it is not to tick one answer."""
    caption: str
    exhibit: str
    options: tuple[str, ...]
    lettered: bool
    """Whether the options have letters; numbers are written into the boxes of steps."""


@dataclass(frozen=True, slots=True)
class Solution:
    """What the key says of a question."""

    number: int
    answer: str
    reason: str
    source: str
    url: str


@dataclass(frozen=True, slots=True)
class Worksheet:
    """Everything that is written on it."""

    language: str
    programme: str
    operator: str
    title: str
    about: str
    group: str
    date: str
    nameless: str
    how: str
    key: str
    exercises: tuple[Exercise, ...]
    solutions: tuple[Solution, ...]


def worksheet(words: Words, programme: Programme, quiz: Quiz, language: str) -> Worksheet:
    """What a worksheet says, in one language."""
    page = _Page(words, quiz.id, language)
    return Worksheet(
        language=language,
        programme=programme.name,
        operator=page.label(Plain(programme.operator)),
        title=page.label(Plain(quiz.title)),
        about=page.label(Plain(quiz.about)),
        group=page.label(say("worksheet.group")),
        date=page.label(say("worksheet.date")),
        nameless=page.label(say("worksheet.nameless")),
        how=page.label(say("worksheet.how")),
        key=page.label(say("worksheet.key")),
        exercises=tuple(page.exercise(place, question) for place, question in enumerate(quiz.questions, start=1)),
        solutions=tuple(page.solution(place, question) for place, question in enumerate(quiz.questions, start=1)),
    )


def pdf(content: Worksheet) -> bytes:
    """The worksheet as a PDF: one page if the questions fit it, then the key. Slow (up to a second)."""
    data = json.dumps(asdict(content))
    size, columns = next((step for step in SIZES if _pages(data, "sheet", *step) == 1), FLOWING)
    key = next((points for points in KEY_SIZES if _pages(data, "key", points, 2) == 1), FLOWING[0])
    inputs = _inputs(data, "all", size, columns, key)
    try:
        made = typst.compile(_TEMPLATE, sys_inputs=inputs, pdf_standards=[ACCESSIBLE])
    except typst.TypstError:  # a letter that no font of ours has: the standard forbids the empty box in its place
        made = typst.compile(_TEMPLATE, sys_inputs=inputs)
    return made if isinstance(made, bytes) else b"".join(made)


def _pages(data: str, part: str, size: float, columns: int) -> int:
    found = typst.query(
        _TEMPLATE, "<end>", field="value", one=True, sys_inputs=_inputs(data, part, size, columns, size)
    )
    return int(found)


def _inputs(data: str, part: str, size: float, columns: int, key: float) -> dict[str, str]:
    return {"worksheet": data, "part": part, "size": str(size), "columns": str(columns), "key": str(key)}


@dataclass(frozen=True, slots=True)
class _Page:
    words: Words
    quiz: str
    language: str

    def label(self, block: Block) -> str:
        """Words without emoji, which no font of typst's own has; paper does without them."""
        shown = (char for char in self.words.label(block, self.language) if unicodedata.category(char) not in EMOJI)
        return "".join(shown).replace("\ufe0f", "").strip()

    def exercise(self, number: int, question: Question) -> Exercise:
        shown = question.exhibit
        caption = shown and self._caption(shown.kind.value, shown.sender[self.language])
        return Exercise(
            number=number,
            text=self.label(Plain(question.text)),
            how=self._how(question.kind),
            caption=caption or "",
            exhibit=self.label(Plain(shown.text)) if shown else "",
            options=tuple(self._option(question, place) for place in mixed(self.quiz, question)),
            lettered=question.kind is not QuestionKind.ORDERING,
        )

    def _how(self, kind: QuestionKind) -> str:
        if kind is QuestionKind.MULTIPLE:
            return self.label(say("quiz.how.multiple"))
        return self.label(say("worksheet.how.ordering")) if kind is QuestionKind.ORDERING else ""

    def _caption(self, kind: str, sender: str) -> str:
        """Its first line, as the bot says it; the second is the text."""
        said = self.words.markdown(say(f"exhibit.{kind}", sender=sender, text=""), self.language)
        return self.label(Markdown({self.language: said.partition("\n")[0]}))

    def _option(self, question: Question, place: int) -> str:
        fixed = FIXED_CHOICES.get(question.kind)
        return self.label(say(fixed[place]) if fixed else Plain(question.options[place].text or {}))

    def solution(self, number: int, question: Question) -> Solution:
        source = question.source
        return Solution(
            number=number,
            answer="; ".join(self._answers(question)),
            reason=self.label(Markdown(question.explanation)),
            source=self.label(
                say("source", title=source.title, publisher=source.publisher, url=Plain({"pl": str(source.url)}))
            ),
            url=str(source.url),
        )

    def _answers(self, question: Question) -> Iterator[str]:
        shown = mixed(self.quiz, question)
        if question.kind is QuestionKind.ORDERING:
            steps = ", ".join(str(place + 1) for place in shown)
            yield f"{self.label(say('worksheet.steps'))}: {steps}"
            return
        for letter, place in zip(LETTERS, shown, strict=False):
            if question.options[place].right:
                yield f"{letter}. {self._option(question, place)}"
