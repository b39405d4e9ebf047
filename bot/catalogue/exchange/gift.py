"""GIFT, Moodle's text format, written: https://docs.moodle.org/en/GIFT_format and `question/format/gift` in its source.

One question is a block without an empty line. Ordering questions are matched with numbers: GIFT's own form of them
(`{>`) has no escapes and no general feedback. What GIFT has no place for stands in comments, which Moodle passes over:
the quiz's title and description above the first question, `[id:…]` and `[tag:…]` above each.
"""

from collections.abc import Iterator

from bot.catalogue.exchange import moodle
from bot.catalogue.exchange.hypertext import squeezed
from bot.catalogue.exchange.languages import Voice
from bot.catalogue.exchange.moodle import Answer, MoodleQuestion
from bot.catalogue.schema import Quiz
from bot.domain.areas import DEFAULT_LANGUAGE

ESCAPED = "\\~=#{}:"
"""Characters that mean something to GIFT; a backslash takes the meaning away."""
SUFFIX = ".gift"
FEWEST_MATCHES = 3
"""Right sides that Moodle's matching question needs; one without a left side is a wrong answer more."""
_TABLE = str.maketrans({**{char: f"\\{char}" for char in ESCAPED}, "\n": "\\n"})


def write(quiz: Quiz, voice: Voice) -> str:
    """The whole file."""
    questions = moodle.of_quiz(quiz, voice)
    return "\n\n".join(("\n".join(_heading(quiz)), *("\n".join(_question(question)) for question in questions))) + "\n"


def _heading(quiz: Quiz) -> Iterator[str]:
    title = quiz.title.get(DEFAULT_LANGUAGE) or next(iter(quiz.title.values()))
    for name, texts in (("title", quiz.title), ("about", quiz.about)):
        yield from (f"// {name} {language}: {_one_line(squeezed(text))}" for language, text in texts.items())
    yield f"$CATEGORY: $course$/top/{category(title)}"


def category(title: str) -> str:
    """A title as the last part of a category's path, in which a slash is written twice."""
    return " ".join(title.split()).replace("/", "//")


def _one_line(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _question(question: MoodleQuestion) -> Iterator[str]:
    yield f"// [id:{question.id}]" + "".join(f" [tag:{tag}]" for tag in question.tags)
    yield f"::{_escape(question.name)}::[html]{_escape(question.text.text)}{{"
    yield from _answers(question)
    yield f"\t####{_text(question.general.text)}"
    yield "}"


def _answers(question: MoodleQuestion) -> Iterator[str]:
    match question.type:
        case "truefalse":
            yield _true_or_false(*question.answers)
        case "ordering":
            steps = [_text(answer.text.text) for answer in question.answers]
            steps += [""] * (FEWEST_MATCHES - len(steps))
            yield from (f"\t={step} -> {place}" for place, step in enumerate(steps, start=1))
        case _:
            for answer in question.answers:
                yield f"\t{_sign(answer, question)}{_text(answer.text.text)}#{_text(answer.feedback.text)}"


def _true_or_false(true: Answer, false: Answer) -> str:
    right, wrong = (true, false) if true.fraction else (false, true)
    word = "TRUE" if true.fraction else "FALSE"
    return f"\t{word}#{_text(wrong.feedback.text)}#{_text(right.feedback.text)}"


def _sign(answer: Answer, question: MoodleQuestion) -> str:
    if question.single:
        return "=" if answer.fraction else "~"
    return f"~%{answer.fraction:.5f}".rstrip("0").rstrip(".") + "%"


def _text(html: str) -> str:
    """A text after a sign; its format is named where its first character would be read as something else."""
    return ("[html]" if html.startswith(("[", "%")) else "") + _escape(html)


def _escape(text: str) -> str:
    return text.translate(_TABLE)
