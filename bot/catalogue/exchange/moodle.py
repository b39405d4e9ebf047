"""A question as Moodle sees it; GIFT and Moodle XML are two ways to write it down."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.catalogue.exchange import hypertext, passages, tags
from bot.catalogue.exchange.hypertext import Node
from bot.catalogue.exchange.languages import Voice
from bot.catalogue.schema import FIXED_CHOICES, Option, Question, QuestionKind, Quiz
from bot.domain.messages import say

LONGEST_NAME = 100
"""Characters of the name in the list of questions; Moodle itself holds 255."""
WHOLE = 100.0

TYPES = {
    QuestionKind.SINGLE: "multichoice",
    QuestionKind.MULTIPLE: "multichoice",
    QuestionKind.SCAM: "multichoice",
    QuestionKind.TRUE_FALSE: "truefalse",
    QuestionKind.ORDERING: "ordering",
}
"""Our kinds as Moodle's question types (names as in its XML)."""


@dataclass(frozen=True, slots=True)
class Rich:
    """A text with its format: `html`, `plain_text`, `markdown` or `moodle_auto_format`."""

    text: str = ""
    format: str = "html"

    def nodes(self) -> list[Node]:
        """What it shows."""
        match self.format:
            case "plain_text":
                return hypertext.parse(hypertext.of_plain(self.text))
            case "markdown":
                return hypertext.parse(hypertext.of_markdown(self.text))
            case "moodle_auto_format":  # HTML in which a line break is one
                return hypertext.parse(self.text.strip().replace("\n", "<br>"))
            case _:
                return hypertext.parse(self.text)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer and its share of the mark, in percent."""

    text: Rich
    fraction: float = 0.0
    feedback: Rich = field(default_factory=Rich)


@dataclass(frozen=True, slots=True)
class MoodleQuestion:
    """What both formats hold of a question."""

    type: str
    text: Rich
    answers: tuple[Answer, ...] = ()
    single: bool = True
    name: str = ""
    id: str = ""
    tags: tuple[str, ...] = ()
    general: Rich = field(default_factory=Rich)
    pictures: bool = False
    line: int = 0


def of_quiz(quiz: Quiz, voice: Voice) -> list[MoodleQuestion]:
    """The questions of a quiz, in order."""
    return [_question(quiz, place, question, voice) for place, question in enumerate(quiz.questions, start=1)]


def _question(quiz: Quiz, place: int, question: Question, voice: Voice) -> MoodleQuestion:
    shares = fractions(question)
    return MoodleQuestion(
        type=TYPES[question.kind],
        text=Rich(passages.asked(question, voice)),
        answers=tuple(
            _answer(question, number, option, share, voice)
            for number, (option, share) in enumerate(zip(question.options, shares, strict=True))
        ),
        single=question.kind is not QuestionKind.MULTIPLE,
        name=_name(place, question, voice),
        id=question.id,
        tags=tags.of_question(quiz, question, voice.only),
        general=Rich(passages.remarks(question, voice)),
    )


def _answer(question: Question, number: int, option: Option, share: float, voice: Voice) -> Answer:
    if question.kind is QuestionKind.TRUE_FALSE:
        text = ("true", "false")[number]
    elif question.kind in FIXED_CHOICES:
        text = voice.say(say(FIXED_CHOICES[question.kind][number]))
    else:
        text = voice.plain(option.text or {})
    # The feedback of steps stands in the remarks: Moodle's ordering and matching questions show none of their own.
    feedback = "" if question.kind is QuestionKind.ORDERING else voice.markdown(option.feedback)
    return Answer(Rich(text), share, Rich(feedback))


def fractions(question: Question) -> Sequence[float]:
    """Each option's share of the mark; ticking all of several is worth nothing.

    Moodle knows 100/n for these n alone, five decimals (`question_bank::fraction_options` in its source).
    """
    options = question.options
    if question.kind is QuestionKind.ORDERING:
        return [0.0] * len(options)
    if question.kind is not QuestionKind.MULTIPLE:
        return [WHOLE * option.right for option in options]
    right = len(question.right)
    wrong = len(options) - right
    return [round(WHOLE / right if option.right else -WHOLE / wrong, 5) for option in options]


def _name(place: int, question: Question, voice: Voice) -> str:
    text = next(question.text[code] for code in voice.languages if code in question.text)
    return f"{place:02} {' '.join(text.split())}"[:LONGEST_NAME]
