"""Free text finds the right tip or quiz in the real content, however people write it."""

from pathlib import Path

import pytest

from bot.catalogue.library import Library
from bot.catalogue.loader import load
from bot.catalogue.search import LONGEST_QUERY, SURE
from tests.catalogue.conftest import REAL

HERE = Path(__file__).parent


def rows(name: str) -> list[list[str]]:
    return [line.split("\t") for line in (HERE / name).read_text(encoding="utf-8").splitlines()[1:]]


ASKED = rows("phrasings.tsv")
"""How people ask in real life (typos, no diacritics, inflected, wordy, in three languages), and what must come first.

Where two items would do as well (the children's and the grown-ups' tip, say), `|` stands between them.
"""
SMALL_TALK = rows("small_talk.tsv")
"""What people say, too, and no item answers."""
SURE_OF_NONSENSE = 0.1
"""The share of small talk that may be taken for a question with an answer."""
FIRST, AMONG_THREE = 0.9, 0.98
"""The shares of the phrasings whose item comes first, and among the first three."""
NONSENSE = [
    *(
        "asdfgh qwerty",
        "przepis na pierogi",
        "jaka jutro pogoda",
        "która godzina",
        "jak ugotować ryż",
        "gdzie kupić chleb",
        "gdzie jest toaleta",
        "dziękuję bardzo",
        "wywóz śmieci",
        "kocham cię",
        "ile kosztuje bilet do zoo",
        "dzień dobry",
    ),
    *(
        "hello there",
        "what is the capital of france",
        "how do i boil an egg",
        "best pizza in krakow",
        "рецепт борщу",
        "скільки коштує квиток",
        "як справи",
        "😀😀😀",
        "",
        "<b>x</b>",
        "?!",
    ),
]


@pytest.fixture(scope="module")
def library() -> Library:
    return load(REAL)


def test_there_are_enough_phrasings_in_every_language(library: Library) -> None:
    assert len(ASKED) == len({(language, text) for language, text, _ in ASKED}) >= 500
    assert {language for language, _, _ in ASKED} == {"pl", "uk", "en"}
    assert {
        item for _, _, wanted in ASKED for item in wanted.split("|")
    } <= library.tips.keys() | library.quizzes.keys()


def test_the_right_item_comes_first(library: Library) -> None:
    found = [
        (text, wanted.split("|"), [hit.id for hit in library.search.find(text, language, 3)])
        for language, text, wanted in ASKED
    ]
    late = [row for row in found if not set(row[1]) & set(row[2][:1])]
    missed = [row for row in late if not set(row[1]) & set(row[2])]
    assert 1 - len(late) / len(found) >= FIRST, late
    assert 1 - len(missed) / len(found) >= AMONG_THREE, missed


def test_small_talk_is_not_answered(library: Library) -> None:
    sure = [text for language, text in SMALL_TALK if sure_hits(library, text, language)]
    assert len(sure) / len(SMALL_TALK) <= SURE_OF_NONSENSE, sure


def sure_hits(library: Library, text: str, language: str) -> list[str]:
    return [hit.id for hit in library.search.find(text, language) if hit.score >= SURE]


@pytest.mark.parametrize("text", NONSENSE)
def test_is_sure_of_nothing_where_there_is_nothing(library: Library, text: str) -> None:
    for language in ("pl", "uk", "en"):
        assert sure_hits(library, text, language) == []


def test_quizzes_are_found_too_and_after_tips(library: Library) -> None:
    kinds = [hit.kind for hit in library.search.find("czad", "pl")]
    assert kinds[0] == "tip"
    assert "quiz" in kinds


def test_the_best_comes_first_and_no_more_than_asked(library: Library) -> None:
    hits = library.search.find("hulajnoga", "pl", 3)
    assert len(hits) == 3
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("pl", "pali się"),
        ("pl", "pali mi sie kuchnia!!!"),
        ("pl", "moj tata nie oddycha"),
        ("pl", "nie wiem czy on oddycha"),
        ("pl", "zemdlał na przystanku"),
        ("pl", "nieprzytomy czlowiek"),
        ("pl", "POŻAR"),
        ("pl", "pożarem"),
        ("uk", "горить квартира"),
        ("uk", "не дихае"),
        ("en", "he's unconcious"),
        ("en", "gas leak"),
        ("en", "pali sie"),
        ("pl", "людина не дихає"),
    ],
)
def test_hears_an_emergency(library: Library, language: str, text: str) -> None:
    assert library.search.sounds_urgent(text, language)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("pl", "jak zastrzec pesel"),
        ("pl", "kto ma pierwszeństwo na pasach"),
        ("pl", "mocne hasło"),
        ("pl", "dzień dobry"),
        ("uk", "пароль"),
        ("en", "how do I make a strong password"),
        ("pl", ""),
    ],
)
def test_hears_none_where_there_is_none(library: Library, language: str, text: str) -> None:
    assert not library.search.sounds_urgent(text, language)


def test_only_the_beginning_of_a_long_text_is_read(library: Library) -> None:
    long = "pali się olej na patelni " * 12
    assert len(long) >= LONGEST_QUERY
    assert library.search.find(f"{long}{'czad hulajnoga pesel ' * 5000}", "pl") == library.search.find(long, "pl")
    assert not library.search.sounds_urgent(f"{'spokojnie ' * 200}pali się", "pl")
