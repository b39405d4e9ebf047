"""What goes in and what comes out of a conversation, with no channel and no language in it.

A channel turns its update into an `Event`; the dialogue answers with a `Screen` of keys, content and actions; the
words are found in the resident's language only when a channel renders the screen.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from bot.domain.actions import Action
from bot.domain.residents import Address, Answering

# --- in


@dataclass(frozen=True, slots=True)
class Start:
    """The conversation was opened, perhaps by a link with a parameter (`q_CODE`, `subscribe`, …)."""

    parameter: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """`/name arguments`, the name without its slash and in lower case."""

    name: str
    arguments: str = ""


@dataclass(frozen=True, slots=True)
class Press:
    """A button, by the code that travelled with it; it may be forged or old."""

    code: str


@dataclass(frozen=True, slots=True)
class Text:
    """Whatever else was written."""

    text: str


@dataclass(frozen=True, slots=True)
class Other:
    """Something we cannot read: a picture, a voice message, a sticker."""


Input = Start | Command | Press | Text | Other


@dataclass(frozen=True, slots=True)
class Event:
    """One thing a resident did."""

    address: Address
    key: str
    """The channel's name for this very event: if it is delivered twice, it counts once."""
    input: Input
    language: str = ""
    """What the client says its language is (`uk`, `pl-PL`), or nothing."""


# --- out


@dataclass(frozen=True, slots=True)
class Plain:
    """Content text, language → text, shown exactly as written."""

    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Markdown:
    """Content text, language → Markdown (bold, emphasis, lists, links)."""

    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Phrase:
    """Interface words by key, with what fills their placeholders."""

    key: str
    params: Mapping[str, "Param"] = field(default_factory=dict)


Param = str | int | date | datetime | Phrase | Plain | Markdown
"""A plain string is shown as written, never as Markdown; instants in Europe/Warsaw and in the language's way."""

Block = Phrase | Plain | Markdown


def is_everybodys(block: Block) -> bool:
    """Whether a block says the same to everybody: nothing in it was typed by, or is about, one person."""
    if not isinstance(block, Phrase):
        return True
    return all(
        is_everybodys(value) if isinstance(value, Phrase | Plain | Markdown) else not isinstance(value, str)
        for value in block.params.values()
    )


def say(key: str, **params: Param) -> Phrase:
    """Interface words by key: `say("quiz.right", score=3)`."""
    return Phrase(key, params)


@dataclass(frozen=True, slots=True)
class Button:
    """A way on."""

    label: Block
    action: Action
    full: Block | None = None
    """The whole choice, where the label is only its letter; for channels whose buttons can hold it."""


@dataclass(frozen=True, slots=True)
class Link:
    """A way out, to an address on the web."""

    label: Block
    url: str


Row = tuple[Button | Link, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG image and what it shows, for whoever does not see it."""

    png: bytes
    alt: Block


@dataclass(frozen=True, slots=True)
class File:
    """A document to keep."""

    name: str
    content: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Screen:
    """What a resident sees next."""

    blocks: tuple[Block, ...]
    """Paragraphs, in order."""
    rows: tuple[Row, ...] = ()
    picture: Picture | None = None
    file: File | None = None
    here: Action | None = None
    """What shows this screen again, if that is not the action that led here."""
    replaces: bool = True
    """Whether it takes the place of the screen whose button was pressed, where the channel can do that."""
    legend: tuple[Block, ...] = ()
    """What the letters on the buttons stand for, a line each; left out where the buttons show `full`."""
    asks: Block | None = None
    """What the text field is for, when a typed answer is expected (a name, a contact, a question)."""
    awaits: str | None = None
    """What the next typed text is for: a key of the dialogue's own."""
    later: Callable[[], Awaitable["Screen"]] | None = None
    """Slow work, done after the turn is committed; its screen takes this one's place."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to an event: a screen, and the language to say it in."""

    language: str
    screen: Screen
    answering: Answering = Answering.NUMBERS
    """How they like to choose, where the channel leaves it to them."""
    forgotten: bool = False
    """The resident was erased in this turn: nothing about them may be kept, not even a session."""
