"""What a question of Moodle's means in our kinds; or why it has no counterpart here."""

from collections.abc import Mapping, Sequence

from bot.catalogue.exchange import passages, tags
from bot.catalogue.exchange.draft import (
    Draft,
    DraftExhibit,
    DraftOption,
    DraftQuestion,
    Heading,
    finish,
)
from bot.catalogue.exchange.files import Foreign
from bot.catalogue.exchange.hypertext import walk
from bot.catalogue.exchange.moodle import WHOLE, Answer, MoodleQuestion, Rich
from bot.catalogue.exchange.names import slug
from bot.catalogue.problems import Problem
from bot.catalogue.schema import FEWEST_OPTIONS, FIXED_CHOICES, MOST_OPTIONS, QuestionKind

LONGEST_TEXT = 20_000
"""Characters of one text with its markup; ours in three languages stay below 8 000."""
NOT_OURS: Mapping[str, str] = {
    "shortanswer": "its answer is typed, and ours are chosen",
    "numerical": "its answer is a number to type, and ours are chosen",
    "essay": "an essay has no right answer to compare with",
    "matching": "pairs have no counterpart here; a list of steps to put in order has",
    "cloze": "gaps in a text have no counterpart here",
    "description": "this is a text without a question",
}


class NotOursError(Exception):
    """The question has no counterpart here."""


def draft(file: Foreign, asked: Sequence[MoodleQuestion], heading: Heading, default: str) -> Draft:
    """The questions that fit, in the language `default` where the file names none. Raises ContentError."""
    questions, skipped = [], []
    for place, question in enumerate(asked, start=1):
        try:
            questions.append(_question(question, place, default))
        except NotOursError as reason:
            skipped.append(_skipped(file, question, place, reason))
    return finish(file.name, heading, questions, skipped)


def _skipped(file: Foreign, question: MoodleQuestion, place: int, reason: NotOursError) -> Problem:
    name = " ".join(question.name.split())[:40]
    return file.problem(question.line, f"question {place}{f' “{name}”' if name else ''} is left out: {reason}")


def _question(question: MoodleQuestion, place: int, default: str) -> DraftQuestion:
    _refuse(question)
    marks = tags.marks(question.tags)
    kind, language = _kind(question, marks), tags.one(marks, "lang") or default
    said = passages.read_asked(question.text.nodes(), language)
    remarks = passages.read_remarks(question.general.nodes(), language, press=tags.PRESS in marks)
    exhibit = None
    if kind is QuestionKind.SCAM and said.exhibit is not None:
        exhibit = DraftExhibit(tags.one(marks, "exhibit"), said.sender, said.exhibit)
    return DraftQuestion(
        id=_id(question, place),
        kind=kind,
        text=said.text,
        options=_options(question, kind, remarks.reasons, language),
        exhibit=exhibit,
        pair=tags.one(marks, "pair") if kind is QuestionKind.SCAM else None,
        explanation=remarks.explanation,
        source=remarks.source,
        review_on=tags.one(marks, "review"),
        tip=tags.one(marks, "tip"),
    )


def _refuse(question: MoodleQuestion) -> None:
    if question.type not in ("multichoice", "truefalse", "ordering"):
        raise NotOursError(NOT_OURS.get(question.type, f"the type {question.type!r} has no counterpart here"))
    texts = [
        question.text,
        question.general,
        *(part for each in question.answers for part in (each.text, each.feedback)),
    ]
    if longest := max((len(text.text) for text in texts if len(text.text) > LONGEST_TEXT), default=0):
        raise NotOursError(f"one of its texts has {longest} characters")
    if question.pictures or any(_has_picture(text) for text in texts):
        raise NotOursError("it shows a picture, a sound or a film, and ours are words alone")
    if not FEWEST_OPTIONS <= len(question.answers) <= MOST_OPTIONS:
        raise NotOursError(f"it has {len(question.answers)} answers; {FEWEST_OPTIONS} to {MOST_OPTIONS} fit")


def _has_picture(text: Rich) -> bool:
    return any(element.name in ("img", "audio", "video", "svg", "object", "iframe") for element in walk(text.nodes()))


def _kind(question: MoodleQuestion, marks: tags.Marks) -> QuestionKind:
    match question.type:
        case "truefalse":
            kind = QuestionKind.TRUE_FALSE
        case "ordering":
            return QuestionKind.ORDERING
        case _ if not question.single:
            kind = QuestionKind.MULTIPLE
        case _ if tags.one(marks, "kind") == QuestionKind.SCAM and len(question.answers) == FEWEST_OPTIONS:
            kind = QuestionKind.SCAM
        case _:
            kind = QuestionKind.SINGLE
    right = sum(_is_right(answer, kind) for answer in question.answers)
    if right == 0 or (kind is not QuestionKind.MULTIPLE and right > 1):
        raise NotOursError(f"{right or 'none'} of its answers are worth the whole mark, and one should be")
    return kind


def _is_right(answer: Answer, kind: QuestionKind) -> bool:
    return answer.fraction > 0 if kind is QuestionKind.MULTIPLE else answer.fraction >= WHOLE


def _options(
    question: MoodleQuestion, kind: QuestionKind, reasons: Sequence[Mapping[str, str]], language: str
) -> tuple[DraftOption, ...]:
    own = [passages.markdown_texts(answer.feedback.nodes(), language) for answer in question.answers]
    feedback = reasons if kind is QuestionKind.ORDERING and len(reasons) == len(own) else own
    return tuple(
        DraftOption(
            {} if kind in FIXED_CHOICES else passages.plain_texts(answer.text.nodes(), language),
            kind is not QuestionKind.ORDERING and _is_right(answer, kind),
            said,
        )
        for answer, said in zip(question.answers, feedback, strict=True)
    )


def _id(question: MoodleQuestion, place: int) -> str:
    return slug(question.id or question.name, f"question-{place}")
