"""A screen as an HTML fragment: one list item with a bubble and, below it, a form of buttons.

The same fragment serves the chat page, its answers to the script, and any page that shows one screen with its forms.
"""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from bot.catalogue.words import Words
from bot.channels.web import markup
from bot.dialogue.actions import encode
from bot.domain.messages import Button, File, Link, Picture, Reply, Row, say

FRAGMENT_TYPE = "application/x-fragment+html"
"""What the page's script accepts, and what an answer to it is."""


@dataclass(frozen=True, slots=True)
class Form:
    """Where a screen's buttons are posted, and what travels with them."""

    post_to: str
    key: str
    """A nonce, new with every screen; a repeat of the same form is known by it."""
    hidden: Mapping[str, str] = field(default_factory=dict)
    scripted: bool = True
    """Whether the page's script may send it; otherwise it always leads to a new page."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A button of the form, or a link."""

    label: str
    press: str = ""
    """Its code; without one, the form's hidden fields say all."""
    url: str = ""
    full: bool = False
    """Whether it is a whole answer: it has its row to itself."""


@dataclass(frozen=True, slots=True)
class Image:
    """A picture inside the page; its size lets the browser keep its place."""

    src: str
    alt: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Download:
    """A file inside the page: a link that keeps it, without another request."""

    href: str
    name: str


@dataclass(frozen=True, slots=True)
class View:
    """A screen with its words found, as the template shows it."""

    language: str
    text: Markup
    rows: tuple[tuple[Choice, ...], ...] = ()
    image: Image | None = None
    download: Download | None = None
    asks: str = ""
    """What the text field is for, if it is for something."""
    forgotten: bool = False


def view_of(reply: Reply, words: Words) -> View:
    """Find the words of a reply's screen.

    The legend is left out: here buttons have room for whole answers, so none of them is a mere letter.
    """
    screen, language = reply.screen, reply.language
    return View(
        language=language,
        text=markup.to_html("\n\n".join(words.markdown(block, language) for block in screen.blocks)),
        rows=tuple(_rows(screen.rows, words, language)),
        image=_image(screen.picture, words, language) if screen.picture else None,
        download=_download(screen.file) if screen.file else None,
        asks=words.label(screen.asks, language) if screen.asks else "",
        forgotten=reply.forgotten,
    )


def fragment(view: View, words: Words, form: Form) -> Markup:
    """The HTML of a screen. `form` says where its buttons go."""

    def spoken(key: str, **params: str) -> str:
        return words.label(say(key, **params), view.language)

    html = _TEMPLATE.render(view=view, form=form, say=spoken)
    return Markup(html)  # noqa: S704 - the template escapes


def _rows(rows: Iterable[Row], words: Words, language: str) -> Iterator[tuple[Choice, ...]]:
    for row in rows:
        choices = tuple(_choice(item, words, language) for item in row)
        if any(choice.full for choice in choices):
            yield from ((choice,) for choice in choices)
        else:
            yield choices


def _choice(item: Button | Link, words: Words, language: str) -> Choice:
    if isinstance(item, Button):
        label = words.label(item.full or item.label, language)
        return Choice(label, press=encode(item.action), full=item.full is not None)
    label = words.label(item.label, language)
    return Choice(label, url=item.url if markup.is_safe(item.url) else "#")


def _image(picture: Picture, words: Words, language: str) -> Image:
    # A PNG's first chunk holds its width and height as two big-endian numbers (PNG specification, 11.2.1).
    width, height = (int.from_bytes(picture.png[start : start + 4], "big") for start in (16, 20))
    return Image(_data_url("image/png", picture.png), words.label(picture.alt, language), width, height)


def _download(file: File) -> Download:
    # As data inside the page: nothing is left on the server to be fetched by another, and no script is needed.
    return Download(_data_url(file.media_type, file.content), file.name)


def _data_url(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{b64encode(content).decode()}"


_TEMPLATE = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
).get_template("screen.html")
