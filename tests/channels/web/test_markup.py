"""Markdown becomes HTML, and HTML stays text."""

import pytest

from bot.channels.web.markup import is_safe, to_html


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("**mocno** i _lekko_", "<p><strong>mocno</strong> i <em>lekko</em></p>"),
        ("raz\ndwa", "<p>raz<br>\ndwa</p>"),
        ("raz\n\ndwa", "<p>raz</p>\n<p>dwa</p>"),
        ("1. raz\n2. dwa", "<ol>\n<li>raz</li>\n<li>dwa</li>\n</ol>"),
        ("- raz", "<ul>\n<li>raz</li>\n</ul>"),
        ("[x](https://krakow.pl/a?b=1&c=2)", '<p><a href="https://krakow.pl/a?b=1&amp;c=2">x</a></p>'),
        (r"\*nie\*", "<p>*nie*</p>"),
        ("# nie", "<p># nie</p>"),
        ("![x](https://krakow.pl/x.png)", '<p>!<a href="https://krakow.pl/x.png">x</a></p>'),
    ],
)
def test_our_markdown(markdown: str, html: str) -> None:
    assert to_html(markdown).strip() == html


@pytest.mark.parametrize("junk", ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "&lt;b&gt;", "\"'><b>"])
def test_html_is_shown_as_written(junk: str) -> None:
    html = to_html(junk)

    assert "<script" not in html
    assert "<img" not in html
    assert "<b>" not in html


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "JaVaScRiPt:x", "vbscript:x", "//evil.example", "x"]
)
def test_links_lead_to_the_web_or_to_our_own_pages_only(url: str) -> None:
    assert not is_safe(url)
    assert "<a" not in to_html(f"[x]({url})")


@pytest.mark.parametrize("number", ["112", "998", "986", "116 111", "800 70 2222", "12 421 92 82", "601 100 100"])
def test_a_number_alone_and_bold_can_be_tapped(number: str) -> None:
    href = number.replace(" ", "")

    assert f'<strong><a href="tel:{href}">{number}</a></strong>' in to_html(f"Dzwoń **{number}**.")


def test_an_emergency_number_in_a_bold_sentence_can_be_tapped() -> None:
    html = to_html("**Wyjdź i dzwoń 112. Potem 998!**")

    assert html.strip() == (
        '<p><strong>Wyjdź i dzwoń <a href="tel:112">112</a>. Potem <a href="tel:998">998</a>!</strong></p>'
    )


@pytest.mark.parametrize("text", ["112", "**150**", "**1120**", "_112_", "**1 112 zł**", "**112 000 zł**", "**0,112**"])
def test_other_numbers_are_only_numbers(text: str) -> None:
    assert "<a" not in to_html(text)


def test_a_number_inside_a_link_stays_that_link() -> None:
    assert to_html("[**112**](https://www.gov.pl/)").count("<a ") == 1


def test_what_browsers_read_as_another_host_is_no_page_of_ours() -> None:
    assert is_safe("/q/abc")
    assert not is_safe(r"/\evil.example")
