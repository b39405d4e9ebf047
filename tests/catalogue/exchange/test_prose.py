"""Markdown to HTML and back: what a reader sees stays, whatever the text."""

import re
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.catalogue.exchange.hypertext import of_markdown, parse, plain
from bot.catalogue.exchange.markdown import canonical, of_nodes
from bot.catalogue.markup import parser
from tests.catalogue.exchange.strategies import raw

MARKS = st.sampled_from([*"*_[]()\\&;#-+.1 \n`<>!~:'\"aż", "**", "- ", "1. ", "](", "&amp;", "\n\n", "\n  - ", "\xa0"])
tangled = st.lists(MARKS, max_size=25).map("".join)


def seen(markdown: str) -> list[str]:
    """The words that our own parser shows; spaces and the way marks are written do not count."""
    return unescape(re.sub(r"<[^>]*>", " ", parser().render(markdown))).split()


def letters(words: list[str]) -> str:
    return "".join(words)


@settings(max_examples=400, deadline=None)
@given(tangled | raw)
def test_the_words_stay_and_the_second_trip_changes_nothing(markdown: str) -> None:
    once = canonical(markdown)
    assert letters(seen(once)) == letters(seen(markdown))
    assert canonical(once) == once


@settings(max_examples=400, deadline=None)
@given(raw)
def test_plain_words_are_never_taken_for_marks(text: str) -> None:
    """HTML without any mark, whatever its words look like, comes back as Markdown that shows the same words."""
    nodes = [text]
    assert letters(seen(of_nodes(nodes))) == letters(plain(nodes).split())
    assert "<strong>" not in of_markdown(of_nodes(nodes))


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("Wyjdź i **zadzwoń**.", "<p>Wyjdź i <strong>zadzwoń</strong>.</p>"),
        ("_Nie_ gaś.\nWyjdź.", "<p><em>Nie</em> gaś.<br>Wyjdź.</p>"),
        ("[112](tel:112) pomoże", '<p><a href="tel:112">112</a> pomoże</p>'),
        ("Dwa kroki:\n\n1. wyjdź\n2. zadzwoń", "<p>Dwa kroki:</p><ol><li>wyjdź</li><li>zadzwoń</li></ol>"),
        ("- a\n  - b\n- c", "<ul><li>a <ul><li>b</li></ul></li><li>c</li></ul>"),
        (r"2 \* 2, \[a\](b), \_x\_", "<p>2 * 2, [a](b), _x_</p>"),
    ],
)
def test_what_authors_write(markdown: str, html: str) -> None:
    assert of_markdown(markdown) == html
    assert of_markdown(of_nodes(parse(html))) == html


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("<p>one<p>two", "one\n\ntwo"),
        ("<div>one<br><br/>two</div>", "one\n\ntwo"),
        ("  spaces \n and <b> bold </b>word", "spaces and **bold** word"),
        ("un<b>(think)</b>able", "un(think)able"),
        ("in<i>side</i>r", "in*side*r"),
        ('<a href="javascript:alert(1)">x</a><script>alert(2)</script>', "x"),
        ("<!-- note --><!--[if mso]>x<![endif]-->1 < 2 & <unknown>3", "1 < 2 & 3"),
        ("<ul><li>a</li></ul><ul><li>b</li></ul>", "- a\n\n* b"),
        ("<table><tr><td>a</td></tr><tr><td>b</td></tr></table>", "a\n\nb"),
        ("<p>1. Not a list</p>", "1\\. Not a list"),
        ("AT&amp;amp;T &amp;copy; &eacute;", "AT\\&amp;T \\&copy; é"),
        ("</p></b><b", "<b"),
    ],
)
def test_html_of_other_programs(html: str, markdown: str) -> None:
    assert of_nodes(parse(html)) == markdown


@pytest.mark.parametrize("piece", ["<b>", "<p", "<!--", "<a href='", "&", "</", "<li>", "<ul><li>", '"', "**", "["])
def test_much_of_anything_neither_crashes_nor_hangs(piece: str) -> None:
    assert isinstance(of_nodes(parse(piece * 4000)), str)
