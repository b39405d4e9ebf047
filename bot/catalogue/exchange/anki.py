"""A deck for Anki: question in front; right answer, reason and source on the back. Cards only go out.

Decks, note types and notes keep their numbers from one export to the next, so that importing a newer deck updates the
cards and keeps what has been learnt.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING

from bot.catalogue.exchange import passages
from bot.catalogue.exchange.languages import Voice
from bot.catalogue.exchange.mixing import mixed, number
from bot.catalogue.schema import FIXED_CHOICES, Question, QuestionKind, Quiz
from bot.catalogue.words import Words
from bot.domain.messages import Plain, say

if TYPE_CHECKING:
    import genanki

SUFFIX = ".apkg"
MODEL = 1_780_542_317
"""The note type's number; another one would double everybody's cards."""
DECKS = 1 << 30
"""Where the decks' numbers begin; Anki's own are times and far larger."""
CSS = """
.card { font: 20px/1.45 system-ui, sans-serif; max-width: 34em; margin: 1em auto; padding: 0 1em; text-align: left;
  color: #14212b; background: #fff; }
.card a { color: #0b4f6c; }
blockquote { margin: .8em 0; padding: .5em .8em; border-left: 4px solid #0b4f6c; background: #eef4f7; }
ul, ol { padding-left: 1.4em; }
.right { font-weight: 600; }
.source { font-size: .8em; }
.card.nightMode, .nightMode.card, .night_mode .card { color: #e8eef2; background: #14212b; }
.nightMode a, .night_mode a { color: #8fd3f0; }
.nightMode blockquote, .night_mode blockquote { background: #1f3442; border-color: #8fd3f0; }
"""


def write(quiz: Quiz, languages: Sequence[str], words: Words, programme: str, now: datetime) -> bytes:
    """The `.apkg` file, with a deck for each language; `now` tells Anki which of two exports is the newer."""
    import genanki  # noqa: PLC0415 - it takes a while to load, and only this needs it

    out = BytesIO()
    package = genanki.Package([_deck(quiz, Voice((language,), words), programme) for language in languages])
    package.write_to_file(out, timestamp=now.timestamp())
    return out.getvalue()


def _deck(quiz: Quiz, voice: Voice, programme: str) -> "genanki.Deck":
    import genanki  # noqa: PLC0415

    (language,) = voice.languages
    title = voice.words.label(Plain(quiz.title), language).replace("::", ": ")
    about = escape(voice.words.label(Plain(quiz.about), language))
    deck = genanki.Deck(DECKS + number("deck", quiz.id, language), f"{programme}::{title}", about)
    for question in quiz.questions:
        deck.add_note(_note(quiz, question, voice))
    return deck


def _note(quiz: Quiz, question: Question, voice: Voice) -> "genanki.Note":
    import genanki  # noqa: PLC0415

    (language,) = voice.languages
    return genanki.Note(
        model=_model(),
        fields=[_front(quiz, question, voice), _back(question, voice)],
        guid=genanki.guid_for("bezpieczny-krakow", quiz.id, question.id, language),
        sort_field=" ".join(question.text[language].replace("<", " ").replace(">", " ").split()),
        tags=[quiz.area.value, quiz.id, language],
    )


def _model() -> "genanki.Model":
    import genanki  # noqa: PLC0415

    return genanki.Model(
        MODEL,
        "Bezpieczny Kraków",
        fields=[{"name": "Front"}, {"name": "Back"}],
        templates=[{"name": "1", "qfmt": "{{Front}}", "afmt": '{{FrontSide}}<hr id="answer">{{Back}}'}],
        css=CSS,
    )


def _front(quiz: Quiz, question: Question, voice: Voice) -> str:
    how = voice.say(say(f"quiz.how.{question.kind.value}"))
    options = list(_options(question, voice))
    items = "".join(f"<li>{options[place]}</li>" for place in mixed(quiz.id, question))
    return f"{passages.asked(question, voice)}<p><em>{how}</em></p><ul>{items}</ul>"


def _options(question: Question, voice: Voice) -> Iterator[str]:
    for place, option in enumerate(question.options):
        fixed = FIXED_CHOICES.get(question.kind)
        yield voice.say(say(fixed[place])) if fixed else voice.plain(option.text or {})


def _back(question: Question, voice: Voice) -> str:
    ordered = question.kind is QuestionKind.ORDERING
    shown = list(zip(question.options, _options(question, voice), strict=True))
    items = "".join(
        f'<li><span class="right">{text}</span>{"" if ordered else voice.markdown(option.feedback)}</li>'
        for option, text in shown
        if option.right or ordered
    )
    mark = "ol" if ordered else "ul"
    return f"<{mark}>{items}</{mark}>{passages.remarks(question, voice)}"
