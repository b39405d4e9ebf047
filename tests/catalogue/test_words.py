"""Words are found in the reader's language, and what fills them never becomes markup."""

from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.catalogue.markup import escape, parser
from bot.catalogue.problems import ContentError
from bot.catalogue.words import Words
from bot.domain.messages import Markdown, Param, Plain, say
from tests.catalogue.conftest import HEADER

POLISH = """
msgid "link"
msgstr "_Źródło: [{title}]({url})_"

msgid "hello"
msgstr "Cześć, **{name}**!"

msgid "points"
msgid_plural "points"
msgstr[0] "{n} punkt"
msgstr[1] "{n} punkty"
msgstr[2] "{n} punktów"

msgid "when"
msgstr "Kiedy: {at}"

msgid "line"
msgstr "{text}"

msgid "only.polish"
msgstr "Tylko po polsku: {points}"
"""
UKRAINIAN = """
msgid "points"
msgid_plural "points"
msgstr[0] "{n} бал"
msgstr[1] "{n} бали"
msgstr[2] "{n} балів"

msgid "when"
msgstr "Коли: {at}"
"""
ENGLISH = """
msgid "points"
msgid_plural "points"
msgstr[0] "{n} point"
msgstr[1] "{n} points"

msgid "when"
msgstr "When: {at}"
"""
TUESDAY = datetime(2026, 12, 1, 16, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Words:
    folder = tmp_path_factory.mktemp("words")
    for name, locale, forms, body in (("pl", "pl", 3, POLISH), ("uk", "uk", 3, UKRAINIAN), ("en", "en_GB", 2, ENGLISH)):
        (folder / f"{name}.po").write_text(HEADER.format(locale, forms) + body, encoding="utf-8")
    return Words.load(folder)


def test_the_default_language_comes_first(words: Words) -> None:
    assert words.languages == ("pl", "uk", "en")


@pytest.mark.parametrize(
    ("hint", "language"),
    [("uk", "uk"), ("uk-UA", "uk"), ("EN_us", "en"), ("de,en;q=0.8,pl;q=0.5", "en"), ("de", "pl"), ("", "pl")],
)
def test_chooses_a_language(words: Words, hint: str, language: str) -> None:
    assert words.choose(hint) == language


def test_names_languages_in_themselves(words: Words) -> None:
    assert [words.language_name(code) for code in words.languages] == ["Polski", "Українська", "English"]


@pytest.mark.parametrize(
    ("language", "n", "said"),
    [
        ("pl", 1, "1 punkt"),
        ("pl", 3, "3 punkty"),
        ("pl", 12, "12 punktów"),
        ("pl", 22, "22 punkty"),
        ("uk", 21, "21 бал"),
        ("uk", 5, "5 балів"),
        ("en", 1, "1 point"),
        ("en", 0, "0 points"),
        ("pl", 2028, "2028 punktów"),
        ("en", 12345, "12,345 points"),
    ],
)
def test_counts_by_the_rules_of_the_language(words: Words, language: str, n: int, said: str) -> None:
    assert words.markdown(say("points", n=n), language) == said


@pytest.mark.parametrize(
    ("language", "at", "said"),
    [
        ("pl", TUESDAY, "Kiedy: wtorek, 1 grudnia, 17:30"),
        ("uk", TUESDAY, "Коли: вівторок, 1 грудня, 17:30"),
        ("en", TUESDAY, "When: Tuesday, 1 December, 17:30"),
        ("pl", date(2026, 12, 1), "Kiedy: 1 grudnia 2026"),
        ("en", date(2026, 12, 1), "When: 1 December 2026"),
    ],
)
def test_tells_time_in_krakow_and_in_the_language(words: Words, language: str, at: Param, said: str) -> None:
    assert words.markdown(say("when", at=at), language) == said


def test_a_missing_language_falls_back_to_polish(words: Words) -> None:
    assert words.markdown(say("only.polish", points=say("points", n=2)), "en") == "Tylko po polsku: 2 points"
    assert words.markdown(Plain({"pl": "Jest", "uk": ""}), "uk") == "Jest"
    assert words.label(say("hello", name="Ola"), "xx") == "Cześć, Ola!"


def test_an_unknown_key_and_an_unfilled_place_are_shown_not_raised(words: Words) -> None:
    assert words.label(say("no.such_key"), "pl") == "no.such_key"
    assert words.label(say("hello"), "pl") == "Cześć, {name}!"


def test_markdown_content_keeps_its_markup_and_plain_text_does_not(words: Words) -> None:
    assert words.markdown(say("line", text=Markdown({"pl": "**Tak**\n"})), "pl") == "**Tak**"
    assert words.markdown(say("line", text=Plain({"pl": "**Tak**"})), "pl") == r"\*\*Tak\*\*"


def test_an_address_survives_being_escaped_in_a_link(words: Words) -> None:
    url = "https://a.example/x_y-(z)!/~b*?q=[1]&r=2#k|l"
    markdown = words.markdown(say("link", title="[Ustawa] (t.j.)", url=url), "pl")
    (inline,) = parser().parseInline(markdown)
    (link,) = (token for token in inline.children or () if token.type == "link_open")
    assert unquote(str(link.attrGet("href"))) == url
    assert words.label(say("link", title="[Ustawa] (t.j.)", url=url), "pl") == "Źródło: [Ustawa] (t.j.)"


@pytest.mark.parametrize("text", ["**Ala**", "[x](http://y)", "1. raz", "- dwa", "a_b_c", "<b>&amp;", "Ala {n} 100%"])
def test_a_label_shows_text_as_it_was_written(words: Words, text: str) -> None:
    assert words.label(say("line", text=text), "pl") == text
    assert words.label(Plain({"pl": text}), "pl") == text


def test_a_label_drops_markup(words: Words) -> None:
    assert words.label(Markdown({"pl": "**Dzwoń [112](https://112.gov.pl)**\nteraz"}), "pl") == "Dzwoń 112 teraz"


@given(st.text(alphabet="ab1 .)(\n\r\t*_-+#=[]<>&;!|~`\\/:\"'{}ą😀") | st.text(max_size=40))
@example("1. a\n2. b")
@example("\n\n- a\n\n      b")
@example("a\n---")
@example("[a](b)")
@example("&amp; <https://a.b> a\\\nb")
@example("**a** _b_ __c__")
@example("1) a")
def test_what_was_written_never_becomes_markup(text: str) -> None:
    tokens = parser().parse(escape(text))
    assert {token.type for token in tokens} <= {"paragraph_open", "inline", "paragraph_close"}
    assert sum(token.type == "inline" for token in tokens) <= 1
    children = [child for token in tokens for child in token.children or ()]
    assert {child.type for child in children} <= {"text", "text_special", "softbreak", "hardbreak"}
    shown = "".join("\n" if child.type.endswith("break") else child.content for child in children)
    assert "".join(shown.split()) == "".join(text.replace("\0", "\ufffd").split())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"# ok\nmsgid a\n", "pl.po:2:1: this line is no PO"),
        (b'msgid "a"\nmsgstr "open\n', "pl.po:2:1: this line is no PO"),
        (b'msgid "a"\nmsgstr "1"\n\nmsgid "a"\nmsgstr "2"\n', "pl.po:4:1: 'a' stands here twice"),
        (b'msgid "a"\n', "this is no PO"),
        (b'msgid "a"\nmsgstr "\xb1"\n', "UTF-8"),
        (HEADER.format("xx_klingon", 1).encode(), "Language"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "pl.po").write_bytes(content)
    with pytest.raises(ContentError, match=said):
        Words.load(tmp_path)


def test_polish_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match=r"pl\.po is missing"):
        Words.load(tmp_path)
