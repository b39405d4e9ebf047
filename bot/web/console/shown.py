"""How each channel shows a campaign in each language, by the channels' own renderers."""

from collections.abc import Collection
from dataclasses import dataclass

from markupsafe import Markup

from bot.catalogue.library import Library
from bot.catalogue.schema import Campaign as Content
from bot.catalogue.texts import Where
from bot.catalogue.words import Words
from bot.channels.matrix import render as matrix
from bot.channels.telegram import render as telegram
from bot.channels.web import render as browser
from bot.domain.areas import DEFAULT_LANGUAGE
from bot.domain.messages import Reply, Screen
from bot.services import drafts
from bot.services.preview import Fill, fill_of, sample_letter


@dataclass(frozen=True, slots=True)
class Shown:
    """A message in one channel. Its buttons are words alone: on a page of ours they lead nowhere."""

    channel: str
    text: Markup
    rows: tuple[tuple[str, ...], ...] = ()
    image: browser.Image | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """A campaign as the readers of one language see it."""

    language: str
    fill: Fill
    gaps: tuple[Where, ...]
    """What they would see in Polish."""
    shown: tuple[Shown, ...]


def versions(library: Library, content: Content, closed: Collection[int]) -> tuple[Version, ...]:
    """A campaign in every language of its audience; `closed`: workshops that cannot be booked any more."""
    letter = sample_letter(library, content, closed=closed)
    missing = drafts.gaps(library, content)
    read = [one for one in content.audience.languages if one in library.words.languages] or library.words.languages
    return tuple(
        Version(
            language,
            fill_of(content, content.text.get(language) or content.text.get(DEFAULT_LANGUAGE, "")),
            missing.get(language, ()),
            tuple(show(letter, language, library.words) for show in (as_telegram, as_matrix, as_page)),
        )
        for language in read
    )


def as_telegram(letter: Screen, language: str, words: Words) -> Shown:
    """A bubble of Telegram's HTML, its line breaks as they are, with an inline keyboard."""
    rows = telegram.keyboard(letter, language, words) or []
    return Shown(
        "telegram",
        Markup(telegram.text(letter, language, words)),  # noqa: S704 - made for Telegram's parser: all text is escaped
        tuple(tuple(button["text"] for button in row) for row in rows),
        _image(letter, language, words),
    )


def as_matrix(letter: Screen, language: str, words: Words) -> Shown:
    """A notice's formatted text: its numbered choices are words of it."""
    html = matrix.message(letter, language, words).content["formatted_body"]
    return Shown("matrix", Markup(html), image=_image(letter, language, words))  # noqa: S704 - all text is escaped


def as_page(letter: Screen, language: str, words: Words) -> Shown:
    """The chat page's own view."""
    view = browser.view_of(Reply(language, letter), words)
    return Shown("web", view.text, tuple(tuple(one.label for one in row) for row in view.rows), view.image)


def _image(letter: Screen, language: str, words: Words) -> browser.Image | None:
    return browser.view_of(Reply(language, letter), words).image
