import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.telegram import markup, render
from bot.domain.actions import Help, Home, ShowQuestion
from bot.domain.messages import Button, Link, Markdown, Plain, Screen
from tests.channels.contract import plain, screen
from tests.channels.telegram.world import words
from tests.telegram_api import html


def text_of(markdown: str) -> str:
    return render.text(Screen((Markdown({"pl": markdown}),)), "pl", words())


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("**Dzwoń** _teraz_", "<b>Dzwoń</b> <i>teraz</i>"),
        ('a < b & c > d "e"', 'a &lt; b &amp; c &gt; d "e"'),
        ("<script>x</script>", "&lt;script&gt;x&lt;/script&gt;"),
        ("[prawo](https://isap.sejm.gov.pl/?a=1&b=2)", '<a href="https://isap.sejm.gov.pl/?a=1&amp;b=2">prawo</a>'),
        ("[**gruby** link](https://a.pl)", '<a href="https://a.pl"><b>gruby</b> link</a>'),
        ("[tutaj](/warsztaty)", "tutaj"),
        ("[tutaj](javascript:alert)", "[tutaj](javascript:alert)"),
        ("jeden\ndwa", "jeden\ndwa"),
        ("jeden\n\ndwa", "jeden\n\ndwa"),
        ("Weź:\n\n- wodę\n- **radio**\n\nKoniec", "Weź:\n\n• wodę\n• <b>radio</b>\n\nKoniec"),
        ("1. raz\n2. dwa", "1. raz\n2. dwa"),
        ("3. trzy\n4. cztery", "3. trzy\n4. cztery"),
        ("- a\n  - b\n- c", "• a\n  • b\n• c"),
        ("# nie nagłówek", "# nie nagłówek"),
        ("`kod` ![o](https://a.pl/o.png)", '`kod` !<a href="https://a.pl/o.png">o</a>'),
        (r"\*gwiazdki\*", "*gwiazdki*"),
        ("**niedomknięte", "**niedomknięte"),
    ],
)
def test_markdown_becomes_telegrams_html(markdown: str, expected: str) -> None:
    assert text_of(markdown) == expected


def test_blocks_are_paragraphs_and_the_legend_is_lines() -> None:
    question = screen("Kto ma pierwszeństwo?", "Wybierz:", legend=(plain("A. ja"), plain("B. tramwaj")))
    assert render.text(question, "pl", words()) == "Kto ma pierwszeństwo?\n\nWybierz:\n\nA. ja\nB. tramwaj"


def test_a_long_text_is_cut_after_a_paragraph() -> None:
    shown = render.text(screen(*("x" * 1000 for _ in range(6))), "pl", words())
    assert shown == "\n\n".join(["x" * 1000] * 4) + "\n\n…"


def test_a_text_that_just_fits_is_whole() -> None:
    assert render.text(screen("x" * 2047, "y" * 2047), "pl", words()) == "x" * 2047 + "\n\n" + "y" * 2047


def test_a_paragraph_too_long_in_itself_is_cut_within() -> None:
    shown = text_of("**" + "raz dwa " * 600 + "trzy**")
    assert html.read(shown) == shown
    assert len(shown) <= 4096
    assert shown.endswith("…")


def test_length_is_counted_as_telegram_does() -> None:
    shown = text_of("🔥" * 3000)
    assert markup.length(shown) <= 4096
    assert markup.length(shown) > 4090


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(alphabet="ab*_[]()<>&\\`-1.#!\n \u0328🔥ą\"'", max_size=80), max_size=8), st.integers(20, 200))
def test_whatever_is_written_telegram_can_read(paragraphs: list[str], limit: int) -> None:
    both = [Plain({"pl": text}) for text in paragraphs] + [Markdown({"pl": text}) for text in paragraphs]
    shown = html.read(render.text(Screen(tuple(both)), "pl", words(), limit=limit))
    assert markup.length(shown) <= limit


def test_a_caption_is_whole_or_not_at_all() -> None:
    assert render.caption(screen("x" * 1024), "pl", words()) == "x" * 1024
    assert render.caption(screen("x" * 1000, "y" * 30), "pl", words()) is None


def test_buttons_carry_their_actions_and_links_their_addresses() -> None:
    rows = ((Button(plain("A"), ShowQuestion(5, 1)),), (Link(plain("Źródło"), "https://isap.sejm.gov.pl"),))
    shown = render.keyboard(Screen((plain("?"),), rows), "pl", words())
    assert shown is not None
    assert shown == [
        [{"text": "A", "callback_data": "qq:5:1:"}],
        [{"text": "Źródło", "url": "https://isap.sejm.gov.pl"}],
    ]


def test_a_link_telegram_would_refuse_stands_in_the_text() -> None:
    local = Screen((plain("Plakat"),), ((Link(plain("Otwórz"), "http://localhost:8080/q/AB?x=1&y"),),))
    assert render.keyboard(local, "pl", words()) is None
    assert render.text(local, "pl", words()) == "Plakat\n\nOtwórz: http://localhost:8080/q/AB?x=1&amp;y"


def test_wide_rows_go_on_below_and_there_are_at_most_a_hundred() -> None:
    row = tuple(Button(plain(str(number)), Home()) for number in range(18))
    shown = render.keyboard(Screen((plain("dzielnice"),), (row,) * 6), "pl", words())
    assert shown is not None
    assert [len(buttons) for buttons in shown[:3]] == [8, 8, 2]
    assert sum(map(len, shown)) == 100


def test_no_buttons_no_keyboard() -> None:
    assert render.keyboard(screen("nic"), "pl", words()) is None
    assert render.keyboard(Screen((plain("nic"),), ((Button(plain("?"), Help()),),)), "pl", words()) is not None
