"""Moodle XML, written: https://docs.moodle.org/en/Moodle_XML_format and `question/format/xml` in Moodle's source.

Texts are HTML in CDATA. Ordering questions need Moodle 4.4, which has them in its core.
"""

from collections.abc import Iterator
from html import escape

from bot.catalogue.exchange import moodle
from bot.catalogue.exchange.gift import category
from bot.catalogue.exchange.languages import Voice
from bot.catalogue.exchange.moodle import MoodleQuestion, Rich
from bot.catalogue.schema import Quiz
from bot.domain.areas import DEFAULT_LANGUAGE

SUFFIX = ".xml"
TITLE = "title"
ABOUT = "about"
"""Classes of the two paragraphs in a category's description."""


def write(quiz: Quiz, voice: Voice) -> str:
    """The whole file."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', "<quiz>", *_category(quiz, voice)]
    for question in moodle.of_quiz(quiz, voice):
        lines += _question(question)
    return "\n".join((*lines, "</quiz>", ""))


def _category(quiz: Quiz, voice: Voice) -> Iterator[str]:
    """A question that is none: it names the category of those that follow, and says what they are about."""
    title = quiz.title.get(DEFAULT_LANGUAGE) or next(iter(quiz.title.values()))
    yield '<question type="category">'
    yield f"  <category><text>{escape(f'$course$/top/{category(title)}')}</text></category>"
    about = f'<p class="{TITLE}">{voice.plain(quiz.title)}</p><p class="{ABOUT}">{voice.plain(quiz.about)}</p>'
    yield f'  <info format="html">{_text(about)}</info>'
    yield f"  <idnumber>{quiz.id}</idnumber>"
    yield "</question>"


def _question(question: MoodleQuestion) -> Iterator[str]:
    yield f'<question type="{question.type}">'
    yield f"  <name><text>{escape(question.name)}</text></name>"
    yield f"  {_rich('questiontext', question.text)}"
    yield f"  {_rich('generalfeedback', question.general)}"
    yield "  <defaultgrade>1</defaultgrade>"
    yield f"  <penalty>{'1' if question.type == 'truefalse' else '0.3333333'}</penalty>"
    yield "  <hidden>0</hidden>"
    yield f"  <idnumber>{question.id}</idnumber>"
    yield from (f"  {line}" for line in _options(question))
    yield from (f"  {line}" for line in _answers(question))
    yield f"  <tags>{''.join(f'<tag><text>{escape(tag)}</text></tag>' for tag in question.tags)}</tags>"
    yield "</question>"


def _options(question: MoodleQuestion) -> Iterator[str]:
    combined = [_rich(f"{how}feedback", Rich()) for how in ("correct", "partiallycorrect", "incorrect")]
    if question.type == "multichoice":
        yield f"<single>{str(question.single).lower()}</single>"
        yield f"<shuffleanswers>{str(not _fixed(question)).lower()}</shuffleanswers>"
        yield "<answernumbering>abc</answernumbering>"
        yield from combined
    elif question.type == "ordering":
        yield "<layouttype>VERTICAL</layouttype>"
        yield "<selecttype>ALL</selecttype>"
        yield f"<selectcount>{len(question.answers)}</selectcount>"
        yield "<gradingtype>ABSOLUTE_POSITION</gradingtype>"
        yield "<showgrading>SHOW</showgrading>"
        yield from combined


def _fixed(question: MoodleQuestion) -> bool:
    return "kind:scam-or-genuine" in question.tags


def _answers(question: MoodleQuestion) -> Iterator[str]:
    for place, answer in enumerate(question.answers, start=1):
        share = str(place) if question.type == "ordering" else f"{answer.fraction:.5f}".rstrip("0").rstrip(".")
        form = "moodle_auto_format" if question.type == "truefalse" else "html"
        feedback = _rich("feedback", answer.feedback)
        yield f'<answer fraction="{share}" format="{form}">{_text(answer.text.text)}{feedback}</answer>'


def _rich(name: str, text: Rich) -> str:
    return f'<{name} format="html">{_text(text.text)}</{name}>'


def _text(html: str) -> str:
    """A text as CDATA; HTML of ours holds no `]]>`, since every `>` in its words is `&gt;`."""
    return f"<text><![CDATA[{html}]]></text>" if html else "<text></text>"
