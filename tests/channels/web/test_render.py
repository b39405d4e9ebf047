"""A screen becomes a fragment of the page."""

from base64 import b64encode
from html.parser import HTMLParser

import pytest

from bot.channels.web.render import Choice, Form, View, fragment, view_of
from bot.dialogue.actions import decode, encode
from bot.domain import actions
from bot.domain.messages import Button, Link, Plain, Reply, Screen, say
from tests.web.world import EXPORT, PIXEL, QUESTION, SHARE, WELCOME, WORDS, text

FORM = Form("/q/abc", "the-key", {"language": "uk"})


def html(screen: Screen, *, language: str = "pl", form: Form = FORM, forgotten: bool = False) -> str:
    return fragment(view_of(Reply(language, screen, forgotten=forgotten), WORDS), WORDS, form)


def test_blocks_are_paragraphs_in_the_language_of_the_reply() -> None:
    said = html(WELCOME, language="en")

    assert '<li class="turn bot" lang="en"' in said
    assert "<p><strong>Hello! I am the City of Kraków’s bot." in said
    assert 'In an emergency do not write to me: call <strong><a href="tel:112">112</a></strong>.' in said
    assert "Bot:" in said


def test_buttons_carry_their_codes_in_rows() -> None:
    rows = view_of(Reply("pl", WELCOME), WORDS).rows

    assert [[decode(choice.press) for choice in row] for row in rows] == [
        [actions.StartQuiz("tramwaj", 0, 7)],
        [actions.Home()],
        [actions.SetLanguage("uk"), actions.SetLanguage("en")],
    ]


def test_the_form_posts_where_it_is_told_with_what_it_is_told() -> None:
    said = html(WELCOME)

    assert '<form class="choices" method="post" action="/q/abc" data-talk>' in said
    assert '<input type="hidden" name="key" value="the-key">' in said
    assert '<input type="hidden" name="language" value="uk">' in said


def test_a_form_can_keep_away_from_the_script() -> None:
    assert "data-talk" not in html(WELCOME, form=Form("/", "key", scripted=False))


def test_whole_answers_stand_on_their_buttons_one_a_row_and_the_legend_goes() -> None:
    view = view_of(Reply("pl", QUESTION), WORDS)

    assert view.rows[0] == (Choice("A. Ja, bo to przejście", press=encode(actions.Answer(1, 0, "0")), full=True),)
    assert [len(row) for row in view.rows] == [1, 1, 1, 1]
    assert "Kto pierwszy" not in view.text


@pytest.mark.parametrize(("label", "kind"), [("A", "row letters"), ("18:00", "row short"), ("Ustawienia", "row")])
def test_short_labels_stand_closer(label: str, kind: str) -> None:
    screen = Screen((), ((Button(Plain({"pl": label}), actions.Home()),),))

    assert f'<div class="{kind}">' in html(screen)


def test_labels_and_codes_cannot_break_out() -> None:
    nasty = "\"><script>alert('x')</script>"
    view = View(
        "pl", view_of(Reply("pl", Screen((Plain({"pl": nasty}),))), WORDS).text, ((Choice(nasty, press=nasty),),)
    )
    said = fragment(view, WORDS, Form("/", nasty, {"x": nasty}))

    assert "<script" not in said
    assert said.count("<button") == 1


@pytest.mark.parametrize(
    ("url", "href"), [("https://krakow.pl/", "https://krakow.pl/"), ("/", "/"), ("javascript:alert(1)", "#")]
)
def test_a_link_leads_to_the_web_or_to_our_own_pages_only(url: str, href: str) -> None:
    said = html(Screen((), ((Link(Plain({"pl": "Strona"}), url),),)))

    assert f'<a class="choice" href="{href}">Strona</a>' in said


def test_a_picture_is_inside_the_page_with_its_size_and_its_words() -> None:
    said = html(SHARE)

    assert (
        f'<img src="data:image/png;base64,{b64encode(PIXEL).decode()}" alt="Kod QR quizu" width="1" height="1">' in said
    )


def test_a_file_is_a_link_that_keeps_it() -> None:
    said = html(EXPORT)

    data = b64encode(b'{"language": "pl"}').decode()
    assert (
        f'href="data:application/json;base64,{data}" download="moje-dane.json">Pobierz plik moje-dane.json</a>' in said
    )


def test_the_field_is_told_what_is_asked() -> None:
    assert 'data-asks="Jak się nazywasz?"' in html(Screen((text("Rezerwacja"),), asks=text("Jak się nazywasz?")))
    assert 'data-asks=""' in html(WELCOME)


def test_a_screen_for_nobody_says_so() -> None:
    assert "data-forgotten" in html(WELCOME, forgotten=True)
    assert "data-forgotten" not in html(WELCOME)


def test_every_tag_is_closed() -> None:
    for screen in (WELCOME, QUESTION, SHARE, EXPORT, Screen((say("web.error_500"),))):
        parser = _Balanced()
        parser.feed(html(screen))
        assert parser.open == []


class _Balanced(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the parser's
        if tag not in ("img", "input", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
