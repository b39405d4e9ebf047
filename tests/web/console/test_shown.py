"""The preview shows what the channels really say."""

from dataclasses import replace

import pytest
from markupsafe import escape

from bot.catalogue.schema import Campaign
from bot.channels.matrix import render as matrix
from bot.channels.telegram import render as telegram
from bot.channels.telegram.outgoing import written
from bot.channels.web import render as browser
from bot.domain.messages import Reply, Screen
from bot.services.letters import campaign_letter
from bot.services.preview import sample_letter
from bot.web.console.shown import as_matrix, as_page, as_telegram, versions
from tests.support import campaign, library, texts
from tests.web.console.campaign_contents import PICTURE

BOOKS = replace(library(), pictures={"zima.png": PICTURE})
WORDS = BOOKS.words
TEXT = """\
**Uwaga** <script>alert(1)</script> & „lód”:

- jeden
- [dwa](https://krakow.pl/?a=1&b=2)

Dzwoń **112**
zaraz."""
CONTENT = campaign(
    text={"pl": TEXT, "uk": "[клік](javascript:alert(1)) _так_", "en": "Ice"},
    buttons=[{"quiz": "czad"}, {"url": "https://krakow.pl", "text": texts("<Look>")}, {"workshop": 3}],
    picture={"file": "zima.png", "alt": texts("Ice on the river")},
)


def letter() -> Screen:
    return sample_letter(BOOKS, CONTENT)


@pytest.mark.parametrize("language", WORDS.languages)
def test_on_telegram_it_is_the_message_that_is_sent(language: str) -> None:
    sent = written(letter(), language, WORDS)
    shown = as_telegram(letter(), language, WORDS)
    assert str(shown.text) == sent["text"] == telegram.caption(letter(), language, WORDS)
    keyboard = sent["reply_markup"]["inline_keyboard"]
    assert shown.rows == tuple(tuple(button["text"] for button in row) for row in keyboard)
    assert shown.image is not None
    assert shown.image.alt == f"Ice on the river ({language})"


@pytest.mark.parametrize("language", WORDS.languages)
def test_on_the_page_it_is_the_pages_own_view(language: str) -> None:
    view = browser.view_of(Reply(language, letter()), WORDS)
    shown = as_page(letter(), language, WORDS)
    assert (shown.text, shown.image) == (view.text, view.image)
    fragment = browser.fragment(view, WORDS, browser.Form("/", "k"))
    assert str(shown.text) in fragment
    for row in shown.rows:
        for label in row:
            assert str(escape(label)) in fragment


@pytest.mark.parametrize("language", WORDS.languages)
def test_on_matrix_it_is_the_message_that_is_sent(language: str) -> None:
    shown = as_matrix(letter(), language, WORDS)
    assert str(shown.text) == matrix.message(letter(), language, WORDS).content["formatted_body"]
    assert shown.image is not None


def test_on_matrix_links_stand_above_the_numbered_choices() -> None:
    html = str(as_matrix(letter(), "pl", WORDS).text)
    assert html.startswith("<p><strong>Uwaga</strong>")
    assert '<li><a href="https://krakow.pl/?a=1&amp;b=2">dwa</a></li>' in html
    *_, links, choices = html.split("<p>")
    assert links == '<a href="https://krakow.pl/">&lt;Look&gt; (pl)</a></p>'
    lines = choices.removesuffix("</p>").split("<br>")
    assert lines[0] == "<strong>1.</strong> Quiz: Quiz czad (pl)"
    assert lines[-1] == f"<strong>{len(lines)}.</strong> Menu"


@pytest.mark.parametrize("show", [as_telegram, as_matrix, as_page])
def test_nothing_that_was_typed_becomes_markup_of_ours(show: object) -> None:
    assert callable(show)
    for language in WORDS.languages:
        html = str(show(letter(), language, WORDS).text)
        assert "<script" not in html
        assert 'href="javascript' not in html


def test_the_message_is_the_real_letter_but_for_its_code() -> None:
    shown, sent = letter(), campaign_letter(BOOKS, CONTENT)
    assert (shown.blocks[:-1], shown.rows, shown.picture) == (sent.blocks, sent.rows, sent.picture)


def test_a_workshop_that_cannot_be_booked_is_left_out() -> None:
    (polish, *_) = versions(BOOKS, CONTENT, closed={3})
    assert [row for row in polish.shown[0].rows if "Zobacz warsztat" in row] == []


def test_only_the_languages_of_its_audience_are_shown() -> None:
    content = Campaign.model_validate(CONTENT.model_dump(mode="json") | {"audience": {"languages": ["uk"]}})
    assert [version.language for version in versions(BOOKS, content, ())] == ["uk"]
