"""What a file from elsewhere says, in our terms: a quiz with gaps for its author to fill."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.catalogue.problems import ContentError, Problem
from bot.catalogue.schema import MOST_QUESTIONS, QuestionKind, Quiz

Texts = Mapping[str, str]
"""Language code → text; empty where nothing is said."""


@dataclass(frozen=True, slots=True)
class DraftOption:
    """An answer; without `text` where its kind of question fixes the words."""

    text: Texts
    right: bool
    feedback: Texts


@dataclass(frozen=True, slots=True)
class DraftExhibit:
    """The message to judge."""

    kind: str | None
    sender: Texts
    text: Texts


@dataclass(frozen=True, slots=True)
class DraftSource:
    """Where the claim can be checked."""

    title: str
    url: str
    publisher: str
    press: bool = False


@dataclass(frozen=True, slots=True)
class DraftQuestion:
    """A question as far as the file tells it."""

    id: str
    kind: QuestionKind
    text: Texts
    options: tuple[DraftOption, ...]
    exhibit: DraftExhibit | None = None
    pair: str | None = None
    explanation: Texts | None = None
    source: DraftSource | None = None
    review_on: str | None = None
    tip: str | None = None


@dataclass(frozen=True, slots=True)
class Heading:
    """What a file says of the quiz as a whole."""

    id: str | None = None
    area: str | None = None
    audience: tuple[str, ...] = ()
    level: int | None = None
    title: Texts | None = None
    about: Texts | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A whole file."""

    heading: Heading
    questions: tuple[DraftQuestion, ...]
    skipped: tuple[Problem, ...] = ()
    """Questions of kinds that we do not have, each with its line and the reason."""

    def data(self) -> dict[str, Any]:
        """The fields of a content file; what is not known is not there."""
        return {**_filled(self.heading), "questions": [_question(question) for question in self.questions]}

    def quiz(self) -> Quiz:
        """The quiz, when nothing is missing. Raises pydantic's ValidationError."""
        return Quiz.model_validate(self.data())


def _question(question: DraftQuestion) -> dict[str, Any]:
    data = _filled(question)
    if question.kind is QuestionKind.SINGLE:
        del data["kind"]
    data["options"] = [_filled(option) for option in question.options]
    data |= {name: _filled(part) for name in ("exhibit", "source") if (part := getattr(question, name))}
    return data


def _filled(part: object) -> dict[str, Any]:
    values = ((name, getattr(part, name)) for name in part.__slots__)  # type: ignore[attr-defined] # all have slots
    return {name: _plain(value) for name, value in values if value not in (None, False, "", (), {})}


def _plain(value: object) -> object:
    match value:
        case tuple():
            return list(value)
        case Mapping():
            return dict(value)
        case QuestionKind():
            return value.value
        case _:
            return value


def finish(file: str, heading: Heading, questions: Sequence[DraftQuestion], skipped: Sequence[Problem]) -> Draft:
    """A draft of what fits. Raises ContentError if nothing does, or more than a quiz holds."""
    if len(questions) > MOST_QUESTIONS:
        message = f"{len(questions)} questions are here; one quiz holds {MOST_QUESTIONS}. Divide the file"
        raise ContentError([Problem(file, 0, 0, message)])
    if not questions:
        raise ContentError([*skipped, Problem(file, 0, 0, "no question here is of a kind that a quiz can hold")])
    return Draft(heading, tuple(_with_own_ids(questions)), tuple(skipped))


def _with_own_ids(questions: Sequence[DraftQuestion]) -> Iterator[DraftQuestion]:
    seen: set[str] = set()
    for question in questions:
        name, number = question.id, 2
        while name in seen:
            name, number = f"{question.id[:29]}-{number}".replace("--", "-"), number + 1
        seen.add(name)
        yield replace(question, id=name)
