"""Out and in again: the quiz is the same, but for what the format says that it loses."""

import pytest
from hypothesis import given, settings

from bot.catalogue.documents import Content
from bot.catalogue.exchange.formats import READERS, Format, lost
from bot.catalogue.exchange.languages import only
from bot.catalogue.loader import Reader
from bot.catalogue.schema import QuestionKind, Quiz
from tests.catalogue.conftest import REAL
from tests.catalogue.exchange.make import as_html_gives_it, export, read
from tests.catalogue.exchange.strategies import LANGUAGES, quizzes

EXAMPLES = settings(max_examples=60, deadline=None)


@pytest.fixture(scope="module")
def real() -> Content:
    return Reader(REAL).read()


@pytest.mark.parametrize("to", READERS)
@pytest.mark.parametrize("languages", [("pl",), ("uk",), LANGUAGES])
def test_what_we_teach_comes_back_word_for_word(real: Content, to: Format, languages: tuple[str, ...]) -> None:
    for document in real.quizzes.values():
        back = read(export(document.item, to, *languages), to).quiz()
        assert back == only(document.item, languages), document.file


@pytest.mark.parametrize("to", READERS)
def test_what_we_teach_loses_nothing_but_what_is_said(real: Content, to: Format) -> None:
    for document in real.quizzes.values():
        ordered = any(question.kind is QuestionKind.ORDERING for question in document.item.questions)
        expected = 1 if ordered and to is Format.GIFT else 0
        assert len(list(lost(document.item, to, LANGUAGES))) == expected, document.file


@pytest.mark.parametrize("to", [Format.GIFT, Format.MOODLE_XML])
@EXAMPLES
@given(quiz=quizzes())
def test_any_quiz_comes_back_through_html(to: Format, quiz: Quiz) -> None:
    back = read(export(quiz, to, *LANGUAGES), to).quiz()
    assert back == as_html_gives_it(quiz)
    if not any("spaces in a row" in line for line in lost(quiz, to, LANGUAGES)):
        assert back == quiz


@EXAMPLES
@given(quiz=quizzes())
def test_any_quiz_comes_back_from_a_table(quiz: Quiz) -> None:
    assert read(export(quiz, Format.CSV, *LANGUAGES), Format.CSV).quiz() == quiz


@pytest.mark.parametrize("to", READERS)
@EXAMPLES
@given(quiz=quizzes(complete=True))
def test_a_file_in_one_language_knows_which(to: Format, quiz: Quiz) -> None:
    alone = only(quiz, ["uk"])
    expected = alone if to is Format.CSV else as_html_gives_it(alone)
    assert read(export(quiz, to, "uk"), to, "pl").quiz() == expected
